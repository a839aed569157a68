"""One night, broken at each of its writes: the disk is full there, or the process is killed.

    python fault_points.py FOLDER full|once|kill FIRST LAST [STEP]
    python fault_points.py FOLDER disk|file FIRST LAST STEP

Everything is real but the network and Ansible (``services.nights``). A night is made once;
for each point a copy of its estate is broken in a forked process: Python's audit events and
``os.write`` say where something is about to be written. Then the disk has space again, or the
next command comes, and everything must be as if nothing had been. One line of JSON is
printed for each point. ``disk`` leaves so many bytes on the file system of FOLDER (which is
to be small and alone), ``file`` lets no file grow beyond so many bytes; these reach git and
SQLite too.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2] / "scripts")]

from nights_held import Broken, check_folder, check_records, hold  # noqa: E402
from sqlalchemy import Engine, event  # noqa: E402

from services.nights import Answer, Night, config  # noqa: E402
from weibao.errors import WeibaoError  # noqa: E402
from weibao.services.backup_run import BackupRequest, run_backup  # noqa: E402
from weibao.services.recover import recover  # noqa: E402
from weibao.services.verify import verify  # noqa: E402

SECRET = "plain-canary-4711"
NAMES = {"sw1": "default", "sw2": "default", "sw3": "default"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Points:
    """Counts what is about to be written below a folder and acts at one of it."""

    def __init__(self, base: Path) -> None:
        self._base = str(base)
        self.seen: list[str] = []
        self.act: Callable[[int, str], None] = lambda number, what: None
        self._paths: dict[int, str] = {}

    def watch(self) -> None:
        """From now on, for the rest of the process."""
        plain = os.write

        def write(descriptor: int, data: Any) -> int:
            path = _path_of(descriptor)
            if path.startswith(self._base):
                half = memoryview(data)[: len(data) // 2]
                try:
                    self.point("write", path)
                except OSError:
                    plain(descriptor, half)  # so a disk becomes full
                    raise
            return plain(descriptor, data)

        os.write = write
        sys.addaudithook(self._heard)
        for name in ("begin", "commit"):
            event.listen(Engine, name, lambda _c, name=name: self.point(name, self._base))

    def _heard(self, name: str, given: tuple[Any, ...]) -> None:
        if name == "open":
            path, _, flags = given
            if isinstance(flags, int) and flags & WRITES:
                self.point("open", path)
        elif name in {"os.rename", "os.link"}:
            self.point(name, given[1])
        elif name in {"os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}:
            self.point(name, given[0])
        elif name == "subprocess.Popen" and given[1]:
            words = [w for w in map(str, given[1]) if w.split("=")[0] not in {"-c"}]
            git = next((w for w in words[1:] if "=" not in w), "")
            self.point(f"start {words[0]} {git}", self._base)

    def point(self, what: str, path: Any) -> None:
        """Something is about to happen to ``path``."""
        if isinstance(path, int):
            path = _path_of(path)
        path = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if not path.startswith(self._base):
            return
        self.seen.append(f"{what} {path.removeprefix(self._base)}")
        self.act(len(self.seen), self.seen[-1])


def _path_of(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return ""


def full(first: int, last: int) -> Callable[[int, str], None]:
    """No space from one point to another one."""

    def act(number: int, what: str) -> None:
        making = what.startswith(("open", "os.mkdir", "os.link", "os.rename", "write"))
        if first <= number <= last and making:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), what)

    return act


def killed(at: int) -> Callable[[int, str], None]:
    """SIGKILL at a point."""

    def act(number: int, what: str) -> None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def answers(number: int) -> dict[str, Answer]:
    """What the devices say in a night: one is new, one changed, one did not."""
    return {
        "sw1": Answer(running=config("sw1", f"! night {number}", secret=SECRET)),
        "sw2": Answer(
            running=config("sw2", "! same", secret=SECRET),
            startup=config("sw2", "! same", secret=SECRET),
        ),
        "sw3": Answer(running=config("sw3", f"vlan {number}", secret=SECRET)),
    }


class Stage:
    """An estate after its first night, again and again."""

    def __init__(self, base: Path) -> None:
        self.base = base / "here"
        self._copy = base / "as-it-was"
        self.base.mkdir(parents=True)
        (self.base / "second").mkdir()
        remote = self.base / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
        self._settings = f"archive: {{second_copy: {self.base}/second, remote: {remote}}}"
        night = Night(self.base, NAMES, settings=self._settings)
        night.run(answers(1) | {"sw3": Answer(reason=None, running=None)})
        night.parts.journal.close()
        self.start = night.clock.at
        shutil.copytree(self.base, self._copy, symlinks=True)

    def reset(self) -> None:
        """As it was after the first night."""
        shutil.rmtree(self.base)
        shutil.copytree(self._copy, self.base, symlinks=True)

    def night(self) -> Night:
        """The estate, opened anew."""
        night = Night.__new__(Night)
        night.open(self.base / "estate", NAMES, self.start)
        return night

    def run(self, night: Night, number: int) -> Any:
        """What ``backup run`` does."""
        night.runner.answers = answers(number)
        with night.workshop.lock("backup run"):
            recover(night.parts, night.inventory.devices)
            return run_backup(night.parts, BackupRequest(actor="ops@test", sources=()))


def in_child(work: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Do it in a forked process: its wait status and what it said."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            said = work()
        except BaseException:
            said = {"crash": traceback.format_exc()}
        with os.fdopen(writer, "w") as stream:
            stream.write(json.dumps(said))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    return status, json.loads(said or "{}")


def broken_night(stage: Stage, act: Callable[[int, str], None] | None) -> dict[str, Any]:
    """The second night with a fault; in the child."""
    points = Points(stage.base)
    said: dict[str, Any] = {}
    try:
        night = stage.night()
        points.watch()
        if act is not None:
            points.act = act
        result = stage.run(night, 2)
        said["exit"] = result.exit_code
        said["codes"] = sorted(f.code.value for f in result.findings)
        said["words"] = " ".join(str(f.params) for f in result.findings)
        said["outcomes"] = {t.device: t.outcome.value for t in result.targets}
    except WeibaoError as error:
        said |= {"exit": error.exit_code, "words": str(error), "zh": error.say("zh")}
    points.act = lambda number, what: None
    said["points"] = points.seen
    return said


def afterwards(stage: Stage) -> dict[str, Any]:
    """What the next command does, and whether all is well; in the child."""
    night = stage.night()
    try:
        with night.workshop.lock("verify"):
            sound(night, "right after it")
        result = stage.run(night, 3)
        hold(result.exit_code == 0, f"the next night: {result.exit_code} {result.findings}")
        sound(night, "after the next night")
        check_records(night.parts, NAMES)
        check_folder(stage.base, night.parts.runs.parent, [SECRET], [])
    except Broken as error:
        return {"broken": str(error)}
    finally:
        night.parts.journal.close()
    return {}


def sound(night: Night, when: str) -> None:
    """``verify`` passes."""
    parts = night.parts
    found = verify(
        parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
    )
    hold(found.passed, f"verify {when}: {found.problems} {found.unchecked}")


def judge(mode: str, status: int, said: dict[str, Any]) -> str:
    """Empty, or what is wrong with how the night with the fault ended."""
    if "crash" in said:
        return str(said["crash"])
    if mode == "kill":
        return "" if os.WIFSIGNALED(status) else "it was not killed"
    words = str(said.get("words", ""))
    if said["exit"] == 0:
        good = set(said["outcomes"].values()) <= {"archived", "unchanged"}
        return "" if good else f"a pass with {said['outcomes']}"
    if not re.search("space|full|too large|disk I/O|File size", words):
        return f"does not say why: {words}"
    return ""


@contextlib.contextmanager
def filled(folder: Path, leave: int) -> Iterator[None]:
    """A disk with so many bytes left."""
    filler = folder / "filler"
    with filler.open("wb") as stream:
        left = shutil.disk_usage(folder).free - leave
        while left > 0:
            left -= stream.write(b"x" * min(left, 1 << 20))
    try:
        yield
    finally:
        filler.unlink()


def limited(size: int) -> None:
    """No file of this process and its children grows beyond ``size``."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def break_it(stage: Stage, mode: str, number: int) -> tuple[int, dict[str, Any]]:
    """The night with its fault, in a child."""
    if mode == "disk":
        with filled(stage.base.parent, number):
            return in_child(lambda: broken_night(stage, None))
    if mode == "file":
        return in_child(lambda: limited(number) or broken_night(stage, None))
    act = {
        "full": full(number, 1 << 30),
        "once": full(number, number),
        "kill": killed(number),
    }[mode]
    return in_child(lambda: broken_night(stage, act))


def main(folder: str, mode: str, first: str, last: str, step: str = "1") -> int:
    """Break the night at the points ``first`` to ``last`` (0: the last there is)."""
    stage = Stage(Path(folder))
    status, said = in_child(lambda: broken_night(stage, None))
    hold(said.get("exit") == 0, f"the night without a fault: {said}")
    count = len(said["points"])
    print(json.dumps({"points": count}), flush=True)
    for number in range(int(first), (int(last) or count) + 1, int(step)):
        stage.reset()
        status, said = break_it(stage, mode, number)
        wrong = judge(mode, status, said)
        points = said.get("points") or []
        what = points[number - 1] if 0 < number <= len(points) else ""
        if not wrong:
            _, after = in_child(lambda: afterwards(stage))
            wrong = after.get("broken") or after.get("crash") or ""
        line = {"point": number, "what": what, "wrong": wrong, "said": said.get("words", "")}
        print(json.dumps(line | {"exit": said.get("exit")}), flush=True)
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:]))
