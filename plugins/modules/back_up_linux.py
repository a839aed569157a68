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
  - A repository that is not there is made, once; one that was there and is gone is refused.
  - With O(state=restored) it brings named files back to their places and compares them. One that
    cannot be put back does not keep the others from it; RV(problems) names it.
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
    elements: str
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
problems:
  description: What could not be put back, and why, by path.
  returned: where files were to be put back
  type: dict
"""

import glob
import hashlib
import json
import os
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    no_room,
    real,
    shown,
    watched,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_put_back import (
    FOLDER,
    private,
    put_back,
    take_away,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_services import (
    fingerprint,
    manifest,
)

CACHE = "/var/cache/weibao/restic"
MARKS = "/var/lib/weibao/repositories"
"""An empty file for each repository that was there once."""
NOT_THERE = ("no such file", "does not exist", "not found", "NoSuchKey", "404")
"""What restic says of a repository that nobody has made yet."""
TRIAL = "weibao-trial-"
"""What the names of folders begin with in which a restore is made."""
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
        self.place = place if place.startswith("/") else ""
        places = [CACHE, module.params["scratch"], *([place] if self.place else [])]
        self.keep_free = dict.fromkeys(places, module.params["keep_free_mb"] << 20)

    def run(self, *words, may_fail=False):
        """One command of it."""
        done = watched(["restic", *words], 3600, self.keep_free, env=self.env)
        if done["rc"] == 127 and not may_fail:
            self.module.fail_json(msg="restic is not installed on the host: no backup, no patch")
        if done["rc"] and not may_fail:
            why = " ".join((done["err"] or done["out"]).split())[-400:]
            self.module.fail_json(msg="restic %s: %s" % (words[0], why))
        return done

    def open(self):
        """See that the repository is there; a new one is made, but not in the place of one that
        was: its disk may not be mounted.
        """
        self.run("version")
        known = self.run("cat", "config", may_fail=True)
        named = hashlib.sha256(self.module.params["repository"].encode()).hexdigest()
        mark = os.path.join(MARKS, named)
        if known["rc"]:
            said = " ".join((known["err"] or known["out"]).split())
            if "wrong password" in said:
                self.module.fail_json(msg="restic: wrong password for the repository")
            if not any(words in said for words in NOT_THERE):
                self.module.fail_json(msg="restic cannot reach the repository: %s" % said[-400:])
            if os.path.exists(mark):
                self.module.fail_json(
                    msg="the repository that this host was backed up to is gone; is its disk "
                    "mounted? To begin a new one there, remove %s" % mark
                )
            if os.path.isdir(self.place) and set(os.listdir(self.place)) - {"lost+found"}:
                self.module.fail_json(
                    msg="%s is no repository of restic, and not empty" % self.place
                )
            self.run("init")
        private(MARKS)
        with open(mark, "w"):
            pass


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
    restic.open()
    # restic keeps of a link its target's name alone.
    real = sorted({os.path.realpath(path) for path in paths})
    links = [path for path in paths if os.path.islink(path)]
    said = restic.run("backup", "--json", "--tag", params["tag"], *real, *links)["out"]
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
    before = manifest(real)
    place = trial_folder(params, params["tag"])
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


def trial_folder(params, name):
    """A new one, for root alone; what a killed process left goes."""
    for left in glob.glob(os.path.join(glob.escape(params["scratch"]), TRIAL + "*")):
        shutil.rmtree(left, ignore_errors=True)
    place = os.path.join(params["scratch"], TRIAL + name)
    private(params["scratch"])
    os.mkdir(place, 0o700)  # never what somebody else made
    return place


def compare(before, place, began):
    """What did not come back as it was; what has changed since the backup began does not count."""
    return sorted(
        path
        for path, known in before.items()
        if not came_back(real(path), known, place)
        and fingerprint(real(path)) == known
        and os.lstat(real(path)).st_ctime < began - 1
    )


def came_back(path, known, place):
    """Whether it is there; a link on the way to it would lead to the file itself."""
    folder = os.path.dirname(place + path)
    is_beside = (os.path.realpath(folder) + "/").startswith(os.path.realpath(place) + "/")
    return is_beside and fingerprint(place + path) == known


def restore(module):
    """Bring files and folders back to what they were."""
    params, restic = module.params, Restic(module)
    files = {real(path): known for path, known in params["files"].items()}
    wanted = {path: known for path, known in files.items() if fingerprint(path) != known}
    needed = sorted(path for path, known in wanted.items() if not known.startswith(FOLDER))
    place = trial_folder(params, params["tag"] + "-files")
    if params["aside"]:
        private(params["aside"])
    try:
        why = ""
        for words in in_parts([word for path in needed for word in included(path)]):
            done = restic.run(
                "restore", params["snapshot"], "--target", place, *words, may_fail=True
            )
            if done["rc"]:
                why = "restic restore: %s" % " ".join((done["err"] or done["out"]).split())[-400:]
        # One file of which restic complains keeps no other from it; half a file is none.
        came = {path: lies_at(path, place) for path in needed}
        came = {path: at for path, at in came.items() if fingerprint(at) == wanted[path]}
        # What was not there goes first: a folder may come back as a link to elsewhere.
        gone, problems = take_away(params["removed"], params["aside"])
        problems.update(put_back(wanted, lambda path: came.get(path, ""), params["aside"]))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for path, known in files.items():
        if fingerprint(path) != known:
            problems.setdefault(shown(path), why or "it is not as it was before")
    module.exit_json(
        changed=bool(wanted or gone), files=len(wanted), removed=gone, problems=problems
    )


def stored(path):
    """The path by which restic knows a file: the one without links on the way to it."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def included(path):
    """restic's words for one file."""
    return [word for one in sorted({path, stored(path)}) for word in ("--include", escaped(one))]


def lies_at(path, place):
    """Where a file was restored to."""
    found = place + stored(path)
    return found if os.path.lexists(found) else place + path


def in_parts(words, most=100000):
    """So many at a time as one command can take; two words belong together."""
    part, size = [], 0
    for first, second in zip(words[::2], words[1::2]):  # noqa: B905 - Python before 3.10
        if part and size + len(second) > most:
            yield part
            part, size = [], 0
        part += [first, second]
        size += len(os.fsencode(second)) + 20
    if part:
        yield part


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
            # No path by type: what is in a file's own name is not to be expanded.
            "removed": {"type": "list", "elements": "str", "default": []},
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
