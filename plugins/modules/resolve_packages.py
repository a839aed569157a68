#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask the package manager what installing exact versions would do; nothing is installed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: resolve_packages
short_description: What installing exact versions of packages would do
description:
  - Simulates the installation of exact versions, and says where every file of it, and those
    of the versions that are installed now, are to be had.
  - Nothing is installed or downloaded.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  wanted:
    description: Packages as C(name=version).
    type: list
    elements: str
    required: true
  supplied:
    description:
      - Package files that lie on the host, mappings with C(file) and C(earlier); those of the
        installed versions are C(earlier) and only looked at for the way back.
    type: list
    elements: dict
    default: []
  folder:
    description: Where O(supplied) lie.
    type: path
    default: ""
  manager:
    description: The package manager.
    type: str
    choices: [auto, apt, dnf]
    default: auto
attributes:
  check_mode:
    description: It only asks.
    support: full
"""

EXAMPLES = r"""
- name: Ask what it would do
  weibao.core.resolve_packages:
    wanted: [libssl3=3.0.17-1~deb12u2]
"""

RETURN = r"""
packed:
  description: The package manager's answers, as JSON, compressed by zlib, in base64.
  returned: success
  type: str
"""

import base64
import json
import os
import zlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils import linux_packages as packages


def main():
    """Ask and tell."""
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "list", "elements": "str", "required": True},
            "supplied": {"type": "list", "elements": "dict", "default": []},
            "folder": {"type": "path", "default": ""},
            "manager": {"choices": ["auto", "apt", "dnf"], "default": "auto"},
        },
        supports_check_mode=True,
    )
    manager = packages.manager_of(module.params["manager"])
    supplied = [
        {"path": os.path.join(module.params["folder"], one["file"]), "earlier": one.get("earlier")}
        for one in module.params["supplied"]
    ]
    said = packages.resolve(manager, module.params["wanted"], supplied)
    text = json.dumps(said, sort_keys=True).encode()
    module.exit_json(changed=False, packed=base64.b64encode(zlib.compress(text)).decode())


if __name__ == "__main__":
    main()
