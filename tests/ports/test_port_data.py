"""The packaged readings fit together: templates exist and have the columns that are named."""

from __future__ import annotations

import pytest

from weibao.adapters.ports.port_files import PortFiles
from weibao.domain.port_rules import PortCommand

FILES = PortFiles()
COMMANDS = [
    (platform, command)
    for platform in FILES.platforms()
    for command in FILES.rules(platform).commands
    if command.template or command.ntc
]


@pytest.mark.parametrize(("platform", "command"), COMMANDS, ids=lambda c: getattr(c, "send", c))
def test_columns_exist(platform: str, command: PortCommand) -> None:
    columns = set(FILES.cutter(platform, command).header)
    named = {
        name
        for column in command.fields.values()
        for name in column.columns
        if not column.otherwise
    }
    named |= {status.column for status in command.status}
    assert named <= columns
