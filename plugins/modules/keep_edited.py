#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put edited configuration files back in their place, after rpm laid them aside."""

from __future__ import annotations

DOCUMENTATION = r"""
module: keep_edited
short_description: Put edited configuration files back in their place
description:
  - rpm lays an edited configuration file aside as C(.rpmsave) where the package does not say
    otherwise, and puts its own in its place.
  - The edited one takes its place again, and the package's own lies beside as C(.rpmnew).
  - A file that the package does not bring any more stays aside.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  saved:
    description: Paths that end in C(.rpmsave).
    type: list
    elements: path
    required: true
attributes:
  check_mode:
    description: Nothing is moved then.
    support: full
"""

EXAMPLES = r"""
- name: Keep what was edited
  weibao.core.keep_edited:
    saved: [/etc/app.conf.rpmsave]
"""

RETURN = r"""
kept:
  description: The files that are as they were edited.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule

SAVED = ".rpmsave"
NEW = ".rpmnew"


def put_back(saved):
    """Put one back, in one step and never leaving its place empty; its path, or nothing."""
    path = saved[: -len(SAVED)]
    if not saved.endswith(SAVED) or not os.path.isfile(saved) or not os.path.isfile(path):
        return ""
    beside = path + NEW
    if os.path.lexists(beside):
        os.unlink(beside)
    os.link(path, beside)
    os.rename(saved, path)
    return path


def main():
    """Put all of them back."""
    module = AnsibleModule(
        argument_spec={"saved": {"type": "list", "elements": "path", "required": True}},
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, kept=[])
    try:
        kept = [path for path in map(put_back, module.params["saved"]) if path]
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(kept), kept=kept)


if __name__ == "__main__":
    main()
