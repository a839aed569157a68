"""Changing the configurations of a play's devices, with leave (CHG-22, JOB-02)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weibao.adapters.files import replace
from weibao.adapters.network.change_batch import Batch, Play, change_batch, in_words
from weibao.adapters.network.change_job import ChangeWishes
from weibao.adapters.network.change_words import SAFETY_NOTE
from weibao.bootstrap import gate
from weibao.bootstrap.workshop import Workshop, open_workshop
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome, ChangeResult
from weibao.errors import InputError
from weibao.i18n import Language, explain
from weibao.services.versions import find_version, full_text

__all__ = ["OUTCOMES", "PHASES", "Push", "push"]

OUTCOMES = "outcomes.jsonl"
"""In the run's folder: a ``ChangeOutcome`` a line, redacted."""
PHASES = {
    "precheck": ChangeMode.check,
    "implement": ChangeMode.apply,
    "verify": ChangeMode.verify,
    "back_out": ChangeMode.back_out,
}
"""What a runbook's phase wants of the devices."""
_SHARE = 0.5
"""Of the device's own time to go back, at most so much may be waited before it is confirmed."""
_READS = frozenset({ChangeMode.check, ChangeMode.verify})
_UNREACHED = frozenset(
    {
        *("connection_refused", "connection_failed", "no_answer", "no_route", "name_unknown"),
        *("dropped", "dropped_at_login", "silent", "login_hangs", "lines_busy", "no_ssh"),
        *("jump_failed", "auth_failed", "host_key_unknown", "host_key_changed"),
    }
)
"""Codes of devices that nobody could talk to."""
_VERSION = re.compile(r"(?:(?P<device>[^=\s]+)\s*=\s*)?(?P<number>\d+)")


@dataclass(frozen=True)
class Push:
    """What a task asks for."""

    estate: Path
    mode: str = ""
    """One of ``ChangeMode``; empty: what ``phase`` wants, else ``check``."""
    phase: str = ""
    change: str = ""
    run_folder: str = ""
    lines_variable: str = ""
    versions: str = ""
    """A version's number, or ``device=number`` for each, divided by commas or line ends; empty:
    no restore."""
    safety_minutes: int = 10
    settle_seconds: int = 10
    """Between the last line and the new session that proves that the device is reachable."""
    reboot_ok: bool = False
    need_safety: bool = False
    avoid_safety: str = ""
    """Kinds of ways back that are not to be used, divided by commas or blanks."""
    save: bool = True


def push(
    asked: Push,
    play: Play,
    *,
    check: bool,
    plugin: Path,
    require: Callable[..., None] = gate.require,
) -> dict[str, Any]:
    """One step on all hosts of ``play``; what the task returns.

    ``check`` is Ansible's check mode: then nothing is changed, whatever is asked.
    ``require`` is asked for leave before any mode that changes something.

    Raises:
        RefusedError: there is no leave.
        InputError: the estate, the mode or a version is wrong.
        FailedError: the bundle cannot be written.
    """
    mode = _mode(asked, check=check)
    if not 0 <= asked.settle_seconds <= asked.safety_minutes * 60 * _SHARE:
        longest = int(asked.safety_minutes * 60 * _SHARE)
        raise InputError("change.settle_wrong", seconds=asked.settle_seconds, longest=longest)
    if mode not in _READS:
        require(asked.estate, asked.change, play.hosts, plugin=plugin)
    workshop = open_workshop(asked.estate)
    batch = Batch(
        wishes=ChangeWishes(
            mode=mode,
            safety_minutes=asked.safety_minutes,
            settle=float(asked.settle_seconds),
            reboot_ok=asked.reboot_ok,
            need_safety=asked.need_safety,
            avoid=tuple(asked.avoid_safety.replace(",", " ").split()),
            save=asked.save,
        ),
        change=asked.change,
        lines_variable=asked.lines_variable,
        texts=_texts(workshop, asked.versions) if asked.versions else None,
        approved=_approved(workshop, asked.change) if mode is ChangeMode.apply else {},
    )
    folder, outcomes = change_batch(asked.estate, asked.run_folder, play, batch)
    lines = [outcome.model_dump_json() for outcome in outcomes.values()]
    replace(folder / OUTCOMES, ("\n".join(lines) + "\n").encode())
    precheck = asked.phase == "precheck"
    language = workshop.language
    return {
        "run_id": folder.name,
        "bundle": str(folder / "bundle"),
        "outcomes": str(folder / OUTCOMES),
        "mode": mode.value,
        "changed": any(outcome.touched for outcome in outcomes.values()),
        "devices": {
            name: _summary(outcome, language, tells=not precheck)
            for name, outcome in outcomes.items()
        },
    }


def _mode(asked: Push, *, check: bool) -> ChangeMode:
    wanted = asked.mode or (PHASES[asked.phase].value if asked.phase in PHASES else "check")
    if wanted not in list(ChangeMode):
        raise InputError("change.no_mode", mode=wanted, known=", ".join(ChangeMode))
    mode = ChangeMode(wanted)
    return ChangeMode.check if check and mode not in _READS else mode


def _approved(workshop: Workshop, change_id: str) -> Mapping[str, str]:
    """By device the difference that the approver was shown (CHG-38)."""
    change = workshop.journal.change(change_id)
    plan = workshop.journal.change_plan(change_id, change.plan) if change and change.plan else None
    if plan is None:
        return {}
    return {target.device: target.difference for target in plan.targets if target.checked}


def _texts(workshop: Workshop, versions: str) -> Callable[[str, str], bytes]:
    """Archived full texts by device.

    Raises:
        InputError: ``versions`` says nothing that can be understood.
    """
    numbers: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in re.split(r"[,\n]", versions))):
        found = _VERSION.fullmatch(part)
        if found is None:
            raise InputError("change.versions_wrong", versions=part)
        numbers[found["device"] or ""] = int(found["number"])
    parts = workshop.parts()

    def text(device: str, contract: str) -> bytes:
        number = numbers.get(device, numbers.get("", 0))
        if not number:
            raise InputError("change.version_missing", device=device)
        return full_text(parts, find_version(parts, device, contract, number))

    return text


def _summary(outcome: ChangeOutcome, language: Language, *, tells: bool) -> dict[str, Any]:
    """What the runner, a plain play and an approver read of one device."""
    reason = outcome.reason
    warnings = [explain(one.code, one.params, language) for one in outcome.warnings]
    return {
        "status": _status(outcome),
        "result": outcome.result.value,
        "changed": outcome.touched or outcome.result is ChangeResult.would_change,
        "code": reason.code if reason else "",
        "reason": in_words(outcome, language),
        "difference": _difference(outcome, warnings) if tells else "",
        "safety": outcome.safety.value if outcome.safety else "",
        "saved": outcome.saved,
        "unmet": list(outcome.unmet),
        "commands": list(outcome.commands),
        "warnings": warnings,
        "evidence": [item.sha256 for item in outcome.collection.items]
        if outcome.collection
        else [],
    }


def _status(outcome: ChangeOutcome) -> str:
    if outcome.ok:
        return "ok"
    if outcome.result is ChangeResult.unknown_state:
        return "unknown"
    code = outcome.reason.code if outcome.reason else ""
    if outcome.result is ChangeResult.failed and code in _UNREACHED:
        return "unreachable"
    return "failed"


def _difference(outcome: ChangeOutcome, warnings: list[str]) -> str:
    """The redacted difference; a dry run says before it how the device would go back, what an
    approver should know, and which lines would be sent. Such lines begin with ``#``."""
    diff = outcome.difference.diff if outcome.difference is not None else ""
    if outcome.mode is not ChangeMode.check or outcome.result is not ChangeResult.would_change:
        return diff
    notes = [f"{SAFETY_NOTE}{outcome.safety.value}"] if outcome.safety else []
    notes += [f"# {warning}" for warning in warnings]
    notes += [f"# > {line}" for line in outcome.commands]
    return "".join(f"{row}\n" for row in notes) + diff
