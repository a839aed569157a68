# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect something of all hosts of the play at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.weibao.core.plugins.plugin_utils.thin import WholeBatchAction

_EARLY = 2
"""Processes that are started at once; the estate's setting is read meanwhile."""


class CollectingAction(WholeBatchAction):
    """What the action plugins that collect have in common."""

    JOB = ""
    PURPOSE = ""
    KNOWN = frozenset({"estate", "run_folder", "watch_pid"})

    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Collect; ``run_id``, ``bundle`` and ``devices``."""
        from weibao.adapters.network.ready import ReadyWorkers

        hosts = [str(h) for h in task_vars["ansible_play_batch"]]
        with ReadyWorkers(min(_EARLY, len(hosts))) as ready:
            from weibao.adapters.network.batch import collect_batch

            collected = collect_batch(
                estate=Path(arguments.get("estate") or "."),
                run_folder=arguments.get("run_folder") or "",
                watch_pid=int(arguments.get("watch_pid") or 0),
                hosts=hosts,
                hostvars=task_vars["hostvars"],
                **self.login(),
                job=self.JOB,
                purpose=self.purpose(arguments),
                ready=ready,
            )
        return {**collected, "changed": False}

    def purpose(self, arguments: Mapping[str, Any]) -> str:
        """What is to be collected."""
        return self.PURPOSE
