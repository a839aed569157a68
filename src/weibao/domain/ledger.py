"""The ledger's arithmetic: canonical text, the hash of a row, and how rows are chained.

A row's hash is the sha256 of the UTF-8 bytes of the canonical JSON of all its other
fields, the previous row's hash among them. ``payload`` is covered as the text that is
stored, so that nothing depends on writing it the same way twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as _quote
from math import isfinite
from typing import NamedTuple

from weibao.domain.records import LedgerHead, LedgerRow

__all__ = ["GENESIS", "LedgerEntry", "canonical", "canonical_value", "chain", "row_hash", "start"]

GENESIS = "0" * 64
"""What the first row of a chain names as the previous hash."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


class LedgerEntry(NamedTuple):
    """A state change that is not yet chained."""

    at: str
    """ISO 8601, UTC, with microseconds."""
    actor: str
    action: str
    subject: str
    payload: str
    """Canonical JSON."""


def canonical(data: object) -> str:
    """JSON with sorted keys and no blanks, characters as themselves.

    Half of a surrogate pair, which UTF-8 cannot hold, is written as its escape; so the
    text can always be encoded, and ``json.loads`` gives ``data`` back.
    """
    return _escaped(_encode(data))


def canonical_value(value: object) -> str:
    """``canonical`` of one value, quicker where it is text, a number, or none.

    >>> canonical_value("text"), canonical_value(7), canonical_value(True)
    ('"text"', '7', 'true')
    """
    kind = type(value)
    if kind is str:
        return _escaped(_quote(value))  # type: ignore[arg-type]
    if kind is int:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is float and isfinite(value):  # type: ignore[arg-type]
        return repr(value)
    return canonical(value)


def _escaped(text: str) -> str:
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def row_hash(site: str, sequence: int, entry: LedgerEntry, previous: str) -> str:
    """The hash of a row."""
    # The canonical JSON of the fields, put together by hand: this is asked for by the million.
    text = (
        f'{{"action":{_quote(entry.action)},"actor":{_quote(entry.actor)},"at":{_quote(entry.at)},'
        f'"payload":{_quote(entry.payload)},"previous":{_quote(previous)},"sequence":{sequence},'
        f'"site":{_quote(site)},"subject":{_quote(entry.subject)}}}'
    )
    return hashlib.sha256(_escaped(text).encode()).hexdigest()


def start(site: str) -> LedgerHead:
    """The head of an empty chain."""
    return LedgerHead(site=site, sequence=0, hash=GENESIS)


def chain(head: LedgerHead, entries: Iterable[LedgerEntry]) -> Iterator[LedgerRow]:
    """The rows that follow ``head``."""
    previous = head.hash
    for sequence, entry in enumerate(entries, head.sequence + 1):
        own = row_hash(head.site, sequence, entry, previous)
        yield LedgerRow(
            site=head.site, sequence=sequence, previous=previous, hash=own, **entry._asdict()
        )
        previous = own
