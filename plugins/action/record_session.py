# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record one device's session as a disguised test case: the thin end of the package."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = False
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict:
        """Record; the result has ``recorded`` and, where that is false, ``code``."""
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        try:
            from weibao.adapters.network.record_batch import record_host
            from weibao.errors import WeibaoError
        except ImportError as error:
            raise AnsibleActionFail(
                f"weibao.core needs the Python package weibao beside Ansible: {error}"
            ) from error

        arguments = self._task.args
        known = {"estate", "output", "platform", "result"}
        if unknown := sorted(set(arguments) - known):
            raise AnsibleActionFail(f"unsupported arguments: {', '.join(unknown)}")
        if not arguments.get("output"):
            raise AnsibleActionFail("output is required: the session file to write")
        host = str(task_vars["inventory_hostname"])
        try:
            result.update(
                record_host(
                    estate=Path(arguments.get("estate") or "."),
                    output=Path(arguments["output"]),
                    platform=str(arguments.get("platform") or ""),
                    result=str(arguments.get("result") or ""),
                    host=host,
                    variables=task_vars["hostvars"][host],
                    default_user=self._play_context.remote_user or getpass.getuser(),
                    default_password=self._play_context.password or "",
                    default_enable=self._play_context.become_pass or "",
                    host_key_checking=bool(constants.HOST_KEY_CHECKING),
                )
            )
        except WeibaoError as error:
            raise AnsibleActionFail(str(error)) from error
        result["changed"] = bool(result.get("recorded"))
        return result
