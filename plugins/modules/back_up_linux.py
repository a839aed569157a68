#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Back up files of a host with restic, and prove that they come back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: back_up_linux
short_description: Back up files with restic and prove the restore
description:
  - Backs up folders into a restic repository, brings the snapshot back into a folder beside,
    and compares every file with what was there. A backup that does not come back fails.
  - With O(state=restored) it brings named files back to their places and compares them.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  state:
    description: C(backed_up), or C(restored) for the files of O(files).
    type: str
    choices: [backed_up, restored]
    default: backed_up
  repository:
    description: The repository, as restic names it.
    type: str
    required: true
  password:
    description: The repository's password.
    type: str
    required: true
  paths:
    description: Folders to back up. One that is not there fails.
    type: list
    elements: path
    default: [/etc]
  tag:
    description: The snapshot's tag, such as the change's number.
    type: str
    required: true
  keep_free_mb:
    description: Megabytes that stay free on every file system that is written to.
    type: int
    default: 200
  scratch:
    description: Folder in which the trial restore is made, and removed again.
    type: path
    default: /var/lib/weibao/restore
  snapshot:
    description: The snapshot to restore from.
    type: str
    default: ""
  files:
    description: Files and folders to restore; by path, what their fingerprint must be then.
    type: dict
    default: {}
  removed:
    description:
      - Files that are taken away, since they were not there before, and folders, where they are
        empty then.
    type: list
    elements: path
    default: []
  aside:
    description: Folder that keeps what is replaced or taken away; without it, that is lost.
    type: path
    default: ""
attributes:
  check_mode:
    description: Nothing is written then.
    support: full
"""

EXAMPLES = r"""
- name: Back up the configuration
  weibao.core.back_up_linux:
    repository: sftp:backup@vault:/srv/restic/web1
    password: "{{ vault_restic_password }}"
    tag: CHG-20261128-001
"""

RETURN = r"""
snapshot:
  description: The snapshot's name.
  returned: success
  type: str
files:
  description: How many files were compared.
  returned: success
  type: int
bytes:
  description: How much was backed up.
  returned: success
  type: int
seconds:
  description: How long backup and trial restore took.
  returned: success
  type: dict
"""

import json
import os
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import no_room, watched
from ansible_collections.weibao.core.plugins.module_utils.linux_put_back import (
    FOLDER,
    put_back,
    take_away,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_services import (
    fingerprint,
    manifest,
)

CACHE = "/var/cache/weibao/restic"
SPARE = 1000
"""Files that can still be made on a disk when a trial restore lies there."""


class Restic:
    """restic with its repository."""

    def __init__(self, module):
        self.module = module
        self.env = {
            "RESTIC_REPOSITORY": module.params["repository"],
            "RESTIC_PASSWORD": module.params["password"],
            "RESTIC_PROGRESS_FPS": "0.01",
            "RESTIC_CACHE_DIR": CACHE,
            "HOME": "/root",
        }
        place = module.params["repository"].partition("local:")[2] or module.params["repository"]
        places = [CACHE, module.params["scratch"], *([place] if place.startswith("/") else [])]
        self.keep_free = dict.fromkeys(places, module.params["keep_free_mb"] << 20)

    def run(self, *words, may_fail=False):
        """One command of it."""
        done = watched(["restic", *words], 3600, self.keep_free, env=self.env)
        if done["rc"] == 127:
            self.module.fail_json(msg="restic is not installed on the host: no backup, no patch")
        if done["rc"] and not may_fail:
            why = " ".join((done["err"] or done["out"]).split())[-400:]
            self.module.fail_json(msg="restic %s: %s" % (words[0], why))
        return done


def back_up(module):
    """Back up, bring back beside, compare."""
    params, restic = module.params, Restic(module)
    paths = params["paths"]
    gone = [path for path in paths if not os.path.lexists(path)]
    if gone or not paths:
        module.fail_json(
            msg="what is to be backed up is not on the host: %s" % (", ".join(gone) or "no paths")
        )
    began = time.time()
    known = restic.run("cat", "config", may_fail=True)
    if known["rc"] and "wrong password" in known["err"]:
        module.fail_json(msg="restic: wrong password for the repository")
    if known["rc"]:
        restic.run("init")
    said = restic.run("backup", "--json", "--tag", params["tag"], *paths)["out"]
    summary = {}
    for line in said.splitlines():
        try:
            summary = json.loads(line)
        except ValueError:
            continue
    snapshot = summary.get("snapshot_id", "")
    if summary.get("message_type") != "summary" or not snapshot:
        module.fail_json(msg="restic backup said nothing of a snapshot")
    size = int(summary.get("total_bytes_processed", 0))
    free = {params["scratch"]: size + (params["keep_free_mb"] << 20)}
    why = no_room(free, int(summary.get("total_files_processed", 0)) + SPARE)
    if why:
        module.fail_json(msg="there is no room to try the restore: %s" % why)
    saved = time.time()
    before = manifest(paths)
    place = os.path.join(params["scratch"], params["tag"])
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place, mode=0o700)
    try:
        restic.run("restore", snapshot, "--target", place)
        differs = compare(before, place, began)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if differs:
        module.fail_json(msg="the backup does not come back as it was: %s" % ", ".join(differs[:5]))
    module.exit_json(
        changed=True,
        snapshot=snapshot[:16],
        files=len(before),
        bytes=size,
        paths=paths,
        seconds={"backup": round(saved - began, 2), "restore": round(time.time() - saved, 2)},
    )


def compare(before, place, began):
    """What did not come back as it was; what has changed since the backup began does not count."""
    return sorted(
        path
        for path, known in before.items()
        if fingerprint(place + path) != known
        and fingerprint(path) == known
        and os.lstat(path).st_ctime < began - 1
    )


def restore(module):
    """Bring files and folders back to what they were."""
    params, restic = module.params, Restic(module)
    wanted = {path: known for path, known in params["files"].items() if fingerprint(path) != known}
    needed = sorted(path for path, known in wanted.items() if not known.startswith(FOLDER))
    place = os.path.join(params["scratch"], params["tag"] + "-files")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place, mode=0o700)
    if params["aside"]:
        os.makedirs(params["aside"], mode=0o700, exist_ok=True)
    try:
        if needed:
            words = [word for path in needed for word in ("--include", escaped(path))]
            restic.run("restore", params["snapshot"], "--target", place, *words)
        put_back(wanted, place, params["aside"])
    finally:
        shutil.rmtree(place, ignore_errors=True)
    gone = take_away(params["removed"], params["aside"])
    left = sorted(path for path, known in params["files"].items() if fingerprint(path) != known)
    if left:
        module.fail_json(msg="not as they were before: %s" % ", ".join(left[:10]))
    module.exit_json(changed=bool(wanted or gone), files=len(wanted), removed=gone)


def escaped(path):
    """A path that a pattern matches only itself."""
    return "".join("\\" + c if c in "*?[]\\" else c for c in path)


def main():
    """Do what is asked."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["backed_up", "restored"], "default": "backed_up"},
            # It may hold a user's password.
            "repository": {"type": "str", "required": True, "no_log": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "paths": {"type": "list", "elements": "path", "default": ["/etc"]},
            "tag": {"type": "str", "required": True},
            "keep_free_mb": {"type": "int", "default": 200},
            "scratch": {"type": "path", "default": "/var/lib/weibao/restore"},
            "snapshot": {"type": "str", "default": ""},
            "files": {"type": "dict", "default": {}},
            "removed": {"type": "list", "elements": "path", "default": []},
            "aside": {"type": "path", "default": ""},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True)
    if not module.params["password"]:
        module.fail_json(msg="the repository's password is missing: no backup, no patch")
    (back_up if module.params["state"] == "backed_up" else restore)(module)


if __name__ == "__main__":
    main()
