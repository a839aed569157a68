"""What is found to stand against a change, and what of it stops it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from weibao.domain.calendar import Calendar, Freeze
from weibao.domain.change import (
    Change,
    ChangeKind,
    ChangeState,
    Conflict,
    PlannedTarget,
    Window,
)
from weibao.domain.conflicts import ALIVE, Relation, find_conflicts
from weibao.i18n import LANGUAGES, messages, translate

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 7, 14, tzinfo=UTC)  # Saturday, 22:00 in Shanghai
RELATIONS = {
    "core-1": Relation(group="core"),
    "core-2": Relation(group="core"),
    "dist-1": Relation(parent="core-1"),
    "acc-1": Relation(parent="dist-1"),
}


def change(name: str = "CHG-1", **more: Any) -> Change:
    hours = more.pop("hours", 0)
    start = START + timedelta(hours=hours)
    given: dict[str, Any] = {
        "id": name, "contract": "default", "kind": ChangeKind.normal,
        "state": ChangeState.scheduled, "runbook": "r", "runbook_version": "1",
        "title": "调整接入端口", "limit": "all",
        "window": Window(start=start, end=start + timedelta(hours=4)),
        "requester": "li", "operator": "wang", "recorder": "zhao",
        "created_at": START, "updated_at": START,
    }  # fmt: skip
    return Change(**{**given, **more})


def find(
    mine: Change,
    devices: str,
    *others: tuple[Change, str],
    calendar: Calendar | None = None,
) -> list[Conflict]:
    targets = [PlannedTarget(device=d, wave=0, estimate=1, back_out_estimate=1)
               for d in devices.split()]  # fmt: skip
    touched = [(other, names.split()) for other, names in others]
    return list(find_conflicts(mine, targets, touched, RELATIONS, calendar or Calendar(), ZONE))


def other(**more: Any) -> Change:
    return change("CHG-2", **{"operator": "sun", "recorder": "qian", **more})


@pytest.mark.parametrize(
    ("mine", "theirs", "codes"),
    [
        ("acc-1", "acc-1", ["device"]),
        ("acc-1", "dist-1", ["parent"]),
        ("acc-1", "core-1", ["parent"]),  # over a generation
        ("core-1", "acc-1", ["child"]),
        ("core-1", "core-2", ["redundant"]),
        ("acc-1", "core-2", []),
        ("acc-1", "elsewhere", []),
        ("core-1 acc-1", "core-1", ["device", "parent"]),
    ],
)
def test_configuration_items(mine: str, theirs: str, codes: list[str]) -> None:
    found = find(change(), mine, (other(), theirs))
    assert [conflict.code for conflict in found] == codes
    assert all(conflict.blocking for conflict in found)
    assert all(conflict.params["change"] == "CHG-2" for conflict in found)


def test_a_pair_is_named_by_its_closest_tie() -> None:
    both = {"a": Relation(group="g"), "b": Relation(parent="a", group="g")}
    target = PlannedTarget(device="a", wave=0, estimate=1, back_out_estimate=1)
    found = find_conflicts(change(), [target], [(other(), ["b"])], both, Calendar(), ZONE)
    assert [conflict.code for conflict in found] == ["child"]


def test_the_group_of_the_plan_counts_too() -> None:
    target = PlannedTarget(device="new", wave=0, group="core", estimate=1, back_out_estimate=1)
    found = find_conflicts(change(), [target], [(other(), ["core-2"])], RELATIONS, Calendar(), ZONE)
    assert [conflict.code for conflict in found] == ["redundant"]


def test_windows_that_only_touch_do_not_meet() -> None:
    assert find(change(), "acc-1", (other(hours=4), "acc-1")) == []
    assert find(change(), "acc-1", (other(hours=-4), "acc-1")) == []
    assert find(change(), "acc-1", (other(hours=3), "acc-1"))


def test_the_same_person_twice() -> None:
    found = find(change(), "acc-1", (other(recorder="wang"), "elsewhere"))
    assert [(c.code, c.params["person"], c.blocking) for c in found] == [("person", "wang", True)]
    attends = find(
        change(representative="chen"), "acc-1", (other(representative="chen"), "elsewhere")
    )
    assert [(c.params["person"], c.blocking) for c in attends] == [("chen", False)]


def test_nobody_named_is_nobody_twice() -> None:
    mine = change(operator="", recorder="")
    assert find(mine, "acc-1", (other(operator="", recorder=""), "elsewhere")) == []


@pytest.mark.parametrize("state", ChangeState)
def test_what_is_over_stands_against_nothing(state: ChangeState) -> None:
    found = find(change(), "acc-1", (other(state=state), "acc-1"))
    assert bool(found) is (state in ALIVE)
    assert all(c.blocking is (state is not ChangeState.draft) for c in found)


def test_a_change_is_not_its_own_conflict() -> None:
    assert find(change(), "acc-1", (change(), "acc-1")) == []


def test_an_emergency_is_stopped_by_what_runs_only() -> None:
    urgent = change(kind=ChangeKind.emergency)
    for state, blocks in ((ChangeState.scheduled, False), (ChangeState.running, True)):
        found = find(urgent, "acc-1", (other(state=state), "acc-1"))
        assert [c.blocking for c in found] == [blocks]


@pytest.mark.parametrize(
    ("kind", "emergencies", "blocks"),
    [
        (ChangeKind.normal, True, True),
        (ChangeKind.standard, True, True),
        (ChangeKind.emergency, True, False),
        (ChangeKind.emergency, False, True),
    ],
)
def test_freezes(kind: ChangeKind, emergencies: bool, blocks: bool) -> None:
    freeze = Freeze(
        title="决算", first=date(2026, 3, 8), last=date(2026, 3, 8), emergencies=emergencies
    )
    # 22:00 to 02:00 reaches into the frozen day of the zone.
    found = find(change(kind=kind), "acc-1", calendar=Calendar(freezes=(freeze,)))
    assert [(c.code, c.blocking) for c in found] == [("freeze", blocks)]


def test_outside_the_maintenance_windows() -> None:
    calendar = Calendar(maintenance_windows=("sat 23:00-06:00",))
    (found,) = find(change(), "acc-1", calendar=calendar)
    assert (found.code, found.blocking) == ("outside_maintenance_window", True)
    assert found.params["start"] == "2026-03-07 22:00"
    fits = Calendar(maintenance_windows=("sat 22:00-02:00",))
    assert find(change(), "acc-1", calendar=fits) == []


def test_a_circle_of_parents_ends() -> None:
    circle = {"a": Relation(parent="b"), "b": Relation(parent="a")}
    target = PlannedTarget(device="a", wave=0, estimate=1, back_out_estimate=1)
    found = find_conflicts(change(), [target], [(other(), ["b"])], circle, Calendar(), ZONE)
    assert {conflict.code for conflict in found} == {"parent", "child"}


def test_every_conflict_has_its_words() -> None:
    calendar = Calendar(
        freezes=(Freeze(title="决算", first=date(2026, 3, 7), last=date(2026, 3, 7)),),
        maintenance_windows=("mon 01:00-02:00",),
    )
    busy = other(operator="wang")
    found = find(change(), "acc-1 core-1 core-2", (busy, "acc-1 dist-1 core-2"), calendar=calendar)
    codes = {conflict.code for conflict in found}
    assert {f"conflict.{code}" for code in codes} == {
        k for k in messages() if k.startswith("conflict.")
    }
    for conflict in found:
        for language in LANGUAGES:
            text = translate(f"conflict.{conflict.code}", language, **conflict.params)
            assert "{" not in text
            assert conflict.params.get("change", "") in text
