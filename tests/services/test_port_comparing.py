"""With what a reading of ports is compared: each device with its own last one (PRT-07, PRT-10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.nights import Answer
from services.port_days import Days, table
from weibao.cli.options import Call
from weibao.cli.output import Output
from weibao.cli.ports_check import _show
from weibao.domain.port_record import DeviceReading, PortOutcome
from weibao.domain.reasons import Reason
from weibao.services.ports.differences import Compared, compared, differences, uncompared

DARK = Answer(platform="huawei", reason=Reason.of("connection_refused"))


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path, {"sw1": "default", "sw2": "default"})


def news(days: Days, answers: Mapping[str, Answer], **request: Any) -> tuple[Any, Any]:
    """Devices and codes of what is new, and of what is over."""
    result = days.check(answers, **request)
    report = json.loads((result.reports[0].folder / "report.json").read_text())
    found = report.get("findings", [])
    new = {(found[n]["device"], found[n]["code"]) for n in report.get("new", [])}
    return new, {(f["device"], f["code"]) for f in report.get("gone", [])}


def test_a_check_of_some_devices_makes_no_news_of_the_others(days: Days) -> None:
    days.accept(days.check({"sw1": table("up"), "sw2": table("up")}))
    assert news(days, {"sw1": table("up"), "sw2": table("up")})[0] == set()
    down = {"sw1": table("down"), "sw2": table("down")}
    both = {("sw1", "port_down"), ("sw2", "port_down")}
    assert news(days, down) == (both, set())
    assert news(days, down, limit="sw1") == (set(), set())
    assert news(days, down) == (set(), set())
    days.check(down, limit="sw1")
    assert news(days, {"sw1": table("up"), "sw2": table("up")}) == (set(), both)


def test_what_was_found_before_a_device_was_away_is_no_news_after(days: Days) -> None:
    days.accept(days.check({"sw1": table("up"), "sw2": table("up")}))
    days.check({"sw1": table("down"), "sw2": table("up")})
    away = {"sw1": DARK, "sw2": table("up")}
    assert news(days, away) == ({("sw1", "ports_stale")}, set())
    assert news(days, away) == (set(), set())
    back = {"sw1": table("down"), "sw2": table("up")}
    assert news(days, back) == (set(), {("sw1", "ports_stale")})


def of(result: Any, device: str = "sw1") -> DeviceReading:
    reading: DeviceReading = next(r for r in result.readings if r.device == device)
    return reading


def test_what_half_a_table_does_not_show_is_not_gone(days: Days) -> None:
    whole = of(days.check({"sw1": table("up", "up"), "sw2": table("up")}))
    half = table("down")
    half.outputs = {name: text + "what is this\n" for name, text in half.outputs.items()}
    part = of(days.check({"sw1": half, "sw2": table("up")}))
    assert part.outcome is PortOutcome.partly
    second = "GigabitEthernet0/0/2"
    assert uncompared(whole, part) == uncompared(part, whole) == [second]
    assert second not in {d.port for d in (*differences(whole, part), *differences(part, whole))}
    fields = [(d.field, d.after) for d in differences(whole, part)]
    assert ("oper_status", "down") in fields
    fewer = of(days.check({"sw1": table("up"), "sw2": table("up")}))
    assert uncompared(whole, fewer) == []
    assert [(d.port, d.field, d.after) for d in differences(whole, fewer)] == [
        (second, "port", "absent")
    ]


def runs_compared(first: Any, second: Any, chosen: set[str] | None = None) -> Compared:
    return compared(*({r.device: r for r in each.readings} for each in (first, second)), chosen)


def test_after_a_check_of_some_devices_the_others_are_not_missed(days: Days) -> None:
    whole = days.check({"sw1": table("up"), "sw2": table("up")})
    one = days.check({"sw1": table("up")}, limit="sw1")
    result = runs_compared(whole, one)
    assert (result.missing, result.once, result.exit_code) == ([], ["sw2"], 0)
    asked = runs_compared(whole, one, {"sw2"})
    assert (asked.missing, asked.once, asked.exit_code) == (["sw2"], [], 4)
    other = days.check({"sw2": table("up")}, limit="sw2")
    none = runs_compared(one, other)
    assert (none.devices, none.exit_code) == (0, 4), "nothing compared is no pass"
    dark = days.check({"sw1": DARK, "sw2": table("down")})
    result = runs_compared(whole, dark)
    assert (result.missing, result.exit_code) == (["sw1"], 1)
    assert {d.device for d in result.found} == {"sw2"}


def test_why_a_device_was_only_partly_read_is_said(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    half = table("up", "odd")
    half.outputs = {name: text + "what is this\n" for name, text in half.outputs.items()}
    result = days.check({"sw1": half, "sw2": table("up")})
    _show(Call(days.folder, (), (), Output("en")), result)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "partly read" in line)
    assert "1 line was not understood" in row
    assert "2 status words were not understood" in row
