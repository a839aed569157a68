"""Numbers and words of ports as devices print them, in one unit each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from weibao.domain.port_units import Duplex, RateUnit

__all__ = ["decibels", "duplex", "listed", "mac_address", "number", "percent", "rate", "speed"]

_NUMBER = re.compile(r"-?\d[\d,]*")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?")
_RATE = re.compile(
    r"(?P<number>\d[\d,]*(?:\.\d+)?)[\s-]*"
    r"(?P<prefix>kilo|mega|giga|tera|gig|meg|[kmgt])?\s*(?P<byte>[Bb]yte)?",
    re.IGNORECASE,
)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS = {
    RateUnit.bit: 1,
    RateUnit.kilobit: 10**3,
    RateUnit.megabit: 10**6,
    RateUnit.gigabit: 10**9,
    RateUnit.byte: 8,
    RateUnit.kilobyte: 8 * 10**3,
}
_BITS = re.compile(r"\s*(?:bits?|b)(?:ps|/s|\b)", re.IGNORECASE)
_RANGE = re.compile(r"(?P<head>\S*?)(?P<first>\d{1,9}) +to +(?P=head)(?P<last>\d{1,9})")
_DIGITS = 26
"""Of a number: 64 bits have 20, with commas between thousands 26."""
_MEMBERS = 4096
"""Of one range: no aggregate has more."""
_ETHERNETS = re.compile(r"e(?:thernet)?(?: |$)")
_PARTED = re.compile(r",|(?:^|\s+)e(?:thernet)? (?=\d)")
_DUPLEX = re.compile(r"(?:a-|\(a\))?(?P<word>[a-z]+)(?:\(a\))?.*", re.IGNORECASE)


def number(text: str) -> int | None:
    """The first whole number; None where there is none (``--``, ``N/A``).

    None too where no counter can be that large: a device may print anything.
    """
    found = _NUMBER.search(text)
    return int(found[0].replace(",", "")) if found and len(found[0]) <= _DIGITS else None


def percent(text: str) -> float | None:
    """``0.38%`` and ``0.38`` alike."""
    found = _DECIMAL.search(text)
    return float(found[0]) if found and len(found[0]) <= _DIGITS else None


def decibels(text: str) -> float | None:
    """dBm, of several lanes the weakest; None where no light is measured (``-inf``, ``N/A``)."""
    if "inf" in text.lower():
        return None
    found = [each for each in _DECIMAL.findall(text) if len(each) <= _DIGITS]
    return min(map(float, found)) if found else None


def rate(text: str, unit: RateUnit) -> int | None:
    """Bits a second; ``unit`` counts for a number that stands without its own."""
    found = _RATE.search(text)
    if found is None or len(found["number"]) > _DIGITS:
        return None
    value = float(found["number"].replace(",", ""))
    prefix = (found["prefix"] or "")[:1].lower()
    if found["byte"]:
        return round(value * _FACTORS[prefix] * 8)
    if prefix:
        return round(value * _FACTORS[prefix])
    if _BITS.match(text, found.end("number")):
        return round(value)
    return round(value * _UNITS[unit])


def speed(text: str, unit: RateUnit) -> int | None:
    """Bits a second of a link; None where the port only says what it would do (``auto``)."""
    value = rate(text, unit)
    return value or None


def duplex(text: str) -> Duplex:
    """From ``full``, ``a-full``, ``F``, ``F(a)``, ``Full-duplex``, ``1000FDx`` and the like."""
    found = _DUPLEX.fullmatch(text.strip().lstrip("0123456789.").lstrip())
    word = found["word"].lower() if found else ""
    if word.startswith("g") and word.endswith(("fd", "fdx", "hd", "hdx")):
        word = word[-3:].lstrip("g")
    if word in {"f", "fd", "fdx"} or word.startswith("full"):
        return Duplex.full
    if word in {"h", "hd", "hdx"} or word.startswith("half"):
        return Duplex.half
    if word in {"a", "auto"} or word.startswith("auto"):
        return Duplex.auto
    return Duplex.unknown


def listed(cell: str | list[str]) -> list[str]:
    """Names of ports in a list; ``e 1/1/1 to 1/1/3 e 2/1/1`` are four."""
    # In a list of texts, a name may have a blank in it ("GigabitEthernet 0/1").
    parts = (
        [part for each in _whole(cell) for part in _PARTED.split(each)]
        if isinstance(cell, list)
        else re.split(r"[\s,]+", cell)
    )
    names: list[str] = []
    for part in map(str.strip, parts):
        found = _RANGE.fullmatch(part)
        numbers = range(int(found["first"]), int(found["last"]) + 1) if found else range(0)
        if found and len(numbers) <= _MEMBERS:
            names += [f"{found['head']}{each}" for each in numbers]
        elif part:
            names.append(part)
    return names


def _whole(lines: Iterable[str | None]) -> list[str]:
    """Lines of a list; one that broke off within a word or a range goes on where it stopped."""
    texts: list[str] = []
    for line in filter(None, lines):
        before = texts[-1] if texts and _ETHERNETS.match(texts[-1]) else ""
        if not before or _ETHERNETS.match(line):
            texts.append(line)
        else:
            blank = " " if line.startswith("to ") or before.endswith((" to", "e")) else ""
            texts[-1] = before + blank + line
    return texts


def mac_address(text: str) -> str:
    """``00:11:22:aa:bb:cc``; empty where it is none."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    if len(digits) != 12:
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
