"""dnf against a local RPM repository: advisory, exact versions, and back again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .booted import Booted, run
from .packages import Repository
from .patching import PatchFlow

SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: of the lab
License: MIT
BuildArch: noarch
%description
Of the lab.
%install
mkdir -p %{{buildroot}}/usr/share/{name}
echo {version} > %{{buildroot}}/usr/share/{name}/v
%files
/usr/share/{name}/v
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


def built(name: str, version: str, folder: Path) -> Path:
    """An RPM package."""
    spec = folder / f"{name}.spec"
    spec.write_text(SPEC.format(name=name, version=version))
    run("rpmbuild", "-bb", "--define", f"_topdir {folder}/rpm", str(spec))
    return next((folder / "rpm").rglob(f"{name}-{version}-*.rpm"))


@pytest.fixture
def rpms(pool: Repository, tmp_path: Path) -> Path:
    """A repository with two versions, the newer one a security update."""
    lacking = [tool for tool in ("rpmbuild", "createrepo_c") if shutil.which(tool) is None]
    if lacking:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{lacking} not installed")
        pytest.skip(f"{lacking} not installed")
    place = pool.folder / "rpm"
    place.mkdir(exist_ok=True)
    for version in ("1.0", "2.0"):
        shutil.copy(built("wr-tool", version, tmp_path), place)
    run("createrepo_c", "-q", str(place))
    (tmp_path / "updateinfo.xml").write_text(NOTICE)
    run("modifyrepo_c", "--mdtype=updateinfo", str(tmp_path / "updateinfo.xml"),
        str(place / "repodata"))  # fmt: skip
    return place


def test_dnf_installs_the_approved_version_and_goes_back(
    flow: Callable[..., PatchFlow], lab: Booted, rpms: Path, tmp_path: Path
) -> None:
    """From the repository, and a file that the customer brings (PAT-13)."""
    db1 = lab.hosts["db1"]
    repos = db1.file("/etc/yum.repos.d")
    repos.mkdir(exist_ok=True)
    (repos / "lab.repo").write_text("[lab]\nname=lab\nbaseurl=http://10.77.0.1/rpm\ngpgcheck=0\n")
    db1.ssh("dnf -q -y install wr-tool-1.0", timeout=120)
    estate = flow("db1")
    estate.write_inventory(db1={"patch_linux_manager": "dnf"})
    number, targets = estate.planned()
    assert (
        "wr-tool [noarch]: 1.0-1 -> 2.0-1  # security LAB-2026:0001"
        in (targets["db1"]["difference"])
    )
    estate.consented(number)
    estate.start(number)
    assert db1.file("/usr/share/wr-tool/v").read_text() == "2.0\n"
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert estate.state(number) == "rolled_back"
    assert db1.file("/usr/share/wr-tool/v").read_text() == "1.0\n"
    assert db1.ssh("rpm -q wr-tool").stdout.strip() == "wr-tool-1.0-1.noarch"

    brought = built("wr-agent", "1.0", tmp_path)
    number, targets = estate.planned("--file", str(brought), "--origin", "the customer, by mail")
    assert "wr-agent [noarch]: (new) -> 1.0-1  # supplied" in targets["db1"]["difference"]
    estate.consented(number)
    estate.start(number)
    assert db1.file("/usr/share/wr-agent/v").read_text() == "1.0\n"
    newer = built("wr-agent", "2.0", tmp_path)
    number, targets = estate.planned("--file", str(newer), "--origin", "the customer, by mail")
    assert targets["db1"]["checked"], targets  # the earlier one still lies on the host
