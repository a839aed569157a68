"""``weibao platform record`` and ``weibao platform try``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weibao.cli.options import Call, command_options

if TYPE_CHECKING:
    from weibao.services.try_session import Trial

__all__ = ["record", "try_"]

_PLACES = 12
"""Line numbers that are shown."""

_platform = click.option(
    "-p",
    "--platform",
    default="",
    metavar="ID|FILE",
    help="Platform, or a platform file that is being written (default: as said).",
)


@click.command()
@click.argument("device")
@click.option(
    "-o",
    "--output",
    default="",
    metavar="FILE",
    help="The session file to write (default: PLATFORM.session.yml, here).",
)
@_platform
@command_options()
def record(call: Call, device: str, output: str, platform: str) -> int:
    """Record what DEVICE prints as a test case, with all that is yours replaced.

    The device is read as the backup reads it, twice; nothing on it is changed. Read the file
    before you send it to anybody. Exit code 1: nothing was recorded.
    """
    from weibao.bootstrap.sessions import record_device

    out = call.out
    stem = Path(platform).stem if platform else "device"
    path = Path(output or f"{stem}.session.yml")
    outcome = record_device(call.workshop, device, path, platform)
    session = outcome.session
    out.data(
        {
            "file": str(path) if session else None,
            "reason": outcome.reason.model_dump() if outcome.reason else None,
            "last_line": outcome.last,
            "replaced": session.replaced if session else {},
            "warnings": [{"code": w.code, "text": out.reason(w)} for w in outcome.warnings],
        }
    )
    for warning in outcome.warnings:
        out.line("! " + out.reason(warning))
    if session is None:
        out.line("✗ " + out.reason(outcome.reason))
        if outcome.last:
            out.line("  " + out.say("record.last", line=outcome.last))
        return 1
    out.line("✓ " + out.say("record.written", file=path, commands=len(session.commands)))
    for kind, count in session.replaced.items():
        out.line("  " + out.say(f"record.replaced.{kind}", count=count))
    out.line(out.say("record.read_it"))
    return 0


@click.command("try")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_platform
@command_options()
def try_(call: Call, files: tuple[str, ...], platform: str) -> int:
    """Play recorded sessions, and say what of them was recognised; no device is touched.

    The same code reads them that reads devices. Exit code 1: something is wrong.
    """
    from weibao.adapters.estate_files import SETTINGS_FILE
    from weibao.adapters.platform_files import load_platforms
    from weibao.bootstrap.sessions import try_files

    has_estate = (call.estate / SETTINGS_FILE).is_file()
    known = call.workshop.platforms if has_estate else load_platforms([])
    trials = try_files(known, [Path(file) for file in files], platform)
    call.out.data({"sessions": [_data(call, path, trial) for path, trial in trials]})
    for path, trial in trials:
        _show(call, path, trial)
    return 1 if any(trial.problems for _, trial in trials) else 0


def _data(call: Call, path: Path, trial: Trial) -> dict[str, object]:
    return {
        "file": str(path),
        "passed": not trial.problems,
        "prompts": [{"prompt": prompt, "hostname": name} for prompt, name in trial.prompts],
        "recognised": trial.recognised,
        "hostname": trial.hostname,
        "bytes": trial.size,
        "begin": trial.begin,
        "end": trial.end,
        "accepted": trial.accepted,
        "reasons": [{"code": r.code, "text": call.out.reason(r)} for r in trial.reasons],
        "startup": trial.startup,
        "secrets": {"count": trial.hidden, "lines": trial.secrets},
        "noise": trial.noise,
        "ways": trial.ways,
        "problems": [{"code": r.code, "text": call.out.reason(r)} for r in trial.problems],
    }


def _show(call: Call, path: Path, trial: Trial) -> None:
    out = call.out
    out.line(str(path))
    none = out.say("try.none")
    for prompt, name in trial.prompts:
        out.line("  " + out.say("try.prompt", prompt=prompt, hostname=name or none))
    out.line("  " + out.say("try.recognised", platform=trial.recognised or none))
    if trial.size:
        out.line("  " + out.say("try.text", bytes=trial.size, hostname=trial.hostname or none))
        out.line("  " + out.say("try.begin", line=trial.begin or none))
        out.line("  " + out.say("try.end", line=trial.end or none))
        out.line("  " + out.say("try.startup" if trial.startup else "try.no_startup"))
        places = _places(trial.secrets) or none
        out.line("  " + out.say("try.secrets", count=trial.hidden, lines=places))
        out.line("  " + out.say("try.noise", lines=_places(trial.noise) or none))
    out.line("  " + out.say("try.ways", ways="; ".join(trial.ways)))
    for reason in trial.reasons:
        out.line("  - " + out.reason(reason))
    for problem in trial.problems:
        out.line("  ✗ " + out.reason(problem))
    if not trial.problems:
        key = "try.accepted" if trial.accepted else "try.refused_as_expected"
        out.line("  ✓ " + out.say(key))


def _places(lines: Iterable[int]) -> str:
    numbers = list(lines)
    shown = ", ".join(map(str, numbers[:_PLACES]))
    return f"{shown}, …" if len(numbers) > _PLACES else shown
