"""Real outputs as others recorded them: every port found, every status understood (PRT-04)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from weibao.adapters.ports.port_files import PortFiles
from weibao.bootstrap.ports import offline_reader
from weibao.errors import InputError

RECORDINGS = Path(__file__).parents[3] / "shared" / "device-outputs"

NAMES = ("interface", "port", "intf", "name", "local_interface", "interface_name", "local_port")
"""What ntc-templates may call a port's name."""


def recorded() -> list[Path]:
    found: list[Path] = []
    files = PortFiles()
    for path in sorted(RECORDINGS.glob("*/*/*.raw")):
        if files.id_of(path.parent.parent.name) is None:
            continue
        try:
            offline_reader(Path("/nowhere"), path.parent.parent.name).find(path.parent.name)
        except InputError:
            continue
        found.append(path)
    return found


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="recordings are not here")
@pytest.mark.parametrize(
    "path", recorded(), ids=lambda p: f"{p.parent.parent.name}/{p.parent.name}/{p.stem}"
)
def test_all_ports_are_found(path: Path) -> None:
    reader = offline_reader(Path("/nowhere"), path.parent.parent.name)
    text = path.read_bytes().decode("utf-8", "replace")
    reading = reader.read([(path.parent.name, text)])
    assert not reading.unknown_words
    assert not reading.unparsed
    rows = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["parsed_sample"]
    wanted = {
        str(row[key])
        for row in rows
        if (key := next((k for k in NAMES if row.get(k)), None)) is not None
    }
    command = reader.find(path.parent.name)
    skipped = re.compile(command.skip or r"(?!)")
    found = {port.native_name for port in reading.ports} | {p.name for p in reading.ports}
    assert {name for name in wanted if not skipped.fullmatch(name)} <= found
