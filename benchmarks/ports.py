"""Ports of 500 switches: ``python benchmarks/ports.py [SWITCHES] [DAYS]``.

Brief and detailed outputs of invented switches with 48 ports are understood and judged by the
product's own code, beside ntc-templates' parser of the same outputs. Then so many days of
readings of all switches are recorded, and the history of one port is asked for, by a newly
opened journal and again.

Default 500 switches and 30 days; a year: 500 365 (some ten minutes).
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from measuring import machine, peak_mib, spent, table
from records import START, open_journal, sha

from weibao.adapters.ports.reader import TextPortReader
from weibao.bootstrap.ports import offline_reader
from weibao.domain.port import PortReading
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import PortExpectation, PortTerms
from weibao.domain.port_judge import judge_device
from weibao.domain.port_links import judge_links
from weibao.domain.port_record import DeviceReading, PortOutcome
from weibao.domain.port_states import follow
from weibao.domain.records import Run, Trigger
from weibao.services.ports.history import port_history

PORTS = 48
BRIEF, DETAIL = "display interface brief", "display interface"
_HEAD = """\
PHY: Physical
*down: administratively down
(l): loopback
(s): spoofing
InUti/OutUti: input utility/output utility
Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors
"""
_BLOCK = """\
{name} current state : {state}
Line protocol current state : {state}
Description:to {room}
Switch Port, PVID :   {vlan}, TPID : 8100(Hex), The Maximum Frame Length is 9216
IP Sending Frames' Format is PKTFMT_ETHNT_2, Hardware address is 4c1f-cc12-3456
Last physical up time   : 2026-10-01 07:11:09 UTC+08:00
Last physical down time : 2026-10-01 07:10:58 UTC+08:00
Current system time: 2026-11-23 10:00:00+08:00
Port Mode: COMMON COPPER
Speed : 1000,  Loopback: NONE
Duplex: FULL,  Negotiation: ENABLE
Mdi   : AUTO,  Flow-control: DISABLE
Last 300 seconds input rate 1936 bits/sec, 1 packets/sec
Last 300 seconds output rate 17608 bits/sec, 15 packets/sec
Input peak rate 921600 bits/sec, Record time: 2026-11-01 08:00:00
Output peak rate 921600 bits/sec, Record time: 2026-11-01 08:00:00

Input:  {packets} packets, {octets} bytes
  Unicast:                 {packets},  Multicast:                          10
  Broadcast:                      3,  Jumbo:                               0
  Discard:                        0,  Pause:                               0
  Frames:                         0

  Total Error:                    {errors}
  CRC:                            {errors},  Giants:                              0
  Jabbers:                        0,  Fragments:                           0
  Runts:                          0,  DropEvents:                          0
  Alignments:                     0,  Symbols:                             0
  Ignoreds:                       0

Output:  {packets} packets, {octets} bytes
  Unicast:                 {packets},  Multicast:                          10
  Broadcast:                      3,  Jumbo:                               0
  Discard:                        0,  Pause:                               0

  Total Error:                    0
  Collisions:                     0,  ExcessiveCollisions:                 0
  Late Collisions:                0,  Deferreds:                           0
  Buffers Purged:                 0

    Input bandwidth utilization threshold : 80.00%
    Output bandwidth utilization threshold: 80.00%
    Input bandwidth utilization  :    0%
    Output bandwidth utilization :    0%

"""


def outputs(seed: int) -> tuple[str, str]:
    """A switch's brief table and its details."""
    chance = random.Random(seed)
    brief, detail = [_HEAD], []
    for number in range(1, PORTS + 1):
        name = f"GigabitEthernet0/0/{number}"
        state = chance.choices(("up", "down", "*down"), (7, 2, 1))[0]
        errors = chance.choices((0, 12), (30, 1))[0]
        brief.append(
            f"{name:<28}{state:<6}{state.lstrip('*'):<10}0.01% 0.02%{errors:>11}          0\n"
        )
        words = {"up": "UP", "down": "DOWN", "*down": "Administratively DOWN"}[state]
        count = chance.randrange(10**9)
        block = _BLOCK.replace("{state}", words, 1).replace("{state}", words.split()[-1])
        detail.append(
            block.format(
                name=name, room=number, vlan=10, packets=count, octets=count * 400, errors=errors
            )
        )
    return "".join(brief), "".join(detail)


def read(reader: TextPortReader, texts: list[tuple[str, str]], which: slice) -> list[PortReading]:
    commands = ((BRIEF, 0), (DETAIL, 1))[which]
    return [reader.read([(name, text[place]) for name, place in commands]) for text in texts]


def judge(readings: list[PortReading]) -> int:
    """Each switch against its last reading and its expectations, and all against each other."""
    last = [_record(n, r, "r1", 0, None) for n, r in enumerate(readings)]
    now = [_record(n, r, "r2", 24, last[n]) for n, r in enumerate(readings)]
    wanted = PortExpectation(use="used", speed="1G", errors_per_hour=10)
    cases = [
        DeviceCase(r, before, {s.port.name: wanted for s in r.ports}, PortTerms())
        for r, before in zip(now, last, strict=True)
    ]
    return sum(len(judge_device(case)) for case in cases) + len(judge_links(cases))


def ntc(texts: list[tuple[str, str]], which: slice) -> None:
    from ntc_templates.parse import parse_output

    for text in texts:
        for command, place in ((BRIEF, 0), (DETAIL, 1))[which]:
            parse_output(platform="huawei_vrp", command=command, data=text[place])


def _record(
    number: int, reading: PortReading, run: str, hours: int, last: DeviceReading | None
) -> DeviceReading:
    at = START + timedelta(hours=hours)
    return DeviceReading(
        run_id=run,
        contract="default",
        device=f"sw{number:04d}",
        platform="huawei",
        at=at,
        outcome=PortOutcome.read,
        ports=follow(reading.ports, last, at),
    )


def days(readings: list[PortReading], count: int) -> Iterator[list[DeviceReading]]:
    """All switches, day after day, with counters that grow."""
    last: dict[int, DeviceReading] = {}
    chance = random.Random(1)
    for day in range(count):
        found = []
        for number, reading in enumerate(readings):
            ports = []
            for port in reading.ports:
                octets = (port.counters.in_octets or 0) + chance.randrange(10**9)
                counters = port.counters.model_copy(update={"in_octets": octets})
                ports.append(port.model_copy(update={"counters": counters}))
            grown = reading.model_copy(update={"ports": tuple(ports)})
            readings[number] = grown
            made = _record(number, grown, f"r{day:04d}", day * 24, last.get(number))
            last[number] = made
            found.append(made)
        yield found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    print(machine())
    texts = [outputs(n) for n in range(count)]
    reader = offline_reader(Path("/nowhere"), "huawei")
    rows = []
    whole: list[PortReading] = []
    for title, which in (("brief", slice(0, 1)), ("detail", slice(1, 2)), ("both", slice(0, 2))):
        with spent() as ours:
            whole = read(reader, texts, which)
        with spent() as theirs:
            ntc(texts, which)
        with spent() as judging:
            found = judge(whole)
        ports = sum(len(r.ports) for r in whole)
        rows.append(
            (title, ports, f"{ours.cpu:.2f}", f"{theirs.cpu:.2f}", f"{ours.cpu / theirs.cpu:.2f}",
             f"{judging.cpu:.2f}", found)
        )  # fmt: skip
    table(("outputs", "ports", "read s CPU", "ntc s CPU", "ratio", "judge s CPU", "findings"), rows)
    with tempfile.TemporaryDirectory() as folder:
        _history(Path(folder), whole, many)
    print(f"memory: {max(peak_mib()):.0f} MiB")


def _history(folder: Path, readings: list[PortReading], many: int) -> None:
    journal = open_journal(folder)
    with spent() as writing:
        for found in days(readings, many):
            run = found[0].run_id
            journal.open_run(_run(run, found[0].at, len(found)))
            journal.record_ports(run, found, "bench")
    journal.close()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    told = []
    fresh = open_journal(folder)
    for again in ("first", "again"):
        began = time.perf_counter()
        spans = port_history(fresh.port_history("default", "sw0007"), "GigabitEthernet0/0/7")
        told.append((again, f"{time.perf_counter() - began:.3f} s", len(spans)))
    fresh.close()
    per = size / many / len(readings)
    print(f"{many} days: {size / 2**20:.0f} MiB on disk ({per:.0f} bytes a switch and day), "
          f"written in {writing.cpu:.0f} s CPU")  # fmt: skip
    table(("history of one port", "time", "spans"), told)


def _run(name: str, at: object, targets: int) -> Run:
    return Run.model_validate(
        {
            "id": name, "job": "check-ports", "runbook": "check-ports@1", "actor": "bench",
            "runbook_sha256": sha("x"), "trigger": Trigger.schedule, "authorisation": "read-only",
            "program": "bench", "started_at": at, "targets": targets,
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
