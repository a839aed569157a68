#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what patching a Linux host needs to know; nothing is judged here."""

from __future__ import annotations

DOCUMENTATION = r"""
module: read_linux
short_description: Read packages, services and health of a Linux host
description:
  - Reads operating system, kernels, packages and what is to be had of them, locks, disks,
    services, ports, probes, severe log lines, and fingerprints of files.
  - It only reads. With O(refresh) the host's package lists are fetched anew.
  - Works with apt on Debian and its relatives, and with dnf.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  parts:
    description: What to read.
    type: list
    elements: str
    choices: [packages, updates, services, health, files]
    default: [packages, updates, services, health]
  manager:
    description: The package manager.
    type: str
    choices: [auto, apt, dnf]
    default: auto
  refresh:
    description: Fetch the package lists first.
    type: bool
    default: false
  now:
    description: The controller's time, in seconds since 1970.
    type: float
    default: 0
  since:
    description: Read severe log lines since then, in seconds since 1970.
    type: float
    default: 0
  probes:
    description:
      - "What to try: mappings with C(name), C(kind) (http, tcp, command, sql), and what it needs."
    type: list
    elements: dict
    default: []
  paths:
    description: Folders whose files are fingerprinted.
    type: list
    elements: path
    default: [/etc]
  settle:
    description:
      - Wait so many seconds at most until O(settle_units), O(settle_ports) and all probes are well.
    type: int
    default: 0
  steady:
    description:
      - While it waits, those of O(settle_units) that systemd starts again when they end have to run
        for so many seconds.
    type: float
    default: 10
  settle_units:
    description: Services that are to be active.
    type: list
    elements: str
    default: []
  settings:
    description: Handed back as it is, so that the judge knows what counts for this host.
    type: dict
    default: {}
  settle_ports:
    description: What is to listen.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: It only reads.
    support: full
"""

EXAMPLES = r"""
- name: Read what patching needs to know
  weibao.core.read_linux:
    refresh: true
"""

RETURN = r"""
packed:
  description: All that was read, as JSON, compressed by zlib, in base64.
  returned: success
  type: str
settings:
  description: What O(settings) said.
  returned: success
  type: dict
"""

import base64
import glob
import json
import os
import re
import time
import zlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils import linux_packages as packages
from ansible_collections.weibao.core.plugins.module_utils import linux_services as services
from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    fields_of,
    shown,
    text_of,
)

PLACES = ("/", "/usr", "/var", "/boot", "/var/cache/apt", "/var/cache/dnf", "/var/lib",
          "/var/lib/weibao", "/tmp")  # fmt: skip
LEFTOVERS = (".dpkg-dist", ".dpkg-new", ".ucf-dist", ".rpmnew", ".rpmsave", ".rpmorig")


def system():
    """The operating system, its kernels, and its present start."""
    known = fields_of(text_of("/etc/os-release"))
    said = command(["systemd-detect-virt", "--container"])
    try:
        up = float(text_of("/proc/uptime").split()[0])
    except (IndexError, ValueError):
        up = 0.0
    return {
        "id": known.get("ID", ""),
        "like": known.get("ID_LIKE", ""),
        "name": known.get("PRETTY_NAME", ""),
        "version": known.get("VERSION_ID", ""),
        "level": text_of("/etc/debian_version").strip() or known.get("VERSION", ""),
        "kernel": os.uname().release,
        "kernels": kernels(),
        "container": said["out"].strip() if said["rc"] == 0 else "",
        "boot_id": text_of("/proc/sys/kernel/random/boot_id").strip(),
        "uptime": up,
        "systemd": services.has_systemd(),
    }


def kernels(root="/"):
    """Releases of the kernels that are there.

    A folder of modules alone is none: what was built for a kernel stays where that is removed.
    """
    found = []
    for folder in glob.glob(os.path.join(root, "lib/modules/*")):
        release = os.path.basename(folder)
        signs = (os.path.join(root, "boot/vmlinuz-" + release), os.path.join(folder, "vmlinuz"),
                 os.path.join(folder, "modules.builtin"))  # fmt: skip
        if release == os.uname().release or any(os.path.exists(sign) for sign in signs):
            found.append(release)
    return sorted(found)


def reboot():
    """What asks for a restart of the host."""
    wanted = [p for p in ("/run/reboot-required", "/var/run/reboot-required") if os.path.exists(p)]
    return {"required": bool(wanted), "packages": text_of("/run/reboot-required.pkgs").split()}


def leftovers():
    """By path, fingerprints of files that lie beside a configuration file: a package's own where
    an edited one is kept, or an edited one that rpm has laid aside.
    """
    found = [
        os.path.join(folder, name)
        for folder, _folders, files in os.walk("/etc")
        for name in files
        if name.endswith(LEFTOVERS)
    ]
    return {shown(path): services.fingerprint(path) for path in sorted(found)}


def settle(params):
    """Wait until what was well is well again, for so long at most."""
    end = time.time() + params["settle"]
    while True:
        units = services.units()
        well = set(params["settle_units"]) <= set(units["active"]) or not services.has_systemd()
        well = well and set(params["settle_ports"]) <= set(services.listening())
        probes = [services.probe(one) for one in params["probes"]]
        well = well and all(one["ok"] for one in probes) and services.is_settled()
        watched = params["settle_units"]
        well = well and services.are_steady(units["starts"], watched, params["steady"])
        if well or time.time() >= end:
            return units, probes
        time.sleep(1)


def read(params):
    """All parts that were asked for."""
    parts = params["parts"]
    manager = packages.manager_of(params["manager"])
    found = {
        "schema": 1,
        "manager": manager,
        "clock": services.clock(params["now"]),
        "system": system(),
        "reboot": reboot(),
        "lock": packages.lock_holder(manager) if manager else "",
        "refresh": {"rc": 0, "error": ""},
    }
    if not manager:
        return found
    if params["refresh"]:
        found["refresh"] = packages.refresh(manager)
    if "packages" in parts:
        found.update(packages.stock(manager))
        found["last_patched"] = packages.last_changed(manager)
        found["leftovers"] = leftovers()
    if "updates" in parts:
        found["updates"] = packages.updates(manager)
    if "services" in parts:
        found["services"] = services.processes(manager)
    if "health" in parts:
        found["units"], found["probes"] = settle(params)
        first = services.listening()
        found["log"], found["log_cut"] = services.log(params["since"] or time.time() - 86400)
        found["disks"] = services.disks(PLACES)
        # What is gone by then was no service.
        found["listening"] = sorted(set(first) & set(services.listening()))
    if "files" in parts:
        found["files"] = services.manifest(params["paths"])
    return found


def main():
    """Read and tell."""
    module = AnsibleModule(
        argument_spec={
            "parts": {
                "type": "list",
                "elements": "str",
                "choices": ["packages", "updates", "services", "health", "files"],
                "default": ["packages", "updates", "services", "health"],
            },
            "manager": {"choices": ["auto", "apt", "dnf"], "default": "auto"},
            "refresh": {"type": "bool", "default": False},
            "now": {"type": "float", "default": 0},
            "since": {"type": "float", "default": 0},
            "probes": {"type": "list", "elements": "dict", "default": []},
            "paths": {"type": "list", "elements": "path", "default": ["/etc"]},
            "settle": {"type": "int", "default": 0},
            "steady": {"type": "float", "default": 10},
            "settle_units": {"type": "list", "elements": "str", "default": []},
            "settle_ports": {"type": "list", "elements": "str", "default": []},
            "settings": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    for pattern in (str(one.get("expect", "")) for one in module.params["probes"]):
        try:
            re.compile(pattern)
        except re.error as error:
            module.fail_json(msg="expect %r: %s" % (pattern, error))
    try:
        text = json.dumps(read(module.params), sort_keys=True).encode()
    except OSError as error:
        module.fail_json(msg=str(error))
    packed = base64.b64encode(zlib.compress(text)).decode()
    module.exit_json(changed=False, packed=packed, settings=module.params["settings"])


if __name__ == "__main__":
    main()
