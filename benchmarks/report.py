"""How long the night's report takes: ``python benchmarks/report.py [DEVICES]``.

Makes an estate with two nights: in the second a tenth of the devices changed. Then what a run
does at its end: build the report from the records (with a difference for each change), and write
it as HTML in two languages, Markdown and JSON. Wall and CPU seconds (git's too) of each part, and
the files' sizes; the floor is writing the JSON alone. Default: 5000 devices, which is the full
size, about a minute.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from journal_night import make_second_night
from measuring import machine, peak_mib, spent, table

from weibao.adapters.files import replace
from weibao.bootstrap import open_workshop
from weibao.domain.inventory import Device
from weibao.reports.backup import render_html, render_json, render_markdown, write_report
from weibao.services.issue_report import build_report


def main(count: int) -> None:
    """Run it."""
    print(machine())
    names = [f"sw{n:05d}" for n in range(count)]
    with tempfile.TemporaryDirectory(prefix="wb-report-") as temporary:
        estate = Path(temporary) / "estate"
        make_second_night(estate, names, set(names[::10]))
        parts = open_workshop(estate).parts()
        run = parts.journal.runs()[0]
        devices = [Device(name=n, contract="default", platform="huawei") for n in names]
        rows: list[tuple[object, ...]] = []
        with spent() as built:
            targets = list(parts.journal.targets(run.id))
            report = build_report(parts, run, "default", devices, targets)
        assert sum(bool(change.diff) for change in report.changes) == len(names[::10])
        rows.append(("build from the records", built.wall, built.cpu, ""))
        with spent() as floor:
            size = len(render_json(report).encode())
        with spent() as html:
            page = sum(len(piece.encode()) for piece in render_html(report, "zh"))
        with spent() as markdown:
            text = sum(len(piece.encode()) for piece in render_markdown(report, "zh"))
        with spent() as written:
            write_report(report, estate / "out", "zh", replace)
        rows += [
            ("write all files", written.wall, written.cpu, ""),
            ("the whole report", built.wall + written.wall, built.cpu + written.cpu, ""),
            ("  of it HTML, one language", html.wall, html.cpu, page),
            ("  of it Markdown, one language", markdown.wall, markdown.cpu, text),
            ("floor: JSON alone", floor.wall, floor.cpu, size),
        ]
        print(f"{count:,} devices, {len(report.changes):,} changed")
        table(("", "wall s", "CPU s", "bytes"), rows)
        print(f"largest memory: {peak_mib()[0]:,.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
