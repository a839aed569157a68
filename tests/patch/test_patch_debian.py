"""Debian's own security updates: real scripts, triggers, configuration files and libraries.

Which packages they are is the mirror's matter and drifts; none is named here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .booted import Booted, Host, run
from .booted_flow import some_hosts
from .debian import Debt, security_debt, update_of
from .packages import DEBIAN, Repository
from .patching import PatchFlow

NAMES = ("deb1", "deb2")
DATABASE = "db1"
ALL_AT_ONCE = {"canary": 0, "batches": ["100%"]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """Hosts of this module, which need nothing of our own packages."""
    with some_hosts(tmp_path_factory, [*NAMES, DATABASE], mark="d") as lab:
        yield lab


@pytest.fixture(scope="module")
def repository(lab: Booted) -> Iterator[Repository]:
    """Answers as Debian's mirrors do; empty at first."""
    repository = Repository(lab, lab.folder / "pool", DEBIAN)
    for host in lab.hosts.values():  # what a test's host loses with the power is nobody's
        host.file("/etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
    repository.serve()
    yield repository
    repository.stop()


def offered(repository: Repository, fetch: Callable[[], Debt | None], *hosts: Host) -> Debt:
    """The hosts have the main suite's versions; the repository has the security suite's too."""
    try:
        debt, why = fetch(), "the security suite has nothing newer than main"
    except AssertionError as error:
        debt, why = None, f"Debian is not to be had: {str(error)[-300:]}"
    if debt is None:
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    for suite, versions in (("main", debt.before), ("security", debt.after)):
        for file in debt.files(versions):
            shutil.copy(file, repository.folder / suite)
    repository.index()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: repository.use_on(host, debt.before), hosts))
    return debt


def configuration(host: Host) -> dict[str, str]:
    """What is in /etc, seen from outside: modes, owners, checksums, targets."""
    found = {}
    for path in sorted(host.file("/etc").rglob("*")):
        known = path.lstat()
        held = str(path.readlink()) if path.is_symlink() else ""
        if stat.S_ISREG(known.st_mode):
            held = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(host.root))] = (
            f"{known.st_mode:o} {known.st_uid}:{known.st_gid} {held}"
        )
    return found


def edited_by_somebody(host: Host, debt: Debt) -> dict[str, str]:
    """Configuration files of the packages that somebody changed, and the host's time zone."""
    said = run("dpkg-query", f"--admindir={host.root}/var/lib/dpkg", "-W", "-f", "${Conffiles}\n",
               *debt.before).stdout  # fmt: skip
    names = [line.split()[0] for line in said.splitlines() if line.startswith(" /etc/")]
    for name in names:
        with host.file(name).open("a") as stream:
            stream.write("# edited by hand\n")
    host.file("/etc/localtime").unlink()
    host.file("/etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Shanghai")
    host.file("/etc/timezone").write_text("Asia/Shanghai\n")
    now = configuration(host)
    return {name: now[name] for name in ("etc/localtime", *(n.lstrip("/") for n in names))}


def old_code(host: Host, units: Iterable[str]) -> dict[str, set[str]]:
    """By unit, the replaced files that its main process still runs, by the kernel's own tables.

    Sessions of sshd outlive its restart, and are of its unit where PAM does not know systemd.
    """
    found = {}
    for unit in units:
        pid = host.ssh(f"systemctl show -P MainPID {unit}").stdout.strip()
        maps = Path(f"/proc/{host.leader}/root/proc/{pid}/maps")
        lines = maps.read_text().splitlines() if pid != "0" else []
        gone = {line.split(None, 5)[5] for line in lines if line.endswith(" (deleted)")}
        found[unit] = {path for path in gone if path.startswith(("/usr/", "/lib"))}
    return {unit: files for unit, files in found.items() if files}


def test_security_updates_of_debian_are_installed_as_approved_and_go_back(
    tmp_path: Path, lab: Booted, repository: Repository
) -> None:
    """PAT-09, PAT-22: real maintainer scripts both ways, judged by dpkg and the kernel."""
    hosts = [lab.hosts[name] for name in NAMES]
    debt = offered(repository, lambda: security_debt(lab.image), *hosts)
    edited = edited_by_somebody(hosts[1], debt)
    before = {host.name: (host.packages(), configuration(host)) for host in hosts}
    for host in hosts:
        assert debt.before.items() <= before[host.name][0].items()
    boots = {host.name: host.boot_id() for host in hosts}
    estate = PatchFlow(tmp_path, lab, hosts, runbook=ALL_AT_ONCE)
    estate.write_inventory(deb2={"patch_linux_reboot": "never"})

    for found in estate.status().values():
        missing = {p["name"]: p for p in found["missing"]}
        assert {n for n, p in missing.items() if p["security"]} == debt.after.keys()
        assert found["security"] == len(debt.after)

    number, targets = estate.planned("--security")
    for target in targets.values():
        made = target["plan"]
        assert {p["name"]: p["version"] for p in made["packages"]} == debt.after
        assert all(p["security"] for p in made["packages"])
        assert made["removed"] == []
    estate.consented(number)
    said = estate.start(number)
    for host in hosts:
        was, made = before[host.name][0], targets[host.name]["plan"]
        assert host.packages() == {**was, **debt.after}, said
        assert (host.boot_id() != boots[host.name]) == made["reboot"]
        assert made["restarts"] and not (host.name == "deb2" and made["reboot"])
        assert not old_code(host, made["restarts"])
        assert host.ssh("echo here").stdout == "here\n"

    assert {path: configuration(hosts[1])[path] for path in edited} == edited
    document = tmp_path / "summary.html"
    estate.change("document", number, "patch-summary", "--html", str(document))
    page = document.read_text()
    assert "补丁、微码升级总结报告" in page
    for name, version in debt.after.items():
        assert name in page and version in page

    said = estate.change("back-out", number, "--why", "test", who="li.op")
    for host in hosts:
        assert (host.packages(), configuration(host)) == before[host.name], said
        assert not old_code(host, targets[host.name]["plan"]["restarts"])
        assert not host.ssh("dpkg --audit").stdout and host.ssh("apt-get -q check")
    estate.weibao("verify")


def orders(host: Host) -> str:
    """What the database answers, asked on the host."""
    return str(host.ssh("mariadb -NBe 'select count(*) from shop.orders'").stdout.strip())


def test_a_security_update_of_mariadb_is_installed_and_goes_back_with_its_data(
    tmp_path: Path, lab: Booted, repository: Repository
) -> None:
    """PAT-16: dumped, probed, patched and brought back; the dump is one that can be used."""
    host = lab.hosts[DATABASE]
    debt = offered(repository, lambda: update_of(lab.image, "mariadb-server"), host)
    host.ssh("mariadb -e 'create database shop; create table shop.orders (n int primary key); "
             "insert into shop.orders select seq from shop.seq_1_to_1000'")  # fmt: skip
    before = (host.packages(), configuration(host))
    running = "mariadb -NBe 'select version()'"
    old = host.ssh(running).stdout
    estate = PatchFlow(tmp_path, lab, [host], book="patch-database")
    probe = {"name": "sql", "kind": "sql", "expect": "^1000$",
             "command": ["mariadb", "-NBe", "select count(*) from shop.orders"]}  # fmt: skip
    dump = {"name": "all", "expect": "Dump completed",
            "command": ["mariadb-dump", "--all-databases", "--single-transaction"]}  # fmt: skip
    estate.write_inventory(db1={"patch_linux_probes": [probe], "patch_linux_dumps": [dump]})
    words = ("--runbook", "patch-database", "--package", ",".join(debt.after))
    number, targets = estate.planned(*words)
    assert "mariadb.service" in targets[DATABASE]["plan"]["restarts"]
    estate.consented(number)
    said = estate.start(number)
    assert host.packages() == {**before[0], **debt.after}, said
    assert not old_code(host, ["mariadb.service"])
    assert (host.ssh(running).stdout != old, orders(host)) == (True, "1000")

    host.ssh("mariadb -e 'drop database shop' && "
             f"mariadb < /var/lib/weibao/patch/{number}/dumps/all.dump")  # fmt: skip
    assert orders(host) == "1000"
    said = estate.change("back-out", number, "--why", "test", who="li.op")
    assert (host.packages(), configuration(host)) == before, said
    assert (host.ssh(running).stdout, orders(host)) == (old, "1000")
    assert not old_code(host, ["mariadb.service"])
