"""A commit's words: author, trailers, and the stream that ``git fast-import`` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from weibao.adapters.archive._git import MAIN
from weibao.domain.records import LedgerHead
from weibao.errors import InputError

__all__ = [
    "LEDGER",
    "Stamp",
    "blob_id",
    "device_of",
    "encoded",
    "ledger_head",
    "message",
    "path_of",
    "stamp",
    "stream",
]

LEDGER = "Weibao-Ledger"
_SUFFIX = ".cfg"
_PERSON = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<mail>[^<>]*)>\s*")
_WEIBAO = "Weibao <weibao@localhost>"


class Stamp(NamedTuple):
    """Who and when, as git writes them."""

    author: str
    committer: str


def path_of(device: str) -> bytes:
    """The file of ``device`` in the repository.

    Raises:
        InputError: no file can have this name.
    """
    if not device or any(c in device for c in "/\0\n\r"):
        raise InputError("archive.device_name", device=repr(device))
    return encoded(device + _SUFFIX)


def device_of(path: bytes) -> str:
    """The device whose file ``path`` is."""
    return path.decode("utf-8", "surrogateescape").removesuffix(_SUFFIX)


def encoded(text: str) -> bytes:
    """UTF-8; bytes that a decoder could only escape come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def blob_id(data: bytes, sample: str) -> str:
    """Git's name of a file with these bytes, in the hash that ``sample`` (an id) is of."""
    head = b"blob %d\0" % len(data)
    if len(sample) == 64:
        return hashlib.sha256(head + data).hexdigest()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def stamp(author: str, at: str) -> Stamp:
    """Author and committer lines.

    ``author`` is ``Name <mail>``, ``user@host`` or empty; ``at`` an ISO time with its zone.

    Raises:
        ValueError: ``at`` is no such time.
    """
    moment = datetime.fromisoformat(at)
    offset = moment.strftime("%z")
    if not offset:
        raise ValueError(f"{at!r} has no time zone")
    when = f"{int(moment.timestamp())} {offset[:5]}"
    return Stamp(f"{_person(author)} {when}", f"{_WEIBAO} {when}")


def _person(author: str) -> str:
    found = _PERSON.fullmatch(author)
    name, mail = (found["name"], found["mail"]) if found else (author.split("@")[0], author)
    name, mail = (_line(re.sub("[<>]", " ", part)) for part in (name, mail))
    if not name and not mail:
        return "weibao <weibao@localhost>"
    mail = mail.replace(" ", "")
    return f"{name or mail.split('@')[0]} <{mail if '@' in mail else f'{mail}@localhost'}>"


def message(subject: str, run_id: str, change_ref: str, ledger: LedgerHead) -> str:
    """Subject and trailers; no value can begin a line of its own."""
    trailers = [("Weibao-Run", run_id)]
    if change_ref:
        trailers.append(("Weibao-Change", change_ref))
    trailers.append((LEDGER, f"{ledger.site} {ledger.sequence} {ledger.hash}"))
    lines = [_line(subject) or "weibao", "", *(f"{key}: {_line(value)}" for key, value in trailers)]
    return "\n".join(lines) + "\n"


def ledger_head(value: str) -> LedgerHead | None:
    """The head that a trailer's value names; None where it names none."""
    parts = value.strip().rsplit(" ", 2)
    if len(parts) != 3 or not parts[1].isdecimal():
        return None
    return LedgerHead(site=parts[0], sequence=int(parts[1]), hash=parts[2])


def stream(
    old: str, who: Stamp, words: str, files: Iterable[tuple[bytes, bytes]]
) -> Iterator[bytes]:
    """What ``git fast-import --done`` reads: one commit on main after ``old``.

    A stream that was cut off lacks the ``done`` and makes no commit.
    """
    said = encoded(words)
    yield b"commit %s\n" % MAIN.encode()
    yield encoded(f"author {who.author}\ncommitter {who.committer}\n")
    yield b"data %d\n%s\n" % (len(said), said)
    if old:
        yield b"from %s\n" % old.encode()
    for path, data in files:
        yield b"M 100644 inline %s\ndata %d\n" % (_quoted(path), len(data))
        yield data
        yield b"\n"
    yield b"done\n"


def _quoted(path: bytes) -> bytes:
    return b'"%s"' % path.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
