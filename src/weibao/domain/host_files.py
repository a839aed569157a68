"""A host's configuration files as one document that can be read, compared and restored from.

What the host prints (see ``platforms/linux.yml``) is records; ``document`` makes the text
that is kept of them::

    # weibao files 1
    # host web-01
    #== /etc/hosts (0644 root:root, 220 bytes, 9 lines, sha256 0f34…)
    127.0.0.1 localhost
    …
    #-- /etc/sudoers (unreadable)
    #== end: 12 files

``#==`` stands before the lines of a file, ``#--`` before nothing: the file was not read,
and why. The files stand in the order of their paths. Size and hash are what the *host* said
before its bytes were read, so ``problems`` finds in the document alone, years later, whether
what stands there is what the host had.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from weibao.domain.reasons import Reason

__all__ = ["HEADER", "document", "is_document", "left_out", "problems"]

BEGIN = "# weibao files 1"
LARGEST = 1024 * 1024
"""Bytes of a file; of a larger one the hash alone is kept (``linux.yml`` says the same)."""

HEADER = re.compile(r"^#(?:==|--) (?P<path>/[^\n]*?) \([^()\n]*\)$", re.MULTILINE)
"""A line of the document that says of which file the next lines are."""

_FILE = re.compile(
    rb"#== (?P<path>/[^\n]*?)(?: -> (?P<link>[^\n]*?))? "
    rb"\((?P<mode>\S+) (?P<owner>[^\n:]*):(?P<group>[^\n:]*?), (?P<size>\d+) bytes, "
    rb"(?P<lines>\d+) lines(?P<ends>, CRLF)?(?P<open>, no line end)?, "
    rb"(?P<kind>sha256|md5|unverified)(?: (?P<hash>[0-9a-f]+))?\)\Z"
)
_NOTE = re.compile(rb"#-- /[^\n]* \([^()\n]*\)\Z")
_END = re.compile(rb"#== end: (\d+) files\Z")
_BINARY = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_MARK = b"@w4096 "
_SAFE = re.compile(rb"[^\x00-\x1f\x7f()\\]*\Z")


@dataclass(frozen=True)
class _Record:
    """What the host said of one name."""

    path: bytes
    line: bytes
    body: bytes = b""
    """The file's lines, as they stand in the document."""

    @property
    def is_file(self) -> bool:
        return self.line.startswith(b"#== ")


def is_document(text: bytes) -> bool:
    """Whether ``text`` is such a document, or the beginning of one."""
    return text.startswith(BEGIN.encode() + b"\n")


def document(printed: bytes) -> bytes:
    """The document of what a host printed; what holds no record is given back as it is.

    What was cut off has no end line; what was damaged disagrees with its size or hash.
    """
    if _MARK not in printed:
        return printed
    lines = iter(printed.split(b"\n"))
    head: list[bytes] = []
    found: dict[bytes, _Record] = {}
    codec = kind = b""
    said: int | None = None
    count = 0
    for line in lines:
        if not line.startswith(_MARK):
            continue
        words = line.removeprefix(_MARK).rstrip(b"\r").split(b" ")
        if words[0] == b"H" and len(words) == 4:
            codec, kind = words[1], words[2]
            head = [BEGIN.encode(), b"# host " + _shown(_name(words[3], codec))]
        elif words[0] == b"E" and len(words) == 2 and words[1].isdigit():
            said = int(words[1])
        elif words[0] in _READERS and codec:
            count += 1
            record = _READERS[words[0]](words, lines, codec, kind)
            if record is not None and record.path.startswith(b"/"):
                found.setdefault(record.path, record)
            else:
                count = -1
                break
    if not head:
        return printed
    records = [found[path] for path in sorted(found)]
    text = b"".join(record.line + record.body for record in records)
    end = b""
    if said is not None and said == count:
        files = sum(record.is_file for record in records)
        end = b"#== end: %d files\n" % files
    return b"\n".join(head) + b"\n" + text + end


# records of the host


def _file(words: list[bytes], lines: Iterable[bytes], codec: bytes, kind: bytes) -> _Record | None:
    body = list(_body(lines))
    if len(words) < 6:
        return None
    path, size, claimed = _name(words[1], codec), words[2], words[3]
    link = b"" if words[4] == b"-" else _shown(_name(words[4], codec))
    where = _shown(path) + (b" -> " + link if link else b"")
    who = _who(b" ".join(words[5:]))
    if (
        not size.isdigit()
        or not who
        or (kind != b"none" and not re.fullmatch(rb"[0-9a-f]+", claimed))
    ):
        return _Record(path, b"#-- %s (unreadable)\n" % _shown(path))
    proof = b"unverified" if kind == b"none" else b"%s %s" % (kind, claimed)
    if int(size) > LARGEST:
        return _Record(path, b"#-- %s (%s, %s bytes, too large, %s)\n" % (where, who, size, proof))
    data = _decoded(b"".join(body), codec)
    return _Record(path, *_as_text(data, where, who, size, proof))


def _as_text(
    data: bytes, where: bytes, who: bytes, size: bytes, proof: bytes
) -> tuple[bytes, bytes]:
    """The line before a file, and its lines."""
    text, ends = data, b""
    if b"\r\n" in data and data.count(b"\r\n") == data.count(b"\n"):
        text, ends = data.replace(b"\r\n", b"\n"), b", CRLF"
    if _BINARY.search(text):
        return b"#-- %s (%s, %s bytes, no text, %s)\n" % (where, who, size, proof), b""
    if text and not text.endswith(b"\n"):
        text, ends = text + b"\n", ends + b", no line end"
    count = text.count(b"\n")
    line = b"#== %s (%s, %s bytes, %d lines%s, %s)\n" % (where, who, size, count, ends, proof)
    return line, text


def _body(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The encoded lines up to the end of the record."""
    for line in lines:
        if line.startswith(_MARK):
            return
        yield line


def _link(
    words: list[bytes], _lines: Iterable[bytes], codec: bytes, _kind: bytes
) -> _Record | None:
    if len(words) != 3:
        return None
    path = _name(words[1], codec)
    return _Record(path, b"#-- %s (link to %s)\n" % (_shown(path), _shown(_name(words[2], codec))))


def _noted(why: bytes) -> _Reader:
    def read(
        words: list[bytes], _lines: Iterable[bytes], codec: bytes, _kind: bytes
    ) -> _Record | None:
        path = _name(words[1], codec) if len(words) == 2 else b""
        return _Record(path, b"#-- %s (%s)\n" % (_shown(path), why)) if path else None

    return read


_Reader = Callable[[list[bytes], Iterable[bytes], bytes, bytes], _Record | None]
_READERS: dict[bytes, _Reader] = {
    b"F": _file,
    b"L": _link,
    b"U": _noted(b"unreadable"),
    b"S": _noted(b"no ordinary file"),
    b"A": _noted(b"absent"),
}
"""How a record is read, by its letter (see ``platforms/linux.yml``)."""


def _name(word: bytes, codec: bytes) -> bytes:
    return _decoded(word[1:], codec) if word[:1] == b"+" else word[1:]


def _shown(name: bytes) -> bytes:
    r"""A name that fits into a line: odd characters as ``\xNN``."""
    if _SAFE.match(name):
        return name
    return re.sub(rb"[\x00-\x1f\x7f()\\]", lambda m: b"\\x%02x" % m[0][0], name)


def _decoded(data: bytes, codec: bytes) -> bytes:
    """What was encoded; what does not decode is wrong by its hash, too."""
    try:
        squeezed = re.sub(rb"\s", b"", data)
        if codec == b"hex":
            return binascii.unhexlify(squeezed)
        return base64.b64decode(squeezed, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _who(said: bytes) -> bytes:
    """``0644 root:root`` from what ``stat`` or ``ls -ln`` said."""
    parts = said.rstrip().split(b"|")
    if len(parts) == 3 and parts[0].isdigit():
        return b"%s %s:%s" % (parts[0].rjust(4, b"0"), *map(_shown, parts[1:]))
    listed = said.split()
    if len(listed) > 4 and len(listed[0]) >= 10:
        return b"%s %s:%s" % (_octal(listed[0].decode("latin-1")), listed[2], listed[3])
    return b""


def _octal(mode: str) -> bytes:
    """``0644`` for ``-rw-r--r--``."""
    value = 0
    for place, letter in enumerate(mode[1:10]):
        if letter not in "-ST":
            value |= 1 << (8 - place)
        if letter in "sStT":
            value |= 0o4000 >> (place // 3)
    return b"%04o" % value


# what a document says


@dataclass(frozen=True)
class _Part:
    """A line of a document that is none of a file, and the file's lines behind it."""

    number: int
    line: bytes
    file: re.Match[bytes] | None = None
    body: bytes = b""


def _parts(text: bytes) -> Iterator[_Part]:
    lines = text.split(b"\n")
    at = 2
    while at < len(lines):
        match = _FILE.match(lines[at])
        end = at + 1 + (int(match["lines"]) if match else 0)
        body = b"".join(line + b"\n" for line in lines[at + 1 : end])
        yield _Part(at + 1, lines[at], match, body)
        at = end


def problems(text: bytes) -> list[Reason]:
    """Why ``text`` does not prove what it holds; empty where each file agrees.

    The end line has to stand behind the last file: one within a file is that file's.
    """
    found: list[Reason] = []
    files = 0
    ended = False
    for part in _parts(text):
        end = _END.match(part.line)
        known = part.file or _NOTE.match(part.line) or end or not part.line
        if not known or (ended and part.line) or (end and int(end[1]) != files):
            found.append(Reason.of("files_disordered", line=part.number))
            break
        ended = ended or end is not None
        if part.file is not None:
            files += 1
            if not _agrees(part.file, part.body):
                found.append(Reason.of("file_differs", file=_said(part.file["path"])))
    if not ended and not found:
        found.append(Reason.of("truncated_no_end", lines=text.count(b"\n")))
    return found


def _agrees(match: re.Match[bytes], body: bytes) -> bool:
    data = body[:-1] if match["open"] else body
    if match["ends"]:
        data = data.replace(b"\n", b"\r\n")
    if len(data) != int(match["size"]):
        return False
    if match["kind"] == b"unverified":
        return True
    made = hashlib.new(match["kind"].decode(), data, usedforsecurity=False)
    return made.hexdigest().encode() == match["hash"]


_WHY = re.compile(rb"#-- (/[^\n]*?) \((?:[^()\n]*, )?(unreadable|too large|no text|absent)\b")


def left_out(text: bytes) -> dict[str, list[str]]:
    """The names that are in the document without their bytes, by why.

    ``unverified`` are files whose bytes are there while the host could not hash them.
    """
    found: dict[str, list[str]] = {}
    for part in _parts(text):
        match = _WHY.match(part.line)
        if match:
            found.setdefault(match[2].decode(), []).append(_said(match[1]))
        elif part.file and part.file["kind"] == b"unverified":
            found.setdefault("unverified", []).append(_said(part.file["path"]))
    return found


def _said(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
