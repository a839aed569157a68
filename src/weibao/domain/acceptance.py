"""Whether a text that a device printed is its whole configuration, and nothing else.

Both mistakes hurt: a broken text kept as good is found when it is needed, and a good
text refused every night teaches people not to read the report. So a text is judged by
its structure first (begin, end, required parts, braces). Words such as ``% Invalid
input`` or ``Error:`` count only where they cannot be configuration: before the begin
mark, behind the last part of a platform without end mark, or in a text whose structure
is broken anyway. A banner or a description may contain them.

Platforms without an end mark (NX-OS, Junos) are proven by required parts that stand late
in the text, balanced braces, a last line with its line end, and the size of the last good
version; that the prompt came twice behind the text is the collector's part.

Control characters other than tab and line feed are refused, since they come from the
terminal or the line and not from the configuration. A form feed or a carriage return in
mid-line is one of them. The only exceptions are the places that a platform names (the
end-of-text character around the banners of some IOS releases). Bytes from 0x80 up are
text: descriptions in GBK or UTF-8 are ordinary.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from weibao.domain.base import Value
from weibao.domain.braces import braces_balance
from weibao.domain.collection import ItemKind
from weibao.domain.config_parts import part_of, split, with_rules
from weibao.domain.host_files import is_document, problems
from weibao.domain.noise import without_noise
from weibao.domain.platform import ConfigurationRules, Platform, compiled
from weibao.domain.reasons import Reason
from weibao.domain.redaction import redact
from weibao.domain.texts import decode

__all__ = [
    "ANY_ERROR",
    "Judgement",
    "Limits",
    "Previous",
    "hostname_of",
    "judge",
    "normalise",
    "startup_differs",
]

_HEAD = 30
"""Lines in which the begin mark has to stand."""
_SHORT = 40
"""Lines up to which a text of broken structure is searched for error texts as a whole."""
_EDGE = 5
"""Lines at both ends of a longer one that are."""

_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_PAGER = r"^[ \t]*(?:-{2,4} ?\(?[Mm]ore\b[^\n]{0,12}\)?-{2,4}|<-{2,4} ?[Mm]ore ?-{2,4}>)"
ANY_ERROR = (
    r"(?i:^[ \t]*(?:%+[ \t]*\w|(?:error|failed|failure)\b[: ]|unknown command"
    r"|invalid (?:input|command)|unrecognized command|incomplete command|command not found"
    r"|syntax error|permission denied|access denied|(?:command )?authori[sz]ation (?:failed|denied)"
    r"|connection (?:closed|reset)|session (?:timed out|expired)))"
)
"""How a line begins that is an error in the words of any maker."""


class Limits(Value):
    """What an estate allows."""

    shrink_ratio: float = 0.5
    """A text smaller than this part of the last good version is refused."""
    shrink_floor: int = 2048
    """Bytes that may be missing in any case: a small text may lose a large part."""


class Previous(Value):
    """The last good version of the device."""

    size: int
    """Bytes of the exact text."""


class Judgement(Value):
    """The verdict on one text; it is accepted when there is no reason against it."""

    reasons: tuple[Reason, ...]
    """Why it is refused, the most telling first."""
    hostname: str
    """The device's own name as the text says it; empty where it says none."""
    content_sha256: str
    """Of the text without noise: equal means no new version."""
    restorable: bool = True
    """False where the device shows masks in place of secrets."""

    @property
    def accepted(self) -> bool:
        """Whether the text is complete and clean."""
        return not self.reasons


def judge(
    text: bytes,
    platform: Platform,
    *,
    kind: ItemKind = ItemKind.running,
    previous: Previous | None = None,
    limits: Limits | None = None,
) -> Judgement:
    """Judge ``text`` as a configuration of ``platform`` (complete or refused; CFG-04).

    ``previous`` is the last good version of the same kind of text; None for the first
    one, and where an operator confirmed that the device really lost that much.
    """
    rules = platform.configuration
    shown = decode(text, platform.encodings)
    reasons = _all_reasons(text, shown, platform, kind)
    if previous is not None and shown.strip():
        reasons += _shrunk(len(text), previous, limits or Limits())
    return Judgement(
        reasons=tuple(reasons),
        hostname=_hostname(shown, rules),
        content_sha256=hashlib.sha256(_without_noise(shown, rules).encode("utf-8")).hexdigest(),
        restorable=not _found(rules.secrets_withheld, shown),
    )


def normalise(text: bytes, platform: Platform) -> bytes:
    """``text`` without what changes by itself, as UTF-8; what ``content_sha256`` covers."""
    return _without_noise(decode(text, platform.encodings), platform.configuration).encode("utf-8")


def hostname_of(text: bytes, platform: Platform) -> str:
    """The device's own name as its configuration says it; empty where it says none."""
    return _hostname(decode(text, platform.encodings), platform.configuration)


def startup_differs(running: bytes, startup: bytes, platform: Platform) -> bool:
    """Whether the startup configuration says something else than the running one.

    Noise, headers, separators and blank lines say nothing.
    """
    main, _parts = split(running, platform)
    if main == startup:
        return False
    return _statements(main, platform) != _statements(startup, platform)


# the parts of the judgement


def _all_reasons(text: bytes, shown: str, platform: Platform, kind: ItemKind) -> list[Reason]:
    """Against the main text, then against each further part, by its own rules."""
    main, parts = split(text, platform)
    if parts:
        shown = decode(main, platform.encodings)
    if not shown.strip():
        return [Reason.of("empty_text")]
    reasons = _reasons(main, shown, platform, kind)
    for read in parts:
        part = part_of(platform, read.title)
        if part is None or read.why:
            continue
        rules = with_rules(platform, part)
        found = _all_reasons(read.text, decode(read.text, platform.encodings), rules, kind)
        reasons += [Reason.of("part_broken", part=read.title, why=one.code) for one in found]
    return reasons


def _reasons(text: bytes, shown: str, platform: Platform, kind: ItemKind) -> list[Reason]:
    rules = platform.configuration
    lines = [line for line in shown.split("\n") if line.strip()]
    structure = _structure(shown, lines, rules, kind)
    if rules.files and is_document(text):
        # Its lines are files: whatever they say is theirs, and proven by size and hash.
        proof = [reason for reason in problems(text) if reason.code not in _codes(structure)]
        return [*_control_characters(text, rules), *structure, *proof]
    return [
        *_error(lines, platform, broken=bool(structure)),
        *_terminal_remains(text, shown, platform),
        *structure,
    ]


def _structure(
    shown: str, lines: Sequence[str], rules: ConfigurationRules, kind: ItemKind
) -> list[Reason]:
    ends = rules.ends
    if kind is ItemKind.startup and rules.startup_ends is not None:
        ends = rules.startup_ends
    found = []
    head = "\n".join(shown.split("\n", 2 * _HEAD)[: 2 * _HEAD])
    if rules.foreign and (other := compiled(_either(rules.foreign)).search(head)):
        found.append(Reason.of("foreign_text", line=_line_number(shown, other.start())))
    if rules.begins and not _found(rules.begins, "\n".join(lines[:_HEAD])):
        found.append(Reason.of("truncated_no_begin"))
    last = lines[-1]
    ended = bool(ends) and _found(ends, last)
    if (ends and not ended) or _found(rules.unfinished, shown):
        found.append(Reason.of("truncated_no_end", lines=len(lines)))
    if not shown.endswith("\n") and not (ended and not rules.braces):
        found.append(Reason.of("last_line_cut"))
    if rules.braces and not braces_balance(shown):
        found.append(Reason.of("unbalanced_braces"))
    if kind is ItemKind.running:
        found += [
            Reason.of("missing_part", part=part)
            for part in rules.requires
            if not compiled(part).search(shown)
        ]
    found += [
        Reason.of("withheld_part", line=_line_number(shown, match.start()))
        for match in (compiled(part).search(shown) for part in rules.withheld)
        if match
    ]
    if len(lines) < rules.minimum_lines:
        found.append(Reason.of("too_short", lines=len(lines), minimum=rules.minimum_lines))
    return found


def _error(lines: Sequence[str], platform: Platform, *, broken: bool) -> list[Reason]:
    """An error text of the device, where it stands in a place that means it."""
    logged = compiled(_either(platform.log_lines)) if platform.log_lines else None
    for line in _suspects(lines, platform.configuration, broken=broken):
        known = any(compiled(error.match).search(line) for error in platform.errors)
        if not known and logged is not None and logged.search(line):
            continue
        if known or (broken and len(lines) <= _SHORT and compiled(ANY_ERROR).search(line)):
            return [Reason.of("error_text", line=_shown(line, platform))]
    return []


def _shown(line: str, platform: Platform) -> str:
    """A line of the device's for a reason, without what it may repeat of a secret (SEC-02)."""
    return _printable(redact(line, platform, lambda _secret: "hidden"))


def _suspects(lines: Sequence[str], rules: ConfigurationRules, *, broken: bool) -> Iterable[str]:
    if broken:
        return lines if len(lines) <= _SHORT else [*lines[:_EDGE], *lines[-_EDGE:]]
    begin = next(
        (number for number, line in enumerate(lines[:_HEAD]) if _found(rules.begins, line)), 0
    )
    return [*lines[:begin], *(() if rules.ends else lines[-2:])]


def _terminal_remains(text: bytes, shown: str, platform: Platform) -> list[Reason]:
    """What a terminal left in the text: a pager, control characters, log messages."""
    found = []
    pager = compiled(_either([_PAGER, *(p.match for p in platform.session.pagers)])).search(shown)
    if pager:
        found.append(Reason.of("pager_remains", line=_line_number(shown, pager.start())))
    found += _control_characters(text, platform.configuration)
    # One by one: a pattern that begins with something rare is fast alone only.
    logs = [log for one in platform.log_lines if (log := compiled(one).search(shown))]
    if logs:
        log = min(logs, key=lambda match: match.start())
        line = _line_number(shown, log.start())
        found.append(
            Reason.of("log_line_interleaved", line=line, message=_shown(log.group(), platform))
        )
    return found


def _codes(reasons: Iterable[Reason]) -> set[str]:
    return {reason.code for reason in reasons}


def _control_characters(text: bytes, rules: ConfigurationRules) -> list[Reason]:
    control = _control(text, rules)
    if control is None:
        return []
    line = text.count(b"\n", 0, control) + 1
    return [Reason.of("control_characters", code=f"0x{text[control]:02x}", line=line)]


def _control(text: bytes, rules: ConfigurationRules) -> int | None:
    """Where the first control character stands that does not belong to the text."""
    if not _CONTROL.search(text):
        return None
    allowed: set[int] = set()
    whole = text.decode("latin-1")
    for pattern in rules.controls:
        for match in compiled(pattern).finditer(whole):
            allowed.update(
                position for position in range(match.start(), match.end()) if text[position] == 0x03
            )
    return next((m.start() for m in _CONTROL.finditer(text) if m.start() not in allowed), None)


def _shrunk(size: int, previous: Previous, limits: Limits) -> list[Reason]:
    smaller = size < previous.size * limits.shrink_ratio
    if smaller and previous.size - size > limits.shrink_floor:
        return [Reason.of("shrunk", size=size, previous=previous.size)]
    return []


# the text without what means nothing


def _without_noise(shown: str, rules: ConfigurationRules) -> str:
    noise = [*rules.noise, *(n for part in rules.also for n in part.configuration.noise)]
    return "\n".join(without_noise(shown, noise)).strip("\n")


def _statements(text: bytes, platform: Platform) -> list[str]:
    rules = platform.configuration
    separator = compiled(rf"[ \t]*(?:{rules.separator})[ \t]*")
    kept = without_noise(decode(text, platform.encodings), (*rules.noise, *rules.startup_noise))
    return [line.rstrip() for line in kept if not separator.fullmatch(line)]


def _hostname(shown: str, rules: ConfigurationRules) -> str:
    for pattern in rules.hostname:
        match = compiled(pattern).search(shown)
        if match:
            return match["hostname"].strip("\"'")
    return ""


# small helps


def _either(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def _found(patterns: Sequence[str], text: str) -> bool:
    return any(compiled(pattern).search(text) for pattern in patterns)


def _line_number(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _printable(line: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in line).strip()
    return shown if len(shown) <= 120 else shown[:119] + "…"
