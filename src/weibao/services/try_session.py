"""Trying a platform's data on a recorded session: what was recognised, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from weibao.domain.acceptance import judge
from weibao.domain.device_session import DeviceSession, Protocol, from_pictures
from weibao.domain.platform import Platform, compiled
from weibao.domain.reasons import Reason
from weibao.domain.redaction import MASK, redact
from weibao.domain.resolve_platform import PlatformCatalogue, recognise
from weibao.domain.texts import decode

__all__ = ["Reading", "Trial", "try_session"]

_HEAD = 30
"""Lines in which a configuration begins."""


@dataclass(frozen=True)
class Reading:
    """One playing of the session, and what the collector made of it."""

    over: Protocol
    paged: bool
    """The pager ignored the command that switches it off."""
    trouble: Reason | None
    running: bytes | None
    startup: bool


@dataclass
class Trial:
    """What came of it; it passed where ``problems`` is empty."""

    prompts: list[tuple[str, str]] = field(default_factory=list)
    """Prompt, and the name that the platform's pattern finds in it."""
    recognised: str = ""
    """The platform that the version's output tells."""
    hostname: str = ""
    size: int = 0
    begin: str = ""
    """The first line that a pattern of ``begins`` finds."""
    end: str = ""
    """The last line, where a pattern of ``ends`` finds it."""
    accepted: bool = False
    reasons: list[Reason] = field(default_factory=list)
    startup: bool = False
    secrets: list[int] = field(default_factory=list)
    """Numbers of the lines in which something was hidden."""
    hidden: int = 0
    noise: list[int] = field(default_factory=list)
    """Numbers of the lines whose change is no new version."""
    ways: list[str] = field(default_factory=list)
    problems: list[Reason] = field(default_factory=list)


def try_session(
    session: DeviceSession,
    platform: Platform,
    platforms: PlatformCatalogue,
    readings: Sequence[Reading],
) -> Trial:
    """What reading the session with ``platform`` came to; the first reading counts."""
    trial = Trial(ways=[_way(reading) for reading in readings])
    _prompts(session, platform, trial)
    _recognised(session, platform, platforms, trial)
    first = readings[0]
    for reading in readings:
        _trouble(session, reading, trial)
    if first.running is not None:
        _text(session, platform, first, trial)
        for other in readings[1:]:
            if other.running is not None and other.running != first.running:
                trial.problems.append(Reason.of("try_ways_differ", way=_way(other)))
    return trial


def _way(reading: Reading) -> str:
    return f"{reading.over.value}{', paged' if reading.paged else ''}"


def _prompts(session: DeviceSession, platform: Platform, trial: Trial) -> None:
    rule = compiled(rf"^(?:{platform.session.prompt})\s*\Z")
    for prompt in (session.prompt, session.enable.prompt if session.enable else ""):
        shown = from_pictures(prompt).strip().rpartition("\n")[2].strip()
        if not shown:
            continue
        match = rule.search(f"\n{shown}")
        name = (match["hostname"] or "") if match else ""
        trial.prompts.append((shown, name))
        if match is None:
            trial.problems.append(Reason.of("try_prompt_unknown", prompt=shown))


def _recognised(
    session: DeviceSession, platform: Platform, platforms: PlatformCatalogue, trial: Trial
) -> None:
    for command in platform.version:
        text = session.commands.get(command, "")
        found = recognise(platforms, from_pictures(text)) if text.strip() else None
        if found is None:
            continue
        trial.recognised = found.id
        if found.id != platform.id:
            trial.problems.append(Reason.of("try_taken_for_another", platform=found.id))
        return


def _trouble(session: DeviceSession, reading: Reading, trial: Trial) -> None:
    code = reading.trouble.code if reading.trouble else ""
    if code == session.expect.trouble:
        return
    if reading.trouble is None:
        trial.problems.append(Reason.of("try_no_trouble", code=session.expect.trouble))
        return
    trial.reasons.append(reading.trouble)
    trial.problems.append(Reason.of("try_unreadable", way=_way(reading), code=code))


def _text(session: DeviceSession, platform: Platform, reading: Reading, trial: Trial) -> None:
    text = reading.running or b""
    verdict, expect, rules = judge(text, platform), session.expect, platform.configuration
    shown = decode(text, platform.encodings)
    lines = shown.splitlines()
    full = [line for line in lines if line.strip()]
    trial.accepted, trial.hostname, trial.size = verdict.accepted, verdict.hostname, len(text)
    trial.startup = reading.startup
    trial.reasons += verdict.reasons
    head = (line for line in full[:_HEAD] if _found(rules.begins, line))
    trial.begin = next(head, "").strip()
    trial.end = full[-1].strip() if full and _found(rules.ends, full[-1].strip()) else ""
    hidden = redact(shown, platform, lambda _secret: "00000000")
    trial.secrets = _lines(hidden, MASK)
    trial.hidden = len(MASK.findall(hidden))
    for pattern in rules.noise:
        trial.noise += _lines(shown, compiled(pattern))
    trial.noise.sort()
    trial.problems += _unmet(session, verdict.accepted, verdict.reasons, verdict.hostname)
    trial.problems += [
        Reason.of("try_secret_shown", line=number)
        for secret in expect.secrets
        for number in _lines(hidden, re.compile(re.escape(secret)))
    ]
    trial.problems += [
        Reason.of("try_words_hidden", words=words) for words in expect.kept if words not in hidden
    ]


def _unmet(
    session: DeviceSession, accepted: bool, reasons: Iterable[Reason], hostname: str
) -> list[Reason]:
    expect = session.expect
    found: list[Reason] = []
    codes = [reason.code for reason in reasons]
    if expect.accepted and not accepted:
        found += [Reason.of("try_refused", code=code) for code in codes]
    if not expect.accepted and accepted:
        found.append(Reason.of("try_accepted"))
    missing = [code for code in expect.reasons if code not in codes]
    found += [Reason.of("try_reason_missing", code=code) for code in missing]
    if accepted and not hostname:
        found.append(Reason.of("try_no_hostname"))
    elif expect.hostname and hostname != expect.hostname:
        found.append(Reason.of("try_other_hostname", found=hostname, expected=expect.hostname))
    return found


def _found(patterns: Iterable[str], text: str) -> bool:
    return any(compiled(pattern).search(text) for pattern in patterns)


def _lines(text: str, pattern: re.Pattern[str]) -> list[int]:
    """The numbers of the lines in which ``pattern`` finds something, each once."""
    found = {text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)}
    return sorted(found)
