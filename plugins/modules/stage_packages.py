#!/usr/bin/python
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fetch exact package files into a folder of the host, each proven by its hash."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stage_packages
short_description: Lay exact package files ready on a host
description:
  - Fetches package files into a folder, and keeps only what has the hash that it must have,
    and the signature where its repository wants one.
  - With apt the folder becomes a repository of its own, and C(apt.conf) in it names no other.
    What is installed with it cannot be anything but these files.
  - What lies there already is not fetched again, so that a repository that is gone later
    stops nothing.
version_added: 0.3.0
author:
  - The Weibao project (@weibao)
options:
  folder:
    description: Where they are laid.
    type: path
    required: true
  files:
    description: Mappings with C(name), C(arch), C(version), C(uri), C(file), C(sha256), C(size),
      C(signed).
    type: list
    elements: dict
    required: true
  manager:
    description: The package manager.
    type: str
    choices: [apt, dnf]
    required: true
attributes:
  check_mode:
    description: Nothing is fetched then.
    support: full
"""

EXAMPLES = r"""
- name: Lay the files ready
  weibao.core.stage_packages:
    folder: /var/lib/weibao/patch/CHG-20261128-001/packages
    manager: apt
    files:
      - {name: wb-tool, arch: all, version: "2.0", file: wb-tool_2.0_all.deb, size: 1234,
         uri: "http://mirror/wb-tool_2.0_all.deb", sha256: "…"}
"""

RETURN = r"""
fetched:
  description: How many files were fetched now.
  returned: success
  type: int
paths:
  description: By C(file), where it lies.
  returned: success
  type: dict
"""

import os
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    fields_of,
    text_of,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_supplied import (
    described,
    digest_of,
)

APT_CONF = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/nonexistent/";
Dir::Etc::preferences "/nonexistent";
Dir::Etc::preferencesparts "/nonexistent/";
Dir::State::lists "{folder}/lists/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Cache::archives "{folder}/archives/";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "true";
Acquire::Languages "none";
"""


KEPT = ("sourcelist", "sourceparts", "preferences", "preferencesparts")
"""Settings of ``Dir::Etc`` on which it hangs that nothing else is to be had."""


def wrong(path, asked, manager):
    """Why a file is not the one that was approved; empty where it is.

    The repository's hash tells, and the file's own signature where the repository wants one.
    Without a hash it has to have both: a signature, and exactly this name and version in it.
    """
    if not os.path.exists(path):
        return "it is not there"
    digest, signed = asked.get("sha256"), manager == "dnf" and asked.get("signed")
    if digest and digest_of(path) != digest:
        return "it is not the file that was approved (sha256)"
    if signed and not has_signature(path):
        return "its repository wants a signature (gpgcheck), and none by a key of this host holds"
    if digest:
        return ""
    if not signed:
        return "nothing tells it from another: no sha256, and no signature is asked for"
    found = described(manager, path)
    if any(found[name] != asked.get(name) for name in ("name", "arch", "version")):
        return "it is another package: %(name)s %(version)s %(arch)s" % found
    return ""


def has_signature(path):
    """Whether a key that the host trusts signed the file; rpm calls unsigned ones good as well."""
    said = command(["rpmkeys", "--define", "_pkgverify_level signature", "--checksig", path])
    last = said["out"].strip().rpartition(path + ":")[2].split()
    return said["rc"] == 0 and last[-1:] == ["OK"] and bool({"signatures", "pgp", "gpg"} & {*last})


def fetch(asked, path, manager):
    """Fetch one file; why it is not to be had, or nothing."""
    uri, partial = str(asked.get("uri") or ""), path + ".part"
    if uri.startswith("supplied:"):  # it was copied from the controller, or should have been
        return "the customer's file is not the one that was approved (sha256)"
    if uri.startswith("file:"):
        source = uri[7 if uri.startswith("file://") else 5 :]
        try:
            shutil.copyfile(source, partial)
        except OSError as error:
            return str(error)
    elif manager == "apt":
        done = command(
            ["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file", uri,
             partial, *(["SHA256:" + asked["sha256"]] if asked.get("sha256") else [])], 900,
        )  # fmt: skip
        if done["rc"]:
            return " ".join((done["err"] or done["out"]).split())[-300:]
    else:
        done = command(["curl", "-fsSL", "-o", partial, uri], 900)
        if done["rc"] == 127:
            fetching = "import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])"
            done = command(["python3", "-c", fetching, uri, partial], 900)
        if done["rc"]:
            return " ".join(done["err"].split())[-300:]
    why = wrong(partial, asked, manager)
    if why:
        os.unlink(partial)
        return why
    with open(partial, "rb") as stream:
        os.fsync(stream.fileno())
    os.chmod(partial, 0o644)
    os.rename(partial, path)
    return ""


def no_room(folder, asked, why):
    """Whether it is the host's disk and not the repository; what was half fetched makes room."""
    partial = os.path.join(folder, asked["file"] + ".part")
    known = os.statvfs(folder)
    lacks = known.f_bavail * known.f_frsize < int(asked.get("size") or 0)
    if os.path.exists(partial):
        os.unlink(partial)
    return lacks or "No space left" in why or "quota exceeded" in why


RELEASE = """\
Origin: Weibao
Label: Weibao
Suite: {name}
Codename: {name}
Version: {version}
Date: {date}
SHA256:
 {sha256} {size} Packages
"""


def release(wanted, packages):
    """What a repository says of itself, so that a host that prefers one by name finds it.

    ``wanted`` is the host's ``APT::Default-Release``; a name that no source has is an error of apt.
    """
    name, known = wanted, fields_of(text_of("/etc/os-release"))
    if not wanted or set(wanted) & set("*?[]/=, "):  # a pattern, or none: the host's own fits
        name = known.get("VERSION_CODENAME") or "weibao"
    version = known.get("VERSION_ID") or "0"
    date = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime())
    size, sha256 = os.path.getsize(packages), digest_of(packages)
    return RELEASE.format(name=name, version=version, date=date, size=size, sha256=sha256)


def index(folder, files):
    """Make the folder a repository that apt can read."""
    paragraphs = []
    for asked in files:
        path = os.path.join(folder, asked["file"])
        control = command(["dpkg-deb", "-f", path])["out"].strip()
        paragraphs.append(
            "%s\nFilename: ./%s\nSize: %d\nSHA256: %s\n"
            % (control, asked["file"], os.path.getsize(path), digest_of(path))
        )
    write(os.path.join(folder, "Packages"), "\n".join(paragraphs))
    write(os.path.join(folder, "sources.list"), "deb [trusted=yes] file:%s ./\n" % folder)
    for name in ("lists/partial", "archives/partial"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    write(os.path.join(folder, "apt.conf"), APT_CONF.format(folder=folder))
    own = {"APT_CONFIG": folder + "/apt.conf"}
    said = command(["apt-config", "dump"], env=own)["out"].splitlines()
    for line in APT_CONF.format(folder=folder).splitlines():
        # The host's own configuration is read after ours, and may say something else.
        if line.partition(" ")[0].rpartition("::")[2] in KEPT and line not in said:
            return "the host's configuration of apt overrules %s" % line.partition(" ")[0]
    wanted = [line for line in said if line.startswith("APT::Default-Release ")]
    value = wanted[0].partition('"')[2].partition('"')[0] if wanted else ""
    write(os.path.join(folder, "Release"), release(value, os.path.join(folder, "Packages")))
    update = ["apt-get", "-q", "update", "--allow-releaseinfo-change"]
    # What apt cannot do with the host's own configuration is better known now than midway.
    for argv in (update, ["apt-get", "-q", "-s", "install"]):
        done = command(argv, env=own)
        if done["rc"]:
            return " ".join(done["err"].split())[-300:]
    return ""


def configure(folder, own="/etc/dnf/dnf.conf"):
    """The host's configuration of dnf, but that kernels come and none goes for them."""
    lines = [line for line in text_of(own).splitlines()
             if line.partition("=")[0].strip() != "installonly_limit"]  # fmt: skip
    heads = [number for number, line in enumerate(lines) if line.strip() == "[main]"]
    if not heads:
        lines.insert(0, "[main]")
    lines.insert(heads[0] + 1 if heads else 1, "installonly_limit=0")
    write(os.path.join(folder, "dnf.conf"), "\n".join(lines) + "\n")
    return ""


def write(path, text):
    """Write a file whole."""
    with open(path + ".new", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)


def main():
    """Fetch what is not there."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "dict", "required": True},
            "manager": {"choices": ["apt", "dnf"], "required": True},
        },
        supports_check_mode=True,
    )
    folder, files, manager = (module.params[n] for n in ("folder", "files", "manager"))
    paths = {f["file"]: os.path.join(folder, f["file"]) for f in files}
    if module.check_mode:
        module.exit_json(changed=True, fetched=0, paths=paths)
    try:
        fetched = lay(module, folder, files, manager)
    except OSError as error:
        module.fail_json(msg="cannot write in %s: %s" % (folder, error))
    module.exit_json(changed=bool(fetched), fetched=fetched, paths=paths)


def lay(module, folder, files, manager):
    """Lay all files into the folder; how many were fetched now."""
    for part in (os.path.dirname(folder), folder):
        os.makedirs(part, mode=0o755, exist_ok=True)
        os.chmod(part, 0o755)
    fetched = 0
    for asked in files:
        path = os.path.join(folder, asked["file"])
        if os.sep in asked["file"] or not asked["file"]:
            module.fail_json(msg="%r is no file's name" % asked["file"])
        if not wrong(path, asked, manager):
            continue
        why = fetch(asked, path, manager)
        if why:
            name = "%s=%s" % (asked["name"], asked["version"])
            if no_room(folder, asked, why):
                module.fail_json(msg="no room in %s for %s: %s" % (folder, name, why))
            module.fail_json(msg="%s is not to be had as it was approved: %s" % (name, why))
        fetched += 1
    why = index(folder, files) if manager == "apt" else configure(folder)
    if why:
        module.fail_json(msg=why)
    return fetched


if __name__ == "__main__":
    main()
