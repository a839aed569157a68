"""A patch window on two real Debian hosts, without root: ``make demo-linux``.

The hosts are made with mmdebstrap in namespaces of the user's own, and take their patches from
an APT repository of the demo's own on 127.0.0.1. Everything lies in ``./demo-linux``; a small
Debian is kept in ``.cache``. Not proven here, since no systemd runs in the hosts: restarts of
services and of the host. ``tests/patch`` does that on booted hosts, with root.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import demo
import yaml
from demo_change import PATIENCE, Stage, people
from rootless_hosts import Host, make_base, why_not

sys.path.insert(0, str(demo.ROOT / "tests"))

from patch.packages import Pool, tool

PLACE = demo.ROOT / "demo-linux"
ESTATE = PLACE / "estate"
BASE = demo.ROOT / ".cache" / "demo-linux" / "bookworm.tar"
NAMES = ("web1", "web2")
UNCHECKED = 4


class Served(Pool):
    """Packages of the demo's own, on a port of this machine."""

    def begin(self) -> str:
        """Answer; where."""
        handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
        serve = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=self.folder))
        Thread(target=serve.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{serve.server_port}"


def make_hosts(hosts: list[Host], pool: Served) -> dict[str, dict[str, object]]:
    """Two hosts with the first versions; how Ansible reaches them."""
    key = PLACE / "id"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(made, check=True)
    where = pool.begin()
    lines = [f"deb [trusted=yes] {where}/{suite} ./\n" for suite in ("main", "security")]
    known: list[str] = []
    found: dict[str, dict[str, object]] = {}
    for host in hosts:
        host.unpack(BASE, key.with_suffix(".pub").read_text())
        (host.root / "etc/apt/sources.list").write_text("".join(lines))
        reached = host.start()
        known.append(f"[127.0.0.1]:{reached.port} {reached.key}\n")
        found[host.name] = {"ansible_port": reached.port}
        print(f"  {host.name:<8} 127.0.0.1:{reached.port}")
    (PLACE / "known_hosts").write_text("".join(known))
    for more in found.values():
        ssh = ["ssh", "-i", str(key), "-o", f"UserKnownHostsFile={PLACE / 'known_hosts'}", "-p",
               str(more["ansible_port"]), "root@127.0.0.1"]  # fmt: skip
        install = "apt-get -qq update && apt-get -qq -y install shop shop-ssl >/dev/null 2>&1"
        subprocess.run([*ssh, install], check=True, stdin=subprocess.DEVNULL)
    return found


def write_estate(reached: dict[str, dict[str, object]]) -> None:
    """An estate with these hosts; the runbook without the pause between waves."""
    demo.run(
        *("weibao", "init", str(ESTATE), "--name", demo.say("演示", "Demo")),
        *("--language", demo.LANGUAGE, "--key-dir", str(PLACE / "keys")),
        where=PLACE, quiet=True,
    )  # fmt: skip
    options = f"-o UserKnownHostsFile={PLACE / 'known_hosts'} -o StrictHostKeyChecking=yes"
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(PLACE / "id"),
        "ansible_ssh_common_args": options,
        "ansible_python_interpreter": "/usr/bin/python3",
        "contract": "default",
        "redundancy_group": "shop",
        "patch_linux_backup_repository": "/var/backups/restic",
        "patch_linux_backup_password": "only-of-the-demo",
        "patch_linux_free_mb": 10,
        "patch_linux_reboot": "never",
        "patch_linux_probes": [
            {"name": "shop", "kind": "command", "command": ["cat", "/usr/share/shop/v"]}
        ],
    }
    inventory = {"all": {"vars": variables, "hosts": reached}}
    (ESTATE / "inventory" / "hosts.yml").write_text(json.dumps(inventory))
    book = yaml.safe_load((demo.ROOT / "runbooks" / "patch-linux.yml").read_text(encoding="utf-8"))
    book["waves"]["pause_between_seconds"] = 0
    (ESTATE / "runbooks").mkdir(exist_ok=True)
    (ESTATE / "runbooks" / "patch-linux.yml").write_text(json.dumps(book))


def confirm_waves(stage: Stage, process: subprocess.Popen[bytes], number: str, keys: Path) -> None:
    """The recorder confirms the step of each wave that waits.

    Raises:
        Wrong: it takes too long.
    """
    until = time.monotonic() + 3 * PATIENCE
    done: set[int] = set()
    while process.poll() is None:
        if time.monotonic() > until:
            process.kill()
            raise stage.wrong(f"{number} does not end")
        for step in stage.asked("weibao", "change", "show", number)["steps"]:
            if step["state"] == "waiting" and step["wave"] not in done:
                done.add(step["wave"])
                stage.run(
                    *("weibao", "change", "confirm", number, "--as", "zhao", "--step", "apply"),
                    *("--wave", str(step["wave"]), "--key", str(keys / "zhao")),
                )
        time.sleep(0.5)


def window(hosts: list[Host], pool: Served) -> None:
    """From what is missing to the summary.

    Raises:
        Wrong: something came out another way.
    """
    stage = Stage(ESTATE, partial(demo.run, where=ESTATE), partial(demo.asked, where=ESTATE),
                  partial(demo.start, where=ESTATE), demo.title, demo.Wrong)  # fmt: skip
    keys = people(stage)
    before = {host.name: host.packages() for host in hosts}
    pool.add(tool("shop", "2.0", depends="shop-lib"), tool("shop-lib", "1.0"))
    pool.add(tool("shop-ssl", "1.1", suite="security"))
    demo.title("缺少哪些补丁", "What is missing")
    stage.run("weibao", "patch", "status", "--limit", "all")
    demo.title("补丁计划：逐台的确切版本", "The plan: exact versions, host by host")
    begin = datetime.now(UTC).replace(microsecond=0).isoformat()
    fields = [word for f in ("hardware", "software", "notified") for word in ("--field", f"{f}=-")]
    plan = ("weibao", "patch", "plan", "--limit", "all", "--window", f"{begin}/+4h", "--as", "wang",
            "--operator", "li", "--recorder", "zhao", *fields)  # fmt: skip
    number = stage.asked(*plan)["change"]["id"]
    stage.run("weibao", "change", "show", number)
    demo.title("没有批准就不能开始", "What is not approved does not start")
    stage.run("weibao", "change", "start", number, "--as", "li", expect=3)
    demo.title("内部审批，客户书面同意（SSH 签名）", "Approved inside, then by the customer (SSH)")
    for person in ("chen", "liu"):
        stage.run("weibao", "change", "submit", number, "--as", "wang")
        stage.run(
            "weibao", "change", "approve", number, "--as", person, "--key", str(keys / person)
        )
    demo.title(
        "执行：备份并验证，安装，比较", "Carried out: backed up and proven, installed, compared"
    )
    process = stage.start("weibao", "change", "start", number, "--as", "li")
    confirm_waves(stage, process, number, keys)
    if process.returncode:
        raise stage.wrong(f"{number} ended with {process.returncode}")
    wanted = {"shop": "2.0", "shop-lib": "1.0", "shop-ssl": "1.1"}
    for host in hosts:
        if host.packages() != {**before[host.name], **wanted}:
            raise stage.wrong(f"{host.name}: not as approved by dpkg's own records")
    demo.title("总结报告", "The summary")
    stage.run("weibao", "change", "document", number, "patch-summary", "--html", "../summary.html")
    stage.run("weibao", "change", "list", "--owed")
    print(demo.say(
        f"报告：{PLACE / 'summary.html'}\n主机里没有 systemd：服务和主机的重启在这里没有证明。",
        f"The report: {PLACE / 'summary.html'}\n"
        "No systemd runs in these hosts: restarts of services and hosts are not proven here.",
    ))  # fmt: skip


def main() -> int:
    """Run it; 0 only where both hosts have exactly what was approved."""
    hosts = [Host(PLACE / name, name) for name in NAMES]
    if sys.argv[1:] == ["--remove"]:
        for host in hosts:
            host.remove()
        return 0
    why = why_not()
    if why:
        print(demo.say(
            f"无法演示：本机不允许以普通用户建立主机（用户命名空间）。{why}\n"
            "需要 mmdebstrap、uidmap、apt-utils，/etc/subuid 和 /etc/subgid 中有本用户的一段，"
            "且内核允许用户命名空间。",
            f"No demo: hosts cannot be made here without root (user namespaces). {why}\n"
            "It needs mmdebstrap, uidmap and apt-utils, a range of this user in /etc/subuid and "
            "/etc/subgid, and a kernel that allows user namespaces.",
        ), file=sys.stderr)  # fmt: skip
        return UNCHECKED
    for host in hosts:
        host.remove()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    demo.title("准备两台 Debian 主机（首次需要几分钟）", "Two Debian hosts (a few minutes, once)")
    pool = Served(PLACE / "pool")
    pool.add(tool("shop", "1.0"), tool("shop-ssl", "1.0"))
    try:
        make_base(BASE)
        write_estate(make_hosts(hosts, pool))
        window(hosts, pool)
    except (demo.Wrong, RuntimeError, subprocess.CalledProcessError) as error:
        print(demo.say(f"演示与预期不符：{error}", f"Not as planned: {error}"), file=sys.stderr)
        return 1
    finally:
        for host in hosts:
            host.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
