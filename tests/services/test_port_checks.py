"""What days of port checks find (PRT-01..PRT-10)."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.nights import Answer
from services.port_days import BRIEF, LLDP, OSPF, PEERS, Days, compared, found, table
from weibao.bootstrap import open_workshop
from weibao.bootstrap.checking import verify_estate
from weibao.domain.port_expectation import PortBaseline
from weibao.domain.reasons import Reason
from weibao.i18n import explain
from weibao.services.ports.baseline import baseline_of
from weibao.services.ports.history import port_history
from weibao.services.recover import recover


def test_the_first_day_and_a_port_that_went_down(days: Days) -> None:
    first = days.check({"sw1": table("up", "*down", "down"), "sw2": table("up")})
    assert {c for _, _, c in found(first)} == {"ports_without_baseline"}
    assert first.exit_code == 0
    days.accept(first)
    quiet = days.check({"sw1": table("up", "*down", "down"), "sw2": table("up")})
    assert (found(quiet), quiet.exit_code) == (set(), 0)
    bad = days.check({"sw1": table("down", "up", "up"), "sw2": table("*down")})
    assert bad.exit_code == 1
    assert found(bad) == {
        ("sw1", "1", "port_down"),
        ("sw1", "2", "port_unexpected_up"),
        ("sw2", "1", "port_shut"),
    }
    down = next(f for f in bad.findings if f.code.value == "port_down")
    assert down.since == next(r.at for r in bad.readings if r.device == "sw1")
    later = days.check({"sw1": table("down", "*down", "up"), "sw2": table("up")})
    again = next(f for f in later.findings if f.code.value == "port_down")
    assert again.since == down.since
    spans = port_history(days.ports.records.port_history("default", "sw1"), down.port)
    assert [(s.status, s.readings) for s in spans] == [("up/up", 2), ("up/down", 2)]
    assert verify_estate(days.workshop, lambda *_: None).problems == ()


def test_ports_of_a_card_that_failed_are_found_each_day(days: Days) -> None:
    """The accepted baseline says ``0/0/1-4``; a card that fails is in no table."""
    whole, half = table("up", "up", "up", "up"), table("up", "up")
    first = days.check({"sw1": whole, "sw2": whole})
    gone = days.check({"sw1": half, "sw2": whole})
    assert found(gone) - {("sw1", "", "ports_without_baseline")} >= {
        ("sw1", "3", "port_gone"),
        ("sw1", "4", "port_gone"),
    }
    for reading in first.readings:
        made = baseline_of(reading, reading.at, "wang")
        assert list(made.ports) == ["GigabitEthernet0/0/1-4"]
        days.ports.baselines.write(reading.contract, made)
    for _ in range(2):
        bad = days.check({"sw1": half, "sw2": whole})
        assert found(bad) == {
            ("sw1", "3", "port_missing"),
            ("sw1", "4", "port_missing"),
            ("sw1", "", "ports_lost"),
        }
    assert found(days.check({"sw1": whole, "sw2": whole})) == set()


def test_a_pattern_in_another_writing_names_no_missing_port(days: Days) -> None:
    """Case does not count, short forms are the same, and what is open names nobody."""
    said = {"gigabitethernet0/0/1-2": "used", "GE0/0/1-2": "used", "GigabitEthernet0/0/*": "used"}
    for device in ("sw1", "sw2"):
        made = PortBaseline.model_validate({"device": device, "ports": said})
        days.ports.baselines.write("default", made)
    assert found(days.check({"sw1": table("up", "up"), "sw2": table("up", "up")})) == set()


def test_what_is_gone_is_over(days: Days) -> None:
    """A port that went down is listed each day, and as gone only when it is up again."""

    def told(*states: str) -> tuple[set[str], set[str]]:
        result = days.check({"sw1": table(*states), "sw2": table("up")})
        report = json.loads((result.reports[0].folder / "report.json").read_text())
        now, gone = report.get("findings", ()), report.get("gone", ())
        return {f["code"] for f in now if "port" in f}, {f["code"] for f in gone if "port" in f}

    assert told("up", "up") == (set(), set())
    assert told("up", "down") == ({"port_went_down"}, set())
    assert told("up", "down") == ({"port_went_down"}, set())
    assert told("up", "odd") == ({"port_unknown"}, set())
    assert told("up") == ({"port_gone"}, set())
    assert told("up", "down") == ({"port_went_down"}, set())
    assert told("up", "up") == (set(), {"port_went_down"})


def test_a_neighbour_that_is_down_and_that_nobody_expects_stays_found(days: Days) -> None:
    up, gone = table("up"), table("up")
    up.outputs = {**up.outputs, OSPF: PEERS}
    gone.outputs = {**gone.outputs, OSPF: PEERS.splitlines(keepends=True)[0]}
    days.check({"sw1": up, "sw2": table("up")})
    for _ in range(3):
        result = days.check({"sw1": gone, "sw2": table("up")})
        assert ("sw1", "", "routing_neighbour_down") in found(result)
    days.accept(result)
    assert found(days.check({"sw1": gone, "sw2": table("up")})) == set()


def test_a_leg_of_a_device_that_is_not_read_counts(days: Days) -> None:
    said = {"GigabitEthernet0/0/1-2": {"use": "used", "redundancy": "core"}}
    for device in ("sw1", "sw2"):
        made = PortBaseline.model_validate({"device": device, "ports": said})
        days.ports.baselines.write("default", made)
    refused = Answer(platform="huawei", reason=Reason.of("refused"))
    result = days.check({"sw1": table("down", "down"), "sw2": refused})
    (lost,) = [f for f in result.findings if f.code.value == "redundancy_lost"]
    assert (lost.params["up"], lost.params["total"], lost.cuts_off) == ("0–2", "4", "")
    alone = days.check({"sw1": table("down", "up")}, limit="sw1")
    (lost,) = [f for f in alone.findings if f.code.value == "redundancy_lost"]
    assert (lost.params["up"], lost.params["total"]) == ("1–3", "4")


def test_a_device_that_is_not_read_is_stale_and_never_good(days: Days) -> None:
    days.accept(days.check({"sw1": table("up"), "sw2": table("up")}))
    result = days.check(
        {"sw1": table("up"), "sw2": Answer(platform="huawei", reason=Reason.of("refused"))}
    )
    assert result.exit_code == 1
    assert found(result) == {("sw2", "", "ports_stale")}
    report = json.loads((result.reports[0].folder / "report.json").read_text())
    totals = report["totals"]
    assert (totals["read"], totals["failed"], totals["ports"]["total"]) == (1, 1, 1)
    assert totals["stale_ports"] == 1
    row = next(r for r in report["rows"] if r["device"] == "sw2")
    assert row["last"]["outcome"] == "read"


def test_what_is_not_understood_is_said(days: Days) -> None:
    strange = table("up")
    strange.outputs = {
        BRIEF: strange.outputs[BRIEF] + "what is this\nGigabitEthernet0/0/9 odd up 0% 0% 0 0\n"
    }
    result = days.check({"sw1": strange, "sw2": table("up")})
    reading = next(r for r in result.readings if r.device == "sw1")
    assert reading.outcome.value == "partly"
    assert reading.unparsed == ("what is this",)
    assert [w.word for w in reading.unknown_words] == ["odd"]
    state = reading.port("GigabitEthernet0/0/9")
    assert state is not None and state.port.oper_status.value == "unknown"


def test_what_went_down_before_a_change_is_news_in_the_morning(days: Days) -> None:
    """The snapshot of a change is told to the change alone: nobody has read of it yet."""
    days.check({"sw1": table("up", "up"), "sw2": table("up")})
    night = {"sw1": table("down", "up"), "sw2": table("up")}
    assert days.check(night, change_ref="C-1").reports == ()
    morning = days.check(night)
    assert ("sw1", "1", "port_went_down") in found(morning)
    assert morning.exit_code == 1


def test_errors_grow_from_day_to_day(days: Days) -> None:
    first = days.check({"sw1": table("up", errors=5)})
    calm = days.check({"sw1": table("up", errors=50)})
    assert "port_errors" not in {c for _, _, c in found(calm)}
    assert [compared(result) for result in (first, calm)] == [[False], [True]]
    assert compared(days.check({"sw1": table("up", errors=7)})) == [False], "they were cleared"
    loud = days.check({"sw1": table("up", errors=5000)})
    assert ("sw1", "1", "port_errors") in found(loud)


def test_a_check_that_was_killed_is_finished_later(days: Days) -> None:
    days.runner.cut_after = 1
    with pytest.raises(KeyboardInterrupt):
        days.check({"sw1": table("up"), "sw2": table("up")})
    days.runner.cut_after = None
    killed_at = days.clock.now()
    snapshot = days.check({"sw2": table("up")}, limit="sw2", change_ref="C-1")
    days.clock.at += timedelta(hours=12)
    days.workshop = open_workshop(days.folder)
    parts = dataclasses.replace(days.parts, finishers=days.workshop.parts().finishers)
    done = recover(parts, days.inventory.devices)
    assert [d.run.job for d in done] == ["check-ports"]
    assert len(done[0].reports) == 1
    readings = {r.device: r for r in days.ports.records.port_readings(done[0].run.id)}
    assert readings["sw1"].good
    assert readings["sw2"].outcome.value == "not_checked"
    assert readings["sw2"].at < killed_at, "then it was not read, not when that was found out"
    history = days.ports.records.port_history("default", "sw2")
    assert [r.run_id for r in history] == [done[0].run.id, snapshot.run.id]
    assert recover(parts, days.inventory.devices) == []


def test_a_port_check_is_no_backup(days: Days) -> None:
    days.check({"sw1": table("up"), "sw2": table("up")})
    assert days.parts.journal.last_good() == {}


def test_the_inventory_goes_before_the_baseline(days: Days) -> None:
    days.accept(days.check({"sw1": table("up", "down"), "sw2": table("up")}))
    own = PortBaseline.model_validate({"ports": {"Gi0/0/1-2": "reserved"}})
    days.inventory.devices[0] = days.inventory.devices[0].model_copy(update={"ports": own})
    result = days.check({"sw1": table("up", "down"), "sw2": table("up")})
    assert found(result) == {("sw1", "1", "port_unexpected_up")}


def test_routing_that_is_refused_is_not_good(days: Days) -> None:
    """A neighbour that was up, and a device that suddenly does not answer for it."""
    bgp = Reason.of("command_refused", command="display bgp peer")
    up = table("up")
    up.outputs = {**up.outputs, OSPF: PEERS}
    up.warnings = (bgp,)
    first = days.check({"sw1": up, "sw2": table("up")})
    # What a device never ran is nothing to be told of.
    assert first.readings[0].refused == ()
    days.accept(first)
    silent = table("up")
    silent.warnings = (bgp, Reason.of("command_refused", command=OSPF))
    bad = days.check({"sw1": silent, "sw2": table("up")})
    assert (found(bad), bad.exit_code) == ({("sw1", "", "routing_neighbour_unknown")}, 1)
    gone = table("up")
    gone.outputs = {**gone.outputs, OSPF: PEERS.splitlines(keepends=True)[0]}
    gone.warnings = (bgp,)
    for _ in range(2):
        assert found(days.check({"sw1": gone, "sw2": table("up")})) == {
            ("sw1", "", "routing_neighbour_down")
        }
    assert found(days.check({"sw1": up, "sw2": table("up")})) == set()


def test_a_neighbour_that_has_to_be_up_and_was_not_read_is_not_checked(days: Days) -> None:
    """A brief check asks for no routing, and an agent knows of none: that is no good neighbour."""
    own = PortBaseline.model_validate({"routing": ["ospf 10.8.0.2"]})
    days.inventory.devices[0] = days.inventory.devices[0].model_copy(update={"ports": own})
    unknown = ("sw1", "", "routing_neighbour_unknown")
    silent = table("up")
    silent.warnings = (Reason.of("command_refused", command=OSPF),)
    for never in (table("up"), silent, silent):
        assert unknown in found(days.check({"sw1": never, "sw2": table("up")}))
    up = table("up")
    up.outputs = {**up.outputs, OSPF: PEERS}
    assert unknown not in found(days.check({"sw1": up, "sw2": table("up")}))


def test_an_answer_that_does_not_come_any_more_is_missed(days: Days) -> None:
    """What a device never answered it may not have; what it answered yesterday it has."""
    never = Reason.of("command_refused", command="display eth-trunk")
    whole = table("up")
    whole.outputs = {**whole.outputs, LLDP: "Local Intf   Neighbor Dev   Neighbor Intf   Exptime\n"}
    whole.warnings = (never,)
    first = days.check({"sw1": whole, "sw2": table("up")})
    assert {r.outcome.value for r in first.readings} == {"read"}
    less = table("up")
    less.warnings = (never, Reason.of("command_refused", command=LLDP))
    silent = table("up")
    silent.warnings = (Reason.of("command_unanswered", command="napalm eos get_optics (silent)"),)
    result = days.check({"sw1": less, "sw2": silent})
    for reading, command in zip(result.readings, (LLDP, "get_optics"), strict=True):
        assert reading.outcome.value == "partly"
        assert reading.reason is not None
        assert command in explain(reading.reason.code, reading.reason.params, "en")
        assert "eth-trunk" not in reading.reason.params["commands"]
    totals = json.loads((result.reports[0].folder / "report.json").read_text())["totals"]
    assert (totals["read"], totals["partly"]) == (0, 2)


def test_tests_from_this_machine(tmp_path: Path) -> None:
    folder = Days(tmp_path, {"sw1": "acme"}, contracts="""\
ports:
  reachability:
    - {name: here, target: 127.0.0.1, count: 1}
    - {name: nobody, target: 127.0.0.1, tcp: 9, count: 1, line: true, serves: 三楼}
    - {name: unknown, target: no-such-host.invalid, count: 1}
""")  # fmt: skip
    result = folder.check({"sw1": table("up")})
    (day,) = folder.ports.records.port_runs("acme")
    assert (day.devices, day.read) == (1, 1)
    assert day.findings == len(result.findings), "the history counts what the log lists"
    codes = {f.params.get("name"): f for f in result.findings if f.device == "-"}
    assert "here" not in codes or codes["here"].code.value == "reach_unchecked"  # without ping
    assert codes["nobody"].code.value == "unreachable"
    assert (codes["nobody"].severity.value, codes["nobody"].cuts_off) == ("serious", "三楼")
    assert codes["unknown"].code.value == "reach_unchecked"


def test_a_test_from_a_device_that_is_not_read_does_not_vanish(tmp_path: Path) -> None:
    folder = Days(tmp_path, {"sw1": "acme", "sw2": "acme"}, contracts="""\
ports:
  reachability:
    - {name: telecom, source: sw1, target: 127.0.0.1, line: true}
    - {name: unicom, source: sw2, target: 127.0.0.1, line: true}
""")  # fmt: skip
    dark = Answer(platform="huawei", reason=Reason.of("connection_refused"))
    result = folder.check({"sw1": table("up"), "sw2": dark})
    unchecked = {
        (f.device, f.params["name"], f.params["why"])
        for f in result.findings
        if f.code.value == "reach_unchecked"
    }
    assert unchecked == {
        ("sw1", "telecom", "not_understood"),
        ("sw2", "unicom", "device_not_read"),
    }
    report = json.loads((result.reports[0].folder / "report.json").read_text())
    assert [one["name"] for one in report["reached"]] == ["telecom", "unicom"]


def test_a_log_that_a_killed_check_still_owes_to_one_contract(tmp_path: Path) -> None:
    folder = Days(tmp_path, {"sw1": "acme", "sw2": "b-acme", "sw3": "c-acme"})
    publish = folder.ports.publish

    def killed(report: Any) -> Any:
        if report.contract.id == "b-acme":
            raise KeyboardInterrupt
        return publish(report)

    def issued() -> set[str]:
        rows = folder.parts.journal.ledger_of("report.issued", 99)
        return {row.subject.removeprefix("report/PT-")[: -len(result)] for row in rows}

    folder.ports = dataclasses.replace(folder.ports, publish=killed)
    with pytest.raises(KeyboardInterrupt):
        folder.check({f"sw{n}": table("up") for n in (1, 2, 3)})
    result = "-" + folder.parts.journal.runs(limit=1)[0].id
    assert issued() == {"acme"}
    finishers = open_workshop(folder.folder).parts().finishers
    for _ in range(2):
        recover(dataclasses.replace(folder.parts, finishers=finishers), folder.inventory.devices)
        assert issued() == {"acme", "b-acme", "c-acme"}
        assert len(folder.parts.journal.ledger_of("report.issued", 99)) == 4, "once more, all"
    assert verify_estate(folder.workshop, lambda *_: None).problems == ()
