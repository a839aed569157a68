"""Taking the secrets out of a configuration, so that it can be read and pushed anywhere.

A secret becomes ``<secret:XXXXXXXX>``, where ``XXXXXXXX`` comes from the caller (an HMAC
under the contract's key): a changed password shows as a change and gives nothing away.
The rest of the file stays as it is. Redacting a redacted text changes nothing.

In doubt a word is hidden: what follows ``password`` is swallowed up to something that is
known to come after a secret. Names (users, key chains, access lists), public keys and
certificates stay. No expression here backtracks more than a fixed distance, so that the
time grows with the size of the text alone (SEC-02, CFG-10).
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from weibao.domain import secret_words as words
from weibao.domain.host_files import HEADER
from weibao.domain.platform import Platform, SecretRule, compiled
from weibao.domain.secret_spans import MASK, Parent, announced

__all__ = ["MASK", "redact"]

Tag = Callable[[str], str]

_PASSES = 20
_STARS = re.compile(r"\*+|\.{5,}|\\|<removed>|/\*|\*/|\"\"|''")
_BODY = re.compile(r"[ \t]*(?:[A-Za-z0-9+/=\\]{40,}|[0-9A-Fa-f]{4,8}(?: [0-9A-Fa-f]{2,8}){3,})\s*$")
_BODY_LAST = re.compile(r"[ \t]*[A-Za-z0-9+/=\\]{1,76}[\"';]?\s*$")
_BODY_HEAD = re.compile(r"[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash)\b[^\n]*$")
_KEY_BEGINS = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_KEY_ENDS = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_BANNER = re.compile(
    r"^(?:banner [a-z-]{2,20}(?: message)?| ?header \w{1,20}(?: information)?)"
    r" ?(?P<mark>\^C|[^\w\s\"]|(?<=information )\")(?P<rest>[^\n]*)$"
)
_BANNER_QUOTED = re.compile(r"^banner [\w-]{1,20} \"(?:[^\"\\\n]|\\.)*\"\s*$")
_BANNER_EOF = re.compile(r"^banner (?:motd|login|exec)\s*$")
_BANNER_LINES = 300
_KEY_LINES = 400


def redact(text: str, platform: Platform | None, tag: Tag) -> str:
    """``text`` with every secret replaced.

    ``tag`` gives letters and digits for a secret, the same for the same one. Without a
    ``platform`` the generic rules alone are used.
    """
    text, kept = _set_aside(text, platform)
    for _ in range(_PASSES):
        redacted = _Pass(platform, tag).over(text)
        if redacted == text:
            break
        text = redacted
    return _ASIDE.sub(lambda match: kept[int(match[1])], text) if kept else text


_ASIDE = re.compile("\x00(\\d{1,9})\x00")


def _set_aside(text: str, platform: Platform | None) -> tuple[str, list[str]]:
    """``text`` with numbers in place of what a platform says is no secret, and what that was."""
    kept: list[str] = []
    if platform is None or not platform.not_secret or "\x00" in text:
        return text, kept

    def aside(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x00"

    pattern = compiled("|".join(f"(?:{one})" for one in platform.not_secret))
    return pattern.sub(aside, text), kept


class _Pass:
    """One going over of a text; what it found is hidden wherever else it stands."""

    def __init__(self, platform: Platform | None, tag: Tag) -> None:
        self._tag = tag
        self._rules: Sequence[SecretRule] = platform.secrets if platform else ()
        self._blocks: Sequence[SecretRule] = platform.secret_blocks if platform else ()
        continued = platform.configuration.continued if platform else ""
        self._continued = compiled(continued) if continued else None
        self._braces = bool(platform and platform.configuration.braces)
        self._found: set[str] = set()

    def over(self, text: str) -> str:
        for rule in self._blocks:
            text = self._by_rule(rule, text)
        if "<" in text:
            text = self._replace(text, _spans(words.XML, text))
        lines = self._menus(self._without_keys(text.split("\n")))
        free = _free_lines(lines)
        parent = _parents(lines)
        text = "\n".join(
            self._line(line, number, parent, free=number in free) if _hinted(line) else line
            for number, line in enumerate(lines)
        )
        for rule in self._rules:
            text = self._by_rule(rule, text)
        return self._elsewhere(text)

    # replacing

    def _mask(self, secret: str) -> str:
        if self._continued:
            secret = self._continued.sub("", secret)
        if len(secret) >= 8 and re.search(r"\d", secret) and re.search(r"[A-Za-z]", secret):
            self._found.add(secret)
        return f"<secret:{self._tag(secret)}>"

    def _replace(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        parts = []
        at = 0
        masks = [match.span() for match in MASK.finditer(text)]
        for start, end in _merged(_outside(spans, masks) if masks else spans):
            value = text[start:end]
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                start, end, value = start + 1, end - 1, value[1:-1]
            if not value.strip() or MASK.fullmatch(value) or _STARS.fullmatch(value):
                continue
            parts += [text[at:start], self._mask(value)]
            at = end
        return "".join([*parts, text[at:]]) if parts else text

    def _by_rule(self, rule: SecretRule, text: str) -> str:
        pattern = compiled(rule.match)
        if self._continued:
            joined, place = _joined(self._continued, text)
            found = ((place(start), place(end - 1) + 1) for start, end in _spans(pattern, joined))
            return self._replace(text, found)
        spans = _spans(pattern, text)
        if rule.within:
            places = _places(text, rule.within)
            spans = (span for span in spans if any(a <= span[0] < b for a, b in places))
        return self._replace(text, spans)

    # lines

    def _menus(self, lines: list[str]) -> list[str]:
        """Parts in which a name is the secret."""
        inside: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]] | None = None
        kept = []
        for line in lines:
            if inside and inside[1].match(line):
                inside = None
            if inside:
                line = self._replace(line, _spans(inside[2], line))
            elif line[:1] in " \t/cips":
                inside = _menu(line)
            kept.append(line)
        return kept

    def _line(self, line: str, number: int, parent: Parent, *, free: bool) -> str:
        everywhere = [words.HASHES, words.SAID, words.TOLD, words.FORMS]
        everywhere += [words.URL] if "://" in line else []
        everywhere += [words.ASSIGNED] if "=" in line else []
        spans = [span for pattern in everywhere for span in _spans(pattern, line)]
        start = 0
        if not free and not line.lstrip().startswith("----"):
            found, start = announced(line, number, parent, braces=self._braces)
            spans += found
        spans += _spans(words.SPOKEN, line, start)
        return self._replace(line, spans) if spans else line

    def _elsewhere(self, text: str) -> str:
        """The same secrets told again, as words of other lines."""
        if not any(secret in text for secret in self._found):
            return text
        return "\n".join(self._hidden_again(line) for line in text.split("\n"))

    def _hidden_again(self, line: str) -> str:
        parts = re.split(r"([\s\"',;()=]+)", line)
        if self._found.isdisjoint(parts):
            return line
        return "".join(self._mask(p) if p in self._found else p for p in parts)

    # private keys over several lines

    def _without_keys(self, lines: list[str]) -> list[str]:
        if not any("PRIVATE KEY" in line for line in lines):
            return lines
        lines = self._without_headless_key(lines)
        kept: list[str] = []
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            begin = _KEY_BEGINS.search(line)
            if begin is None:
                kept.append(line)
                continue
            end = _KEY_ENDS.search(line, begin.end())
            if end is not None:
                kept.append(self._replace(line, [(begin.end(), end.start())]))
                continue
            last = _key_end(lines, number)
            kept.append(self._replace(line, [(begin.end(), len(line))]))
            kept += self._key_body(lines[number:last])
            number = last
        return kept

    def _without_headless_key(self, lines: list[str]) -> list[str]:
        """A text that was cut at its beginning may hold the end of a key only."""
        end = next(n for n, line in enumerate(lines) if "PRIVATE KEY" in line)
        start = end
        if _KEY_ENDS.search(lines[end]) and not _KEY_BEGINS.search(lines[end]):
            while start > 0 and end - start < _KEY_LINES and _in_body(lines, start - 1, end):
                start -= 1
        return [*lines[:start], *self._key_body(lines[start:end]), *lines[end:]]

    def _key_body(self, body: Sequence[str]) -> list[str]:
        if not body or (len(body) == 1 and MASK.fullmatch(body[0].strip())):
            return list(body)
        indent = body[0][: len(body[0]) - len(body[0].lstrip())]
        return [indent + self._mask("\n".join(body))]


def _key_end(lines: Sequence[str], start: int) -> int:
    """The line after a private key's body: its end mark, or where the body stops."""
    for number in range(start, min(len(lines), start + _KEY_LINES)):
        if _KEY_ENDS.search(lines[number]):
            return number
    number = start
    while number < len(lines) and (
        _BODY.match(lines[number])
        or _BODY_HEAD.match(lines[number])
        or (
            not lines[number].strip() and number + 1 < len(lines) and _BODY.match(lines[number + 1])
        )
    ):
        number += 1
    if number < len(lines) and _BODY_LAST.match(lines[number]):
        number += 1  # the last line of a body is short, or cut
    return number


def _in_body(lines: Sequence[str], number: int, end: int) -> bool:
    if number == end - 1:
        return bool(_BODY_LAST.match(lines[number]))
    return bool(_BODY.match(lines[number]))


# what stands where


def _joined(continued: re.Pattern[str], text: str) -> tuple[str, Callable[[int], int]]:
    """``text`` with its broken lines joined, and where a place of that stands in ``text``."""
    parts, starts, gone = [], [0], [0]
    at = 0
    for match in continued.finditer(text):
        parts.append(text[at : match.start()])
        starts.append(starts[-1] + match.start() - at)
        gone.append(gone[-1] + match.end() - match.start())
        at = match.end()
    joined = "".join([*parts, text[at:]])
    return joined, lambda place: place + gone[bisect_right(starts, place) - 1]


def _places(text: str, within: str) -> list[tuple[int, int]]:
    """Where in a document of files those stand whose names ``within`` matches."""
    headers = list(HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    wanted = compiled(within)
    return [
        (header.end(), end)
        for header, end in zip(headers, ends, strict=False)
        if wanted.search(header["path"])
    ]


@functools.lru_cache(maxsize=16384)
def _menu(line: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]] | None:
    """The part that a line begins."""
    return next((menu for menu in words.MENUS if menu[0].match(line)), None)


@functools.lru_cache(maxsize=16384)
def _hinted(line: str) -> bool:
    # Configurations repeat themselves, and each other: most lines were seen before.
    low = line.lower()
    return any(hint in low for hint in words.HINTS)


def _parents(lines: Sequence[str]) -> Parent:
    """For a line the one of less indentation above it; worked out when first asked for."""
    found: list[int] = []

    def parent(number: int) -> str:
        if not found:
            found.extend(_indentation_parents(lines))
        return lines[found[number]] if found[number] >= 0 else ""

    return parent


def _indentation_parents(lines: Sequence[str]) -> Iterator[int]:
    above: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if line.strip():
            while above and above[-1][0] >= depth:
                above.pop()
        yield above[-1][1] if above else -1
        if line.strip():
            above.append((depth, number))


def _free_lines(lines: Sequence[str]) -> set[int]:
    """The numbers of the lines that are a banner's text."""
    free: set[int] = set()
    number = 0
    while number < len(lines):
        end = _banner_end(lines, number) if lines[number][:2].lstrip()[:1] in "bh" else None
        if end is not None:
            free.update(range(number, end + 1))
            number = end
        number += 1
    return free


def _banner_end(lines: Sequence[str], start: int) -> int | None:
    match = _BANNER.match(lines[start])
    if _BANNER_QUOTED.match(lines[start]):
        return start
    if match is None:
        if not _BANNER_EOF.match(lines[start]):
            return None
        mark = "EOF"
    elif match["mark"] in match["rest"]:
        return start
    else:
        mark = match["mark"]
    for number in range(start + 1, min(len(lines), start + _BANNER_LINES)):
        line = lines[number].rstrip()
        if line.strip() == mark or (mark == "^C" and mark in line):
            return number
        if mark not in {"EOF", "^C"} and mark in line:
            # Another mark closes at the end of a line, or it was none that opened.
            return number if line.endswith(mark) else None
    return None


def _spans(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where the groups of a pattern match whose names begin with ``secret`` or ``quoted``."""
    groups = [name for name in pattern.groupindex if name.startswith(("secret", "quoted"))]
    for match in pattern.finditer(text, start):
        for group in groups:
            if match[group]:
                yield match.span(group)


def _outside(
    spans: Iterable[tuple[int, int]], masks: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The spans that do not begin within a mask; one that ends in a mask takes it whole."""
    begins = [begin for begin, _ in masks]
    for start, end in spans:
        first = masks[max(0, bisect_right(begins, start) - 1)]
        last = masks[max(0, bisect_right(begins, end - 1) - 1)]
        if not first[0] <= start < first[1]:
            yield start, last[1] if last[0] < end < last[1] else end


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
