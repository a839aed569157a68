# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name; nothing runs on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record_session
short_description: Record a network device's session as a disguised test case
description:
  - Reads the device as the backup does, and writes what it printed to a session file, with
    secrets, names and addresses replaced by invented ones.
  - It only reads. It never enters a configuration mode.
  - Called by C(weibao platform record).
version_added: 0.1.0
author:
  - The Weibao project (@weibao)
options:
  estate:
    description:
      - Folder of the estate, with its C(weibao.yml). The current folder by default.
    type: path
  output:
    description:
      - The session file to write.
    type: path
    required: true
  platform:
    description:
      - Id of a platform, or a platform file. What C(ansible_network_os) says by default.
    type: str
  result:
    description:
      - A file that takes what became of it, as JSON. None by default.
    type: path
attributes:
  check_mode:
    description: Cannot be known without reading the device.
    support: none
"""

EXAMPLES = r"""
- name: Record a switch
  weibao.core.record_session:
    estate: /srv/my-estate
    output: /tmp/switch.session.yml
"""

RETURN = r"""
recorded:
  description: Whether the file was written.
  returned: always
  type: bool
code:
  description: Why it was not.
  returned: always
  type: str
"""
