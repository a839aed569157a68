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

from ansible_collections.weibao.core.plugins.plugin_utils.thin import WholeBatchAction

with contextlib.suppress(ImportError):  # said when the task runs
    # The journal is made when it is asked for: in each worker, if it were not loaded here.
    import weibao.adapters.journal
    import weibao.bootstrap.gate  # noqa: F401
with contextlib.suppress(ImportError):  # where the journal is in PostgreSQL
    import psycopg  # noqa: F401


class ActionModule(WholeBatchAction):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    KNOWN = frozenset({"change", "estate"})

    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Ask; ``given``, which is false in check mode only."""
        from weibao.bootstrap import gate

        given = gate.admit(
            Path(str(arguments.get("estate") or ".")),
            str(arguments.get("change") or ""),
            [str(host) for host in task_vars["ansible_play_batch"]],
            plugin=Path(__file__),
        )
        return {"given": given, "changed": False}
