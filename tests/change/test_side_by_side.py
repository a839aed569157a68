"""Changes beside each other: what was free when it was planned may not be free any more."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from weibao.domain.change import Change, ChangeKind
from weibao.services.changes.planning import make_plan
from weibao.services.leave import RefusedLeave

from .office import HOUR, Office

pytestmark = pytest.mark.usefixtures("ssh_keygen")
GROUP = {"redundancy_group": "core"}
EMERGENCY = {
    "kind": ChangeKind.emergency, "recorder": "", "fields": {}, "fault": "F-1",
    "verbal_approver": "liu.cust",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def planned(office: Office, **given: object) -> Change:
    change = office.new(**given)  # type: ignore[arg-type]
    return make_plan(office.desk, change, "wang.pm", office.sources, office.said.append)[0]


def paused(office: Office, number: str) -> None:
    """Killed in the middle of its first host: from now on the host is the change's."""

    def killed() -> None:
        raise KeyboardInterrupt

    office.hosts.during["write", "host1"] = killed
    with pytest.raises(KeyboardInterrupt):
        office.start(number)
    office.open()


def refused(caught: pytest.ExceptionInfo[RefusedLeave], *words: str) -> None:
    assert {reason.code for reason in caught.value.why} == {"change_conflict"}
    for word in words:
        assert word in caught.value.say("en")


def test_two_drafts_of_one_device_and_hour_are_not_both_submitted(office: Office) -> None:
    """Each was planned while the other one was a draft, which is a hint only."""
    first, second = planned(office, limit="host1"), planned(office, limit="host1:host2")
    number = office.agreed(first)
    with pytest.raises(RefusedLeave) as caught:
        office.agreed(second)
    refused(caught, number, "host1")
    assert office.state(second.id) == "draft"


def test_a_calendar_that_changed_since_the_plan_counts_at_the_submission(office: Office) -> None:
    change = planned(office, limit="host1")
    day = change.window.start.astimezone(ZoneInfo("Asia/Shanghai")).date()  # the contract's
    office.terms({"freezes": [{"title": "年终决算", "first": str(day), "last": str(day)}]})
    with pytest.raises(RefusedLeave) as caught:
        office.agreed(office.desk.find(change.id))
    refused(caught, "年终决算")


def test_a_maintenance_window_that_changed_since_counts_at_the_start(office: Office) -> None:
    number = office.approved(limit="host1", hours=30)
    office.terms({"maintenance_windows": ["sun 03:00-03:10"]})
    with pytest.raises(RefusedLeave) as caught:
        office.start(number)
    refused(caught, "sun 03:00-03:10")
    assert office.hosts.done == []
    office.terms()
    assert office.start(number).state.value == "verified"


def test_a_partner_is_not_touched_while_the_other_one_is_at_work(office: Office) -> None:
    """Their windows were apart; one took longer, and stands open still."""
    office.flow.write_inventory(host1=GROUP, host2=GROUP)
    office.open()
    first = office.approved(limit="host1", hours=1)
    second = office.approved(limit="host2", hours=5, start=office.clock.now() + HOUR * 2)
    paused(office, first)
    office.sleep(2.5 * 3600)
    with pytest.raises(RefusedLeave) as caught:
        office.start(second)
    refused(caught, first, "host1", "host2")
    assert office.state(second) == "scheduled"
    assert office.back_out(first).state.value == "rolled_back"
    assert office.start(second).state.value == "verified"
    office.sound()


def test_an_emergency_too_waits_for_what_is_at_work_on_a_partner(office: Office) -> None:
    office.flow.write_inventory(host1=GROUP, host2=GROUP)
    office.open()
    first = office.approved(limit="host1")
    emergency = office.new(limit="host2", **EMERGENCY)
    paused(office, first)
    with pytest.raises(RefusedLeave) as caught:
        office.start(emergency.id)
    refused(caught, first)
    assert "host2" not in office.hosts.of("write")
    office.back_out(first)
    assert office.start(emergency.id).state.value == "backfill"


def test_an_emergency_goes_before_what_is_only_planned(office: Office) -> None:
    office.approved(limit="host1")
    emergency = office.new(limit="host1", **EMERGENCY)
    assert office.start(emergency.id).state.value == "backfill"
