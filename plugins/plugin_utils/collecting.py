# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect something of all hosts of the play at once: the thin end of the package.

One worker serves all hosts (BYPASS_HOST_LOOP), since one forked worker for each host and
task is what costs at fleet size. A device's trouble is a status in the result, never a
failure of the task: that would end the play for everyone.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class CollectingAction(ActionBase):
    """What the action plugins that collect have in common."""

    JOB = ""
    PURPOSE = ""
    OPTIONS: tuple[str, ...] = ()

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict:
        """Collect; the result has ``run_id``, ``bundle`` and ``devices``."""
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        try:
            from weibao.adapters.network.batch import collect_batch
            from weibao.errors import WeibaoError
        except ImportError as error:
            raise AnsibleActionFail(
                f"weibao.core needs the Python package weibao beside Ansible: {error}"
            ) from error

        arguments = self._task.args
        known = {"estate", "run_folder", "watch_pid", *self.OPTIONS}
        if unknown := sorted(set(arguments) - known):
            raise AnsibleActionFail(f"unsupported arguments: {', '.join(unknown)}")
        try:
            result.update(
                collect_batch(
                    estate=Path(arguments.get("estate") or "."),
                    run_folder=arguments.get("run_folder") or "",
                    watch_pid=int(arguments.get("watch_pid") or 0),
                    hosts=[str(h) for h in task_vars["ansible_play_batch"]],
                    hostvars=task_vars["hostvars"],
                    default_user=self._play_context.remote_user or getpass.getuser(),
                    default_password=self._play_context.password or "",
                    default_enable=self._play_context.become_pass or "",
                    host_key_checking=bool(constants.HOST_KEY_CHECKING),
                    job=self.JOB,
                    purpose=self._purpose(arguments),
                )
            )
        except WeibaoError as error:
            raise AnsibleActionFail(str(error)) from error
        result["changed"] = False
        return result

    def _purpose(self, arguments: Mapping[str, Any]) -> str:
        """What is to be collected."""
        return self.PURPOSE
