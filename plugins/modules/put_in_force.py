#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put what was installed in force: apt's marks, edited configuration, new code of services."""

from __future__ import annotations

DOCUMENTATION = r"""
module: put_in_force
short_description: Put what was installed in force
description:
  - Does in one go what is left to do when packages were exchanged, since each task costs every host
    its own session.
  - "The order is: apt's marks; configuration files that rpm laid aside as C(.rpmsave), while the
    package's own took their place; systemd's unit files; its own new code; services."
  - An edited file takes its place again, and the package's own lies beside as C(.rpmnew). A file
    that the package does not bring any more stays aside.
  - Services restart in one transaction of systemd, which keeps their order.
version_added: 0.4.0
author:
  - The Weibao project (@weibao)
options:
  automatic:
    description: Packages that get apt's mark of having come by themselves.
    type: list
    elements: str
    default: []
  apt_config:
    description: The file that C(APT_CONFIG) names meanwhile.
    type: path
  saved:
    description: Paths that end in C(.rpmsave).
    type: list
    elements: str
    default: []
  reload:
    description: Whether systemd reads its unit files anew.
    type: bool
    default: false
  reexec:
    description: Whether systemd runs its new code.
    type: bool
    default: false
  restart:
    description: Units that restart.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Nothing is done then.
    support: full
"""

EXAMPLES = r"""
- name: Put what was installed in force
  weibao.core.put_in_force:
    automatic: [libwb1]
    saved: [/etc/app.conf.rpmsave]
    restart: [app.service]
"""

RETURN = r"""
kept:
  description: The configuration files that are as they were edited.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    real,
    shown,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_put_back import opened

SAVED = (".rpmsave", ".rpmorig")
NEW = ".rpmnew"
SLOWEST = 3600
"""Seconds for which services may take to end and to start; a step of a change has its own limit."""


def put_back(saved):
    """Put one back, in one step and never leaving its place empty; its path, or nothing."""
    saved = real(saved)
    path = os.path.splitext(saved)[0]
    if not saved.endswith(SAVED) or not os.path.isfile(saved) or not os.path.isfile(path):
        return ""
    beside = path + NEW
    number = 1
    while os.path.lexists(beside):  # somebody may still want to compare with it
        beside = "%s%s.%d" % (path, NEW, number)
        number += 1
    os.link(path, beside)
    os.rename(saved, path)
    with opened(os.path.dirname(path), follows=True) as folder:
        os.fsync(folder)
    return shown(path)


def commands(asked):
    """What is called, in this order: before the files are put back, and after."""
    first, then = [], []
    if asked["automatic"]:
        first.append(["apt-mark", "auto", *asked["automatic"]])
    if asked["reload"] and not asked["reexec"]:  # which reads them too
        then.append(["systemctl", "daemon-reload"])
    if asked["reexec"]:
        then.append(["systemctl", "daemon-reexec"])
    if asked["restart"]:
        then.append(["systemctl", "restart", "--", *asked["restart"]])
    return first, then


def main():
    """Do it."""
    module = AnsibleModule(
        argument_spec={
            "automatic": {"type": "list", "elements": "str", "default": []},
            "apt_config": {"type": "path"},
            "saved": {"type": "list", "elements": "str", "default": []},
            "reload": {"type": "bool", "default": False},
            "reexec": {"type": "bool", "default": False},
            "restart": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    asked = module.params
    first, then = commands(asked)
    if module.check_mode:
        module.exit_json(changed=bool(first or then or asked["saved"]), kept=[])

    def call(argv):
        env = {"APT_CONFIG": asked["apt_config"]} if asked["apt_config"] else {}
        said = command(argv, timeout=SLOWEST, env=env)
        if said["rc"]:
            told = (said["err"] or said["out"]).strip() or "exit code %d" % said["rc"]
            module.fail_json(msg="%s: %s" % (" ".join(argv), told))

    for argv in first:
        call(argv)
    try:
        kept = [path for path in map(put_back, asked["saved"]) if path]
    except OSError as error:
        module.fail_json(msg=str(error))
    for argv in then:
        call(argv)
    module.exit_json(changed=bool(first or then or kept), kept=kept)


if __name__ == "__main__":
    main()
