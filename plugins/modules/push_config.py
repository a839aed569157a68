# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name; nothing runs on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: push_config
short_description: Change or restore the configurations of all network devices of a play at once
description:
  - Enters lines into the configurations of all hosts of the play, or brings them back to an
    archived version, with the platform's own way back armed (commit confirmed, commit trial,
    session timer, revert timer, checkpoint) where it has one.
  - A new session proves that the device is still reachable, and reading it again that the
    result is what was meant. Then it is saved, and the startup configuration is read and
    compared. On any failure the earlier configuration is restored and proven equal.
  - Every mode but C(check) and C(verify) asks for the leave of the change by itself, and is
    refused without it.
  - A device that fails does not fail the task; see RV(devices).
version_added: 0.2.0
author:
  - The Weibao project (@weibao)
extends_documentation_fragment:
  - weibao.core.collecting
options:
  change:
    description:
      - Number of the change that allows it.
    type: str
  mode:
    description:
      - What to do. C(check) says what would change and changes nothing; C(apply) changes,
        proves and saves; C(verify) reads again and compares; C(save) saves and proves it;
        C(back_out) returns to what C(apply) found.
      - By default what O(phase) wants, else C(check).
    type: str
    choices: [check, apply, verify, save, back_out]
  phase:
    description:
      - The phase of the runbook's step, as the runner says it.
    type: str
  lines_variable:
    description:
      - Name of the variable that holds, for each host, the lines to enter, indented as the
        device shows them. It may refer to encrypted variables of the host.
    type: str
  versions:
    description:
      - For a restore the number of the archived version, or C(device=number) for each device,
        divided by commas or line ends.
    type: str
  safety_minutes:
    description:
      - After so many minutes the device goes back by itself where nobody confirmed.
    type: int
    default: 10
  settle_seconds:
    description:
      - Seconds between the last line and the new session that proves that the device is
        reachable. What cuts a device off may take that long to be felt.
    type: int
    default: 10
  reboot_ok:
    description:
      - Whether a scheduled restart may be the device's own way back.
    type: bool
    default: false
  need_safety:
    description:
      - Refuse devices that have no way back of their own.
    type: bool
    default: false
  avoid_safety:
    description:
      - Kinds of the device's own ways back that are not to be used, divided by commas, such as
        C(revert_timer) on releases that do not know it.
    type: str
  save:
    description:
      - Save the result.
    type: bool
    default: true
  watch_pid:
    description:
      - When this process ends, nothing further is sent and every device goes back. The runner
        sets it.
    type: int
attributes:
  check_mode:
    description: Says what would change; platforms with a candidate are asked for it.
    support: full
"""

EXAMPLES = r"""
- name: Say what would change
  weibao.core.push_config:
    mode: check
    lines_variable: change_lines
  run_once: true
  register: found

- name: Bring the devices back to an archived version
  weibao.core.push_config:
    mode: apply
    change: "{{ weibao_change }}"
    versions: "12"
  run_once: true
  register: restored
"""

RETURN = r"""
run_id:
  description: Name of the run.
  returned: always
  type: str
bundle:
  description: Folder of the encrypted bundle with all that was read and sent.
  returned: always
  type: str
outcomes:
  description: File with the outcome of each device, a line of JSON each, redacted.
  returned: always
  type: str
mode:
  description: What was done.
  returned: always
  type: str
devices:
  description:
    - For each host C(status) (ok, failed, unreachable, or unknown where somebody has to look),
      C(result), C(changed), C(code), C(reason), C(difference) (redacted), C(safety), C(saved),
      C(unmet), C(commands), C(warnings) and C(evidence).
  returned: always
  type: dict
"""
