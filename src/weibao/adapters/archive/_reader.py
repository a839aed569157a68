"""Reading many objects with one git process: starting one for each costs more than the reading."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from typing import IO

from weibao.adapters.archive._git import Git

__all__ = ["ObjectReader"]


class ObjectReader:
    """A ``git cat-file --batch`` that starts when it is first asked, for threads to share.

    It ends with ``close``, or with its owner: git ends where its input does.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._context: contextlib.ExitStack | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: bytes) -> bytes | None:
        """The bytes of a blob, such as ``<commit>:<path>``; None where git does not give it.

        Why it does not is another question, to be asked of another command.

        Raises:
            FailedError: git is not installed.
        """
        if b"\n" in name:
            return None
        with self._lock:
            process = self._process or self._start()
            asked, answers = process.stdin, process.stdout
            if asked is None or answers is None:  # pragma: no cover - pipes were asked for
                raise RuntimeError("no pipe")
            try:
                asked.write(name + b"\n")
                asked.flush()
                found = _answer(answers)
            except OSError:
                found = None
            if process.poll() is not None:  # it met a damaged object, say
                self._end()
            return found

    def close(self) -> None:
        """End git."""
        with self._lock:
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        self._context = contextlib.ExitStack()
        self._process, _ = self._context.enter_context(
            self._git.process("cat-file", "--batch", stdin=subprocess.PIPE)
        )
        return self._process

    def _end(self) -> None:
        context, self._context, self._process = self._context, None, None
        if context is not None:
            context.close()


def _answer(answers: IO[bytes]) -> bytes | None:
    """``<id> <type> <size>``, the bytes, a line's end; anything else is one line."""
    fields = answers.readline().split()
    if len(fields) != 3 or not fields[2].isdigit():
        return None
    size = int(fields[2])
    data = answers.read(size)
    answers.read(1)
    return data if len(data) == size and fields[1] == b"blob" else None
