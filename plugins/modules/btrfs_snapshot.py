#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of Btrfs subvolumes, and the way back to them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: btrfs_snapshot
short_description: Make, return to, or remove snapshots of Btrfs subvolumes
description:
  - Makes a read-only snapshot inside of each subvolume. One that is there already has to be a
    read-only snapshot of just that subvolume. Subvolumes and mounted file systems below it, which
    no snapshot holds, are refused, unless they are named too.
  - With O(state=reverted) the contents of the subvolume become those of the snapshot again,
    and every file is compared. Services that use it are stopped meanwhile; where other processes
    do, nothing is done. What it was is kept in another snapshot, whose name ends with C(-until),
    and with C(-until.1) and so on where it is put back once more. All that anybody wrote there
    since the snapshot is in that alone then.
    Other subvolumes and file systems below it are not touched.
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
stopped:
  description: Services that were stopped meanwhile.
  returned: success
  type: list
  elements: str
snapshots:
  description: The snapshots' paths.
  returned: success
  type: list
  elements: str
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_btrfs import (
    SNAPPER,
    contents,
    foreign,
    is_ours,
    is_subvolume,
    not_a_snapshot,
    put_back,
    users,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_command import command

UNTIL = "-until"


def place_of(path, name):
    """Where the snapshot of a subvolume lies."""
    return os.path.join(path, ".%s" % name)


def check(module, path):
    """Refuse what is no subvolume, or cannot be put back."""
    if os.path.realpath(path) == "/":
        module.fail_json(msg="the root file system cannot be put back while it is in use")
    if not os.path.isdir(path) or not is_subvolume(path):
        module.fail_json(msg="%s is no Btrfs subvolume" % path)


def run(module, *words):
    """A command, or the end."""
    done = command(list(words), 600)
    if done["rc"]:
        module.fail_json(msg=" ".join((done["err"] or done["out"]).split())[-300:])


def verified(module, path, snapshot):
    """The end, where it is no read-only snapshot of just this subvolume."""
    why = not_a_snapshot(path, snapshot)
    if why:
        module.fail_json(msg=why)


def make(module, path, snapshot, named):
    """Make the snapshot, where it is not there; it holds all that is below the path."""
    outside = [
        place
        for place in foreign(path)
        if place not in named and not is_ours(path, place) and os.path.basename(place) != SNAPPER
    ]
    if outside:
        module.fail_json(
            msg="a snapshot of %s does not hold %s; name them too, or leave it out"
            % (path, ", ".join(outside))
        )
    is_new = not os.path.lexists(snapshot)
    if is_new:
        run(module, "btrfs", "subvolume", "snapshot", "-r", path, snapshot)
    verified(module, path, snapshot)
    return is_new


def revert(module, path, snapshot):
    """The subvolume's contents as the snapshot has them; what they were is kept in another."""
    verified(module, path, snapshot)
    kept = foreign(path)
    skipped = [place[len(path) :] for place in kept]
    wanted = contents(snapshot, skipped)
    if contents(path, skipped) == wanted:
        return False, []
    until = free_place(snapshot + UNTIL)
    units = stop(module, path)
    try:
        run(module, "btrfs", "subvolume", "snapshot", "-r", path, until)
        why = put_back(snapshot, path, {*kept, until})
        if why:
            module.fail_json(msg=why)
        if contents(path, skipped) != wanted:
            module.fail_json(msg="%s is not as its snapshot" % path)
    finally:
        for unit in units:
            command(["systemctl", "start", unit])
    return True, units


def free_place(until):
    """Where nothing lies yet: what was written before one more revert is kept as well."""
    place, number = until, 1
    while os.path.lexists(place):
        place = "%s.%d" % (until, number)
        number += 1
    return place


def stop(module, path):
    """Stop the services that use the subvolume; who else does so, stands against it."""
    using = users(path)
    others = [str(pid) for pid, unit in sorted(using.items()) if not unit.endswith(".service")]
    if others:
        module.fail_json(msg="%s is in use by processes %s" % (path, ", ".join(others)))
    units = sorted(set(using.values()))
    for unit in units:
        run(module, "systemctl", "stop", unit)
    left = users(path)
    if left:
        for unit in units:
            command(["systemctl", "start", unit])
        module.fail_json(msg="%s is still in use by processes %s" % (path, sorted(left)))
    return units


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
    state, changed, stopped = module.params["state"], False, []
    paths = [path.rstrip("/") or "/" for path in module.params["subvolumes"]]
    snapshots = [place_of(path, module.params["name"]) for path in paths]
    if module.check_mode:
        module.exit_json(changed=True, snapshots=snapshots, stopped=[])
    for path, snapshot in zip(paths, snapshots):  # noqa: B905
        check(module, path)
        if state == "present":
            changed = make(module, path, snapshot, paths) or changed
        elif state == "reverted":
            done, units = revert(module, path, snapshot)
            changed, stopped = changed or done, [*stopped, *units]
        else:
            for place in (snapshot, *sorted(glob.glob(glob.escape(snapshot + UNTIL) + "*"))):
                if os.path.isdir(place):
                    run(module, "btrfs", "subvolume", "delete", place)
                    changed = True
    module.exit_json(changed=changed, snapshots=snapshots, stopped=stopped)


if __name__ == "__main__":
    main()
