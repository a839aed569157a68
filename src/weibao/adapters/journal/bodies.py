"""Bodies: what is too large for the ledger to repeat, which knows it by its hash.

A body is a row of a table beside a recorded one, with the same key, compressed; the recorded
row, and with it the ledger, has the sha256 of what is inside.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Select, Table, and_, select

from weibao.adapters.journal.columns import key_of
from weibao.domain.reasons import Reason
from weibao.errors import IntegrityError

__all__ = ["packed", "unpacked", "unsound", "with_body"]


def packed(text: bytes) -> tuple[str, bytes]:
    """The sha256 that the recorded row has, and what the body's row holds."""
    return hashlib.sha256(text).hexdigest(), zlib.compress(text, 6)


def unpacked(bodies: Table, key: str, sha256: str, body: bytes | None) -> bytes:
    """What is inside.

    Raises:
        IntegrityError: it is missing, or not the one that the ledger knows.
    """
    text = _opened(body, sha256)
    if text is None:
        raise IntegrityError("journal.bad_row", table=bodies.name, key=key)
    return text


def with_body(table: Table, bodies: Table, *columns: Column[Any]) -> Select[Any]:
    """``columns`` of the recorded rows and at the end their body, None where it is missing."""
    own = and_(*(bodies.c[name] == table.c[name] for name in key_of(table)))
    return select(*columns, bodies.c.body.label("packed")).outerjoin_from(table, bodies, own)


def unsound(rows: Iterable[Any], name: str, table: str) -> Iterator[Reason]:
    """What of ``rows`` (their key, sha256 and body) is not as the ledger knows it.

    ``name`` makes of a key what the ledger calls the row, ``table`` is that of the bodies. A
    row without a hash has no body.
    """
    for *key, sha256, body in rows:
        subject = name.format(*key)
        if body is None and sha256:
            yield Reason.of("body_missing", subject=subject, table=table)
        elif sha256 and _opened(body, sha256) is None:
            yield Reason.of("body_edited", subject=subject)


def _opened(body: bytes | None, sha256: str) -> bytes | None:
    try:
        text = zlib.decompress(body) if body is not None else None
    except (zlib.error, TypeError):
        return None
    sound = text is not None and hashlib.sha256(text).hexdigest() == sha256
    return text if sound else None
