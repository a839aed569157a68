"""A morning's check of all ports beside nornir + netmiko + ntc-templates that write JSON.

``python benchmarks/ports_night.py [--devices 500] [--concurrency 200] [--slow] [--rounds 3]``

Both ask the same simulated switches (50 ports each, 90 KB of text) the same commands, with as many
sessions at once. Weibao's figure is that of the whole ``weibao ports check``: playbook, evidence,
understanding, judgement against an accepted baseline and against the day before, journal, daily
log. Weibao also asks for routing neighbours, which these switches refuse.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from collect_night import (
    WEIBAO,
    Figures,
    Rows,
    compared,
    make_estate,
    make_peer,
    measure,
    options,
    show,
    switches,
)
from switches import address, name


def main() -> None:
    """Run it."""
    how = options(__doc__)
    places = {name(n): (address(n), how.port) for n in range(1, how.devices + 1)}
    with tempfile.TemporaryDirectory(prefix="weibao-bench-") as made, switches(how, "--ports"):
        rows = _rounds(Path(made), how, places)
    show(how, rows, "50 ms a command")


def _rounds(folder: Path, how: argparse.Namespace, places: Mapping[str, tuple[str, int]]) -> Rows:
    estate = make_estate(folder, places, how.concurrency)
    peer = make_peer(folder, "nornir_ports.py", how, places)
    check = [WEIBAO, "ports", "check"]
    all_read = rf"\b{how.devices} (?:read|台)|已读取 {how.devices} 台"
    found = {kind: Figures() for kind in ("nornir + netmiko + ntc", "first day", "every day")}
    measure(found["first day"], check, estate, all_read)
    subprocess.run(
        [WEIBAO, "ports", "baseline", "accept"], cwd=estate, check=True, stdout=subprocess.DEVNULL
    )
    for _ in range(how.rounds):
        if not how.no_peer:
            measure(found["nornir + netmiko + ntc"], peer, folder, r"failed 0\b")
        measure(found["every day"], check, estate, all_read)
    return compared(found, how)


if __name__ == "__main__":
    main()
