"""Five thousand devices: quick, streamed, and of a size that a browser opens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from weibao.domain.report import BackupReport, ChangedDevice, Totals
from weibao.reports.backup import render_html, render_json, render_markdown, summarise

from .sample import night, sha

DEVICES = 5000


@pytest.fixture(scope="module")
def big() -> BackupReport:
    """The sample's devices two hundred times, a quarter of them changed."""
    base = night()
    rows, evidence, changes, findings = [], [], [], []
    for number in range(DEVICES):
        row = base.rows[number % len(base.rows)]
        name = f"{row.device}-{number:05d}"
        own = [
            piece.model_copy(update={"device": name, "sha256": sha(f"{name}{piece.kind}")})
            for piece in base.evidence
            if piece.device == row.device
        ]
        found = tuple(f.model_copy(update={"device": name, "evidence": ()}) for f in row.findings)
        assert row.target
        target = row.target.model_copy(
            update={"device": name, "evidence": tuple(piece.sha256 for piece in own)}
        )
        rows.append(row.model_copy(update={"device": name, "target": target, "findings": found}))
        evidence += own
        findings += found
        changes += [_renamed(c, name) for c in base.changes if c.device == row.device]
    return night(
        rows=tuple(rows),
        totals=Totals.of([r.outcome for r in rows], inventory=DEVICES, targeted=DEVICES),
        evidence=tuple(evidence),
        changes=tuple(changes),
        findings=tuple(findings),
    )


def _renamed(change: ChangedDevice, name: str) -> ChangedDevice:
    return change.model_copy(update={"device": name, "diff": change.diff * 4})


def test_it_is_made_within_ten_seconds(big: BackupReport) -> None:
    started = time.perf_counter()
    size = sum(len(piece.encode()) for piece in render_html(big, "zh"))
    assert time.perf_counter() - started < 10
    assert size < 12_000_000
    assert sum(1 for _ in render_markdown(big, "en")) > DEVICES
    assert len(render_json(big)) > DEVICES
    assert len(summarise(big, "zh").text) < 20_000
    assert time.perf_counter() - started < 20


def test_it_comes_in_pieces(big: BackupReport) -> None:
    pieces: Iterator[str] = render_html(big, "zh")
    assert max(len(piece) for piece in pieces) < 300_000
