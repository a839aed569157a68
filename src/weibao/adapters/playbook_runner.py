"""Running playbooks through ansible-runner, in a fresh private folder each time.

Facts about ansible-runner that bind this module: a private folder used again keeps old
passwords and variables, extra variables end up in the process's arguments, the file
``command`` holds the whole environment, host keys are not checked unless the environment
says so, and ``init_runner`` may exit the interpreter.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weibao.adapters.ansible_paths import configured
from weibao.adapters.bundle import BundleReader
from weibao.adapters.host_results import HostResults
from weibao.adapters.playbook_ahead import AHEAD, PlaybookAhead
from weibao.adapters.scrub import scrub
from weibao.boundary.runner import PlaybookResult, Progress
from weibao.errors import FailedError

__all__ = ["AnsiblePlaybookRunner", "sweep_private"]

_PRIVATE = "ansible"
_VARIABLES = Path("env", "variables.json")
_MOST_AHEAD = 2
_ERRORS = ("[ERROR]", "ERROR!", "fatal:")


class AnsiblePlaybookRunner:
    """Runs playbooks with the estate as working folder, so that its ansible.cfg counts."""

    def __init__(
        self,
        estate: Path,
        environment: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        modules: tuple[str, ...] = (),
        reading_modules: tuple[str, ...] = (),
    ) -> None:
        """``options`` are further arguments of ansible-playbook, such as ``--vault-id``;
        ``modules`` are what the collection's plugins import, for a playbook loaded ahead, and
        ``reading_modules`` what those of reading jobs do.
        """
        self._estate = estate
        self._options = options
        self._environment = dict(environment or {})
        self._modules = modules
        self._reading_modules = reading_modules
        self._ahead: deque[tuple[PlaybookAhead, _Heard]] = deque()

    def ahead(self, folder: Path, *, reading: bool = False) -> None:
        """See PlaybookRunner."""
        if len(self._ahead) >= _MOST_AHEAD:
            return
        modules = self._reading_modules if reading else self._modules
        with contextlib.suppress(OSError):  # then it is loaded when it runs
            self._ahead.append(self._started(folder, modules))

    def let_go(self) -> None:
        """See PlaybookRunner."""
        while self._ahead:
            self._end(self._ahead.popleft()[0])

    def run(
        self,
        playbook: str,
        *,
        inventory: str,
        limit: tuple[str, ...],
        variables: Mapping[str, object],
        folder: Path,
        time_limit: float | None = None,
        progress: Progress | None = None,
        check: bool = False,
    ) -> PlaybookResult:
        """See PlaybookRunner."""
        private = folder / _PRIVATE
        options = (*self._options, "--check", "--diff") if check else self._options
        try:
            waiting, heard = self._taken() or self._started(folder, self._modules)
        except OSError as error:
            raise FailedError("runner.unwritable", folder=str(private), detail=error) from error
        try:
            words = ["-i", inventory]
            if limit:
                hosts = waiting.private / "limit"
                hosts.write_text("\n".join(limit) + "\n", encoding="utf-8")
                words += ["--limit", f"@{hosts}"]
            given = waiting.private / _VARIABLES
            given.write_text(json.dumps(dict(variables)), encoding="utf-8")
            words += ["-e", f"@{given}", *options, playbook]
        except OSError as error:
            self._end(waiting)
            raise FailedError("runner.unwritable", folder=str(private), detail=error) from error
        heard.results = HostResults(check=check)
        with _following(folder / "bundle", progress):
            try:
                runner, timed_out = waiting.play(words, time_limit)
            except SystemExit as error:
                raise FailedError("runner.exited", detail=str(error)) from error
            except OSError as error:
                raise FailedError("runner.unwritable", folder=str(private), detail=error) from error
            finally:
                sweep_private(waiting.folder)
                _move(waiting.folder, private)
        return_code = int(runner.rc if runner.rc is not None else 1)
        why = _error(heard.said) if return_code else ""
        return PlaybookResult(return_code, why, timed_out, heard.results.found())

    def _started(self, folder: Path, modules: tuple[str, ...]) -> tuple[PlaybookAhead, _Heard]:
        heard = _Heard()
        call = functools.partial(self._call, heard)
        return PlaybookAhead(folder, call, modules), heard

    def _taken(self) -> tuple[PlaybookAhead, _Heard] | None:
        """One that was loaded ahead, if there is one."""
        while self._ahead:
            found = self._ahead.popleft()
            if found[0].waits:
                return found
            self._end(found[0])
        return None

    @staticmethod
    def _end(waiting: PlaybookAhead) -> None:
        waiting.let_go()
        shutil.rmtree(waiting.folder, ignore_errors=True)

    def _call(self, heard: _Heard, **arguments: Any) -> Any:
        """ansible-runner, with what is the same whenever it is called."""
        import ansible_runner  # commands that run no playbook need not wait for it

        return ansible_runner.run(
            project_dir=str(self._estate),
            envvars=self._envvars(),
            ident="run",
            quiet=True,
            event_handler=heard.hear,
            status_handler=lambda status, runner_config: _drop_environment(status, runner_config),
            settings={"pexpect_use_poll": True, "pexpect_timeout": 1, "idle_timeout": None},
            **arguments,
        )

    def _envvars(self) -> dict[str, str]:
        venv = str(Path(sys.executable).parent)
        path = os.environ.get("PATH", os.defpath)
        return {
            "PATH": path if venv in path.split(os.pathsep) else venv + os.pathsep + path,
            "ANSIBLE_COLLECTIONS_PATH": self._collections_path(),
            # ansible-runner switches the checking off where nobody says otherwise.
            "ANSIBLE_HOST_KEY_CHECKING": self._host_key_checking(),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            **self._environment,
        }

    def _host_key_checking(self) -> str:
        """What the environment or the estate's ansible.cfg says; on by default."""
        said = configured(self._estate, "host_key_checking", default="True")
        return os.environ.get("ANSIBLE_HOST_KEY_CHECKING") or said

    def _collections_path(self) -> str:
        """This installation's collection first: another copy of it must not run in its place."""
        default = "~/.ansible/collections:/usr/share/ansible/collections"
        said = configured(self._estate, "collections_path", "collections_paths", default=default)
        given = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or said
        return os.pathsep.join((sysconfig.get_path("purelib"), given))


@dataclass
class _Heard:
    """What one playbook's events said."""

    results: HostResults = field(default_factory=HostResults)
    said: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def hear(self, event: dict[str, Any]) -> bool:
        """Remember it; False: no event is written to disk."""
        self.results.hear(event)
        for line in (event.get("stdout") or "").splitlines():
            if line.strip():
                self.said.append(line)
        return False


def _move(ahead: Path, private: Path) -> None:
    """What was loaded ahead leaves its files where every other playbook does."""
    with contextlib.suppress(OSError):  # then they stay where they are
        private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (ahead / _PRIVATE).rename(private)
        ahead.rmdir()


def _drop_environment(status: dict[str, Any], config: Any) -> None:
    """Take away the file that holds the environment, as soon as it has been written."""
    if status["status"] == "running":
        with contextlib.suppress(FileNotFoundError):
            Path(config.artifact_dir, "command").unlink()


def _error(said: deque[str]) -> str:
    lines = list(said)
    for number, line in enumerate(lines):
        if line.startswith(_ERRORS):
            return scrub(" ".join(lines[number : number + 3]), ())
    return scrub(lines[-1] if lines else "", ())


@contextlib.contextmanager
def _following(bundle: Path, progress: Progress | None) -> Any:
    """Call ``progress`` for each entry of the bundle while it grows."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def follow() -> None:
        for entry in BundleReader(bundle).follow(done.is_set):
            progress(entry)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=10)


def sweep_private(folder: Path) -> None:
    """Remove what ansible-runner left in a step's or run's folder that may hold the environment or
    variables; also of playbooks that were cut off there, and those that never played altogether.
    """
    for place in (folder, *folder.glob(f"{AHEAD}*")):
        private = place / _PRIVATE
        waited = place.name.startswith(AHEAD) and (private / "env").is_dir()
        never_played = waited and not (private / _VARIABLES).exists()
        shutil.rmtree(private / "env", ignore_errors=True)
        with contextlib.suppress(OSError):
            (private / "artifacts" / "run" / "command").unlink()
        if never_played:
            shutil.rmtree(place, ignore_errors=True)
        elif place != folder:
            _move(place, folder / _PRIVATE)
