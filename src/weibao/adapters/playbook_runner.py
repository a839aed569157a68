"""Running playbooks through ansible-runner, in a fresh private folder each time.

Facts about ansible-runner that bind this module: a private folder used again keeps old
passwords and variables, extra variables end up in the process's arguments, the file
``command`` holds the whole environment, host keys are not checked unless the environment
says so, and ``init_runner`` may exit the interpreter.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weibao.adapters.ansible_paths import configured
from weibao.adapters.bundle import BundleReader
from weibao.adapters.host_results import HostResults
from weibao.adapters.scrub import scrub
from weibao.boundary.runner import PlaybookResult, Progress
from weibao.errors import FailedError

__all__ = ["AnsiblePlaybookRunner", "sweep_private"]

_PRIVATE = "ansible"
_ERRORS = ("[ERROR]", "ERROR!", "fatal:")


class AnsiblePlaybookRunner:
    """Runs playbooks with the estate as working folder, so that its ansible.cfg counts."""

    def __init__(
        self,
        estate: Path,
        environment: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        """``options`` are further arguments of ansible-playbook, such as ``--vault-id``."""
        self._estate = estate
        self._options = options
        self._environment = dict(environment or {})

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
        import ansible_runner  # commands that run no playbook need not wait for it

        private = folder / _PRIVATE
        said: deque[str] = deque(maxlen=40)
        arguments: dict[str, Any] = {}
        options = (*self._options, "--check", "--diff") if check else self._options
        if options:
            arguments["cmdline"] = shlex.join(options)
        results = HostResults()
        try:
            private.mkdir(parents=True, mode=0o700)
            if limit:
                hosts = private / "limit"
                hosts.write_text("\n".join(limit) + "\n", encoding="utf-8")
                arguments["limit"] = f"@{hosts}"
        except OSError as error:
            raise FailedError("runner.unwritable", folder=str(private), detail=error) from error
        with _following(folder / "bundle", progress):
            try:
                runner = ansible_runner.run(
                    private_data_dir=str(private),
                    project_dir=str(self._estate),
                    playbook=playbook,
                    inventory=inventory,
                    extravars=dict(variables),
                    envvars=self._envvars(),
                    ident="run",
                    quiet=True,
                    # Without one of ours, ansible-runner takes over SIGINT and SIGTERM.
                    cancel_callback=lambda: False,
                    timeout=None if time_limit is None else max(1, round(time_limit)),
                    event_handler=lambda event: results.hear(event) or _listen(event, said),
                    status_handler=lambda status, runner_config: _drop_environment(
                        status, runner_config
                    ),
                    settings={"pexpect_use_poll": True, "idle_timeout": None},
                    **arguments,
                )
            except SystemExit as error:
                raise FailedError("runner.exited", detail=str(error)) from error
            except OSError as error:
                raise FailedError("runner.unwritable", folder=str(private), detail=error) from error
            finally:
                sweep_private(folder)
        return_code = int(runner.rc if runner.rc is not None else 1)
        timed_out = runner.status == "timeout"
        why = _error(said) if return_code else ""
        return PlaybookResult(return_code, why, timed_out, results.found())

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


def _listen(event: dict[str, Any], said: deque[str]) -> bool:
    """Remember what Ansible said; False: no event is written to disk."""
    for line in (event.get("stdout") or "").splitlines():
        if line.strip():
            said.append(line)
    return False


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
    """Remove what ansible-runner left that may hold the environment or variables."""
    private = folder / _PRIVATE
    shutil.rmtree(private / "env", ignore_errors=True)
    with contextlib.suppress(OSError):
        (private / "artifacts" / "run" / "command").unlink()
