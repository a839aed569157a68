"""What is decided between two tasks of a patch window, without any host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from weibao.domain.patch import HostPlan, PackageChange, PatchWishes
from weibao.domain.patch_facts import Facts
from weibao.domain.patch_health import Before, health_of
from weibao.services.patch.judging import STAGES, Case, Judged
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


def codes(judged: Judged) -> list[str]:
    return [reason.code for reason in (*judged.why, *judged.notes)]


def test_a_host_restarts_only_where_the_approver_was_shown_so() -> None:
    """A package's script may ask for a restart that no plan can foresee."""
    asks = facts(reboot={"required": True, "packages": ["libssl3"]})
    for wishes in ("if_needed", "always"):
        shown = case(asks, HostPlan(packages=(LIB,), reboot=True), reboot=wishes)
        assert judge("applied", shown).order["reboot"] is True
        hidden = judge("applied", case(asks, HostPlan(packages=(LIB,)), reboot=wishes))
        assert hidden.order["reboot"] is False
        assert codes(hidden) == ["patch_reboot_pending"]
    verified = judge("verify", case(asks, HostPlan(packages=(LIB,))))
    assert verified.ok and codes(verified) == ["patch_reboot_pending"]


def test_a_new_package_that_is_not_whole_is_taken_away_and_never_passed_over() -> None:
    fresh = PackageChange(name="wb-new", arch="amd64", version="2")
    made = HostPlan(manager="apt", packages=(LIB, fresh))
    half = facts(unfinished=[["wb-new", "amd64", "2"]], broken="wb-new is only half configured")
    order = judge("back_order", case(half, made)).order
    assert (order["halves"], order["remove"]) == (["wb-new"], [])
    assert order["install"] == ["libssl3=1"]
    back = facts(packages=[["libssl3", "amd64", "1"]], broken="wb-new is only half configured")
    assert codes(judge("back_done", case(back, made))) == ["patch_database_broken"]
    assert "patch_database_broken" in codes(judge("verify", case(half, made)))
