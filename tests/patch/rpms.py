"""RPM packages of our own, a repository of them, and a root folder that takes from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .booted import run
from .test_patch_reading import utils

SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: of the lab
License: MIT
{more}
%define _unpackaged_files_terminate_build 0
%description
Of the lab.
%install
mkdir -p %{{buildroot}}/usr/share/{name}-{version}-{arch} %{{buildroot}}/etc
echo {version} > %{{buildroot}}/usr/share/{name}-{version}-{arch}/v
echo {version} > %{{buildroot}}/etc/{name}.conf
%files
/usr/share/{name}-{version}-{arch}/v
{files}
"""
NOTICE = """\
<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="lab" status="stable" type="security" version="1">
<id>LAB-2026:0001</id><title>wr-tool</title><issued date="2026-11-01 00:00:00"/>
<severity>Important</severity><description>of the lab</description>
<pkglist><collection short="lab"><name>lab</name>
<package name="wr-tool" version="2.0" release="1" epoch="0" arch="noarch">
<filename>wr-tool-2.0-1.noarch.rpm</filename></package>
</collection></pkglist></update></updates>
"""
KERNEL = "Provides: installonlypkg(kernel)"


def needed() -> None:
    """Skip where RPM packages cannot be made or asked for."""
    tools = ("rpm", "rpmbuild", "rpmsign", "createrepo_c", "dnf", "gpg")
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    reason = f"{', '.join(lacking)} not installed" if lacking else ""
    if not reason and os.geteuid() != 0:
        reason = "a root folder of its own needs root"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def built(
    folder: Path, name: str, version: str, arch: str = "noarch", more: str = "", files: str = ""
) -> Path:
    """A package, in ``folder``; with ``files`` its ``/etc/<name>.conf`` can be one of them."""
    more += "\nBuildArch: noarch" if arch == "noarch" else ""
    spec = folder / f"{name}.spec"
    spec.write_text(SPEC.format(name=name, version=version, arch=arch, more=more, files=files))
    run("rpmbuild", "-bb", "--target", arch, "--define", f"_topdir {folder}/made", str(spec))
    return next((folder / "made").rglob(f"{name}-{version}-1.{arch}.rpm"))


class Root:
    """A root folder with dnf's configuration, and a repository of some packages."""

    def __init__(self, folder: Path, main: str = "") -> None:
        self.folder, self.root, self.repository = folder, folder / "root", folder / "repository"
        for part in ("etc/dnf", "etc/yum.repos.d", "var/log"):
            (self.root / part).mkdir(parents=True)
        self.repository.mkdir()
        self.configure(main)
        (self.root / "etc/yum.repos.d/lab.repo").write_text(
            f"[lab]\nname=lab\nbaseurl=file://{self.repository}\n"
        )

    def configure(self, main: str) -> None:
        """Set ``main``; old versions are kept as Red Hat's do, three of them."""
        text = f"[main]\ngpgcheck=1\nbest=True\ninstallonly_limit=3\n{main}"
        (self.root / "etc/dnf/dnf.conf").write_text(text)

    def offer(self, *packages: Path) -> None:
        """Put packages into the repository."""
        for package in packages:
            shutil.copy(package, self.repository)
        run("createrepo_c", "-q", str(self.repository))

    def install(self, *packages: Path) -> None:
        """Put packages into the root folder."""
        run("rpm", "--root", str(self.root), "-i", "--nodeps", "--ignorearch", "--nosignature",
            *map(str, packages))  # fmt: skip

    def ask(self, script: str, do: str, **more: Any) -> dict[str, Any]:
        """What dnf says of this root folder."""
        asked = json.dumps({"do": do, "root": str(self.root), **more})
        done = subprocess.run(["/usr/bin/python3", "-c", script], input=asked, text=True,
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = utils("linux_dnf").opened(done.stdout)
        return answer
