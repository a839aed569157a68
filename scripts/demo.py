"""Two nights of backup over simulated switches, a change, and ports: ``make demo``.

Everything lies in ``./demo``, which is made anew each time. Only commands that a user would
type are run, and they are shown. The demo ends with 0 only if every device came out as it
was planned, so it is a test of the whole as well.
"""

from __future__ import annotations

import json
import locale
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo_change import Stage, change
from demo_ports import ports
from openpyxl import Workbook

from weibao.i18n import default_language
from weibao_lab.control import request
from weibao_lab.errors import LabNotRunning

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
ESTATE = DEMO / "estate"
LAB = DEMO / "lab"
BIN = Path(sys.executable).parent
DEVICES = 28
LANGUAGE = default_language()
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


@dataclass(frozen=True)
class Planned:
    """What happens to a device between the nights, and what must come of it."""

    device: str
    words: tuple[str, str]
    """In Chinese and in English."""
    act: Callable[[str], Any]
    outcome: str
    reasons: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()


def fault(**values: Any) -> Callable[[str], Any]:
    """Let a device misbehave."""
    return lambda device: request(LAB, "fault", device=device, values=values)


def typed(*lines: str, saved: bool = False) -> Callable[[str], Any]:
    """Change a device's configuration as if by hand."""

    def act(device: str) -> None:
        request(LAB, "configure", device=device, lines=list(lines))
        if saved:
            request(LAB, "save", device=device)

    return act


PLAN = (
    Planned(
        "hq-acc-rj-01",
        ("拒绝登录", "refuses the login"),
        fault(refuse_login=True),
        "failed",
        reasons=frozenset({"auth_failed"}),
    ),
    Planned(
        "br1-acc-hw-01",
        ("配置传到一半时断线", "cuts the line in the middle of its configuration"),
        fault(cut_after_bytes=2500),
        "failed",
        reasons=frozenset({"dropped"}),
    ),
    Planned(
        "br2-core-h3c-01",
        ("不给配置，只回一条错误", "prints an error instead of its configuration"),
        fault(error_instead=True),
        "refused",
        reasons=frozenset({"error_text"}),
    ),
    Planned(
        "br2-acc-ios-01",
        ("配置被截断，之后提示符照常出现", "stops half way, then shows its prompt as usual"),
        fault(half_configuration=True),
        "refused",
        reasons=frozenset({"truncated_no_end", "last_line_cut", "shrunk", "missing_part"}),
    ),
    Planned(
        "hq-core-hw-01",
        ("有人手工改了配置，没有保存", "was changed by hand, and not saved"),
        typed("interface GigabitEthernet0/0/7", "description CHANGED-BY-HAND", "shutdown"),
        "archived",
        findings=frozenset({"unexplained_change", "unsaved_change"}),
    ),
    Planned(
        "hq-dc-eos-01",
        ("新增了一个 VLAN，已保存", "got a new VLAN, saved"),
        typed("vlan 210", "name CAMERAS", saved=True),
        "archived",
        findings=frozenset({"unexplained_change"}),
    ),
    Planned(
        "hq-dist-ios-02",
        ("主机名被改了", "has another hostname"),
        typed("hostname dist-borrowed", saved=True),
        "archived",
        findings=frozenset({"unexplained_change", "hostname_changed"}),
    ),
)


class Wrong(Exception):
    """The demo did not go as planned."""


def say(zh: str, en: str) -> str:
    """The words in the user's language."""
    return zh if LANGUAGE == "zh" else en


def title(zh: str, en: str) -> None:
    """A heading."""
    text = say(zh, en)
    print(f"\n\033[1;36m== {text}\033[0m" if COLOUR else f"\n== {text}", flush=True)


def _command(words: tuple[str, ...]) -> list[str]:
    return [str(BIN / words[0]), *words[1:]]


def run(*words: str, where: Path = ESTATE, expect: int = 0, quiet: bool = False) -> None:
    """Run a command in sight of the user.

    Raises:
        Wrong: its exit code is not the expected one.
    """
    shown = " ".join(words)
    print(f"\033[1m$ {shown}\033[0m" if COLOUR else f"$ {shown}", flush=True)
    done = subprocess.run(
        _command(words),
        cwd=where,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        encoding="utf-8",
    )
    if quiet and done.returncode != expect:
        print(done.stdout)
    if done.returncode != expect:
        raise Wrong(f"{shown}: exit code {done.returncode}, {expect} expected")


def start(*words: str, where: Path = ESTATE) -> subprocess.Popen[bytes]:
    """Start a command beside the demo, in sight of the user."""
    shown = " ".join(words)
    print(f"\033[1m$ {shown} &\033[0m" if COLOUR else f"$ {shown} &", flush=True)
    return subprocess.Popen(_command(words), cwd=where, stdin=subprocess.DEVNULL)


def changed_device() -> str:
    """A healthy Huawei switch."""
    busy = {planned.device for planned in PLAN}
    devices = request(LAB, "devices")["devices"]
    found = (d["name"] for d in devices if d["platform"] == "huawei" and d["name"] not in busy)
    name: str = next(found)
    return name


def asked(*words: str, where: Path = ESTATE) -> Any:
    """What a command says as JSON."""
    done = subprocess.run(
        _command((*words, "--json")),
        cwd=where,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return json.loads(done.stdout)


# Sheets name a vendor and a model; Weibao knows the platform from them.
MODELS = {
    "huawei": ("华为", "Huawei", "S5735-L"),
    "hp_comware": ("新华三", "H3C", "S5560X"),
    "ruijie_os": ("锐捷", "Ruijie", "RG-S5750"),
    "cisco_ios": ("思科", "Cisco", "Catalyst 2960X"),
    "cisco_nxos": ("思科", "Cisco", "Nexus 93180YC-EX"),
    "arista_eos": ("Arista", "Arista", "DCS-7050SX3"),
    "juniper_junos": ("Juniper", "Juniper", "EX4300"),
}
HEADS = {
    "zh": "设备名称 管理IP 端口 品牌 型号 使用单位 位置 用途 用户名 密码 特权密码",
    "en": "Hostname|IP address|Port|Vendor|Model|Unit|Site|Role|Username|Password|Enable secret",
}


def write_sheet(path: Path) -> None:
    """The lab's devices as the sheet that most people start from."""
    book = Workbook()
    sheet = book.active
    sheet.title = "devices"
    sheet.append(HEADS[LANGUAGE].split(" " if LANGUAGE == "zh" else "|"))
    for device in request(LAB, "devices")["devices"]:
        zh, en, model = MODELS[device["platform"]]
        row = [device[field] for field in ("name", "host", "port")]
        row += [say(zh, en), model]
        row += [device[field] for field in ("unit", "site", "role")]
        row += [device[field] for field in ("username", "password", "enable_secret")]
        sheet.append(row)
    book.save(path)
    path.chmod(0o600)


def stop_lab() -> None:
    """End the lab of this folder, if one runs."""
    try:
        request(LAB, "status")
    except LabNotRunning:
        return
    subprocess.run(
        _command(("weibao-lab", "stop", "--state", str(LAB))),
        check=False,
        stdout=subprocess.DEVNULL,
    )


def configure_second_copy() -> None:
    """Name a second place for the full texts in the settings."""
    (DEMO / "second-copy").mkdir()
    settings = ESTATE / "weibao.yml"
    with settings.open("a", encoding="utf-8") as stream:
        stream.write("\narchive:\n  second_copy: ../second-copy\n")


def prepare() -> None:
    """From nothing to an estate whose devices are known."""
    title(f"准备：{DEVICES} 台模拟交换机", f"Preparing: {DEVICES} simulated switches")
    stop_lab()
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    run("weibao-lab", "start", "--state", "demo/lab", "--count", str(DEVICES), where=ROOT)
    title("建立维保工程，导入设备台账", "An estate, and the devices from a sheet")
    run(
        *("weibao", "init", "demo/estate", "--name", say("演示", "Demo")),
        *("--language", LANGUAGE, "--key-dir", "demo/keys"),
        where=ROOT,
        quiet=True,
    )
    configure_second_copy()
    write_sheet(DEMO / "devices.xlsx")
    run("weibao", "inventory", "import", "../devices.xlsx", "--force")
    run("weibao", "inventory", "check")
    title("首次登记主机密钥", "Host keys, on first contact")
    run("weibao", "inventory", "trust", quiet=True)
    print(
        say(
            f"已登记 {DEVICES} 台；此后密钥一变即拒绝连接。",
            f"{DEVICES} recorded; a changed key is refused from now on.",
        )
    )


def between_the_nights() -> None:
    """Devices change and misbehave."""
    title("白天：设备有变化，也有故障", "The day between: devices change and misbehave")
    for planned in PLAN:
        planned.act(planned.device)
        print(f"  {planned.device:<16} {planned.words[0 if LANGUAGE == 'zh' else 1]}")


def check_first_night() -> None:
    """Everything was archived.

    Raises:
        Wrong: something was not.
    """
    rows = asked("weibao", "backup", "status")["devices"]
    bad = [row["name"] for row in rows if row["last_outcome"] != "archived"]
    if bad or len(rows) != DEVICES:
        raise Wrong(f"night one: {len(rows)} devices, not archived: {bad}")


def check_second_night() -> dict[str, Any]:
    """Every device came out as planned, and only those have findings; the run.

    Raises:
        Wrong: one did not.
    """
    shown: dict[str, Any] = asked("weibao", "run", "show", "last")
    findings: dict[str, set[str]] = {}
    for finding in shown["findings"]:
        findings.setdefault(finding["device"], set()).add(finding["code"])
    plan = {planned.device: planned for planned in PLAN}
    wrong = []
    for target in shown["targets"]:
        planned = plan.get(target["device"])
        code = (target["reason"] or {}).get("code")
        found = findings.get(target["device"], set())
        if planned is None:
            fits = target["outcome"] == "unchanged" and not found
        else:
            fits = (
                target["outcome"] == planned.outcome
                and (code in planned.reasons if planned.reasons else code is None)
                and found == planned.findings
            )
        if not fits:
            wrong.append(f"{target['device']}: {target['outcome']} {code} {sorted(found)}")
    if len(shown["targets"]) != DEVICES:
        wrong.append(f"{len(shown['targets'])} devices")
    if wrong:
        raise Wrong("night two: " + "; ".join(wrong))
    return shown


def nights() -> None:
    """Both nights, and a look at what they left."""
    title("第一夜", "Night one")
    run("weibao", "backup", "run")
    check_first_night()
    between_the_nights()
    title("第二夜", "Night two")
    run("weibao", "backup", "run", expect=1)
    shown = check_second_night()
    print(
        say(
            "退出码 1：跑完了，但有设备没备份成。本演示正应如此。",
            "Exit code 1: it ran, but some devices were not backed up. Here that is as planned.",
        )
    )
    title("早上：各设备备份的新旧", "The morning: how old is each backup")
    run("weibao", "backup", "status")
    title("手工改了什么", "What was changed by hand")
    run("weibao", "backup", "diff", "hq-core-hw-01")
    stage = Stage(ESTATE, run, asked, start, title, Wrong)
    device = changed_device()
    change(stage, device)
    ports(stage, LAB, [planned.device for planned in PLAN], device)
    title("核对账本、证据、归档和第二份副本", "Checking ledger, evidence, archive, second copy")
    run("weibao", "verify")
    finish(shown)


def finish(shown: dict[str, Any]) -> None:
    """Where the report lies, and what to try next.

    Raises:
        Wrong: there is no report.
    """
    folder = ESTATE / "var/contracts/default/reports" / shown["run"]["id"]
    first = "index.html"
    other = "index.en.html" if LANGUAGE == "zh" else "index.zh.html"
    for name in (first, other):
        if not (folder / name).is_file():
            raise Wrong(f"no report {folder / name}")
    tally: dict[str, int] = {}
    for target in shown["targets"]:
        tally[target["outcome"]] = tally.get(target["outcome"], 0) + 1
    names = {
        "archived": say("已归档", "archived"),
        "unchanged": say("无变化", "unchanged"),
        "refused": say("拒收", "refused"),
        "failed": say("失败", "failed"),
    }
    title("结果", "Result")
    print(
        say("第二夜：", "Night two: ")
        + say("，", ", ").join(f"{names[key]} {tally.get(key, 0)}" for key in names)
        + say("。与预定的一致。", ". As planned.")
    )
    print(say("报告（中文）：", "Report (English): ") + str(folder / first))
    print(say("报告（英文）：", "Report (Chinese): ") + str(folder / other))
    activate = "export PATH=$PWD/.venv/bin:$PATH; cd demo/estate"
    print(
        "\n"
        + say("接着可以试试（模拟交换机已停止）：", "What to try next (the lab has stopped):")
        + f"\n  {activate}"
        + "\n  weibao backup list hq-dc-eos-01"
        + "\n  weibao backup grep CAMERAS"
        + "\n  weibao backup export hq-core-hw-01"
        + "\n  weibao run show last"
        + say(
            "\n用在真实设备上：weibao init 我的工程，然后照它写出的提示做。",
            "\nIn earnest: weibao init my-estate, then do what it says.",
        )
    )


def main() -> int:
    """The demo; 0 if everything came out as planned."""
    os.environ["WEIBAO_LANGUAGE"] = LANGUAGE
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:  # named by the terminal, not installed here; Ansible would refuse it
        os.environ["LC_ALL"] = "C.UTF-8"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        prepare()
        nights()
    except Wrong as problem:
        print(
            say(f"\n演示未按预定进行：{problem}", f"\nNot as planned: {problem}"), file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print(say("\n已中断。", "\nInterrupted."), file=sys.stderr)
        return 130
    finally:
        stop_lab()
    took = round(time.monotonic() - began)
    print(say(f"\n用时 {took} 秒。", f"\nIt took {took} seconds."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
