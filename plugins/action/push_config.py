# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the configurations of all hosts of the play at once: the thin end of the package.

One worker serves all hosts (BYPASS_HOST_LOOP). Before anything is sent it asks for leave by
itself; no task before it can be skipped to get round that. A device's trouble is a status in
the result, never a failure of the task: that would end the play for everyone.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

_TEXTS = ("mode", "phase", "change", "run_folder", "lines_variable", "versions", "avoid_safety")
_NUMBERS = {"safety_minutes": 10, "settle_seconds": 10}
_KNOWN = {*_TEXTS, *_NUMBERS, "estate", "watch_pid", "reboot_ok", "need_safety", "save"}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict:
        """Change; the result has ``devices`` and where the evidence lies."""
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        try:
            from weibao.adapters.network.change_batch import Play
            from weibao.bootstrap.push_config import Push, push
            from weibao.errors import WeibaoError
        except ImportError as error:
            raise AnsibleActionFail(
                f"weibao.core needs the Python package weibao beside Ansible: {error}"
            ) from error

        arguments = self._task.args
        if unknown := sorted(set(arguments) - _KNOWN):
            raise AnsibleActionFail(f"unsupported arguments: {', '.join(unknown)}")
        asked = Push(
            estate=Path(str(arguments.get("estate") or ".")),
            reboot_ok=boolean(arguments.get("reboot_ok", False), strict=False),
            need_safety=boolean(arguments.get("need_safety", False), strict=False),
            save=boolean(arguments.get("save", True), strict=False),
            **{name: str(arguments.get(name) or "") for name in _TEXTS},
            **{name: int(arguments.get(name, usual)) for name, usual in _NUMBERS.items()},
        )
        play = Play(
            hosts=[str(host) for host in task_vars["ansible_play_batch"]],
            hostvars=task_vars["hostvars"],
            default_user=self._play_context.remote_user or getpass.getuser(),
            default_password=self._play_context.password or "",
            default_enable=self._play_context.become_pass or "",
            host_key_checking=bool(constants.HOST_KEY_CHECKING),
            default_lines=self._of_the_play(task_vars, asked.lines_variable),
            watch_pid=int(arguments.get("watch_pid") or 0),
        )
        try:
            result.update(push(asked, play, check=self._task.check_mode, plugin=Path(__file__)))
        except WeibaoError as error:
            raise AnsibleActionFail(str(error)) from error
        return result

    def _of_the_play(self, task_vars: Mapping[str, Any], name: str) -> object:
        """A variable of the play or the role, which the hosts' own do not show."""
        hosts = task_vars["ansible_play_batch"]
        if not name or name not in task_vars or task_vars["hostvars"][hosts[0]].get(name):
            return None
        return self._templar.template(task_vars[name])
