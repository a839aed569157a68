"""The other ways of a change: emergencies, standing leave, paper, and what may not start."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from weibao.adapters.clock import SystemClock
from weibao.cli import change_work
from weibao.cli.options import Call
from weibao.cli.output import Output
from weibao.domain.change import ApprovalChannel, ChangeKind, ChangeState
from weibao.errors import InputError, RefusedError
from weibao.services.changes import approval, closing, control, draft
from weibao.services.changes.planning import make_plan
from weibao.services.leave import RefusedLeave
from weibao.services.read_evidence import read_evidence

from .flows import HOSTS, WEIBAO
from .office import FIELDS, HOUR, Office

pytestmark = pytest.mark.usefixtures("ssh_keygen")
STAGES = [
    {"id": "internal", "title": {"zh": "内部审批", "en": "Internal"},
     "role": "internal_approver", "side": "internal"},
    {"id": "customer", "title": {"zh": "客户同意", "en": "Customer"},
     "role": "customer_approver", "side": "customer", "channels": ["signature", "paper"]},
]  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def codes(caught: pytest.ExceptionInfo[RefusedLeave]) -> set[str]:
    return {reason.code for reason in caught.value.why}


def owed(office: Office, number: str) -> list[str]:
    found = closing.owed(office.desk, office.desk.find(number))
    return [reason.code.removeprefix("change_owes_") for reason in found]


@pytest.mark.parametrize("hours", [None, 12.0])
def test_an_emergency_from_its_start_to_its_end(office: Office, hours: float | None) -> None:
    """CHG-29: it starts at once; what is missing has a deadline and is listed until handed in."""
    office.terms(emergency_backfill_hours=hours)
    with pytest.raises(InputError) as bare:
        office.new(kind=ChangeKind.emergency, recorder="", fields={})
    assert bare.value.key == "change.emergency_minimum"
    number = office.new(
        kind=ChangeKind.emergency, recorder="", fields={}, fault="F-1", verbal_approver="liu.cust"
    ).id
    change = office.start(number)
    assert change.state.value == "backfill"
    assert sorted(office.hosts.of("write")) == sorted(HOSTS)
    wanted = timedelta(hours=hours or 72)
    assert change.finished_at is not None
    assert change.owed_until is not None
    assert abs(change.owed_until - change.finished_at - wanted) < timedelta(minutes=1)
    assert owed(office, number) == ["documents", "recorder", "consent", "field", "field", "field"]
    end = {"documents": "拓扑图", "result": "电话"}
    with pytest.raises(RefusedError) as early:
        closing.close(office.desk, office.desk.find(number), "wang.pm", **end)
    assert "口头同意未补书面材料" in early.value.say("zh")
    fields = {"hardware": "无", "software": "无", "notified": "电话"}
    closing.backfill(office.desk, office.desk.find(number), "wang.pm", fields, "zhao.rec", b"")
    assert owed(office, number) == ["documents", "consent"]
    closing.backfill(office.desk, office.desk.find(number), "wang.pm", {}, "", b"%PDF scan")
    assert owed(office, number) == ["documents"]
    done = closing.close(office.desk, office.desk.find(number), "wang.pm", **end)
    assert (done.state.value, owed(office, number)) == ("closed", [])
    office.sound()


def test_an_emergency_is_taken_back_while_its_documents_are_owed(office: Office) -> None:
    """CHG-29, CHG-39: what was done under it is undone; what is owed, and by when, stays."""
    number = office.new(
        kind=ChangeKind.emergency, recorder="", fields={}, fault="F-1", verbal_approver="liu.cust"
    ).id
    first = office.start(number)
    closing.backfill(office.desk, office.desk.find(number), "wang.pm", {}, "", b"%PDF scan")
    before = owed(office, number)
    office.sleep(30 * 3600)
    office.hosts.fails = {("take-away", "host1")}
    stays = office.back_out(number)
    assert (stays.state.value, stays.owed_until) == ("backfill", first.owed_until)
    assert office.desk.records.change_events(number)[-1].action == "back_out_failed"
    office.hosts.fails.clear()
    after = office.back_out(number)
    assert sorted(office.hosts.of("take-away")) == sorted([*HOSTS, "host1"])  # once each, as done
    events = office.desk.records.change_events(number)
    assert [e.state.value for e in events[-2:]] == ["rolled_back", "backfill"]
    assert after.state.value == "backfill"
    assert after.owed_until is not None
    assert first.owed_until is not None
    assert abs(after.owed_until - first.owed_until) < timedelta(minutes=1)
    assert owed(office, number) == before
    fields = {"hardware": "无", "software": "无", "notified": "电话"}
    closing.backfill(office.desk, office.desk.find(number), "wang.pm", fields, "zhao.rec", b"")
    end = {"documents": "拓扑图", "result": "电话"}
    done = closing.close(office.desk, office.desk.find(number), "wang.pm", **end)
    assert done.state.value == "closed"
    with pytest.raises(RefusedError) as late:
        office.back_out(number)
    assert late.value.key == "change.illegal"
    office.sound()


def test_an_emergency_that_was_edited_is_planned_again(office: Office) -> None:
    """What it would do is found out anew, and nothing of before counts."""
    number = office.new(
        kind=ChangeKind.emergency, recorder="", fields={}, fault="F-1", verbal_approver="liu.cust"
    ).id
    change, _ = make_plan(
        office.desk, office.desk.find(number), "wang.pm", office.sources, office.said.append
    )
    edit = draft.Edit(limit="host2", variables={"note": "other"})
    draft.edit_change(office.desk, change, "wang.pm", edit, office.sources)
    assert office.start(number).state.value == "backfill"
    assert office.hosts.of("write") == ["host2"]
    assert office.desk.fresh(number).plan == 2


@pytest.mark.parametrize("fails", [False, True])
def test_how_an_emergency_ended_is_not_lost_in_what_it_owes(
    office: Office,
    fails: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEIBAO_LANGUAGE", "en")
    change = office.new(
        kind=ChangeKind.emergency, recorder="", fields={}, fault="F-1", verbal_approver="liu.cust"
    )
    if fails:
        office.hosts.fails = {("write", "host1"), ("take-away", "host1")}
    ended = office.start(change.id)
    assert ended.state.value == "backfill"
    call = Call(office.flow.folder, (), (), Output("en"))
    assert change_work._ended(call, ended) == (1 if fails else 0)
    end = "aborted" if fails else "verified"
    assert capsys.readouterr().out == f"{change.id}: {end}\n{change.id}: backfill\n"
    if fails:
        taken_back = frozenset({ChangeState.rolled_back})
        assert change_work._ended(call, office.back_out(change.id), taken_back) == 1
        assert "the way back failed too on host1" in capsys.readouterr().err
        office.hosts.fails.clear()
        assert change_work._ended(call, office.back_out(change.id), taken_back) == 0
        assert "rolled back" in capsys.readouterr().out


def test_standing_leave_ends(office: Office) -> None:
    """CHG-37: until its last day it covers the runbook; not after it."""
    path = office.flow.folder / "runbooks" / "write-note.yml"
    path.write_text(path.read_text().replace("risk: low", "risk: low\nstandard_allowed: true"))
    today = datetime.now(UTC).date()

    def until(last: date) -> None:
        office.terms(
            standard=[
                {"runbook": "write-note", "version": "1.0", "reference": "R-1",
                 "approver": "liu.cust", "valid_from": str(today - timedelta(days=30)),
                 "valid_until": str(last)}
            ]
        )  # fmt: skip

    until(today + timedelta(days=30))
    number = office.approved(kind=ChangeKind.standard, limit="host1")
    assert office.state(number) == "scheduled"
    assert not office.desk.records.approvals(number)
    until(today - timedelta(days=2))
    with pytest.raises(RefusedLeave) as caught:
        office.start(number)
    assert "leave_not_standard" in codes(caught)
    assert office.hosts.done == []
    until(today + timedelta(days=1))
    assert office.start(number).state.value == "verified"


def test_a_consent_on_paper_is_on_record_with_its_scan(office: Office) -> None:
    """ROL-31, RPT-01: who recorded it signs for it, and verify knows the scan."""
    office.terms(stages=STAGES)
    change = office.new(limit="host1")
    change, _ = make_plan(office.desk, change, "wang.pm", office.sources, office.said.append)

    change = approval.submit(office.desk, change, "wang.pm", office.sources)
    paper = {"channel": ApprovalChannel.paper, "recorded_by": "wang.pm"}
    with pytest.raises(RefusedLeave) as inside:
        office.consent(change, "chen.boss", scan=b"%PDF-1.7 yes", **paper)
    assert codes(inside) == {"approval_channel"}
    change = office.consent(change, "chen.boss")
    change = approval.submit(office.desk, change, "wang.pm", office.sources)
    with pytest.raises(RefusedLeave) as bare:
        office.consent(change, "liu.cust", **paper)
    assert codes(bare) == {"approval_no_evidence"}
    change = office.consent(change, "liu.cust", scan=b"%PDF-1.7 \x00 signed", **paper)
    assert change.state.value == "scheduled"
    given = office.desk.records.approvals(change.id)[-1]
    parts = office.desk.parts
    with pytest.raises(InputError) as text:
        read_evidence(parts, given.evidence, "somebody")
    assert text.value.key == "evidence.only_raw"
    found = read_evidence(parts, given.evidence[:12], "somebody", raw=True)
    assert found is not None
    records, data = found
    assert data == b"%PDF-1.7 \x00 signed"
    assert [(r.kind, change.id in r.command) for r in records] == [("scan", True)]
    assert office.start(change.id).state.value == "verified"
    office.sound()
    name = f"{given.evidence[:2]}/{given.evidence}"
    (scan,) = (office.flow.folder / "var").glob(f"contracts/*/evidence/{name}")
    scan.write_bytes(scan.read_bytes()[:-1] + b"?")
    with pytest.raises(AssertionError, match="evidence"):
        office.sound()


def test_the_lead_time_is_judged_again_at_the_start(office: Office) -> None:
    """CHG-20: a profile that demands more by then counts; an emergency is bound to none."""
    number = office.approved(limit="host1")
    office.terms(lead_time_hours=24)
    with pytest.raises(RefusedLeave) as caught:
        office.start(number)
    assert "leave_lead_time" in codes(caught)
    assert "24" in caught.value.say("zh")
    assert office.state(number) == "scheduled"
    office.terms(lead_time_hours=0)
    assert office.start(number).state.value == "verified"


def test_a_freeze_stops_a_start_by_hand(office: Office) -> None:
    number = office.approved(limit="host1")
    day = datetime.now(UTC).date()
    first, last = str(day - timedelta(days=1)), str(day + timedelta(days=2))
    office.terms({"freezes": [{"title": "年终决算", "first": first, "last": last}]})
    with pytest.raises(RefusedLeave) as caught:
        office.start(number)
    assert "leave_freeze" in codes(caught)
    by_hand = office.flow.change("start", number, who="li.op", fails=3)
    assert "年终决算" in by_hand
    assert office.hosts.done == []
    assert office.flow.notes() == {}


@pytest.mark.parametrize("words", [("tick",), ("list",), ("show",), ("start",)])
def test_who_sees_it_first_marks_a_missed_change(office: Office, words: tuple[str, ...]) -> None:
    """Never late: approved yesterday for an hour of yesterday, it is missed today."""
    office.terms(timer_may_start=True)
    office.clock.at -= 26 * HOUR
    number = office.approved(limit="host1", hours=1)
    assert office.state(number) == "scheduled"
    office.close()
    given = (number,) if words[0] in {"show", "start"} else ()
    who = "li.op" if words[0] == "start" else ""
    office.flow.change(*words, *given, who=who, fails=None)
    office.clock.at = datetime.now(UTC)
    office.open()
    assert office.desk.fresh(number).state.value == "missed"
    event = office.desk.records.change_events(number)[-1]
    assert event.action == "miss"
    with pytest.raises(RefusedError):
        office.start(number)
    assert office.flow.log("host1") == []


def test_two_start_the_same_change_at_the_same_moment(tmp_path: Path) -> None:
    """By command; one carries it out, the other is told who does."""

    office = Office(tmp_path, clock=SystemClock(), real=True)
    number = office.approved(limit="host1:host2")
    office.close()
    command = [WEIBAO, "change", "start", number, "--as", "li.op"]
    both = [
        subprocess.Popen(
            command, cwd=office.flow.folder, env=office.flow.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=300)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 3], said
    loser = said[[process.returncode for process in both].index(3)]
    assert number in loser, said
    assert office.flow.log("host1") == office.flow.log("host2") == ["write"]
    assert office.flow.state(number) == "verified"
    office.flow.weibao("verify")


def test_the_timer_starts_what_is_due(tmp_path: Path) -> None:

    office = Office(tmp_path, clock=SystemClock(), real=True, timer_may_start=True)
    number = office.approved(limit="host1")
    office.close()
    said = office.flow.weibao("change", "tick", "--json")
    assert json.loads(said.stdout)["started"] == [number]
    assert office.flow.log("host1") == ["write"]
    assert json.loads(office.flow.weibao("change", "tick", "--json").stdout)["started"] == []
    assert office.flow.log("host1") == ["write"]


def test_a_password_in_a_field_never_reaches_the_records(office: Office) -> None:
    with pytest.raises(InputError) as caught:
        office.new(fields={"purpose": "登录口令：Canary#99"})
    assert caught.value.key == "change.secret_in_text"
    number = office.approved(limit="host1")
    office.start(number)
    found = office.desk.find(number)
    with pytest.raises(InputError):
        closing.close(office.desk, found, "wang.pm", documents="密码是 Canary#99", result="电话")
    with pytest.raises(InputError):
        control.back_out(office.desk, found, "li.op", office.sources, print, "password: Canary#99")
    assert office.hosts.of("take-away") == []
    assert office.state(number) == "verified"
    state = office.flow.folder / "var"
    assert all(b"Canary#99" not in p.read_bytes() for p in state.rglob("*") if p.is_file())


def test_work_outside_of_the_contract_says_what_was_agreed(office: Office) -> None:
    """PAT-21: it is flagged, and not carried out silently."""
    office.terms(scope=["patch-linux"])
    with pytest.raises(RefusedError, match="--field scope="):
        office.approved()
    agreed = {**FIELDS, "scope": "two hours, by the piece, agreed with Liu on Friday"}
    number = office.approved(fields=agreed)
    assert office.desk.find(number).state is ChangeState.scheduled
    approval.withdraw(office.desk, office.desk.find(number), "wang.pm", "not needed")
    office.terms(scope=["write-note"])
    assert office.desk.find(office.approved()).state is ChangeState.scheduled


def test_a_draft_that_nobody_wants_is_withdrawn_and_stands_against_nothing(office: Office) -> None:
    def planned() -> tuple[str, tuple[str, ...]]:
        change, plan = make_plan(
            office.desk, office.new(), "wang.pm", office.sources, office.said.append
        )
        return change.id, tuple(c.params["change"] for c in plan.conflicts if c.code == "device")

    first, _ = planned()
    assert first in planned()[1]
    gone = approval.withdraw(office.desk, office.desk.find(first), "wang.pm", "planned anew")
    assert gone.state is ChangeState.withdrawn
    assert first not in planned()[1]
    assert first in {change.id for change in office.desk.records.changes()}
    with pytest.raises(RefusedError, match=r"withdrawn|已撤回"):
        make_plan(
            office.desk, office.desk.find(first), "wang.pm", office.sources, office.said.append
        )
    office.clock.at += 10 * HOUR
    assert office.desk.find(first).state is ChangeState.withdrawn


def test_what_is_asked_wrongly_is_named_as_what_it_is(office: Office) -> None:
    """Nobody reads of devices where none is concerned, nor learns late of a missing playbook."""
    flow = office.flow
    wanted = ("--limit", "all", "--window", "now/+2h", "--as", "wang.pm", "--var", "note=x")
    said = flow.change("new", "--runbook", "write-note", *wanted, "--field", "hardwar=none")
    assert "hardwar" in said and "hardware" in said
    number = office.desk.records.changes()[0].id
    flow.change("plan", number, "--as", "wang.pm")
    refused = flow.change("submit", number, "--as", "wang.pm", fails=3)
    assert "不能提交" in refused and "不得操作设备" not in refused
    refused = flow.weibao("patch", "plan", "--runbook", "write-note", "--limit", "all",
                          "--window", "now/+2h", "--as", "wang.pm", fails=2)  # fmt: skip
    assert "不是补丁方案" in refused.stderr
    office.runbook("run: playbooks/look.yml", "run: weibao.core.patch_linx")
    for words in (("new", "--runbook", "write-note", *wanted), ("plan", number, "--as", "wang.pm")):
        refused = flow.change(*words, fails=2)
        assert "runbooks/write-note.yml:24: " in refused and "patch_linux" in refused
