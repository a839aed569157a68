"""Every platform: log in, look around, change something, save it."""

from __future__ import annotations

import re

import pytest
from lab_client import ALIKE, NO_PAGING, SHOW_RUNNING, SHOW_SAVED, Cli, same

from weibao_lab import DeviceHandle, Lab

PAGER = {
    "huawei": (b"  ---- More ----", b"\x1b[42D" + b" " * 42 + b"\x1b[42D"),
    "hp_comware": (b"---- More ----", b"\x1b[16D" + b" " * 16 + b"\x1b[16D"),
    "ruijie_os": (b" --More-- ", b"\x08" * 9 + b" " * 8 + b"\x08" * 9),
    "cisco_ios": (b" --More-- ", b"\x08" * 9 + b" " * 8 + b"\x08" * 9),
    "cisco_nxos": (b"\x1b[7m--More--\x1b[m", b"\r\x1b[K"),
    "arista_eos": (b" --More-- ", b"\r\x1b[K"),
    "juniper_junos": (rb"---(more", b"\r" + b" " * 40 + b"\r"),
}
UNKNOWN = {
    "huawei": b"Error: Unrecognized command found at '^' position.",
    "hp_comware": b" % Unrecognized command found at '^' position.",
    "ruijie_os": b"% Invalid input detected at '^' marker.",
    "cisco_ios": b"% Invalid input detected at '^' marker.",
    "cisco_nxos": b"% Invalid command at '^' marker.",
    "arista_eos": b"% Invalid input",
    "juniper_junos": b"syntax error, expecting <command>.",
}
PORT = {
    "huawei": "GigabitEthernet0/0/3",
    "hp_comware": "GigabitEthernet1/0/3",
    "ruijie_os": "GigabitEthernet 0/3",
    "cisco_ios": "GigabitEthernet1/0/3",
    "cisco_nxos": "Ethernet1/3",
    "arista_eos": "Ethernet3",
}
INDENTED = sorted(PORT)


def test_the_export_is_what_the_device_rendered(device: DeviceHandle) -> None:
    with Cli(device).start() as cli:
        answer = cli.show_running()
        wanted = device.render_running()
    assert same(answer, wanted, device)
    command = SHOW_RUNNING.get(device.platform, "show running-config")
    assert device.last_sent[command] == wanted
    assert 150 <= wanted.count(b"\n") <= 450


def test_the_pager_gives_the_same_text_page_by_page(device: DeviceHandle) -> None:
    text, erase = PAGER[device.platform]
    with Cli(device).start() as cli:
        no_paging = NO_PAGING.get(device.platform, "terminal length 0")
        undo = {"hp_comware": "undo screen-length disable"}.get(device.platform)
        cli.run(undo or no_paging.replace(" 0", " 24"))
        cli.send(SHOW_RUNNING.get(device.platform, "show running-config"))
        read, pages = b"", 0
        stop = rb"(?:" + re.escape(text) + rb"[^\n]*|" + cli.prompt + rb")$"
        while True:
            part = cli.read(stop)
            if not (found := re.search(re.escape(text) + rb"[^\n]*$", part)):
                read += part
                break
            pages += 1
            read += part[: found.start()]
            cli.channel.sendall(b" " if pages > 1 else b"\n")
        wanted = device.render_running()
    assert pages > 5
    assert erase in read
    plain = read.replace(erase, b"").replace(b"\r\n", b"\n").partition(b"\n")[2]
    assert same(plain[: plain.rfind(b"\n") + 1], wanted, device)


def test_q_leaves_the_pager(ios: DeviceHandle) -> None:
    with Cli(ios).start() as cli:
        cli.run("terminal length 24")
        cli.send("show running-config")
        cli.read(rb"--More-- $")
        cli.channel.sendall(b"q")
        assert cli.read(rb"\x08t-cisco-ios#$").count(b"\n") == 0


def test_an_unknown_command_gets_the_native_error(device: DeviceHandle) -> None:
    with Cli(device).start() as cli:
        word = "display" if ALIKE.get(device.platform) == "vrp" else "show"
        assert UNKNOWN[device.platform] in cli.run(f"{word} nonsense")


@pytest.mark.parametrize(
    ("typed", "full"),
    [("sh run", "show running-config"), ("sh ver", "show version"), ("wr", "write")],
)
def test_words_may_be_abbreviated(ios: DeviceHandle, typed: str, full: str) -> None:
    with Cli(ios).start() as cli:
        cli.run(typed)
    assert ios.last_sent[typed] == ios.last_sent[full]


def test_a_pipe_includes_and_excludes(ios: DeviceHandle) -> None:
    with Cli(ios).start() as cli:
        assert cli.run("show run | include ^hostname") == f"hostname {ios.hostname}\n".encode()
        assert b"!" not in cli.run("show run | exclude !")


@pytest.mark.parametrize("platform", INDENTED)
def test_a_change_shows_at_once_and_stays_after_save(lab: Lab, platform: str) -> None:
    device = lab.devices["t-" + platform.replace("_", "-")]
    vrp = platform in {"huawei", "hp_comware"}
    before = device.render_running()
    with Cli(device).start() as cli:
        cli.run("system-view" if vrp else "configure terminal")
        cli.run(f"interface {PORT[platform]}")
        cli.run("description 新的描述")
        cli.run("shutdown")
        cli.run("return" if vrp else "end")
        shown = cli.show_running().decode(device.spec.encoding)
        block = shown.split(f"interface {PORT[platform]}\n")[1].split("interface ")[0]
        assert "description 新的描述" in block
        assert re.search(r"^ +shutdown$", block, re.M)
        assert "新的描述".encode(device.spec.encoding) not in device.render_startup()
        device.save()
        answer = cli.run(SHOW_SAVED.get(platform, "show startup-config"))
        assert "新的描述".encode(device.spec.encoding) in answer
        assert answer == device.render_startup()
    device.replace_running(before)
    assert stable(device.render_running()) == stable(before)


@pytest.mark.parametrize("platform", INDENTED)
def test_no_takes_back_what_a_command_did(lab: Lab, platform: str) -> None:
    device = lab.devices["t-" + platform.replace("_", "-")]
    vrp = platform in {"huawei", "hp_comware"}
    undo = "undo" if vrp else "no"
    vlan = "interface " + {"huawei": "Vlanif", "hp_comware": "Vlan-interface"}.get(platform, "Vlan")
    before = body(device)
    device.configure(["vlan 77", "name TEMP", "quit" if vrp else "exit", f"{vlan} 77"])
    assert body(device) != before
    device.configure([f"{undo} {vlan} 77", f"{undo} vlan 77"])
    assert body(device) == before


def body(device: DeviceHandle) -> bytes:
    """The running configuration without its changing lines."""
    return stable(device.render_running())


def stable(text: bytes) -> bytes:
    """A configuration without its changing lines."""
    changing = rb"^(?:! ?\w.*|Current configuration.*|ntp clock-period.*)\n"
    return re.sub(changing, b"", text, flags=re.M)


def test_the_prompt_follows_the_name_and_the_mode(lab: Lab) -> None:
    device = lab.devices["t-huawei"]
    with Cli(device).start() as cli:
        cli.run("system-view")
        cli.send("sysname 新")
        cli.buffer = b""
        cli.read("新\\]$".encode("gbk"))
        cli.send("interface gi0/0/1")
        cli.read(rb"-GigabitEthernet0/0/1\]$")
        cli.send("sysname t-huawei")
        cli.read(rb"\n\[t-huawei\]$")
        cli.run("return")
    assert device.hostname == "t-huawei"


@pytest.mark.parametrize(
    ("name", "dialogue"),
    [
        ("t-huawei", [("save", rb"\[Y/N\]$"), ("y", rb"successfully\.")]),
        (
            "t-hp-comware",
            [
                ("save", rb"\[Y/N\]:$"),
                ("y", rb"enter key\):$"),
                ("", rb"\[Y/N\]:$"),
                ("y", rb"successfully\."),
            ],
        ),
        ("t-hp-comware", [("save force", rb"successfully\.")]),
        ("t-cisco-ios", [("copy run start", rb"\? $"), ("", rb"\[OK\]")]),
        ("t-cisco-nxos", [("copy running-config startup-config", rb"Copy complete\.")]),
        ("t-arista-eos", [("write memory", rb"Copy completed successfully\.")]),
        ("t-ruijie-os", [("write", rb"\[OK\]")]),
    ],
)
def test_saving_asks_what_the_platform_asks(
    lab: Lab, name: str, dialogue: list[tuple[str, bytes]]
) -> None:
    device = lab.devices[name]
    word = {"t-huawei": "sysname", "t-hp-comware": "sysname"}.get(name, "hostname")
    with Cli(device).start() as cli:
        device.configure([f"{word} other"])
        assert f"{word} other".encode() not in device.render_startup()
        for typed, answer in dialogue:
            cli.send(typed)
            cli.read(answer)
        assert f"{word} other".encode() in device.render_startup()
        device.configure([f"{word} {name}"])
        device.save()


def test_the_banner_of_one_device_in_two_looks_like_a_prompt() -> None:
    with Lab.start(Lab.default_specs(24)) as lab:
        traps = [b"core-sw-00" in handle.render_running() for handle in lab.devices.values()]
    assert 4 < sum(traps) < 20
