# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record one device's session as a disguised test case: the thin end of the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.weibao.core.plugins.plugin_utils.thin import ThinAction


class ActionModule(ThinAction):
    """See the documentation of the module of the same name."""

    KNOWN = frozenset({"estate", "output", "platform", "result"})
    _supports_check_mode = False

    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Record; ``recorded`` and, where that is false, ``code``."""
        from weibao.adapters.network.record_batch import record_host

        if not arguments.get("output"):
            raise AnsibleActionFail("output is required: the session file to write")
        host = str(task_vars["inventory_hostname"])
        found = record_host(
            estate=Path(arguments.get("estate") or "."),
            output=Path(arguments["output"]),
            platform=str(arguments.get("platform") or ""),
            result=str(arguments.get("result") or ""),
            host=host,
            variables=task_vars["hostvars"][host],
            **self.login(),
        )
        return {**found, "changed": bool(found.get("recorded"))}
