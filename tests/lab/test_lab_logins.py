"""Logging in: passwords, keys, enable, telnet, and what is remembered of it."""

from __future__ import annotations

import asyncio

import asyncssh
import netmiko
import paramiko
import pytest
from lab_client import Cli

from weibao_lab import DeviceHandle, DeviceSpec, Lab


def test_a_wrong_password_is_remembered_but_not_kept(ios: DeviceHandle) -> None:
    before = len(ios.log.logins)
    with pytest.raises(paramiko.AuthenticationException):
        Cli(ios, password="Wrong-9999")
    with Cli(ios).start():
        pass
    logins = ios.log.logins[before:]
    assert [(item.success, item.password_right) for item in logins] == [
        (False, False),
        (True, True),
    ]
    assert "9999" not in repr(ios.log)
    assert "Enable-1111" not in repr(ios.log)


def test_the_user_mode_refuses_the_configuration(ios: DeviceHandle) -> None:
    with Cli(ios) as cli:
        assert cli.read(cli.prompt).endswith(b">")
        answer = cli.run("show running-config")
        assert answer == b" " * 17 + b"^\n% Invalid input detected at '^' marker.\n\n"
        cli.send("enable")
        for _ in range(3):
            cli.read(rb"Password: $")
            cli.send("wrong")
        assert b"% Bad secrets" in cli.read(cli.prompt)
    assert ios.log.enable_failures >= 3


def test_sessions_are_counted(huawei: DeviceHandle) -> None:
    with Cli(huawei).start(), Cli(huawei).start():
        assert huawei.log.sessions == 2
    assert huawei.log.max_sessions >= 2


def test_commands_are_remembered_with_their_mode(huawei: DeviceHandle) -> None:
    before = len(huawei.log.commands)
    with Cli(huawei).start() as cli:
        cli.run("system-view")
        cli.run("interface gi0/0/1")
    seen = [(item.mode, item.line) for item in huawei.log.commands[before:]]
    assert seen[-2:] == [("exec", "system-view"), ("config", "interface gi0/0/1")]


def test_keys_and_keyboard_interactive() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    spec = DeviceSpec(
        "one",
        "arista_eos",
        authorized_keys=(key.export_public_key().decode(),),
        keyboard_interactive=True,
    )

    async def run(device: DeviceHandle) -> str:
        common = {"username": device.username, "known_hosts": None, "agent_path": None}
        async with asyncssh.connect(
            device.host, device.port, client_keys=[key], preferred_auth="publickey", **common
        ) as connection:
            by_key = await connection.run("show version")
        async with asyncssh.connect(
            device.host,
            device.port,
            password=device.password,
            client_keys=None,
            preferred_auth="keyboard-interactive",
            **common,
        ) as connection:
            await connection.run("show version")
        return str(by_key.stdout)

    with Lab.start([spec]) as lab:
        device = lab.devices["one"]
        assert "Software image version" in asyncio.run(run(device))
        methods = {item.method for item in device.log.logins if item.success}
    assert methods == {"publickey", "keyboard-interactive"}


@pytest.mark.parametrize("name", ["t-cisco-ios", "t-huawei"])
def test_netmiko_logs_in_over_telnet(lab: Lab, name: str) -> None:
    device = lab.devices[name]
    with netmiko.ConnectHandler(
        device_type=device.platform + "_telnet",
        host=device.host,
        port=device.telnet_port,
        username=device.username,
        password=device.password,
        secret=device.enable_secret or "",
        encoding=device.spec.encoding,
    ) as connection:
        if device.enable_secret:
            connection.enable()
        word = "display" if name == "t-huawei" else "show"
        assert "Version" in connection.send_command(f"{word} version")


def test_netmiko_configures_and_saves(lab: Lab) -> None:
    device = lab.devices["t-arista-eos"]
    with netmiko.ConnectHandler(
        device_type="arista_eos",
        host=device.host,
        port=device.port,
        username=device.username,
        password=device.password,
        secret=device.enable_secret or "",
    ) as connection:
        connection.enable()
        connection.send_config_set(["interface Ethernet2", "description by-netmiko"])
        connection.save_config()
    assert b"description by-netmiko" in device.render_startup()
