"""One host at a stage of patching, without any host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from weibao.domain.patch import HostPlan, PackageChange, PatchWishes
from weibao.domain.patch_facts import Facts
from weibao.domain.patch_health import Before, health_of
from weibao.services.patch.case import Case, Judged
from weibao.services.patch.judging import STAGES
from weibao.services.patch.way_back import BACK_STAGES

NOW = datetime(2026, 11, 23, tzinfo=UTC)


LIB = PackageChange(name="libssl3", arch="amd64", before="1", version="2")


def judge(stage: str, asked: Case) -> Judged:
    return {**STAGES, **BACK_STAGES}[stage](asked)


class Records:
    """What is kept of hosts, in memory."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self.said: dict[str, Any] = {}

    def before(self, device: str) -> Before | None:
        return self._before

    def keep_before(self, before: Before) -> None:
        self._before = before

    def progress(self, device: str) -> Mapping[str, Any]:
        return self.said

    def keep_progress(self, device: str, said: Mapping[str, Any]) -> None:
        self.said = dict(said)


def facts(**given: Any) -> Facts:
    known: dict[str, Any] = {
        "manager": "apt",
        "system": {"boot_id": "a", "uptime": 100.0},
        "packages": [["libssl3", "amd64", "2"]],
        "files": {},
        "units": {"known": True},
    }
    return Facts.model_validate({**known, **given})


def case(now: Facts, made: HostPlan, before: Facts | None = None, **wishes: Any) -> Case:
    was = before or facts(packages=[["libssl3", "amd64", "1"]])
    kept = Before(
        device="web1",
        change="C",
        at=NOW,
        packages=was.packages or (),
        auto=was.auto,
        residual=was.residual,
        files=was.files or {},
        health=health_of(was),
    )
    return Case(
        device="web1",
        change="C",
        now=NOW,
        wishes=PatchWishes(**wishes),
        facts=now,
        said={},
        plan=made,
        records=Records(kept),
    )


def backed_up(asked: Case) -> Any:
    """Its records, which hold a backup of its files."""
    kept: Any = asked.records
    before = kept.before(asked.device)
    kept.keep_before(before.model_copy(update={"backup": {"snapshot": "abc"}}))
    return kept


def replace_files(now: Facts, files: dict[str, str]) -> Facts:
    return now.model_copy(update={"files": files})


def codes(judged: Judged) -> list[str]:
    return [reason.code for reason in (*judged.why, *judged.notes)]
