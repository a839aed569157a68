"""Which command is meant: in full, abbreviated, as a folder's name, of one port (PRT-04)."""

from __future__ import annotations

from pathlib import Path

import pytest

from weibao.bootstrap.ports import offline_reader
from weibao.errors import InputError


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("show interfaces brief", "show interfaces brief"),
        ("sh int br", "show interfaces brief"),
        ("show_interfaces_brief", "show interfaces brief"),
        ("show interfaces brief 1/1", "show interfaces brief"),
        ("sh int 1/1", "show interfaces {port}"),
        ("show interface 1/1", "show interfaces {port}"),
    ],
)
def test_a_command_is_found(typed: str, meant: str) -> None:
    assert offline_reader(Path("/nowhere"), "hp_procurve").find(typed).send == meant


def test_other_commands_are_not() -> None:
    with pytest.raises(InputError):
        offline_reader(Path("/nowhere"), "hp_procurve").find("show running-config")


@pytest.mark.parametrize("version", ["ip", "ipv6"])
def test_a_word_that_is_written_out_is_not_short_for_a_longer_one(version: str) -> None:
    reader = offline_reader(Path("/nowhere"), "cisco_ios")
    assert reader.find(f"sh {version} int bri").send == f"show {version} interface brief"
