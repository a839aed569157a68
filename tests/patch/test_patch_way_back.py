"""What the way back leaves alone and what it puts back, on real hosts, judged from outside."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator

import pytest

from change.test_change_flow import wait_for

from .booted import Booted, Host
from .packages import Package, Repository, tool
from .patching import PatchFlow
from .test_patch_midway import at_work

POSTINST = """\
#!/bin/sh
set -e
[ "$1" = configure ] && [ -n "$2" ] && dpkg --compare-versions "$2" lt 2 || exit 0
echo new > /etc/wb-config/settings
chmod 0700 /etc/wb-config
chown 33:33 /etc/wb-config
mkdir -p /etc/wb-config/extra.d
echo "came with it" > /etc/wb-config/extra.d/one
"""
ASKED = ("--package", "wb-config")


@pytest.fixture
def config(pool: Repository) -> Iterator[Repository]:
    """A package whose second version changes configuration that no package owns."""
    first = "#!/bin/sh\nset -e\n[ -e /etc/wb-config ] || { mkdir /etc/wb-config; "
    first += "echo old > /etc/wb-config/settings; }\n"
    pool.add(tool("wb-config", "1.0", postinst=first))
    yield pool
    for file in pool.folder.glob("main/wb-config_*"):
        pool.remove(file.name)


def prepared(host: Host, pool: Repository) -> None:
    """It has the first version, and data that somebody writes to."""
    host.ssh("apt-get -q update && apt-get -q -y install wb-config=1.0", timeout=120)
    host.ssh("mkdir -p /srv/orders && echo 1 > /srv/orders/db")


def configuration(host: Host) -> dict[str, tuple[int, int, str]]:
    """Mode, owner and contents of what the package has to do with."""
    found = {}
    top = host.file("/etc/wb-config")
    for path in [top, *sorted(top.rglob("*"))]:
        known = path.stat()
        text = path.read_text() if path.is_file() else ""
        found[str(path)] = (stat.S_IMODE(known.st_mode), known.st_uid, text)
    return found


def said(estate: PatchFlow, number: str, device: str, step: str) -> str:
    """What the record of a host's step says."""
    rows = estate.data("show", number)["steps"]
    return str([r["detail"] for r in rows if (r["device"], r["step"]) == (device, step)][-1])


def test_configuration_goes_back_and_what_people_wrote_since_stays(
    flow: Callable[..., PatchFlow], lab: Booted, config: Repository
) -> None:
    """By hand after it was found well, and at once where a probe fails."""
    web1, web2 = lab.hosts["web1"], lab.hosts["web2"]
    for host in (web1, web2):
        prepared(host, config)
    config.add(tool("wb-config", "2.0", postinst=POSTINST))
    before = {host.name: (host.packages(), configuration(host)) for host in (web1, web2)}
    data = {"patch_linux_backup_paths": ["/etc", "/srv/orders"]}
    probe = {"name": "old", "kind": "command", "command": ["grep", "-q", "old",
                                                          "/etc/wb-config/settings"]}  # fmt: skip
    estate = flow("web1", "web2", runbook={"batches": ["100%"]})
    estate.write_inventory(
        web1=data, web2={**data, "patch_linux_probes": [probe], "patch_linux_settle": 2}
    )

    number, _ = estate.planned(*ASKED, limit="web1")
    estate.consented(number)
    estate.start(number)
    changed = configuration(web1)
    assert changed != before["web1"][1] and len(changed) == 4
    web1.ssh("echo 2 >> /srv/orders/db; echo '# by hand' >> /etc/hosts; echo mine > /etc/mine; "
             "useradd newcomer; touch $(printf '/etc/caf\\351')")  # fmt: skip
    hosts = web1.file("/etc/hosts").read_text()
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert (web1.packages(), configuration(web1)) == before["web1"]
    assert web1.file("/srv/orders/db").read_text() == "1\n2\n"
    assert web1.file("/etc/hosts").read_text() == hosts and "by hand" in hosts
    assert web1.file("/etc/mine").read_text() == "mine\n"
    assert "newcomer" in web1.file("/etc/passwd").read_text()
    told = said(estate, number, "web1", "back-out")
    for path in (
        "/etc/wb-config/settings",
        "/etc/wb-config/extra.d/one",
        "/etc/hosts",
        "/etc/mine",
    ):
        assert path in told
    # A name that is no UTF-8, too: nothing could be proven any more.
    assert web1.file(os.fsdecode(b"/etc/caf\xe9")).exists() and r"/etc/caf\xe9" in told
    assert "/srv/orders" not in told
    aside = web1.file(f"/var/lib/weibao/patch/{number}/replaced/etc/wb-config")
    assert (aside / "settings").read_text() == "new\n"
    assert (aside / "extra.d" / "one").read_text() == "came with it\n"

    number, _ = estate.planned(*ASKED, limit="web2")
    estate.consented(number)
    web2.ssh("echo '# by hand' >> /etc/hosts; echo 2 >> /srv/orders/db")  # before it begins
    words = estate.start(number, "aborted")
    steps = estate.steps(number)
    assert (steps["web2", "verify"], steps["web2", "back-out"]) == ("failed", "done"), words
    assert (web2.packages(), configuration(web2)) == before["web2"]
    assert web2.file("/srv/orders/db").read_text() == "1\n2\n"
    assert "by hand" in web2.file("/etc/hosts").read_text()
    estate.weibao("verify")


UNIT = """\
[Service]
ExecStart=/bin/sh -c '(cat /etc/wb-svc/settings; echo "$X") > /srv/wb-svc.with; exec sleep 99999'
[Install]
WantedBy=multi-user.target
"""
DROPIN = "/etc/systemd/system/wb-svc.service.d"
STARTED = """\
#!/bin/sh
set -e
mkdir -p /etc/wb-svc
[ -e /etc/wb-svc/settings ] || echo old > /etc/wb-svc/settings
[ ! -e /etc/wb-svc/mine ] || echo spoilt > /etc/wb-svc/mine
%s
systemctl daemon-reload
systemctl enable -q wb-svc
systemctl restart wb-svc
"""
CHANGED = f"""\
echo new > /etc/wb-svc/settings
mkdir -p {DROPIN}
printf '[Service]\\nEnvironment=X=dropin\\n' > {DROPIN}/x.conf
"""


def service(version: str, does: str = "") -> Package:
    """A package whose service is started by its own script."""
    return Package(
        "wb-svc", version,
        {"/lib/systemd/system/wb-svc.service": UNIT, "/usr/share/wb-svc/version": version},
        postinst=STARTED % does,
    )  # fmt: skip


def test_services_run_with_what_came_back_and_no_script_spoils_what_people_wrote(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """The earlier package's script starts its service before its configuration is back."""
    web1 = lab.hosts["web1"]
    pool.add(service("1.0"))
    web1.ssh("apt-get -q update && apt-get -q -y install wb-svc=1.0", timeout=120)
    pool.add(service("2.0", CHANGED))
    try:
        estate = flow("web1")
        number, _ = estate.planned("--package", "wb-svc", limit="web1")
        estate.consented(number)
        estate.start(number)
        assert web1.file("/srv/wb-svc.with").read_text() == "new\ndropin\n"
        web1.ssh("echo by hand > /etc/wb-svc/mine")
        estate.change("back-out", number, "--why", "test", who="li.op")
    finally:
        for file in pool.folder.glob("main/wb-svc_*"):
            pool.remove(file.name)
    assert web1.packages()["wb-svc"] == "1.0"
    assert not web1.file(f"{DROPIN}/x.conf").exists()
    for _ in range(2):
        wait_for(lambda: web1.file("/srv/wb-svc.with").read_text() == "old\n\n", seconds=20)
        web1.ssh("systemctl restart wb-svc")
    assert web1.ssh("systemctl show -P NeedDaemonReload wb-svc").stdout.strip() == "no"
    assert web1.file("/etc/wb-svc/mine").read_text() == "by hand\n"
    assert "/etc/wb-svc/mine" in said(estate, number, "web1", "back-out")


def test_what_was_edited_between_the_backup_and_the_patch_comes_back(
    flow: Callable[..., PatchFlow], lab: Booted, config: Repository
) -> None:
    """The runner was killed in between; no backup holds what somebody wrote then."""
    web1 = lab.hosts["web1"]
    prepared(web1, config)
    config.add(tool("wb-config", "2.0", postinst=POSTINST))
    estate = flow("web1", runbook={"two_person": True})
    number, _ = estate.planned(*ASKED)
    estate.consented(number)
    with at_work(estate, number) as process:
        wait_for(lambda: estate.steps(number).get(("web1", "backup-before")) == "done", seconds=120)
        os.killpg(process.pid, signal.SIGKILL)
    web1.ssh("echo by hand > /etc/wb-config/settings")
    edited = (web1.packages(), configuration(web1))
    words = estate.carried_out(number, "resume")
    assert estate.state(number) == "verified", words
    assert web1.file("/etc/wb-config/settings").read_text() == "new\n"
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert (web1.packages(), configuration(web1)) == edited
    kept = web1.file(f"/var/lib/weibao/patch/{number}")
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept.glob("started-*"))


def test_no_backup_no_patch(flow: Callable[..., PatchFlow], lab: Booted) -> None:
    """Said when it is planned, and nothing is done to the host."""
    web1 = lab.hosts["web1"]
    estate = flow("web1")
    before = web1.packages()
    estate.write_inventory(web1={"patch_linux_backup": False})
    number, targets = estate.planned("--package", "wb-tool", fails=1)
    assert "/etc" in targets["web1"]["problem"]
    estate.change("submit", number, who="wang.pm", fails=3)
    estate.change("start", number, who="li.op", fails=3)
    assert web1.packages() == before
    assert not web1.file("/var/lib/weibao/patch").exists()


def main_process(host: Host, unit: str) -> str:
    """The number of a service's process."""
    return str(host.ssh(f"systemctl show -P MainPID {unit}").stdout.strip())


def test_what_ran_old_code_since_long_is_named_and_left_running(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """The plan did not show it, so nobody approved that it is interrupted."""
    web1 = lab.hosts["web1"]
    web1.ssh(
        "cp /bin/sleep /usr/local/bin/long && systemd-run -q --unit=long /usr/local/bin/long 9999"
        " && sleep 0.5 && cp --remove-destination /bin/sleep /usr/local/bin/long"
    )
    processes = {unit: main_process(web1, unit) for unit in ("long", "wb-web")}
    estate = flow("web1")
    number, targets = estate.planned("--package", "wb-web")
    assert targets["web1"]["plan"]["restarts"] == ["wb-web.service"]
    estate.consented(number)
    estate.start(number)
    assert main_process(web1, "long") == processes["long"]
    assert main_process(web1, "wb-web") != processes["wb-web"]
    assert "long.service" in said(estate, number, "web1", "verify")


def test_a_run_that_is_resumed_looks_at_the_host_again(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """It was well before its runner was killed; what somebody edited meanwhile stays."""
    web1 = lab.hosts["web1"]
    before = web1.packages()
    estate = flow("web1", runbook={"two_person": True})
    number, _ = estate.planned("--package", "wb-web")
    estate.consented(number)
    with at_work(estate, number) as process:  # it waits for the second person then
        done = ("web1", "backup-before")
        wait_for(lambda: estate.steps(number).get(done) == "done", seconds=120)
        os.killpg(process.pid, signal.SIGKILL)
    web1.ssh("systemd-run -q --unit=wb-ill /bin/false; echo '# by hand' >> /etc/hosts; sleep 0.5")
    hosts = web1.file("/etc/hosts").read_text()
    words = estate.carried_out(number, "resume")
    assert estate.state(number) == "aborted", words
    assert "wb-ill.service" in words
    assert web1.packages() == before
    assert web1.file("/etc/hosts").read_text() == hosts
    steps = estate.steps(number)
    assert (steps["web1", "apply"], steps["web1", "back-out"]) == ("failed", "done")


LOOPS = """\
[Service]
ExecStart=/bin/sh -c 'sleep {seconds}; exit 1'
Restart=always
RestartSec=200ms
[Install]
WantedBy=multi-user.target
"""


def test_a_service_that_crashes_and_is_started_again_is_worse(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """It is active whenever somebody looks, for three seconds at a time."""
    web2 = lab.hosts["web2"]

    def version(number: str, seconds: int) -> Package:
        unit = {"/lib/systemd/system/wb-loop.service": LOOPS.format(seconds=seconds)}
        start = "#!/bin/sh\nsystemctl daemon-reload\nsystemctl enable -q wb-loop\n"
        start += "systemctl restart wb-loop\n"
        return Package("wb-loop", number, dict(unit), postinst=start)

    pool.add(version("1.0", 9999))
    web2.ssh("apt-get -q update && apt-get -q -y install wb-loop=1.0", timeout=120)
    pool.add(version("2.0", 3))
    try:
        before = web2.packages()
        estate = flow("web2")
        number, _ = estate.planned("--package", "wb-loop")
        estate.consented(number)
        estate.start(number, "aborted")
        assert "wb-loop.service" in said(estate, number, "web2", "verify")
        back = estate.steps(number)["web2", "back-out"]
        assert back == "done", said(estate, number, "web2", "back-out")
        assert web2.packages() == before
    finally:
        for file in pool.folder.glob("main/wb-loop_*"):
            pool.remove(file.name)


def test_a_new_package_whose_script_fails_is_taken_away_again(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """It is half configured: neither installed nor gone, and what needs it waits for it."""
    web1 = lab.hosts["web1"]
    pool.add(tool("wb-needy", "1.0"))
    web1.ssh("apt-get -q update && apt-get -q -y install wb-needy")
    broken = tool("wb-stub", "1.0", postinst="#!/bin/sh\nexit 1\n")
    pool.add(broken, tool("wb-needy", "2.0", depends="wb-stub"))
    try:
        before = web1.packages()
        estate = flow("web1")
        number, _ = estate.planned("--package", "wb-needy")
        estate.consented(number)
        words = estate.change("start", number, who="li.op", fails=None)
        steps = estate.steps(number)
        assert (steps["web1", "apply"], steps["web1", "back-out"]) == ("failed", "done"), words
        assert web1.packages() == before
        assert web1.ssh("dpkg --audit").stdout == ""
    finally:
        for name in ("wb-needy", "wb-stub"):
            for file in pool.folder.glob(f"main/{name}_*"):
                pool.remove(file.name)
