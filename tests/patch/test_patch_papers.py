"""The documents of a patch window (RPT-30, RPT-31), and the confirmation that closing waits for."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from reports.change_sample import (
    CONTRACT,
    EVENTS,
    RUNBOOK,
    START,
    STEPS,
    change,
    done,
    planned,
    step,
)
from weibao.cli.host_plan import host_plan_lines
from weibao.domain.change import ChangeEvent, ChangeState, ChangeStep, StepState
from weibao.domain.change_owed import owed_items
from weibao.domain.patch import HostPlan, LeftOut, PackageChange, PackageFile
from weibao.domain.patch_health import Before, HealthReading
from weibao.domain.reasons import Reason
from weibao.domain.runbook import FollowUp
from weibao.reports.change import DocumentKind, compose, render_html
from weibao.reports.change.patch_summary import host_result

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


def with_plan(papers: Any, made: HostPlan = MADE) -> Any:
    targets = tuple(
        t.model_copy(update={"plan": made.model_dump(mode="json")}) for t in papers.plan.targets
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


ASKED = FollowUp(after_days=7, within_days=14, title={"zh": "确认", "en": "confirm"})
CONFIRMED_LATER = RUNBOOK.model_copy(update={"follow_up": ASKED})


def host(name: str, *states: tuple[str, StepState, str]) -> tuple[ChangeStep, ...]:
    """What became of a host, by step."""
    return tuple(
        step(what, name, 0, 5 + n, state=state, detail=detail)
        for n, (what, state, detail) in enumerate(states)
    )


def summary(
    steps: tuple[ChangeStep, ...],
    *,
    made: HostPlan = MADE,
    language: Any = "zh",
    state: ChangeState = ChangeState.verified,
    events: Any = None,
    **more: Any,
) -> str:
    """The report of a change of one host."""
    papers = with_plan(done())
    target = papers.plan.targets[0].model_copy(update={"plan": made.model_dump(mode="json")})
    given: dict[str, Any] = {
        "runbook": CONFIRMED_LATER,
        "plan": papers.plan.model_copy(update={"targets": (target,)}),
        "steps": steps,
        "change": papers.change.model_copy(update={"state": state}),
        **({"events": events} if events is not None else {}),
        **more,
    }
    document = compose(DocumentKind.patch_summary, dataclasses.replace(papers, **given), language)
    return " ".join(re.sub("<[^>]+>", " ", render_html(document)).split())


DONE = StepState.done
ONE = "MZ-1F-ACC-01"
ENDED = [e for e in EVENTS if e.state is not ChangeState.verified]


def kept(*packages: tuple[str, str, str], **backup: Any) -> dict[str, Before]:
    before = Before(device=ONE, change="CHG-20260306-001", at=START, packages=packages,
                    health=HealthReading(at=0), backup=backup)  # fmt: skip
    return {ONE: before}


def test_the_summary_has_a_result_of_each_asset_and_says_what_is_not_confirmed() -> None:
    papers = dataclasses.replace(with_plan(done()), runbook=CONFIRMED_LATER)
    page = render_html(compose(DocumentKind.patch_summary, papers, "zh"))
    assert "尚未确认" in page
    for target in papers.plan.targets:
        assert target.device in page


def test_what_was_installed_and_not_verified_is_a_problem_and_owed() -> None:
    """The change was aborted between the installation and its verification."""
    steps = host(ONE, ("backup", DONE, ""), ("apply", DONE, ""))
    target = with_plan(done()).plan.targets[0]
    assert host_result(target, steps) == "unverified"
    said = summary(steps, state=ChangeState.aborted, events=ENDED)
    assert "已安装，未验证" in said
    assert "已安装，未经验证" in said
    assert "未出现问题" not in said
    assert "3.0.17" in said
    aborted = change(state=ChangeState.aborted, finished_at=START)
    owed = owed_items(CONTRACT, RUNBOOK, aborted, ENDED, steps)
    assert [r.params for r in owed if r.code == "change_owes_verification"] == [{"devices": ONE}]
    looked = ChangeEvent(
        change=aborted.id, number=99, at=START, actor="li", action="note",
        state_before=ChangeState.aborted, state=ChangeState.aborted,
        detail={"fields": ["verification"]},
    )  # fmt: skip
    back = step("undo", ONE, 0, 20)
    for events, rows in ([*ENDED, looked], steps), (ENDED, (*steps, back)):
        owed = owed_items(CONTRACT, RUNBOOK, aborted, events, rows)
        assert "change_owes_verification" not in {r.code for r in owed}


def test_no_confirmation_is_asked_of_what_did_not_stay_or_is_not_over() -> None:
    for state in (ChangeState.aborted, ChangeState.paused, ChangeState.draft):
        said = summary((), state=state, events=ENDED)
        assert "尚未确认" not in said, state
        assert "不能关闭" not in said


def test_the_days_of_the_confirmation_are_the_contracts_and_not_due_with_the_rest() -> None:
    """At 23:30 UTC it is the next day in Shanghai."""
    ended = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    papers = dataclasses.replace(done(), runbook=CONFIRMED_LATER)
    verified = papers.change.model_copy(update={"finished_at": ended})
    owed = owed_items(CONTRACT, CONFIRMED_LATER, verified, EVENTS, ())
    days = next(r.params for r in owed if r.code == "change_owes_follow_up")
    assert days == {"first": "2026-12-01", "last": "2026-12-08"}
    record = compose(DocumentKind.change_record, dataclasses.replace(papers, change=verified), "en")
    page = render_html(record)
    assert page.index("Due 20") < page.index("between 2026-12-01 and 2026-12-08")
    steps = host(ONE, ("apply", DONE, ""), ("verify", DONE, ""))
    assert "2026-12-01 至 2026-12-08" in summary(steps, change=verified)


PENDING = "a restart of the host is still pending"


def test_a_host_that_still_has_to_restart_is_an_open_issue() -> None:
    steps = host(
        ONE, ("apply", DONE, ""), ("verify", DONE, "a restart of the host is still pending")
    )
    said = summary(steps)
    assert "未出现问题" not in said
    assert said.count("仍需重启主机") == 1
    good = summary(host(ONE, ("apply", DONE, ""), ("verify", DONE, "")))
    assert "未出现问题" in good


def test_versions_are_those_that_were_reached() -> None:
    failed, undone = StepState.failed, ("undo", DONE, "")
    before = kept(("libssl3", "amd64", "3.0.15"))
    back = host(ONE, ("apply", DONE, ""), ("verify", failed, "no"), undone)
    assert "3.0.15 3.0.17 3.0.15" in summary(back, kept=before)
    refused = host(ONE, ("reach", failed, "no space"))
    assert "3.0.15 3.0.17 未改动" in summary(refused)
    half = host(ONE, ("apply", failed, "no"))
    assert "3.0.15 3.0.17 待核实" in summary(half)
    good = host(ONE, ("apply", DONE, ""), ("verify", DONE, ""))
    assert "3.0.15 3.0.17 3.0.17" in summary(good, kept=before)


def test_a_package_that_others_upgraded_is_named_and_not_claimed() -> None:
    there = kept(("libssl3", "amd64", "3.0.17"))
    good = host(ONE, ("apply", DONE, ""), ("verify", DONE, ""))
    back = host(ONE, ("apply", DONE, ""), ("verify", StepState.failed, "no"), ("undo", DONE, ""))
    for steps in (good, back):
        said = summary(steps, kept=there)
        assert "3.0.17（变更开始时已是） 3.0.17 3.0.17" in said
        assert "不由本次变更安装：libssl3 3.0.17" in said
    assert "升级成功 0 台" in summary(good, kept=there)


def test_the_backup_is_named_with_its_proof() -> None:
    before = kept(("libssl3", "amd64", "3.0.15"), snapshot="0123456789abcdef", files=812,
                  bytes=5_200_000, paths=["/etc"])  # fmt: skip
    steps = host(ONE, ("apply", DONE, ""), ("verify", DONE, ""))
    papers = dataclasses.replace(with_plan(done()), kept=before)
    record = render_html(compose(DocumentKind.change_record, papers, "zh"))
    for said in (summary(steps, kept=before), record):
        assert "0123456789abcdef" in said
        assert "恢复比对一致：812 个文件" in said


def test_of_a_host_that_was_brought_back_the_way_back_has_the_last_word() -> None:
    """Its steps are all done, and it is not: the table of times must not say so."""
    steps = host(ONE, ("apply", DONE, ""), ("verify", DONE, "noted"), ("undo", DONE, "kept: x"))
    said = summary(steps)
    assert "kept: x" in said and "noted" not in said
    assert said.count("已回退") >= 3  # its result, its versions, its times


def test_a_step_that_was_cut_off_is_explained() -> None:
    said = summary(host(ONE, ("apply", StepState.unknown, "")), state=ChangeState.paused)
    assert "执行中被打断" in said
    assert "下发配置" in said  # the step's title
    begun = summary(host(ONE, ("apply", StepState.begun, "")), state=ChangeState.paused)
    assert "执行中被打断" in begun


def test_the_summary_says_how_long_it_took_what_was_restarted_and_what_was_left_out() -> None:
    said = summary(host(ONE, ("apply", DONE, ""), ("verify", DONE, "")), restarted={ONE: True})
    for word in ("主机已重启", "计划", "实际", "redis", "已被锁定"):
        assert word in said, word
    assert "nginx.service" in summary(host(ONE, ("apply", DONE, ""), ("verify", DONE, "")))


def test_the_plan_names_waves_duration_digest_and_the_files_sha256() -> None:
    file = PackageFile(name="libssl3", version="3.0.17", file="libssl3_3.0.17_amd64.deb",
                       sha256="ab" * 32)  # fmt: skip
    old = file.model_copy(update={"version": "3.0.15", "file": "old.deb", "sha256": "cd" * 32})
    made = MADE.model_copy(update={
        "packages": (MADE.packages[0].model_copy(update={"file": file}),), "earlier": (old,),
    })  # fmt: skip
    papers = with_plan(planned(), made)
    page = re.sub("<[^>]*>", "", render_html(compose(DocumentKind.patch_plan, papers, "zh")))
    for word in ("批次", "试点", "预计共需 9 分", papers.change.digest, "ab" * 32, "cd" * 32):
        assert word in page, word


def test_the_plan_on_the_terminal_is_in_the_readers_language() -> None:
    shown = "\n".join(host_plan_lines(MADE, "zh"))
    for word in (
        "3.0.15 -> 3.0.17  # 安全",
        "重启服务：nginx.service",
        "重启主机：否",
        "下载量",
        "不升级：redis 7.2（软件包已被锁定版本（hold））",
        "需要重启主机：dbus",
    ):
        assert word in shown, word
    said = "\n".join(host_plan_lines(MADE, "en"))
    assert "left out: redis 7.2 (the package is on hold)" in said
    for code in ("patch_held", "patch_without_backup", "patch_reboot_for"):
        assert code not in said + shown


def test_a_title_that_nobody_wrote_is_in_the_papers_language() -> None:
    mine = change(title=RUNBOOK.title["zh"])
    papers = dataclasses.replace(with_plan(planned()), change=mine)
    found = compose(DocumentKind.patch_plan, papers, "en")
    assert found.subtitle == RUNBOOK.title["en"]


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
