# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Package files that lie on a host: what they hold, as dpkg-deb or rpm say it."""

from __future__ import annotations

import glob
import hashlib
import os

from ansible_collections.weibao.core.plugins.module_utils.linux_command import command

STAGED = "/var/lib/weibao/patch/*/packages/*"
"""What earlier changes laid ready; often the only copy of a version that a customer supplied."""


def described(manager, path):
    """Name, architecture, version, sha256, size and details of a file; ``error`` where none."""
    row = {"path": path, "name": "", "arch": "", "version": "", "error": "", "details": ""}
    row["sha256"] = digest_of(path)
    if not row["sha256"]:
        return dict(row, error="unreadable")
    row["size"] = os.path.getsize(path)
    if manager == "apt":
        said = command(["dpkg-deb", "-f", path])
        fields = {}
        for line in said["out"].splitlines():
            name, colon, value = line.partition(": ")
            if colon and not line.startswith(" "):
                fields[name] = value
        if said["rc"] or not fields.get("Package"):
            return dict(row, error=" ".join(said["err"].split())[-300:] or "no package")
        names = {"name": "Package", "arch": "Architecture", "version": "Version"}
        return dict(row, details=said["out"], **{n: fields.get(f, "") for n, f in names.items()})
    form = "%{NAME} %{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}"
    said = command(["rpm", "-qp", "--nosignature", "--qf", form, path])
    parts = said["out"].split()
    if said["rc"] or len(parts) != 3:
        return dict(row, error=" ".join(said["err"].split())[-300:] or "no package")
    version = parts[2][2:] if parts[2].startswith("0:") else parts[2]
    return dict(row, name=parts[0], arch=parts[1], version=version)


def staged(manager):
    """Files of the package manager's kind that earlier changes left on the host."""
    kind = ".deb" if manager == "apt" else ".rpm"
    return sorted(path for path in glob.glob(STAGED) if path.endswith(kind))


def digest_of(path):
    """The sha256 of a file; empty where there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
