"""Nobody acts outside of a mandate (ROL-37), and what approvers see is what is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from weibao.errors import InputError, RefusedError
from weibao.services.changes import approval, closing, control, draft, presence
from weibao.services.changes.planning import make_plan
from weibao.services.leave import RefusedLeave

from .flows import PEOPLE
from .office import HOUR, Office

pytestmark = pytest.mark.usefixtures("ssh_keygen")
OUTSIDERS = ("nobody", "chen.boss", "liu.cust", "sun.rep")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def denied(office: Office, number: str) -> list[tuple[str, str]]:
    events = office.desk.records.change_events(number)
    return [(e.actor, e.detail["action"]) for e in events if e.action == "denied"]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_only_the_provider_writes_an_application(office: Office, who: str) -> None:
    """Neither approvers nor the customer, nor somebody whom no profile names; the try is noted."""
    desk, number = office.desk, office.new(limit="host1").id
    tries = {
        "edit": lambda c: draft.edit_change(desk, c, who, draft.Edit(title="x"), office.sources),
        "plan": lambda c: make_plan(desk, c, who, office.sources, office.said.append),
        "submit": lambda c: approval.submit(desk, c, who, office.sources),
        "withdraw": lambda c: approval.withdraw(desk, c, who, "x"),
        "close": lambda c: closing.close(desk, c, who, documents="x", result="x"),
    }
    before = office.desk.find(number)
    for action, work in tries.items():
        with pytest.raises(RefusedError) as caught:
            work(desk.find(number))
        assert caught.value.key == "change.may_not", action
    assert denied(office, number) == [(who, action) for action in tries]
    after = office.desk.find(number)
    assert after == before.model_copy(update={"updated_at": after.updated_at})
    with pytest.raises((RefusedError, InputError)):
        office.new(limit="host1", requester=who)
    office.sound()


def test_anybody_of_the_profile_may_stop_it_and_nobody_else(office: Office) -> None:
    number = office.approved()

    def stop() -> None:
        office.open()
        desk = office.desk
        with pytest.raises(RefusedError):
            control.pause(desk, desk.find(number), "passer-by", "x")
        control.pause(desk, desk.find(number), "sun.rep", "柜台还在营业")

    office.hosts.during["write", "host1"] = stop
    assert office.start(number).state.value == "paused"
    assert denied(office, number) == [("passer-by", "pause")]
    with pytest.raises(RefusedError):
        control.resume(office.desk, office.desk.find(number), "sun.rep", office.sources, print)
    assert denied(office, number)[-1] == ("sun.rep", "resume")


def both_roles(office: Office) -> None:
    """A project manager who approves inside, too: in small houses one person is both."""
    path = office.flow.folder / "contracts" / "default.yml"
    profile: dict[str, Any] = json.loads(path.read_text())
    for person in profile["people"]:
        if person["id"] == "chen.boss":
            person["roles"] = ["internal_approver", "project_manager"]
    path.write_text(json.dumps(profile))
    office.open()


def test_who_wrote_a_part_of_it_does_not_approve_it(office: Office) -> None:
    both_roles(office)
    desk, change = office.desk, office.new(limit="host1")
    edit = draft.Edit(variables={"note": "mine"})
    change = draft.edit_change(desk, change, "chen.boss", edit, office.sources)
    assert change.requester == "wang.pm"
    change, _ = make_plan(desk, change, "wang.pm", office.sources, office.said.append)
    change = approval.submit(desk, change, "wang.pm", office.sources)
    with pytest.raises(RefusedLeave) as caught:
        office.consent(change, "chen.boss")
    (why,) = caught.value.why
    assert (why.code, why.params["role"]) == ("approval_concerned", "author")
    assert denied(office, change.id) == [("chen.boss", "approve")]
    assert office.state(change.id) == "internal_review"


def test_the_same_person_may_approve_what_others_wrote(office: Office) -> None:
    both_roles(office)
    assert office.state(office.approved(limit="host1")) == "scheduled"


@pytest.mark.parametrize("who", sorted(PEOPLE.keys() - {"sun.rep", "liu.cust"}))
def test_present_is_somebody_of_the_customers(office: Office, who: str) -> None:
    """CHG-24, ROL-32: not the provider's own people, not before the work, not in the future."""
    office.terms(representative_required=True)
    number = office.approved(limit="host1", representative="sun.rep")
    begun = office.clock.now()

    def attend(person: str, since: float = 0.0, until: float = 0.1) -> None:
        present = presence.Attendance(person, begun + since * HOUR, begun + until * HOUR)
        presence.attend(office.desk, office.desk.find(number), "zhao.rec", present)

    with pytest.raises(RefusedError) as early:
        attend("sun.rep")
    assert early.value.key == "change.not_done"
    office.start(number)
    office.sleep(3600)
    with pytest.raises(RefusedError) as own:
        attend(who)
    assert own.value.key == "change.not_customer"
    for since, until in ((0.0, 9.0), (0.1, 0.0), (-3.0, -2.0), (0.5, 0.9)):
        with pytest.raises(InputError) as wrong:
            attend("sun.rep", since, until)
        assert wrong.value.key == "change.attendance_wrong"
    owed = {reason.code for reason in closing.owed(office.desk, office.desk.find(number))}
    assert "change_owes_attendance" in owed
    attend("sun.rep")
    owed = {reason.code for reason in closing.owed(office.desk, office.desk.find(number))}
    assert "change_owes_attendance" not in owed


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\u202e", "\x00", "\u2066", "\x0b", "\x85"])
def test_nothing_hides_from_an_approver(office: Office, hidden: str) -> None:
    text = f"good{hidden}lines"
    for given in ({"title": text}, {"fields": {"purpose": text}}, {"variables": {"note": text}}):
        with pytest.raises(InputError) as caught:
            office.new(limit="host1", **given)
        assert caught.value.key == "change.hidden_character"
    assert office.new(limit="host1", title="两行\n制表\t符 😀").title


def test_a_standing_person_is_one_who_serves(office: Office) -> None:
    """Who has left writes nothing any more."""
    path = office.flow.folder / "contracts" / "default.yml"
    profile = json.loads(path.read_text())
    gone = (office.clock.now() - timedelta(days=2)).date()
    profile["people"][0]["valid_until"] = str(gone)
    path.write_text(json.dumps(profile))
    office.open()
    with pytest.raises(RefusedError) as caught:
        office.new(limit="host1")
    assert caught.value.key == "change.may_not"
    assert str(gone + timedelta(days=2))[:7] in caught.value.say("en")


def test_a_window_is_of_the_contracts_time_zone(office: Office) -> None:
    """And not of the estate's, which may hold contracts of several zones."""
    path = office.flow.folder / "contracts" / "default.yml"
    path.write_text(path.read_text().replace("Asia/Shanghai", "Asia/Urumqi"))
    assert "Asia/Shanghai" in (office.flow.folder / "weibao.yml").read_text()
    office.close()
    new = (
        "new",
        "--runbook",
        "write-note",
        "--limit",
        "host1",
        "--var",
        "note=x",
        "--as",
        "wang.pm",
    )
    change = office.flow.data(*new, "--window", "2036-01-05T22:00/+2h")["change"]
    assert datetime.fromisoformat(change["window"]["start"]).astimezone(UTC).hour == 16
    edited = office.flow.data(
        "edit", change["id"], "--window", "2036-01-05T23:00/+2h", "--as", "wang.pm"
    )
    assert datetime.fromisoformat(edited["change"]["window"]["start"]).astimezone(UTC).hour == 17
