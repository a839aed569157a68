# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect the configurations of all hosts of the play at once: the thin end of the package."""

from __future__ import annotations

from ansible_collections.weibao.core.plugins.plugin_utils.collecting import CollectingAction


class ActionModule(CollectingAction):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    JOB = "backup-configs"
    PURPOSE = "configurations"
