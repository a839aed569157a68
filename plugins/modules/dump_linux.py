#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dump databases of a host into files, each known to be whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dump_linux
short_description: Dump databases into files before they are patched
description:
  - Runs commands on the host, keeps what each says as a file, and fails where one did not end
    well, said nothing, or did not end as a whole dump does.
  - A dump is made anew each time; a broken one takes no good one's place.
version_added: 0.4.0
author:
  - The Weibao project (@weibao)
options:
  folder:
    description: Where the files are kept.
    type: path
    required: true
  dumps:
    description:
      - Mappings with C(name), C(command) (a list), C(user) (who runs it, root without it),
        C(expect) (a regular expression that the last 4 KiB must match) and C(check) (a command
        that must end with 0; C({file}) is replaced by the dump's path; it runs as that user too).
    type: list
    elements: dict
    required: true
  keep_free_mb:
    description: Megabytes that stay free where the dumps lie; a dump that would take them ends.
    type: int
    default: 200
  timeout:
    description: Seconds for each command.
    type: int
    default: 7200
attributes:
  check_mode:
    description: Nothing is dumped then.
    support: full
"""

EXAMPLES = r"""
- name: Dump all of PostgreSQL
  weibao.core.dump_linux:
    folder: /var/lib/weibao/patch/CHG-20261128-001/dumps
    dumps:
      - name: all
        user: postgres
        command: [pg_dumpall]
        expect: database cluster dump complete
"""

RETURN = r"""
dumps:
  description: Of each dump C(name), C(path), C(bytes), C(sha256) and C(seconds).
  returned: success
  type: list
  elements: dict
"""

import os
import pwd
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import command, watched
from ansible_collections.weibao.core.plugins.module_utils.linux_supplied import digest_of

TAIL = 4096
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


def as_user(user, argv):
    """The command as somebody."""
    return ["runuser", "-u", user, "--", *argv] if user else list(argv)


def dump(module, asked):
    """One dump; fails the module where it is not whole."""
    name, user = str(asked["name"]), str(asked.get("user") or "")
    path = os.path.join(module.params["folder"], name + ".dump")
    partial, began = path + ".part", time.time()

    def no(why):
        if os.path.exists(partial):
            os.unlink(partial)
        module.fail_json(msg="dump %s: %s" % (name, " ".join(str(why).split())[-400:]))

    argv = as_user(user, [str(word) for word in asked["command"]])
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            free = {module.params["folder"]: module.params["keep_free_mb"] << 20}
            done = watched(argv, module.params["timeout"], free, stdout=out)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        no(error)
    if done["rc"]:
        no("%d: %s" % (done["rc"], done["err"]))
    size = os.path.getsize(partial)
    with open(partial, "rb") as stream:
        stream.seek(max(0, size - TAIL))
        tail = stream.read().decode("utf-8", "replace")
    if not size:
        no("it is empty")
    if asked.get("expect") and not re.search(str(asked["expect"]), tail):
        no("it does not end with %r" % asked["expect"])
    if user:
        known = pwd.getpwnam(user)
        os.chown(partial, known.pw_uid, known.pw_gid)
    if asked.get("check"):
        words = [str(word).replace("{file}", partial) for word in asked["check"]]
        said = command(as_user(user, words), module.params["timeout"])
        if said["rc"]:
            no("check: %s" % (said["err"] or said["out"]))
    os.rename(partial, path)
    return {
        "name": name,
        "path": path,
        "bytes": size,
        "sha256": digest_of(path),
        "seconds": round(time.time() - began, 2),
    }


def main():
    """Dump one after the other."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "dumps": {"type": "list", "elements": "dict", "required": True},
            "keep_free_mb": {"type": "int", "default": 200},
            "timeout": {"type": "int", "default": 7200},
        },
        supports_check_mode=True,
    )
    for asked in module.params["dumps"]:
        if not NAME.match(str(asked.get("name") or "")):
            module.fail_json(msg="%r is no name for a dump" % asked.get("name"))
        if not isinstance(asked.get("command"), list) or not asked["command"]:
            module.fail_json(msg="dump %s: command is a list of words" % asked["name"])
    if module.check_mode:
        module.exit_json(changed=True, dumps=[])
    folder = module.params["folder"]
    os.makedirs(folder, mode=0o711, exist_ok=True)
    module.exit_json(changed=True, dumps=[dump(module, one) for one in module.params["dumps"]])


if __name__ == "__main__":
    main()
