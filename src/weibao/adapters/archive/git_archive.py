"""The configuration archive as an ordinary git repository (CFG-03, CFG-04, CFG-10).

``<folder>`` is a checkout with one file a device, ``<device>.cfg``, in UTF-8, holding the
redacted text; ``refs/heads/main`` is the record and the checkout is only a view of it. A
commit is one ``git fast-import``, however many devices: it moves the branch at once at its
end, so that a killed process leaves the old commit or the new one.

A damaged repository is never mended silently. The operator restores it from the remote, or
moves it aside: then the next commit begins a new one, and all texts can be put into it
again from the encrypted store.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from weibao.adapters.archive import _commit, _diffs, _leftovers, _push
from weibao.adapters.archive._git import MAIN, Git, text
from weibao.adapters.archive._reader import ObjectReader
from weibao.adapters.files import make_folder
from weibao.domain.records import LedgerHead
from weibao.errors import FailedError, InputError, IntegrityError, WeibaoError

__all__ = ["GitArchive"]

_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PATTERN = re.compile(r"^(fatal: )?command line, .*?': |^fatal: ")
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_EMPTY_TREE_SHA256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
_AT_ONCE = 200
"""Devices in one git command: so many differences are in memory at once."""
_FULL = re.compile(r"No space left|Out of diskspace|Disk quota exceeded")
_DENIED = re.compile(r"Permission denied|Read-only file system|insufficient permission")
_LOCKED = re.compile(r"\.lock': File exists")


class _Entry(NamedTuple):
    """A file of a commit."""

    mode: str
    blob: str


class GitArchive:
    """One contract's archive at ``folder``; implements ``boundary.ConfigArchive``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._git = Git(folder)
        self._reader = ObjectReader(self._git)
        self._folder = folder
        self._name = name

    @property
    def folder(self) -> Path:
        """Where people find the files."""
        return self._folder

    # writing

    def commit(
        self,
        texts: Mapping[str, str],
        *,
        run_id: str,
        author: str,
        subject: str,
        change_ref: str,
        ledger: LedgerHead,
        at: str,
    ) -> str:
        """Commit ``texts`` at once; see ``ConfigArchive.commit``."""
        self._reader.close()
        self._prepare()
        old = self._head()
        known = self._entries(old) if old else {}
        changed = [d for d, words in texts.items() if not _stands(known, d, words)]
        new = old
        if changed:
            who = _commit.stamp(author, at)
            words = _commit.message(subject, run_id, change_ref, ledger)
            files = ((_commit.path_of(d), _commit.encoded(texts[d])) for d in changed)
            self._import(_commit.stream(old, who, words, files))
            new = self._head()
            if new == old:
                raise FailedError("archive.not_written", **self._named("main did not move"))
        if new:
            self._refresh()
        if changed:
            self._git.run("gc", "--auto", "--quiet")  # only when git finds it worth while
        return new

    def push(self, remote: str, timeout: float) -> None:
        """Push main to ``remote`` within ``timeout`` seconds; nothing where nothing is archived.

        Raises:
            FailedError: with what git said, scrubbed of credentials.
        """
        if self._exists() and self._head():
            _push.push(self._git, remote, timeout)

    def _prepare(self) -> None:
        make_folder(self._folder)
        self._check_writable()
        if not self._exists():
            answer = self._git.run("init", "--quiet", "--template=", "--initial-branch=main")
            if answer.code:
                raise self._unwritable(answer.error)
        _leftovers.clear(self._git.git_dir)

    def _check_writable(self) -> None:
        if self._git.git_dir.exists() and not self._git.git_dir.is_dir():
            raise FailedError("archive.not_written", **self._named(".git is not a folder"))

    def _import(self, pieces: Iterator[bytes]) -> None:
        with self._git.process(
            "fast-import", "--quiet", "--done", "--date-format=raw",
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        ) as (process, errors):  # fmt: skip
            if process.stdin is None:  # pragma: no cover - a pipe was asked for
                raise RuntimeError("no pipe")
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.writelines(pieces)
            code, said = process.wait(), errors()
        if code:
            _leftovers.clear(self._git.git_dir, young=True)
            raise self._unwritable(said)

    def _refresh(self) -> None:
        """Let the checkout show main. Its trouble fails no commit and is mended next time."""
        self._git.run("symbolic-ref", "HEAD", MAIN)
        if self._git.run("reset", "--hard", "--quiet", MAIN).code == 0:
            return
        if not self._git.git_dir.joinpath("index.lock").exists():  # then it is the index itself
            with contextlib.suppress(OSError):
                self._git.git_dir.joinpath("index").unlink(missing_ok=True)
            self._git.run("reset", "--hard", "--quiet", MAIN)

    # reading

    def is_empty(self) -> bool:
        """See ``ConfigArchive.is_empty``."""
        return not self._folder.exists() or (not self._exists() or not self._head())

    def read(self, device: str, commit: str = "") -> str:
        """The redacted text of ``device`` at ``commit``; see ``ConfigArchive.read``."""
        if _WHOLE.fullmatch(commit) and self._exists():
            found = self._reader.read(commit.encode() + b":" + _commit.path_of(device))
            if found is not None:
                return text(found)
        # What is wrong, or which commit is meant, takes more questions.
        where = self._commit(commit)
        entry = self._entries(where, _commit.path_of(device)).get(_commit.path_of(device))
        if entry is None:
            raise IntegrityError("archive.no_device", **self._named(), device=device, commit=where)
        answer = self._git.run("cat-file", "blob", entry.blob)
        if answer.code:
            raise self._damaged(answer.error)
        return text(answer.out)

    def devices(self, commit: str = "") -> list[str]:
        """The devices at ``commit`` (default: newest), sorted.

        Raises:
            IntegrityError: the commit is not there.
        """
        return sorted(_commit.device_of(path) for path in self._entries(self._commit(commit)))

    def diff(self, device: str, old: str, new: str) -> str:
        """Unified difference between two commits; see ``ConfigArchive.diff``."""
        after = self._commit(new)
        nothing = _EMPTY_TREE if len(after) == 40 else _EMPTY_TREE_SHA256
        before = self._commit(old) if old else nothing
        path = text(_commit.path_of(device))
        answer = self._git.run(*_diffs.PATCH, before, after, "--", path)
        if answer.code:
            raise self._damaged(answer.error)
        return text(answer.out)

    def diffs(self, wanted: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
        """``diff`` of many devices; see ``ConfigArchive.diffs``."""
        by_commit: dict[str, list[tuple[str, str]]] = {}
        for device, old, new in wanted:
            by_commit.setdefault(new, []).append((device, old))
        for new, asked in by_commit.items():
            for first in range(0, len(asked), _AT_ONCE):
                part = asked[first : first + _AT_ONCE]
                paths = {_commit.path_of(d): old for d, old in part if _WHOLE.fullmatch(old)}
                whole = self._exists() and _WHOLE.fullmatch(new)
                common = _diffs.common_diffs(self._git, new, paths.items()) if whole else {}
                for device, old in part:
                    path = _commit.path_of(device)
                    found = common.get(path) if paths.get(path) == old else None
                    if found is None:
                        found = self._diff_or_nothing(device, old, new)
                    yield device, found

    def _diff_or_nothing(self, device: str, old: str, new: str) -> str:
        try:
            return self.diff(device, old, new)
        except IntegrityError:
            return ""

    def grep(self, pattern: str, *, ignore_case: bool = False) -> Iterator[tuple[str, int, str]]:
        """Device, line number and line of each hit of an extended regular expression.

        Raises:
            InputError: the pattern is not one.
        """
        if not pattern or any(c in pattern for c in "\0\n"):
            raise InputError("archive.pattern", pattern=pattern, why="NUL, LF, empty")
        where = self._commit("")
        flags = ("--ignore-case",) if ignore_case else ()
        with self._git.process(
            "grep", "--text", "--line-number", "--null", "--extended-regexp", "--no-color",
            "--no-column", "--full-name", *flags, "-e", pattern, where, "--",
        ) as (process, errors):  # fmt: skip
            for line in process.stdout or ():
                path, number, found = line.removesuffix(b"\n").split(b"\0", 2)
                device = _commit.device_of(path.removeprefix(where.encode() + b":"))
                yield device, int(number), text(found)
            if process.wait() > 1:
                why = _PATTERN.sub("", errors())
                raise InputError("archive.pattern", pattern=pattern, why=why)

    def anchors(self) -> Iterator[tuple[str, LedgerHead]]:
        """Commit and the ledger head that it carries, newest first.

        Raises:
            IntegrityError: the repository is damaged.
        """
        if not self._exists() or not (head := self._head()):
            return
        wanted = f"%H %(trailers:key={_commit.LEDGER},valueonly,unfold,separator=%x1F)"
        answer = self._git.run("log", "-z", f"--format={wanted}", head)
        if answer.code:
            raise self._damaged(answer.error)
        for entry in filter(None, text(answer.out).split("\0")):
            commit, _, trailers = entry.partition(" ")
            found = _commit.ledger_head(trailers.split("\x1f")[-1])
            if found is not None:
                yield commit, found

    def check(self) -> list[str]:
        """What is wrong with the repository; empty means sound.

        A full ``git fsck`` from main: it reads every object again and compares it with its
        name. Checking only that objects are there (``--connectivity-only``) would be faster
        and let a flipped byte pass.
        """
        try:
            head = self._head() if self._exists() else ""
        except WeibaoError as error:
            return [str(error)]
        if not head:
            return [f"{self._folder}: no commit on main"]
        answer = self._git.run(
            "fsck", "--full", "--no-dangling", "--no-progress", "--name-objects", head
        )
        said = [*text(answer.out).splitlines(), *answer.error.splitlines()]
        found = [f"{self._folder}: {line}" for line in said if not line.startswith("notice:")]
        if answer.code and not found:
            found = [f"{self._folder}: git fsck: {answer.code}"]
        return [*found, *self._strange(head)]

    def _strange(self, head: str) -> Iterator[str]:
        """What this program never makes, and what makes git show something else than main."""
        carrying = {commit for commit, _ in self.anchors()}
        listed = self._git.run("rev-list", head)
        if listed.code:
            yield f"{self._folder}: {listed.error}"
        for commit in text(listed.out).split():
            if commit not in carrying:
                yield f"{self._folder}: commit {commit[:12]} carries no ledger head"
        if text(self._git.run("symbolic-ref", "--quiet", "HEAD").out).strip() != MAIN:
            yield f"{self._folder}: HEAD is not {MAIN}"
        for ref in text(self._git.run("for-each-ref", "--format=%(refname)").out).split():
            if ref.startswith("refs/replace/"):
                yield f"{self._folder}: {ref}"
        for name in ("info/grafts", "shallow"):
            if self._git.git_dir.joinpath(name).exists():
                yield f"{self._folder}: .git/{name}"

    def edited(self) -> list[str]:
        """Files of the checkout that do not hold what main does; main itself is the record."""
        if self.is_empty():
            return []
        answer = self._git.run("diff-index", "--name-only", "-z", "--no-renames", MAIN, "--")
        if answer.code:
            raise self._damaged(answer.error)
        names = filter(None, text(answer.out).split("\0"))
        return sorted(name for name in names if self._differs(name))

    def _differs(self, name: str) -> bool:
        # The index remembers times and sizes; where they differ the bytes decide.
        stored = self._git.run("cat-file", "blob", f"{MAIN}:{name}")
        try:
            return self._folder.joinpath(name).read_bytes() != stored.out
        except OSError:
            return True

    # what main says

    def _exists(self) -> bool:
        """Whether a repository is here; one that was never finished is none."""
        git_dir = self._git.git_dir
        parts = ("HEAD", "config", "objects", "refs")
        return all(git_dir.joinpath(part).exists() for part in parts) or any(
            path.is_file() for path in git_dir.joinpath("objects").rglob("*")
        )

    def _head(self) -> str:
        """Main's commit; empty where there was none yet.

        Raises:
            IntegrityError: main is gone or points nowhere.
        """
        answer = self._git.run("rev-parse", "--verify", "--quiet", f"{MAIN}^{{commit}}")
        if answer.code == 0:
            return text(answer.out).strip()
        git_dir = self._git.git_dir
        traces = (git_dir / MAIN, git_dir / "logs" / MAIN, git_dir / "packed-refs")
        repository = self._git.run("rev-parse", "--git-dir")
        if repository.code or any(trace.exists() for trace in traces):
            raise self._damaged(answer.error or repository.error or f"{MAIN} is missing")
        return ""

    def _commit(self, commit: str) -> str:
        """The full id of ``commit``, of main's where it is empty."""
        if not self._exists():
            raise IntegrityError("archive.nothing_yet", **self._named())
        if not commit:
            if head := self._head():
                return head
            raise IntegrityError("archive.nothing_yet", **self._named())
        if _COMMIT.fullmatch(commit):
            answer = self._git.run("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
            if answer.code == 0:
                return text(answer.out).strip()
        raise IntegrityError("archive.no_commit", **self._named(), commit=commit)

    def _entries(self, commit: str, *paths: bytes) -> dict[bytes, _Entry]:
        """The files of ``commit`` by path."""
        answer = self._git.run("ls-tree", "-r", "-z", commit, "--", *map(text, paths))
        if answer.code:
            raise self._damaged(answer.error)
        entries = {}
        for line in filter(None, answer.out.split(b"\0")):
            what, _, path = line.partition(b"\t")
            mode, _, blob = what.decode().split(" ")
            entries[path] = _Entry(mode, blob)
        return entries

    # words

    def _named(self, why: str = "") -> dict[str, object]:
        known: dict[str, object] = {"folder": self._folder, "contract": self._name}
        fatal = [line for line in why.splitlines() if line.startswith(("fatal:", "error:"))]
        short = " ".join((fatal[0] if fatal else why).split())
        return known | ({"why": short} if why else {})

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError("archive.damaged", **self._named(why or "git"))

    def _unwritable(self, why: str) -> FailedError:
        kinds = (("full", _FULL), ("denied", _DENIED), ("locked", _LOCKED))
        kind = next((name for name, pattern in kinds if pattern.search(why)), "not_written")
        return FailedError(f"archive.{kind}", **self._named(why or "git"))


def _stands(known: Mapping[bytes, _Entry], device: str, words: str) -> bool:
    entry = known.get(_commit.path_of(device))
    if entry is None or entry.mode != "100644":
        return False
    return _commit.blob_id(_commit.encoded(words), entry.blob) == entry.blob
