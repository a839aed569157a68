"""dnf against a local RPM repository: advisory, exact versions, and back again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .booted import Booted, Host, run
from .packages import Repository
from .patching import PatchFlow
from .rpms import KERNEL, NOTICE, built, needed


@pytest.fixture
def rpms(pool: Repository, tmp_path: Path) -> Path:
    """A repository with two versions, the newer one a security update."""
    needed()
    place = pool.folder / "rpm"
    place.mkdir(exist_ok=True)
    for version in ("1.0", "2.0"):
        files = "%config /etc/wr-tool.conf"
        shutil.copy(built(tmp_path, "wr-tool", version, files=files), place)
        for arch in ("x86_64", "i686"):
            shutil.copy(built(tmp_path, "wr-lib", version, arch), place)
    for version in ("5.1", "5.2", "5.3"):
        shutil.copy(built(tmp_path, "wr-kernel", version, "x86_64", KERNEL), place)
    run("createrepo_c", "-q", str(place))
    (tmp_path / "updateinfo.xml").write_text(NOTICE)
    run("modifyrepo_c", "--mdtype=updateinfo", str(tmp_path / "updateinfo.xml"),
        str(place / "repodata"))  # fmt: skip
    return place


def use(db1: Host, main: str = "", check: int = 0) -> None:
    """The repository, and dnf's own configuration."""
    repos = db1.file("/etc/yum.repos.d")
    repos.mkdir(exist_ok=True)
    (repos / "lab.repo").write_text(
        f"[lab]\nname=lab\nbaseurl=http://10.77.0.1/rpm\ngpgcheck={check}\n"
    )
    if main:
        db1.file("/etc/dnf/dnf.conf").write_text(f"[main]\n{main}")


def versions(db1: Host, name: str) -> list[str]:
    """Those that rpm says are installed."""
    return sorted(db1.ssh(f"rpm -q --qf '%{{VERSION}} ' {name}").stdout.split())


def test_dnf_installs_the_approved_version_and_goes_back(
    flow: Callable[..., PatchFlow], lab: Booted, rpms: Path, tmp_path: Path
) -> None:
    """From the repository, and a file that the customer brings (PAT-13).

    A kernel comes beside those that are there, though dnf would let the oldest go for it.
    """
    db1 = lab.hosts["db1"]
    use(db1, "installonly_limit=2\n")
    db1.ssh("dnf -q -y install wr-tool-1.0 wr-lib-1.0-1.x86_64 wr-lib-1.0-1.i686 wr-kernel-5.1"
            " && dnf -q -y install wr-kernel-5.2", timeout=120)  # fmt: skip
    db1.file("/etc/wr-tool.conf").write_text("edited\n")
    estate = flow("db1")
    estate.write_inventory(db1={"patch_linux_manager": "dnf"})
    number, targets = estate.planned()
    lines = targets["db1"]["difference"].splitlines()
    assert "wr-tool [noarch]: 1.0-1 -> 2.0-1  # security LAB-2026:0001" in lines
    assert "wr-kernel [x86_64]: (new) -> 5.3-1  # beside 5.1-1, 5.2-1" in lines
    assert {f"wr-lib [{arch}]: 1.0-1 -> 2.0-1" for arch in ("i686", "x86_64")} <= {*lines}
    estate.consented(number)
    estate.start(number)
    assert db1.file("/usr/share/wr-tool-2.0-noarch/v").read_text() == "2.0\n"
    assert versions(db1, "wr-kernel") == ["5.1", "5.2", "5.3"]
    assert versions(db1, "wr-lib") == ["2.0", "2.0"]
    assert db1.file("/etc/wr-tool.conf").read_text() == "edited\n"
    assert db1.file("/etc/wr-tool.conf.rpmnew").read_text() == "2.0\n"
    assert "wr-tool.conf.rpmnew" in json.dumps(estate.data("show", number)["steps"])
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert estate.state(number) == "rolled_back"
    assert db1.file("/usr/share/wr-tool-1.0-noarch/v").read_text() == "1.0\n"
    assert db1.file("/etc/wr-tool.conf").read_text() == "edited\n"
    assert not [*db1.file("/etc").glob("wr-tool.conf.*")]
    assert versions(db1, "wr-kernel") == ["5.1", "5.2"]
    assert versions(db1, "wr-lib") == ["1.0", "1.0"]
    assert versions(db1, "wr-tool") == ["1.0"]

    brought = built(tmp_path, "wr-agent", "1.0")
    number, targets = estate.planned("--file", str(brought), "--origin", "the customer, by mail")
    assert "wr-agent [noarch]: (new) -> 1.0-1  # supplied" in targets["db1"]["difference"]
    estate.consented(number)
    estate.start(number)
    assert db1.file("/usr/share/wr-agent-1.0-noarch/v").read_text() == "1.0\n"
    newer = built(tmp_path, "wr-agent", "2.0")
    number, targets = estate.planned("--file", str(newer), "--origin", "the customer, by mail")
    assert targets["db1"]["checked"], targets  # the earlier one still lies on the host


def test_dnf_leaves_what_is_locked_and_takes_nothing_unsigned_where_signatures_are_wanted(
    flow: Callable[..., PatchFlow], lab: Booted, rpms: Path
) -> None:
    db1 = lab.hosts["db1"]
    use(db1, "excludepkgs=wr-tool\n")
    db1.ssh("dnf -q -y --disableexcludes=all install wr-tool-1.0 wr-kernel-5.1", timeout=120)
    use(db1, check=1)
    estate = flow("db1")
    estate.write_inventory(db1={"patch_linux_manager": "dnf"})
    assert estate.status()["db1"]["held"] == ["wr-tool"]
    number, targets = estate.planned()
    lines = targets["db1"]["difference"].splitlines()
    assert "left out: wr-tool.noarch 2.0-1 (patch_held)" in lines
    assert not [line for line in lines if line.startswith("wr-tool")]
    estate.consented(number)
    estate.start(number, "aborted")
    assert "wants a signature" in json.dumps(estate.data("show", number)["steps"])
    assert (versions(db1, "wr-tool"), versions(db1, "wr-kernel")) == (["1.0"], ["5.1"])
