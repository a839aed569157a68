"""What goes wrong while a change runs: it stops safely, says why, and loses nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from weibao.boundary.runner import HostResult, PlaybookResult
from weibao.domain.change import StepState, stopped_for
from weibao.domain.records import RunState
from weibao.errors import InputError, RefusedError
from weibao.services.changes import approval, control
from weibao.services.changes.closing import backfill, close, owed
from weibao.services.changes.planning import make_plan
from weibao.services.leave import RefusedLeave
from weibao.services.recover import recover

from .flows import HOSTS
from .office import HOUR, Office

pytestmark = pytest.mark.usefixtures("ssh_keygen")
TWO_PERSON = ("phase: implement", "phase: implement\n    two_person: true")
BACK = ("on_breach: stop", "on_breach: back_out")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def codes(caught: pytest.ExceptionInfo[RefusedLeave]) -> set[str]:
    return {reason.code for reason in caught.value.why}


def killed() -> None:
    raise KeyboardInterrupt


# time


def test_a_clock_that_is_set_back_in_the_middle_pauses_it(office: Office) -> None:
    number = office.approved()

    def back() -> None:
        office.clock.at -= 2 * HOUR

    office.hosts.during["write", "host1"] = back
    assert office.start(number).state.value == "paused"
    assert office.hosts.of("write") == ["host1"]
    assert "change_clock_back" in office.codes()
    assert "时钟被调回" in office.words()
    assert "the clock was set back" in office.words()
    with pytest.raises(RefusedLeave) as caught:
        office.resume(number)
    assert "leave_clock_back" in codes(caught)
    assert office.state(number) == "paused"
    office.clock.at += 2 * HOUR
    assert office.resume(number).state.value == "verified"
    assert sorted(office.hosts.of("write")) == sorted(HOSTS)
    office.sound()


def test_a_clock_that_was_set_back_before_the_start(office: Office) -> None:
    """Back into a window that is over: what was written down since says so."""
    office.clock.at -= 26 * HOUR
    number = office.approved(limit="host1", hours=1)
    office.clock.at += 26 * HOUR
    office.new(limit="host2")
    office.clock.at -= 25.9 * HOUR
    with pytest.raises(RefusedLeave) as caught:
        office.start(number)
    assert codes(caught) == {"leave_clock_back"}
    assert office.hosts.done == []


def test_a_clock_that_is_set_back_in_the_last_step_is_said_too(office: Office) -> None:
    number = office.approved(limit="host1")
    office.hosts.during["look-after", "host1"] = lambda: office.sleep(-7200)
    assert office.start(number).state.value == "paused"
    office.sleep(7200)
    change = office.resume(number)
    assert change.state.value == "verified"
    assert change.started_at is not None
    assert change.finished_at is not None
    assert change.started_at < change.finished_at


def test_a_clock_that_is_only_corrected_stops_nothing(office: Office) -> None:
    number = office.approved()
    office.hosts.during["write", "host1"] = lambda: office.sleep(-60)
    assert office.start(number).state.value == "verified"


def test_a_window_that_closes_in_the_middle_of_a_wave(office: Office) -> None:
    number = office.approved(hours=1)
    end = office.desk.find(number).window.end
    office.hosts.during["write", "host1"] = lambda: office.sleep(3700)
    assert office.start(number).state.value == "paused"
    assert office.codes()[-1] == "change_window_over"
    assert "时间窗口已结束" in office.words()
    assert office.hosts.done[-1] == ("write", "host1")
    for _ in range(2):
        with pytest.raises(RefusedLeave) as caught:
            office.resume(number)
        assert codes(caught) == {"leave_outside_window"}
        assert office.state(number) == "paused"  # nobody carries it out
    office.extend(number, end + 3 * HOUR)
    assert office.resume(number).state.value == "verified"
    assert sorted(office.hosts.of("write")) == sorted(HOSTS)
    assert office.hosts.of("look-after")[0] == "host1"
    office.sound()


SETTLING = (
    "  - name: look-after",
    "  - {name: settle, title: {zh: 等, en: Settle}, phase: verify, kind: wait, seconds: 600}\n"
    "  - name: look-after",
)


def test_a_window_that_closes_while_time_passes(office: Office) -> None:
    """Waiting for what dies late is not over with the window, and nothing is verified by it."""
    office.runbook(*SETTLING)
    number = office.approved(hours=1, limit="host1")
    end = office.desk.find(number).window.end
    office.hosts.during["write", "host1"] = lambda: office.sleep(3300)
    assert office.start(number).state.value == "paused"
    assert office.codes()[-1] == "change_window_over"
    assert {row.state for row in office.steps(number, "settle")} == {StepState.begun}
    assert office.hosts.of("look-after") == []
    office.extend(number, end + HOUR)
    assert office.resume(number).state.value == "verified"
    office.sound()


def test_a_recorder_who_confirms_after_the_window_starts_no_step(office: Office) -> None:
    """JOB-05: it pauses, and nothing was touched; not even a failed step is on record."""
    office.terms(confirm_timeout_minutes=600)
    office.runbook(*TWO_PERSON)
    number = office.approved(hours=1, limit="host1")
    end = office.desk.find(number).window.end
    asleep = office.sleep

    def late(seconds: float) -> None:
        asleep(600)
        if office.clock.at > end and not office.hosts.done.count(("confirmed", "-")):
            office.hosts.done.append(("confirmed", "-"))
            office.confirm(number)

    office.sleep = late  # type: ignore[method-assign]
    assert office.start(number).state.value == "paused"
    assert office.codes()[-1] == "change_window_over"
    assert office.hosts.of("write") == office.hosts.of("take-away") == []
    assert {row.state for row in office.steps(number, "write")} == {StepState.waiting}


def test_the_end_of_the_window_is_announced_once(office: Office) -> None:
    """JOB-05: a warning before it, in minutes."""
    number = office.approved(hours=1)
    office.hosts.during["write", "host1"] = lambda: office.sleep(46 * 60)
    office.start(number)
    assert office.codes().count("change_window_ends") == 1
    assert "时间窗口还有 1" in office.words()


def test_a_way_back_is_open_after_the_window(office: Office) -> None:
    number = office.approved(hours=1)
    office.hosts.during["write", "host1"] = lambda: office.sleep(3700)
    office.start(number)
    assert office.back_out(number).state.value == "rolled_back"
    assert office.hosts.of("take-away") == ["host1"]


def test_an_extension_that_is_signed_while_it_runs(office: Office) -> None:
    number = office.approved(hours=1)
    end = office.desk.find(number).window.end

    def late() -> None:
        office.extend(number, end + 3 * HOUR)
        office.sleep(3700)

    office.hosts.during["write", "host2"] = late
    assert office.start(number).state.value == "verified"
    change = office.desk.find(number)
    assert change.finished_at is not None
    assert end < change.finished_at < end + 3 * HOUR
    assert "extend" in {event.action for event in office.desk.records.change_events(number)}


def test_a_wave_that_does_not_fit_with_its_way_back_does_not_begin(office: Office) -> None:
    number = office.approved(hours=1)
    office.hosts.during["look-after", "host1"] = lambda: office.sleep(3540)
    assert office.start(number).state.value == "paused"
    assert office.codes()[-1] == "change_does_not_fit"
    assert office.hosts.of("write") == ["host1"]


# persons


def test_nobody_records(office: Office) -> None:
    """CHG-23: without the second person nothing is touched, and it waits no longer than said."""
    office.runbook(*TWO_PERSON)
    number = office.approved()
    began = office.clock.at
    assert office.start(number).state.value == "paused"
    assert timedelta(minutes=30) < office.clock.at - began < timedelta(minutes=40)
    assert office.codes()[-1] == "change_nobody_confirmed"
    assert "无人确认" in office.words()
    assert office.hosts.of("write") == []
    office.confirm(number)
    office.resume(number)
    assert office.hosts.of("write") == ["host1"]  # the next wave waits for its own
    office.sound()


def test_a_step_that_is_done_again_is_confirmed_again(office: Office) -> None:
    """CHG-23: what the recorder said once does not let a step begin a second time, hours later."""
    office.runbook(*TWO_PERSON)
    number = office.approved()
    office.start(number)
    office.confirm(number)
    office.hosts.during["write", "host1"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.resume(number)
    office.open()
    again = ("host1", "write", StepState.waiting)
    assert office.resume(number).state.value == "paused"
    office.resume(number, again)
    assert office.hosts.of("write") == ["host1"]
    assert office.codes()[-1] == "change_nobody_confirmed"
    office.confirm(number)
    office.resume(number)
    assert office.hosts.of("write") == ["host1", "host1"]
    office.sound()


# hosts


@pytest.mark.parametrize("back", [False, True])
def test_every_host_of_a_wave_fails(office: Office, back: bool) -> None:
    if back:
        office.runbook(*BACK)
    number = office.approved()
    office.hosts.fails = {("write", "host2"), ("write", "host3")}
    change = office.start(number)
    assert change.state.value == ("rolled_back" if back else "aborted")
    assert office.hosts.of("write") == ["host1", "host2", "host3"]
    assert office.hosts.of("take-away") == ["host2", "host3", *(["host1"] if back else [])]
    assert office.codes().count("change_limit") == 1
    assert not office.desk.records.device_locks()
    office.sound()


def test_that_it_stops_since_a_way_back_failed_is_not_told_as_a_limit(office: Office) -> None:
    office.runbook("on_breach: stop", "on_breach: stop\n  max_failed_in_wave: 3\n  max_failed: 3")
    number = office.approved()
    office.hosts.fails = {("write", "host2"), ("take-away", "host2")}
    assert office.start(number).state.value == "aborted"
    assert "change_limit" not in office.codes()
    assert office.codes().count("change_way_back_failed") == 1
    assert "host2 could not be brought back; stopped" in office.words()
    event = office.desk.records.change_events(number)[-1]
    assert event.detail["code"] == "change_way_back_failed"


def test_what_does_not_fit_is_told_once_and_never_as_if_it_did(office: Office) -> None:
    number = office.approved()
    office.clock.at = office.desk.find(number).window.end - timedelta(seconds=95)
    assert office.start(number).state.value == "paused"
    found = [reason for reason in office.said if reason.code == "change_does_not_fit"]
    assert len(found) == 1
    assert int(found[0].params["needs"]) > int(found[0].params["left"])


def test_a_way_back_of_all_that_fails_for_one_is_no_way_back(office: Office) -> None:
    office.runbook(*BACK)
    number = office.approved()
    office.hosts.fails = {("write", "host2"), ("take-away", "host1")}
    assert office.start(number).state.value == "aborted"
    event = office.desk.records.change_events(number)[-1]
    assert event.detail["back_out_failed"] == ["host1"]
    assert "change_back_out_failed" in office.codes()


@pytest.mark.parametrize("state", ["verified", "aborted"])
def test_a_way_back_by_hand_that_fails_is_on_record(office: Office, state: str) -> None:
    number = office.approved(limit="host1:host2")
    if state == "aborted":
        office.hosts.fails = {("write", "host2")}
    assert office.start(number).state.value == state
    office.hosts.fails.add(("take-away", "host1"))
    assert office.back_out(number).state.value == state
    event = office.desk.records.change_events(number)[-1]
    assert (event.action, event.detail["back_out_failed"]) == ("back_out_failed", ["host1"])
    office.hosts.fails.clear()
    assert office.back_out(number).state.value == "rolled_back"  # tried again, it went
    assert office.hosts.of("take-away").count("host2") == 1
    office.sound()


def test_what_the_journal_says_and_the_device_does_not(office: Office) -> None:
    """Who answered wrongly is found out by the look afterwards; the host goes back."""
    number = office.approved(limit="host1:host2")
    office.hosts.during["write", "host1"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.start(number)
    office.open()
    assert office.resume(number).state.value == "paused"
    assert "host1:write" in office.words()
    office.hosts.fails = {("look-after", "host1")}  # the line is not there
    change = office.resume(number, ("host1", "write", StepState.done))
    assert change.state.value == "aborted"
    assert office.hosts.of("write") == ["host1"]
    assert office.hosts.of("take-away") == ["host1"]
    assert "look-after" in office.words()
    office.sound()


def test_an_answer_to_what_was_not_asked(office: Office) -> None:
    """Who looked before the killed run's last task had ended may have seen too little."""
    number = office.approved(limit="host1")
    office.hosts.during["write", "host1"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.start(number)
    with pytest.raises(InputError):
        office.resume(number, ("host1", "write", StepState.waiting))
    office.resume(number)
    assert office.resume(number, ("host1", "write", StepState.waiting)).state.value == "verified"
    assert office.hosts.of("write") == ["host1", "host1"]


# the way back is cut off


def test_a_way_back_that_was_cut_off_is_gone_on_with(office: Office) -> None:
    number = office.approved(limit="host1:host2:host3")
    office.hosts.during["write", "host2"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.start(number)
    office.hosts.during["take-away", "host1"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.back_out(number)
    assert office.hosts.of("take-away") == ["host2", "host3", "host1"]
    with pytest.raises(RefusedError) as forward:
        office.resume(number)
    assert forward.value.key == "change.goes_back"
    with pytest.raises(RefusedError) as asked:
        office.back_out(number)
    assert "host1:take-away" in asked.value.say("zh")
    done = ("host1", "take-away", StepState.done)
    assert office.back_out(number, done).state.value == "rolled_back"
    assert office.hosts.of("take-away") == ["host2", "host3", "host1"]
    office.sound()


def test_killed_between_the_end_and_what_follows_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = office.approved(limit="host1")
    with monkeypatch.context() as patch:
        patch.setattr(control, "finish", lambda *_: killed())
        with pytest.raises(KeyboardInterrupt):
            office.start(number)
    assert office.state(number) == "verified"
    run = office.desk.parts.journal.run(office.desk.find(number).run)
    assert run is not None
    assert run.state.value == "running"
    assert office.resume(number).state.value == "verified"
    run = office.desk.parts.journal.run(run.id)
    assert run is not None
    assert run.state.value == "finished"
    with pytest.raises(RefusedError):
        office.resume(number)  # there is nothing more to do


def test_killed_while_planning(office: Office) -> None:
    """There is no plan, or a whole one; it is planned again, and a night leaves it alone."""
    number = office.new().id
    office.hosts.during["write", "check"] = killed
    with pytest.raises(KeyboardInterrupt):
        make_plan(office.desk, office.desk.find(number), "wang.pm", office.sources, print)
    office.open()
    parts = office.desk.parts
    change = office.desk.find(number)
    assert (change.plan, change.digest) == (0, "")
    assert office.desk.records.change_plan(number, 1) is None
    with pytest.raises(RefusedError) as unplanned:
        approval.submit(office.desk, change, "wang.pm", office.sources)
    assert unplanned.value.key == "change.no_plan"
    (left,) = parts.journal.unfinished_runs()
    assert recover(parts) == []  # a night begins while somebody may still be planning
    assert parts.journal.unfinished_runs() == [left]
    change, plan = make_plan(office.desk, change, "wang.pm", office.sources, print)
    assert (change.plan, plan.number, len(plan.targets)) == (1, 1, len(HOSTS))
    assert parts.journal.unfinished_runs() == []
    found = parts.journal.run(left.id)
    assert found is not None
    assert found.state is RunState.interrupted
    office.sound()


@pytest.mark.parametrize("words", [("change", "show"), ("run", "recover")])
def test_who_sees_a_cut_off_dry_run_first_says_so(office: Office, words: tuple[str, ...]) -> None:
    """It does not stay 'running'; one that goes on right now is left alone."""
    number = office.new(limit="host1").id
    office.hosts.during["write", "check"] = killed
    with pytest.raises(KeyboardInterrupt):
        make_plan(office.desk, office.desk.find(number), "wang.pm", office.sources, print)
    (left,) = office.desk.parts.journal.unfinished_runs()
    given = (number,) if words[0] == "change" else ()
    with office.desk.hold(f"change-{number}.lock", "somebody plans"):
        office.close()
        office.flow.weibao(*words, *given)
        office.open()
        assert office.desk.parts.journal.unfinished_runs() == [left]
    office.close()
    said = office.flow.weibao(*words, *given).stdout
    office.open()
    assert "中途被终止" in said
    assert number in said
    assert office.desk.parts.journal.unfinished_runs() == []
    assert office.desk.records.change_events(number)[-1].action == "plan_cut_off"
    change, _ = make_plan(office.desk, office.desk.find(number), "wang.pm", office.sources, print)
    assert office.state(office.agreed(change)) == "scheduled"
    office.sound()


def test_a_package_that_no_host_knows_is_no_plan(office: Office, monkeypatch: Any) -> None:
    def left_out(*names: str) -> dict[str, Any]:
        reason = {"code": "patch_unknown_name", "params": {}}
        return {"left_out": [{"name": name, "reason": reason} for name in names]}

    plans = {host: left_out("nosuchpkg", host) for host in HOSTS}

    def run(*_: Any, limit: tuple[str, ...], **rest: Any) -> PlaybookResult:
        return PlaybookResult(0, "", hosts={h: HostResult("ok", plan=plans[h]) for h in limit})

    monkeypatch.setattr(office.hosts, "run", run)
    change = office.new()
    with pytest.raises(InputError, match="nosuchpkg") as caught:
        make_plan(office.desk, change, "wang.pm", office.sources, office.said.append)
    assert "host1" not in caught.value.say("en")
    assert office.desk.find(change.id).plan == 0
    plans["host1"] = left_out()
    make_plan(office.desk, change, "wang.pm", office.sources, office.said.append)


# what the program decides by itself


def test_where_every_host_failed_nothing_was_carried_out(office: Office) -> None:
    """Though no limit is breached: it is no verified change, and owes no confirmation."""
    office.runbook(BACK[0], f"{BACK[0]}\n  max_failed_in_wave: 9\n  max_failed: 9")
    number = office.approved()
    office.hosts.fails = {("look-before", host) for host in HOSTS}
    assert office.start(number).state.value == "aborted"
    assert office.hosts.of("write") == []
    assert "change_none_worked" in office.codes()
    other = office.approved()
    office.hosts.fails = {("look-after", host) for host in HOSTS}
    assert office.start(other).state.value == "rolled_back"


def test_what_the_program_decides_is_the_programs_and_says_why(office: Office) -> None:
    number = office.approved()
    office.hosts.fails = {("write", "host1")}
    office.start(number)
    event = office.desk.records.change_events(number)[-1]
    assert event.action == "abort"
    assert event.actor == office.desk.parts.program
    reason = stopped_for(event)
    assert reason is not None
    assert reason.code == "change_limit"
    assert reason.params["failed"] == "1"


def test_what_was_changed_and_not_verified_is_owed_until_somebody_looks(office: Office) -> None:
    number = office.approved(limit="host1")

    def stop() -> None:
        control.abort(office.desk, office.desk.find(number), "li.op", "enough")

    office.hosts.during["write", "host1"] = stop
    assert office.start(number).state.value == "aborted"
    change = office.desk.find(number)
    assert "change_owes_verification" in {reason.code for reason in owed(office.desk, change)}
    with pytest.raises(RefusedError) as caught:
        close(office.desk, change, "wang.pm", documents="v2", result="told")
    assert "host1" in caught.value.say("en")
    looked = {"verification": "the note is there"}
    change = backfill(office.desk, office.desk.find(number), "wang.pm", looked, "", b"")
    assert "change_owes_verification" not in {reason.code for reason in owed(office.desk, change)}
