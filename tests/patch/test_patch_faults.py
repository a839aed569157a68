"""What goes wrong on real hosts while they are patched, judged from outside.

Several faults share one change, each on a host of its own, so that little time is spent.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .booted import Booted, Host
from .packages import Repository, tool
from .patching import PatchFlow

ALL_AT_ONCE = {"canary": 0, "batches": ["100%"], "max_failed_in_wave": 3, "max_failed": 3}


def named(*packages: str) -> dict[str, object]:
    """A host's variables that ask for these packages."""
    return {"patch_linux_select": "named", "patch_linux_packages": list(packages)}


def configuration(host: Host) -> dict[str, str]:
    """The checksums of /etc/wb-*, seen from outside."""
    files = sorted(p for p in host.file("/etc").glob("wb-*/*") if p.is_file())
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def page(host: Host, port: int) -> str:
    """What a service of ours answers."""
    code = (
        f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}').read().decode())"
    )
    return str(host.ssh(f'python3 -c "{code}"', check=False).stdout.strip())


def test_what_does_worse_is_brought_back(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """A failing script, a dead service and a full disk; files that somebody edited stay."""
    web1, web2, db1 = (lab.hosts[name] for name in ("web1", "web2", "db1"))
    web2.file("/etc/wb-dead/wb-dead.conf").write_text("edited by hand\n")
    db1.ssh(
        "mount -t tmpfs -o size=2m tmpfs /opt/small && head -c 1000 /dev/zero > /opt/small/blob"
    )
    before = {host.name: (host.packages(), configuration(host)) for host in lab.hosts.values()}
    estate = flow("web1", "web2", "db1", runbook=ALL_AT_ONCE)
    probe = {"name": "page", "kind": "http", "url": "http://127.0.0.1:8081", "expect": "version"}
    estate.write_inventory(
        web1=named("wb-broken", "wb-tool"),
        web2={**named("wb-dead"), "patch_linux_probes": [probe]},
        db1=named("wb-fat"),
    )
    number, _ = estate.planned()
    estate.consented(number)
    said = estate.start(number, "rolled_back")  # not one of them was patched
    steps = estate.steps(number)
    for host in (web1, web2, db1):
        assert (host.packages(), configuration(host)) == before[host.name], (host.name, said)
        assert steps[host.name, "back-out"] == "done"
    assert steps["web1", "apply"] == steps["web2", "verify"] == "failed"
    assert page(web2, 8081) == "version 1.0"
    detail = estate.data("show", number)
    assert sorted(detail["events"][-1]["detail"]["failed"]) == ["db1", "web1", "web2"]


def test_a_host_that_is_not_well_is_not_touched(
    flow: Callable[..., PatchFlow], lab: Booted
) -> None:
    """A lock that is held, a clock that is wrong, a unit that failed: said when it is planned."""
    web1, web2, db1 = (lab.hosts[name] for name in ("web1", "web2", "db1"))
    lock = "import fcntl,time; f=open('/var/lib/dpkg/lock-frontend','w'); fcntl.lockf(f,2)"
    web1.ssh(f'systemd-run -q --unit=holder python3 -c "{lock}; time.sleep(600)"')
    wrapper = web2.file("/usr/local/bin/python-tomorrow")
    wrapper.write_text('#!/bin/sh\nexec faketime -f +1d /usr/bin/python3 "$@"\n')
    wrapper.chmod(0o755)
    db1.ssh("systemd-run -q --unit=broken /bin/false; sleep 0.5")
    estate = flow("web1", "web2", "db1", runbook=ALL_AT_ONCE)
    estate.write_inventory(
        web1=named("wb-tool"),
        web2={**named("wb-tool"), "ansible_python_interpreter": "/usr/local/bin/python-tomorrow"},
        db1=named("wb-tool"),
    )
    number, targets = estate.planned(fails=1)
    assert "holder" in targets["web1"]["problem"] or "python3" in targets["web1"]["problem"]
    assert "+86" in targets["web2"]["problem"]  # seconds, and what the way there took
    assert "broken.service" in targets["db1"]["problem"]
    estate.change("submit", number, who="wang.pm", fails=3)  # nobody is even asked to approve it
    estate.change("start", number, who="li.op", fails=3)


@contextmanager
def once_done(estate: PatchFlow, number: str, step: str, do: Callable[[], None]) -> Iterator[None]:
    """Do something while a change is carried out, as soon as a step of it is done."""
    import threading

    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if any(s == step and state == "done" for (_, s), state in estate.steps(number).items()):
                do()
                return
            time.sleep(0.5)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_was_approved_is_what_is_installed(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """The repository moves after the approval, and is gone in mid-run; nothing newer comes."""
    web1, web2 = lab.hosts["web1"], lab.hosts["web2"]
    estate = flow("web1", "web2")
    number, _ = estate.planned("--package", "wb-tool", limit="web1")
    estate.consented(number)
    pool.add(tool("wb-tool", "3.0"))
    web1.ssh("apt-get -q update")
    with once_done(estate, number, "backup-before", pool.stop):
        estate.start(number)
    pool.stop()
    pool.serve()
    assert web1.packages()["wb-tool"] == "2.0"

    before = web2.packages()
    number, _ = estate.planned("--package", "wb-tool", "--package", "wb-lib", limit="web2")
    estate.consented(number)
    pool.remove("wb-tool_3.0_all.deb")
    pool.add(tool("wb-tool", "4.0"))
    said = estate.start(number, "aborted")
    assert "wb-tool=3.0" in said
    assert web2.packages() == before
    pool.remove("wb-tool_4.0_all.deb")


def test_a_host_that_somebody_else_changed_is_refused(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    db1 = lab.hosts["db1"]
    pool.add(tool("wb-lib", "1.5"))
    estate = flow("db1")
    number, _ = estate.planned("--package", "wb-lib")
    estate.consented(number)
    db1.ssh("apt-get -q update && apt-get -q -y install wb-lib=1.5")
    pool.remove("wb-lib_1.5_all.deb")
    said = estate.start(number, "aborted")
    assert "1.5" in said
    assert db1.packages()["wb-lib"] == "1.5"


def test_a_restart_is_proven_and_a_host_that_stays_away_stops_it(
    flow: Callable[..., PatchFlow], lab: Booted
) -> None:
    web1, db1 = lab.hosts["web1"], lab.hosts["db1"]
    boots = web1.boot_id(), db1.boot_id()
    estate = flow("web1", "db1")
    estate.write_inventory(db1={"patch_linux_reboot_timeout": 15})
    (db1.folder / "stay-down").touch()
    number, targets = estate.planned("--package", "wb-kernel", "--reboot", "always")
    assert "reboot: yes" in targets["web1"]["difference"]
    estate.consented(number)
    said = estate.start(number, "aborted")
    assert web1.boot_id() != boots[0]
    assert web1.packages()["wb-kernel"] == "2.0"
    steps = estate.steps(number)
    assert steps["web1", "verify"] == "done"
    assert steps["db1", "apply"] == steps["db1", "back-out"] == "failed"
    assert "db1" in said and "packages" in said  # the way by hand


def test_an_edited_configuration_file_is_kept(flow: Callable[..., PatchFlow], lab: Booted) -> None:
    """Never a question, never a silently overwritten file."""
    web2 = lab.hosts["web2"]
    web2.file("/etc/wb-web/wb-web.conf").write_text("ours = 1\n")
    estate = flow("web2")
    number, _ = estate.planned("--package", "wb-web")
    estate.consented(number)
    estate.start(number)
    assert web2.file("/etc/wb-web/wb-web.conf").read_text() == "ours = 1\n"
    assert web2.file("/etc/wb-web/wb-web.conf.dpkg-dist").read_text() == "version=2.0\n"
    rows = estate.data("show", number)["steps"]
    said = [row["detail"] for row in rows if row["step"] == "verify"]
    assert "wb-web.conf.dpkg-dist" in said[-1]
    assert page(web2, 8080) == "version 2.0"
