# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect what tells the ports of all hosts of the play at once: the thin end of the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.weibao.core.plugins.plugin_utils.collecting import CollectingAction


class ActionModule(CollectingAction):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    JOB = "check-ports"
    KNOWN = CollectingAction.KNOWN | {"details"}

    def purpose(self, arguments: Mapping[str, Any]) -> str:
        """Whether what takes long to print is wanted too."""
        details = boolean(arguments.get("details", True), strict=False)
        return "ports in detail" if details else "ports"
