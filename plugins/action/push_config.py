# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change the configurations of all hosts of the play at once: the thin end of the package.

One worker serves all hosts (BYPASS_HOST_LOOP). Before anything is sent it asks for leave by
itself; no task before it can be skipped to get round that. A device's trouble is a status in
the result, never a failure of the task: that would end the play for everyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.weibao.core.plugins.plugin_utils.thin import WholeBatchAction

_TEXTS = ("mode", "phase", "change", "run_folder", "lines_variable", "versions", "avoid_safety")
_NUMBERS = {"safety_minutes": 10, "settle_seconds": 10}


class ActionModule(WholeBatchAction):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    KNOWN = frozenset(
        {*_TEXTS, *_NUMBERS, "estate", "watch_pid", "reboot_ok", "need_safety", "save"}
    )

    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Change; ``devices`` and where the evidence lies."""
        from weibao.adapters.network.change_batch import Play
        from weibao.bootstrap.push_config import Push, push

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
            **self.login(),
            default_lines=self._of_the_play(task_vars, asked.lines_variable),
            watch_pid=int(arguments.get("watch_pid") or 0),
        )
        return push(asked, play, check=self._task.check_mode, plugin=Path(__file__))

    def _of_the_play(self, task_vars: Mapping[str, Any], name: str) -> object:
        """A variable of the play or the role, which the hosts' own do not show."""
        hosts = task_vars["ansible_play_batch"]
        if not name or name not in task_vars or task_vars["hostvars"][hosts[0]].get(name):
            return None
        return self._templar.template(task_vars[name])
