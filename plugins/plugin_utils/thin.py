# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins of this collection have in common: the thin end of the package."""

from __future__ import annotations

import getpass
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ThinAction(ActionBase):
    """Refuses arguments that it does not know, and says the package's errors in their words."""

    KNOWN: frozenset[str] = frozenset()
    """The task's arguments."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict:
        """See the documentation of the module of the same name."""
        result = super().run(tmp, task_vars)
        try:
            from weibao.errors import WeibaoError
        except ImportError as error:
            raise AnsibleActionFail(
                f"weibao.core needs the Python package weibao beside Ansible: {error}"
            ) from error

        arguments = self._task.args
        if unknown := sorted(set(arguments) - self.KNOWN):
            raise AnsibleActionFail(f"unsupported arguments: {', '.join(unknown)}")
        try:
            result.update(self.work(arguments, task_vars or {}))
        except WeibaoError as error:
            raise AnsibleActionFail(str(error)) from error
        return result

    @abstractmethod
    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """What is done; what the task returns."""

    def login(self) -> dict[str, Any]:
        """How Ansible logs in where a host says nothing of its own."""
        return {
            "default_user": self._play_context.remote_user or getpass.getuser(),
            "default_password": self._play_context.password or "",
            "default_enable": self._play_context.become_pass or "",
            "host_key_checking": bool(constants.HOST_KEY_CHECKING),
        }


class WholeBatchAction(ThinAction):
    """One worker serves all hosts, since one forked worker for each host and task is what costs.

    A host's trouble is a status in the result, never a failure of the task: that would end the
    play for everyone.
    """

    BYPASS_HOST_LOOP = True
