# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name; nothing runs on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: judge_patch
short_description: Judge one stage of patching for all hosts of a play
description:
  - Judges what M(weibao.core.read_linux) read of every host by the plan that was approved and by
    what was kept before the host was touched, and says what is to be done next.
  - A host's trouble is a status in the result and not a failure of the task.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  estate:
    description: Folder of the estate, with its C(weibao.yml).
    type: path
  change:
    description: The change's number.
    type: str
  stage:
    description: What is to be judged.
    type: str
    required: true
  read:
    description: Name of the variable in which the facts were registered.
    type: str
  results:
    description: By a short name, the variables in which other tasks registered theirs.
    type: dict
  run_folder:
    description: Folder of the run that takes the bundle; empty for a new one.
    type: str
  keep:
    description: Whether the facts are kept as evidence.
    type: bool
    default: true
attributes:
  check_mode:
    description: It changes nothing on any host.
    support: full
"""

EXAMPLES = r"""
- name: Judge whether the hosts may be touched
  weibao.core.judge_patch:
    estate: "{{ weibao_estate }}"
    change: "{{ weibao_change }}"
    stage: gate
    read: patch_linux_read
  register: patch_linux_result
"""

RETURN = r"""
devices:
  description: By host, status, reason, difference, plan and order.
  returned: success
  type: dict
"""
