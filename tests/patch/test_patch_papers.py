"""The documents of a patch window (RPT-30, RPT-31), and the confirmation that closing waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reports.change_sample import CONTRACT, EVENTS, RUNBOOK, STEPS, change, done, planned
from weibao.domain.change import ChangeEvent, ChangeState, StepState
from weibao.domain.change_owed import owed_items
from weibao.domain.patch import HostPlan, LeftOut, PackageChange
from weibao.domain.reasons import Reason
from weibao.domain.runbook import FollowUp
from weibao.reports.change import DocumentKind, compose, render_html
from weibao.reports.change.patch import host_result

MADE = HostPlan(
    manager="apt",
    system="Debian GNU/Linux 12 (bookworm)",
    kernel="6.1.0-35-amd64",
    packages=(
        PackageChange(name="libssl3", arch="amd64", before="3.0.15", version="3.0.17",
                      source="Debian-Security", security=True),
    ),
    restarts=("nginx.service",),
    notes=(Reason.of("patch_without_backup"), Reason.of("patch_reboot_for", packages="dbus")),
    left_out=(LeftOut(name="redis", version="7.2", reason=Reason.of("patch_held")),),
)  # fmt: skip


def with_plan(papers: Any) -> Any:
    import dataclasses

    targets = tuple(
        t.model_copy(update={"plan": MADE.model_dump(mode="json")}) for t in papers.plan.targets
    )
    return dataclasses.replace(papers, plan=papers.plan.model_copy(update={"targets": targets}))


def test_the_plan_says_from_which_to_which_version_and_what_is_left_out() -> None:
    page = render_html(compose(DocumentKind.patch_plan, with_plan(planned()), "zh"))
    for word in (
        "libssl3",
        "3.0.15",
        "3.0.17",
        "安全",
        "nginx.service",
        "redis",
        "回退",
        "restic",
        "不做备份",
        "需要重启主机：dbus",
    ):
        assert word in page, word


def test_the_summary_has_a_result_of_each_asset_and_says_what_is_not_confirmed() -> None:
    papers = with_plan(done())
    page = render_html(compose(DocumentKind.patch_summary, papers, "zh"))
    assert "尚未确认" in page
    for target in papers.plan.targets:
        assert target.device in page


def test_what_was_not_verified_is_no_success() -> None:
    target = with_plan(done()).plan.targets[0]
    mine = [row for row in STEPS if row.device == target.device]
    assert host_result(target, []) == "not_done"
    verified = [row for row in mine if row.phase == "verify"]
    if verified:
        assert host_result(target, mine) in {"patched", "brought_back", "failed"}
    failed = mine[0].model_copy(
        update={"phase": "back_out", "step": "back", "state": StepState.failed}
    )
    assert host_result(target, [*mine, failed]) == "failed"


def test_closing_waits_for_the_confirmation_of_work_that_stayed() -> None:
    asked = FollowUp(after_days=7, within_days=14, title={"zh": "确认", "en": "confirm"})
    runbook = RUNBOOK.model_copy(update={"follow_up": asked})
    ended = datetime(2026, 3, 7, 16, tzinfo=UTC)
    verified = change(state=ChangeState.verified, finished_at=ended)

    def codes(events: Any) -> list[str]:
        return [r.code for r in owed_items(CONTRACT, runbook, verified, events, ())]

    events = [e for e in EVENTS if e.state is not ChangeState.closed]
    assert "change_owes_follow_up" in codes(events)
    said = ChangeEvent(
        change=verified.id, number=99, at=ended + timedelta(days=9), actor="wang.pm",
        action="follow_up", state_before=ChangeState.verified, state=ChangeState.verified,
        why="ok", detail={"outcome": "bad"},
    )  # fmt: skip
    assert "change_owes_follow_up" in codes([*events, said])
    good = said.model_copy(update={"detail": {"outcome": "good"}})
    assert "change_owes_follow_up" not in codes([*events, good])
