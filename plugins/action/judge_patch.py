# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge one stage of patching for all hosts of the play at once: the thin end of the package.

A host's trouble is a status in the result, never a failure of the task: that would end the
play for everyone. Later tasks ask ``devices[inventory_hostname].order``. The package is imported
with this file, in the process that forks the workers, since a play judges several times.
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
    import weibao.bootstrap.judge_patch  # noqa: F401


class ActionModule(WholeBatchAction):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    KNOWN = frozenset({"estate", "change", "stage", "run_folder", "read", "results", "keep"})

    def work(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Judge; ``devices``."""
        from weibao.bootstrap.judge_patch import Asked, HostSaid, judge_patch

        asked = Asked(
            estate=Path(str(arguments.get("estate") or ".")),
            stage=str(arguments.get("stage") or ""),
            change=str(arguments.get("change") or ""),
            run_folder=str(arguments.get("run_folder") or ""),
            keep=bool(arguments.get("keep", True)),
        )
        hostvars = task_vars["hostvars"]
        results = dict(arguments.get("results") or {})
        hosts = {
            str(name): HostSaid(
                contract=str(hostvars[name].get("contract") or "default"),
                address=str(hostvars[name].get("ansible_host") or name),
                read=_usable(hostvars[name].get(str(arguments.get("read") or ""))),
                said={
                    short: found
                    for short, variable in results.items()
                    if (found := _usable(hostvars[name].get(str(variable))))
                },
            )
            for name in task_vars["ansible_play_batch"]
        }
        return judge_patch(asked, hosts)


def _usable(found: object) -> Mapping[str, Any]:
    """A registered result of a task that was done, in Python's own types."""
    if not isinstance(found, Mapping) or found.get("skipped") or found.get("failed"):
        return {}
    return {str(name): _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)
