"""What others installed, held and left since is not taken away by a way back."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from change.test_change_flow import wait_for

from .booted import Booted, run
from .packages import Package, Repository, tool
from .patching import PatchFlow
from .rpms import built, needed
from .test_patch_dnf import use, versions
from .test_patch_midway import at_work
from .test_patch_way_back import said

PURGE = '#!/bin/sh\n[ "$1" = purge ] && rm -rf /var/lib/wb-rest\nexit 0\n'
SLOW = """\
%config /etc/wr-slow.conf
%post -p <lua>
if tonumber(arg[2]) == 2 then
    local begun = io.open('/var/lib/wr.begun', 'w')
    begun:write(string.format('%%d', posix.getprocessid('pid')))
    begun:close()
    while true do
        local held = io.open('/var/lib/wr.hold')
        if not held then break end
        held:close()
        posix.sleep(1)
    end
end
"""


def test_apt_goes_back_and_takes_nothing_that_others_installed_or_left(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """A package that needs the new one; a held one; data of one that was removed before.

    The host prefers a release by its name, which the folder of laid-ready files has to be too.
    """
    web1 = lab.hosts["web1"]
    rest = {"/etc/wb-rest.conf": "default\n", "/usr/share/wb-rest/v": "1"}
    conf = {"conffiles": ("/etc/wb-rest.conf",), "postrm": PURGE}
    pool.add(tool("wb-base", "1.0"), Package("wb-rest", "1.0", rest, **conf))  # type: ignore[arg-type]
    web1.ssh("apt-get -q update && apt-get -q -y install wb-base=1.0 wb-rest && "
             "mkdir -p /var/lib/wb-rest && echo precious > /var/lib/wb-rest/db && "
             "apt-get -q -y remove wb-rest", timeout=120)  # fmt: skip
    pool.add(
        tool("wb-fresh", "1.0"),
        tool("wb-base", "2.0", depends="wb-fresh, wb-rest"),
        tool("wb-own", "1.0", depends="wb-fresh"),
    )
    web1.file("/etc/apt/apt.conf.d/90lab").write_text('APT::Default-Release "main";\n')
    try:
        before = web1.packages()
        estate = flow("web1")
        number, _ = estate.planned("--package", "wb-base")
        estate.consented(number)
        estate.start(number)
        web1.ssh("apt-get -q -y install wb-own", timeout=120)
        patched = web1.packages()
        web1.ssh("apt-mark hold wb-base")
        words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
        assert "wb-base" in said(estate, number, "web1", "back-out"), words
        web1.ssh("apt-mark unhold wb-base")
        assert web1.packages() == patched
        words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
        assert "wb-own" in said(estate, number, "web1", "back-out"), words
        assert web1.packages() == patched
        web1.ssh("apt-get -q -y purge wb-own", timeout=120)
        words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
        assert estate.state(number) == "rolled_back", words
        assert web1.packages() == before
        assert web1.file("/var/lib/wb-rest/db").read_text() == "precious\n"
        state = web1.ssh("dpkg-query -W -f '${Status}' wb-rest").stdout
        assert state == "deinstall ok config-files"
    finally:
        for name in ("wb-base", "wb-rest", "wb-fresh", "wb-own"):
            for file in pool.folder.glob(f"main/{name}_*"):
                pool.remove(file.name)


def test_dnf_goes_back_and_takes_nothing_that_others_installed(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository, tmp_path: Path
) -> None:
    """An edited file stays in force though an old copy of it lay aside already."""
    needed()
    place = pool.folder / "rpm"
    place.mkdir(exist_ok=True)

    def add(name: str, version: str, more: str = "", files: str = "") -> None:
        shutil.copy(built(tmp_path, name, version, files=files, more=more), place)
        run("createrepo_c", "-q", str(place))

    for version in ("1.0", "2.0"):
        add("wr-tool", version, files="%config /etc/wr-tool.conf")
    add("wr-base", "1.0")
    db1 = lab.hosts["db1"]
    use(db1)
    db1.ssh("dnf -q -y install wr-tool-1.0 wr-base-1.0", timeout=120)
    add("wr-base", "2.0", more="Requires: wr-fresh")
    add("wr-fresh", "1.0")
    add("wr-own", "1.0", more="Requires: wr-fresh")
    db1.file("/etc/wr-tool.conf").write_text("edited 2026\n")
    db1.file("/etc/wr-tool.conf.rpmsave").write_text("saved 2021\n")
    estate = flow("db1")
    estate.write_inventory(db1={"patch_linux_manager": "dnf"})
    number, _ = estate.planned("--package", "wr-tool", "--package", "wr-base")
    estate.consented(number)
    estate.start(number)
    assert db1.file("/etc/wr-tool.conf").read_text() == "edited 2026\n"
    db1.ssh("dnf -q -y install wr-own", timeout=120)
    words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
    assert "wr-own" in said(estate, number, "db1", "back-out"), words
    assert versions(db1, "wr-base") == ["2.0"]
    db1.ssh("rpm -e wr-own")
    words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
    assert estate.state(number) == "rolled_back", words
    assert (versions(db1, "wr-base"), versions(db1, "wr-tool")) == (["1.0"], ["1.0"])
    assert not db1.file("/usr/share/wr-fresh-1.0-noarch/v").exists()
    assert db1.file("/etc/wr-tool.conf").read_text() == "edited 2026\n"


def test_dnf_that_was_killed_between_two_versions_is_mended(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository, tmp_path: Path
) -> None:
    """Both stand in rpm's database, which dnf by itself never brings in order."""
    needed()
    place = pool.folder / "rpm"
    place.mkdir(exist_ok=True)
    for version in ("1.0", "2.0"):
        shutil.copy(built(tmp_path, "wr-slow", version, files=SLOW), place)
    run("createrepo_c", "-q", str(place))
    db1 = lab.hosts["db1"]
    use(db1)
    db1.ssh("dnf -q -y install wr-slow-1.0", timeout=120)
    estate = flow("db1")
    estate.write_inventory(db1={"patch_linux_manager": "dnf"})

    def killed(number: str, word: str = "start") -> None:
        db1.ssh("rm -f /var/lib/wr.begun; touch /var/lib/wr.hold")
        with at_work(estate, number, word) as process:
            wait_for(lambda: db1.file("/var/lib/wr.begun").exists(), seconds=280)
            os.killpg(process.pid, signal.SIGKILL)
        db1.ssh("kill -9 $(cat /var/lib/wr.begun); rm -f /var/lib/wr.hold; sleep 1")
        assert versions(db1, "wr-slow") == ["1.0", "2.0"]

    number, _ = estate.planned("--package", "wr-slow")
    estate.consented(number)
    killed(number)
    words = estate.change("resume", number, who="li.op", fails=None)
    assert estate.state(number) == "verified", words
    assert versions(db1, "wr-slow") == ["2.0"]
    assert not db1.file("/usr/share/wr-slow-1.0-noarch/v").exists()
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert versions(db1, "wr-slow") == ["1.0"]
    assert not db1.file("/usr/share/wr-slow-2.0-noarch/v").exists()
    number, _ = estate.planned("--package", "wr-slow")
    estate.consented(number)
    killed(number)
    words = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
    assert estate.state(number) == "rolled_back", words
    assert versions(db1, "wr-slow") == ["1.0"]
    assert not db1.file("/usr/share/wr-slow-2.0-noarch/v").exists()
