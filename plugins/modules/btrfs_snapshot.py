#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of Btrfs subvolumes, and the way back to them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: btrfs_snapshot
short_description: Make, return to, or remove snapshots of Btrfs subvolumes
description:
  - Makes a read-only snapshot inside of each subvolume.
  - With O(state=reverted) the contents of the subvolume become those of the snapshot again,
    and every file is compared. What uses the files should be stopped.
  - The root file system is refused, since it cannot be put back while it is in use.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  subvolumes:
    description: Paths of the subvolumes.
    type: list
    elements: path
    required: true
  name:
    description: The snapshot's name.
    type: str
    required: true
  state:
    description: What is wanted.
    type: str
    choices: [present, reverted, absent]
    default: present
attributes:
  check_mode:
    description: Nothing is written then.
    support: full
"""

EXAMPLES = r"""
- name: Keep the data as it is
  weibao.core.btrfs_snapshot:
    subvolumes: [/srv/app]
    name: weibao-CHG-20261128-001
"""

RETURN = r"""
snapshots:
  description: The snapshots' paths.
  returned: success
  type: list
  elements: str
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import command
from ansible_collections.weibao.core.plugins.module_utils.linux_services import manifest

ROOT_INODE = 256


def place_of(path, name):
    """Where the snapshot of a subvolume lies."""
    return os.path.join(path, ".%s" % name)


def check(module, path):
    """Refuse what is no subvolume, or cannot be put back."""
    if os.path.realpath(path) == "/":
        module.fail_json(msg="the root file system cannot be put back while it is in use")
    said = command(["stat", "-f", "-c", "%T", path])["out"].strip()
    if said != "btrfs" or os.stat(path).st_ino != ROOT_INODE:
        module.fail_json(msg="%s is no Btrfs subvolume" % path)


def run(module, *words):
    """btrfs, or the end."""
    done = command(["btrfs", *words], 600)
    if done["rc"]:
        module.fail_json(msg=" ".join((done["err"] or done["out"]).split())[-300:])


def contents(top):
    """Fingerprints by the path below ``top``, snapshots of ours left out."""
    found = manifest([top])
    names = {path[len(top) :]: known for path, known in found.items()}
    return {path: known for path, known in names.items() if not path.startswith("/.weibao-")}


def revert(module, path, snapshot):
    """The subvolume's contents as the snapshot has them."""
    if not os.path.isdir(snapshot):
        module.fail_json(msg="there is no snapshot %s" % snapshot)
    if contents(path) == contents(snapshot):
        return False
    for name in os.listdir(path):
        if name.startswith(".weibao-"):
            continue
        entry = os.path.join(path, name)
        is_folder = os.path.isdir(entry) and not os.path.islink(entry)
        shutil.rmtree(entry) if is_folder else os.unlink(entry)
    done = command(["cp", "-a", "--reflink=auto", snapshot + "/.", path + "/"], 3600)
    if done["rc"]:
        module.fail_json(msg=done["err"][-300:])
    if contents(path) != contents(snapshot):
        module.fail_json(msg="%s is not as its snapshot" % path)
    return True


def main():
    """Do what is asked."""
    module = AnsibleModule(
        argument_spec={
            "subvolumes": {"type": "list", "elements": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"choices": ["present", "reverted", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    state, changed = module.params["state"], False
    paths = [path.rstrip("/") or "/" for path in module.params["subvolumes"]]
    snapshots = [place_of(path, module.params["name"]) for path in paths]
    if module.check_mode:
        module.exit_json(changed=True, snapshots=snapshots)
    for path, snapshot in zip(paths, snapshots):  # noqa: B905
        check(module, path)
        if state == "present" and not os.path.isdir(snapshot):
            run(module, "subvolume", "snapshot", "-r", path, snapshot)
            changed = True
        elif state == "reverted":
            changed = revert(module, path, snapshot) or changed
        elif state == "absent" and os.path.isdir(snapshot):
            run(module, "subvolume", "delete", snapshot)
            changed = True
    module.exit_json(changed=changed, snapshots=snapshots)


if __name__ == "__main__":
    main()
