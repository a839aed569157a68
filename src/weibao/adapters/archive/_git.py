"""Running git so that nobody's configuration, hooks or environment changes what it does.

The repository is named by ``GIT_DIR``, never found by looking upwards: an estate may lie in
a git repository itself, and a missing archive must not become that one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from weibao.errors import FailedError

__all__ = ["MAIN", "Answer", "Git", "text"]

MAIN = "refs/heads/main"

_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.bare=false",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.eol=lf",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "core.precomposeUnicode=false",
    "core.protectNTFS=false",  # a device may be called "core:1"
    "core.protectHFS=false",
    "core.fsync=objects,derived-metadata,reference",  # a power cut loses no commit
    "core.logAllRefUpdates=true",
    "fastimport.unpackLimit=1",  # a night is one pack: one flush, one file
    "gc.autoDetach=false",
    "log.showSignature=false",
    "i18n.logOutputEncoding=UTF-8",
    "advice.detachedHead=false",
)
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
_OURS = {
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
}
_ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
}


class Answer(NamedTuple):
    """How a git command ended."""

    code: int
    out: bytes
    error: str


def text(data: bytes) -> str:
    """Bytes as text; what is no UTF-8 comes back as the same bytes when encoded again."""
    return data.decode("utf-8", "surrogateescape")


class Git:
    """Git for the repository whose checkout is ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git_dir = folder / ".git"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Git's whole environment; with ``extra`` the user's own configuration counts."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        place = {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.folder)}
        return kept | _OURS | place | (_ALONE if extra is None else dict(extra))

    def run(
        self, *arguments: str, extra: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> Answer:
        """Run to the end; ``timeout`` in seconds.

        Raises:
            TimeoutError: it took longer and was ended, with everything that it started.
            FailedError: git is not installed.
        """
        with self.process(*arguments, extra=extra) as (process, errors):
            try:
                out, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(timeout) from error
            return Answer(process.returncode, out or b"", errors())

    @contextlib.contextmanager
    def process(
        self,
        *arguments: str,
        extra: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
    ) -> Iterator[tuple[subprocess.Popen[bytes], _Errors]]:
        """A running git and a function for what it said; it does not outlive the block.

        Raises:
            FailedError: git is not installed, or there is no folder to run it in.
        """
        with tempfile.TemporaryFile() as stream:
            process = self._start(arguments, self.environment(extra), stdin, stdout, stream)
            try:
                yield process, _Errors(stream)
            finally:
                _end(process)

    def _start(
        self,
        arguments: tuple[str, ...],
        environment: dict[str, str],
        stdin: int,
        stdout: int,
        stderr: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        settings = [word for setting in _CONFIG for word in ("-c", setting)]
        try:
            return subprocess.Popen(
                ["git", *settings, *arguments],
                cwd=self.folder,
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            if self.folder.is_dir():
                raise FailedError("archive.no_git", why=error.strerror) from error
            raise FailedError("archive.no_folder", folder=self.folder) from error


class _Errors:
    """What a process has written to its error stream so far."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def __call__(self) -> str:
        self._stream.seek(0)
        return text(self._stream.read()).strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()
