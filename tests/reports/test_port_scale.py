"""Five hundred switches of fifty ports: quick, streamed, and of a size that a browser opens."""

from __future__ import annotations

import time

import pytest

from weibao.domain.port_report import PortReport
from weibao.reports.ports import render_html, render_json, render_markdown, summarise

from .port_sample import fleet


@pytest.fixture(scope="module")
def big() -> PortReport:
    return fleet(500)


def test_it_is_made_within_seconds(big: PortReport) -> None:
    started = time.process_time()
    size = sum(len(piece.encode()) for piece in render_html(big, "zh"))
    assert time.process_time() - started < 5
    assert size < 15_000_000
    assert len(render_json(big)) < 16_000_000
    assert sum(len(line) for line in render_markdown(big, "en")) < 1_000_000
    assert len(summarise(big, "zh").text) < 20_000
    assert time.process_time() - started < 10


def test_panels_and_tables_are_folded(big: PortReport) -> None:
    text = "".join(render_html(big, "zh"))
    assert text.count('<details class="device"') == 500
    assert not [tag for tag in text.split("<details") if tag[:200].split(">")[0].endswith(" open")]
    assert "共 500 台设备、25000 个端口" in text


def test_it_comes_in_pieces(big: PortReport) -> None:
    assert max(len(piece) for piece in render_html(big, "zh")) < 2_000_000
