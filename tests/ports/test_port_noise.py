"""What a terminal leaves in an output: echo, prompt, pager, carriage returns (PRT-04)."""

from __future__ import annotations

from pathlib import Path

import pytest

from weibao.bootstrap.ports import offline_reader

TABLE = """\
  Port     Name       Status  Config-mode   Speed    Type       Tagged Untagged
  -------- ---------- ------- ------------- -------- ---------- ------ --------
  A1                  Up      Auto          1000FDx  100/1000T  No     10
  A2                  Down    Auto          1000FDx  100/1000T  No     10
"""
MORE = "-- MORE --, next page: Space, next line: Enter, quit: Control-C"


@pytest.mark.parametrize(
    "text",
    [
        "sh int stat\n" + TABLE,
        "hall-3# show interfaces status\n" + TABLE + "hall-3# ",
        "hall-3# no page\nhall-3# show interfaces status\n" + TABLE + "hall-3# exit",
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("  A2 ", f"{MORE}\r{' ' * len(MORE)}\r  A2 "),
        TABLE.replace("  A2 ", f"{MORE}\n  A2 "),
    ],
    ids=["echo", "prompt", "session", "crlf", "pager-wiped", "pager-alone"],
)
def test_it_is_no_port_and_hides_none(text: str) -> None:
    reading = offline_reader(Path("/nowhere"), "hp_procurve").read(
        [("show interfaces status", text)]
    )
    assert [port.name for port in reading.ports] == ["A1", "A2"]
    assert reading.unparsed == ()


def test_a_line_that_no_rule_understands_is_told() -> None:
    reading = offline_reader(Path("/nowhere"), "hp_procurve").read(
        [("show interfaces status", TABLE + "  unauthorised access is prohibited\n")]
    )
    assert [port.name for port in reading.ports] == ["A1", "A2"]
    assert reading.unparsed == ("  unauthorised access is prohibited",)


def test_an_escape_sequence_without_its_escape_hides_no_port() -> None:
    more = f"  ---- More ----[42D{' ' * 42}[42D"
    table = f"""\
Interface                   PHY   Protocol InUti OutUti   inErrors  outErrors
GigabitEthernet0/0/1        up    up          0%     0%          0          0
{more}GigabitEthernet0/0/2        *down down        0%     0%          0          0
"""
    reading = offline_reader(Path("/nowhere"), "huawei").read([("display interface brief", table)])
    assert [port.admin_status for port in reading.ports] == ["up", "down"]
    assert reading.unparsed == ()
