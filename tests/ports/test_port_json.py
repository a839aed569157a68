"""JSON whose shape is another one than was known: told, never an empty device (PRT-04)."""

from __future__ import annotations

from pathlib import Path

import pytest

from weibao.bootstrap.ports import offline_reader
from weibao.domain.port import PortReading


def read(platform: str, command: str, text: str) -> PortReading:
    return offline_reader(Path("/nowhere"), platform).read([(command, text)])


@pytest.mark.parametrize(
    ("platform", "command", "text"),
    [
        ("arista_eos", "show interfaces status | json", '{"interfaces": {"Et1": {"status": "x"}}}'),
        ("arista_eos", "show interfaces status | json", '{"interfaceStatuses": "none"}'),
        ("arista_eos", "show interfaces status | json", '[{"interfaceStatuses": {}}]'),
        ("cisco_nxos", "show interface status | json", '{"ins_api": {"outputs": {"output": []}}}'),
        ("linux", "ip -j link", '{"result": [{"ifname": "eth0", "operstate": "UP"}]}'),
        ("linux", "ip -j link", '["eth0"]'),
        ("linux", "ip -j link", '"eth0"'),
    ],
)
def test_another_root_is_told(platform: str, command: str, text: str) -> None:
    reading = read(platform, command, text)
    assert reading.ports == ()
    assert reading.unparsed


@pytest.mark.parametrize(
    ("platform", "command", "text"),
    [
        ("arista_eos", "show interfaces status | json", '{"interfaceStatuses": {}}'),
        ("linux", "ip -j link", "[]"),
        ("linux", "ip -j link", "[{}]"),
    ],
)
def test_no_rows_in_the_known_shape_is_nothing_to_tell(
    platform: str, command: str, text: str
) -> None:
    assert read(platform, command, text) == PortReading()
