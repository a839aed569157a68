# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name; nothing runs on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collect_ports
short_description: Collect what tells the ports of all network devices of a play at once
description:
  - Opens the sessions of all hosts of the play concurrently, asks for the state of their
    ports and leaves the answers as an encrypted bundle in the estate's state folder.
  - It only reads. It never enters a configuration mode.
  - A device that cannot be read does not fail the task; see I(devices) in the result.
version_added: 0.1.0
author:
  - The Weibao project (@weibao)
options:
  details:
    description:
      - Also ask for what takes long to print (counters, optical power).
    type: bool
    default: true
extends_documentation_fragment:
  - weibao.core.collecting
"""

EXAMPLES = r"""
- name: Collect the ports of all devices at once
  weibao.core.collect_ports:
    estate: /srv/my-estate
  run_once: true
  register: collected
"""

RETURN = r"""
run_id:
  description: Name of the run.
  returned: always
  type: str
bundle:
  description: Folder of the encrypted bundle.
  returned: always
  type: str
devices:
  description: For each host C(status) (collected, failed or not_checked), C(code) and C(reason).
  returned: always
  type: dict
"""
