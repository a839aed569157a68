"""Bundles: what a job collected and left in its run's folder (architecture: evidence).

    bundle/manifest.jsonl       line 1 the header, then a line for each device, at last
                                {"end": true, "devices": n}
    bundle/blobs/<aa>/<sha256>  sealed blobs

A line counts once its line end is written, so that a killed writer leaves at most a torn
last line. Blobs are written before the line that names them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from weibao.adapters.files import failed, make_folder, sync_folder, write_once
from weibao.domain.collection import BundleHeader, DeviceCollection
from weibao.errors import FailedError, IntegrityError, RefusedError

__all__ = ["BundleReader", "BundleWriter", "keep_blob"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_POLL_SECONDS = 0.1
_TAIL = 4096


def _blob(folder: Path, sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise IntegrityError("evidence.bad_name", sha256=sha256)
    return folder / "blobs" / sha256[:2] / sha256


def keep_blob(folder: Path, sealed: bytes, sha256: str) -> None:
    """Put a sealed blob into the bundle in ``folder``; any process may. Idempotent.

    Raises:
        FailedError: it cannot be written.
    """
    write_once(_blob(folder, sha256), sealed)


class BundleWriter:
    """Writes a new bundle, line by line; leaving the ``with`` by an exception leaves it open."""

    def __init__(self, folder: Path, header: BundleHeader) -> None:
        """Begin a bundle in ``folder``.

        Raises:
            RefusedError: there is one already.
            FailedError: it cannot be written.
        """
        self._folder = folder
        self._path = folder / "manifest.jsonl"
        self._seen: set[str] = set()
        make_folder(folder)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._descriptor = os.open(self._path, flags, 0o600)
        except FileExistsError as error:
            raise RefusedError("bundle.exists", path=self._path) from error
        except OSError as error:
            raise self._failed(error) from error
        sync_folder(folder)
        self._line(header.model_dump_json())

    def add_blob(self, sealed: bytes, sha256: str) -> None:
        """Keep a sealed blob; before the entry that names it."""
        keep_blob(self._folder, sealed, sha256)

    def add(self, entry: DeviceCollection) -> None:
        """Append one device's entry.

        Raises:
            IntegrityError: the device has one already.
            FailedError: it cannot be written.
        """
        if entry.device in self._seen:
            raise IntegrityError("bundle.duplicate", path=self._path, device=entry.device)
        self._line(entry.model_dump_json())
        self._seen.add(entry.device)

    def close(self) -> None:
        """Write the end line: the bundle is complete."""
        if self._descriptor < 0:
            return
        self._line(json.dumps({"end": True, "devices": len(self._seen)}))
        self.abandon()

    def abandon(self) -> None:
        """Close the file without an end line: the bundle stays incomplete."""
        if self._descriptor < 0:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _line(self, text: str) -> None:
        rest = memoryview(text.encode() + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> FailedError:
        return failed(self._path, error)


class BundleReader:
    """Reads a bundle, whole or left by a killed writer. Implements ``boundary.Bundle``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "manifest.jsonl"

    @property
    def begun(self) -> bool:
        """See Bundle."""
        return self._path.exists()

    @property
    def complete(self) -> bool:
        """Whether the manifest was closed by its writer."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
                tail = stream.read()
        except OSError:
            return False
        return tail.endswith(b"\n") and _end(tail.rstrip(b"\n").rpartition(b"\n")[2]) is not None

    def header(self) -> BundleHeader:
        """Who collected it.

        Raises:
            IntegrityError: there is no manifest, or its first line is damaged.
        """
        with self._open() as stream:
            return self._parse_header(stream.readline())

    def entries(self) -> Iterator[DeviceCollection]:
        """One entry a device, streamed; a torn last line is left out.

        Raises:
            IntegrityError: a damaged line (names its number), a device twice (names it and
                both lines), or an end line that does not fit.
        """
        with self._open() as stream:
            self._parse_header(stream.readline())
            parser = _Lines(self._path)
            for line in stream:
                if not line.endswith(b"\n"):
                    return
                entry = parser.take(line)
                if entry is not None:
                    yield entry

    def follow(self, stop: Callable[[], bool]) -> Iterator[DeviceCollection]:
        """The entries as the file grows, until its end line, or until ``stop`` says True and
        everything written is read.

        Raises:
            IntegrityError: as ``entries``.
        """
        while not self._path.exists():
            if stop():
                return
            time.sleep(_POLL_SECONDS)
        with self._open() as stream:
            parser: _Lines | None = None
            for line in _growing(stream, stop):
                if parser is None:
                    self._parse_header(line)
                    parser = _Lines(self._path)
                    continue
                entry = parser.take(line)
                if entry is None:
                    return
                yield entry

    def discard_blobs(self) -> None:
        """See Bundle."""
        shutil.rmtree(self._folder / "blobs", ignore_errors=True)

    def sealed(self, sha256: str) -> bytes:
        """A blob as it lies in the bundle, encrypted.

        Raises:
            IntegrityError: it is missing.
            FailedError: it cannot be read.
        """
        path = _blob(self._folder, sha256)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise IntegrityError("evidence.missing", sha256=sha256, path=path) from error
        except OSError as error:
            raise FailedError("evidence.unreadable", path=path, why=error.strerror) from error

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except FileNotFoundError as error:
            raise IntegrityError("bundle.missing", path=self._path) from error
        except OSError as error:
            raise FailedError("evidence.unreadable", path=self._path, why=error.strerror) from error

    def _parse_header(self, line: bytes) -> BundleHeader:
        try:
            if not line.endswith(b"\n"):
                raise IntegrityError("bundle.damaged", path=self._path, line=1)
            return BundleHeader.model_validate_json(line)
        except ValidationError as error:
            raise IntegrityError("bundle.damaged", path=self._path, line=1) from error


class _Lines:
    """Turns the lines after the header into entries and checks that they fit together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 1
        self._seen: dict[str, int] = {}
        self._ended = False

    def take(self, line: bytes) -> DeviceCollection | None:
        """An entry, or None for the end line."""
        self._number += 1
        ended = _end(line)
        if self._ended or (ended is not None and ended != len(self._seen)):
            raise IntegrityError("bundle.bad_end", path=self._path, line=self._number)
        if ended is not None:
            self._ended = True
            return None
        try:
            entry = DeviceCollection.model_validate_json(line)
        except ValidationError as error:
            raise IntegrityError("bundle.damaged", path=self._path, line=self._number) from error
        first = self._seen.setdefault(entry.device, self._number)
        if first != self._number:
            raise IntegrityError(
                "bundle.duplicate_lines",
                path=self._path,
                device=entry.device,
                first=first,
                line=self._number,
            )
        return entry


def _end(line: bytes) -> int | None:
    if not line.startswith(b'{"end"'):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    devices = found.get("devices")
    return devices if found.get("end") is True and isinstance(devices, int) else None


def _growing(stream: BinaryIO, stop: Callable[[], bool]) -> Iterator[bytes]:
    torn = b""
    last_look = False
    while True:
        torn += stream.readline()
        if torn.endswith(b"\n"):
            yield torn
            torn = b""
        elif last_look:
            return
        elif stop():
            last_look = True  # what was written before the stop is still read
        else:
            time.sleep(_POLL_SECONDS)
