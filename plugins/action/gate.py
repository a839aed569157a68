# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask for leave to change the hosts of a play: the thin end of the package.

One worker asks for all hosts (BYPASS_HOST_LOOP). The package is imported when this file is,
in the process that forks the workers: each of them needs it, for every mutating task.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

with contextlib.suppress(ImportError):  # said when the task runs
    import weibao.bootstrap.gate  # noqa: F401
with contextlib.suppress(ImportError):  # where the journal is in PostgreSQL
    import psycopg  # noqa: F401


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict:
        """Ask; the result has ``given``, which is false in check mode only."""
        result = super().run(tmp, task_vars)
        try:
            from weibao.bootstrap import gate
            from weibao.errors import WeibaoError
        except ImportError as error:
            raise AnsibleActionFail(
                f"weibao.core needs the Python package weibao beside Ansible: {error}"
            ) from error

        arguments = self._task.args
        if unknown := sorted(set(arguments) - {"change", "estate"}):
            raise AnsibleActionFail(f"unsupported arguments: {', '.join(unknown)}")
        hosts = [str(host) for host in (task_vars or {})["ansible_play_batch"]]
        try:
            result["given"] = gate.admit(
                Path(str(arguments.get("estate") or ".")),
                str(arguments.get("change") or ""),
                hosts,
                plugin=Path(__file__),
            )
        except WeibaoError as error:
            raise AnsibleActionFail(str(error)) from error
        result["changed"] = False
        return result
