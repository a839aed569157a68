#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep files of a host in a folder on it, and put them back out of that."""

from __future__ import annotations

DOCUMENTATION = r"""
module: keep_files
short_description: Keep files of a host in a folder on it, and put them back
description:
  - Copies files and links, with owners, modes and extended attributes, below a folder that only
    root can enter. What is kept there already stays.
  - With O(state=restored) those that are not as they were kept are put back. What was in their
    place is kept aside.
version_added: 0.4.0
author:
  - The Weibao project (@weibao)
options:
  state:
    description: What is wanted.
    type: str
    choices: [kept, restored]
    default: kept
  folder:
    description: The folder that keeps them.
    type: str
    required: true
  paths:
    description: Files and links to keep. Folders, and those that are not there, are passed over.
    type: list
    elements: str
    default: []
  files:
    description: By path the fingerprint that it has to have, to put it back.
    type: dict
    default: {}
  aside:
    description: The folder that keeps what was in their place.
    type: str
    default: ""
attributes:
  check_mode:
    description: Nothing is written then.
    support: full
"""

EXAMPLES = r"""
- name: Keep what somebody wrote
  weibao.core.keep_files:
    folder: /var/lib/weibao/patch/CHG-20261128-001/theirs
    paths: [/etc/app.conf]
"""

RETURN = r"""
kept:
  description: By path the fingerprint of what is kept.
  returned: where files were to be kept
  type: dict
restored:
  description: The files that were put back.
  returned: where files were to be put back
  type: list
  elements: str
problems:
  description: What could not be put back, and why, by path.
  returned: where files were to be put back
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import real
from ansible_collections.weibao.core.plugins.module_utils.linux_put_back import keep, put_back
from ansible_collections.weibao.core.plugins.module_utils.linux_services import fingerprint


def main():
    """Do what is asked."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["kept", "restored"], "default": "kept"},
            # No paths by type: those of a file's own name are not to be expanded.
            "folder": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "dict", "default": {}},
            "aside": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    asked = module.params
    if asked["state"] == "kept":
        try:
            kept = {} if module.check_mode else keep(asked["paths"], asked["folder"])
        except OSError as error:
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, kept=kept)
    files = asked["files"]
    wanted = {path: known for path, known in files.items() if fingerprint(real(path)) != known}
    problems = {}
    if not module.check_mode:
        problems = put_back(wanted, asked["folder"], asked["aside"])
        for path, known in wanted.items():
            if fingerprint(real(path)) != known:
                problems.setdefault(path, "it is not as it was kept")
    restored = sorted(set(wanted) - set(problems))
    module.exit_json(changed=bool(wanted), restored=restored, problems=problems)


if __name__ == "__main__":
    main()
