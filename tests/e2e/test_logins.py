"""Ways in: jump hosts by OpenSSH, keys, Ansible's vault."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from weibao_lab import DeviceHandle, DeviceSpec

from .estates import BIN, Estate, host, missing_part, new_estate

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin")


def keygen(path: Path, passphrase: str = "") -> str:
    """A new key pair; the public half as a line."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path.with_suffix(".pub").read_text().strip()


@dataclass
class JumpHost:
    """A real sshd on loopback, and what ssh must be told to go through it."""

    port: int
    config: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it; those who come later are refused."""
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def jump(tmp_path: Path) -> Iterator[JumpHost]:
    """OpenSSH's sshd as an ordinary process, entered with a key."""
    if SSHD is None or shutil.which("ssh") is None:
        missing_part("OpenSSH is not installed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder = tmp_path / "jump"
    folder.mkdir(mode=0o700)
    host_key = keygen(folder / "host_key")
    mine = keygen(folder / "key")
    (folder / "authorized").write_text(mine + "\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\n"
        f"AuthorizedKeysFile {folder}/authorized\nUsePAM no\nStrictModes no\nPidFile none\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        "MaxStartups 100\n"
    )
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    config = folder / "ssh_config"
    config.write_text(
        f"Host gate\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder}/key\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n"
    )
    log = (folder / "log").open("wb")
    process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", f"{folder}/sshd_config"], stderr=log)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    else:
        pytest.fail((folder / "log").read_text())
    yield JumpHost(port, config, process)
    if process.poll() is None:
        process.terminate()
        process.wait(10)
    log.close()


def _peers(jump: JumpHost) -> int:
    """How often the jump host let somebody in."""
    return (jump.config.parent / "log").read_text().count("Accepted publickey")


@pytest.mark.parametrize("way", ["ProxyJump", "ProxyCommand"])
def test_through_a_jump_host(
    tmp_path: Path, devices: list[DeviceHandle], jump: JumpHost, way: str
) -> None:
    estate = new_estate(tmp_path)
    if way == "ProxyJump":
        # As users have it: the jump host stands in their ssh configuration.
        # ssh takes the home of its configuration from the password database, not from HOME.
        options = f"-o ProxyCommand='ssh -F {jump.config} -W %h:%p gate'"
    else:
        options = f'-o ProxyCommand="ssh -F {jump.config} -W [%h]:%p gate"'
    behind = {d.name: host(d, ansible_ssh_common_args=options) for d in devices[:3]}
    direct = {d.name: host(d) for d in devices[3:5]}
    estate.write_inventory(behind | direct)
    estate.ok("inventory", "trust")
    trusted = _peers(jump)
    assert trusted >= 3
    assert {d["outcome"] for d in estate.run().values()} == {"archived"}
    assert _peers(jump) >= trusted + 3

    jump.stop()
    began = time.monotonic()
    shown = estate.run(code=1)
    assert time.monotonic() - began < 40
    for name, device in shown.items():
        if name in behind:
            assert (device["outcome"], device["reason_code"]) == ("failed", "jump_failed"), device
        else:
            assert device["outcome"] == "unchanged"
            assert device["seconds"] < 8, "a dead jump host delays the others"


def test_proxyjump_by_name(tmp_path: Path, devices: list[DeviceHandle], jump: JumpHost) -> None:
    """``-o ProxyJump=`` goes through the user's own OpenSSH configuration."""
    # ssh reads the configuration of the home in the password database; a wrapper named ssh
    # earlier on PATH points it to the test's.
    programs = tmp_path / "programs"
    programs.mkdir()
    wrapper = programs / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {jump.config} "$@"\n')
    wrapper.chmod(0o755)
    estate = new_estate(tmp_path)
    estate.environment["PATH"] = f"{programs}:/usr/bin:/bin"
    estate.write_inventory(
        {d.name: host(d) for d in devices[:3]}, ansible_ssh_common_args="-o ProxyJump=gate"
    )
    estate.ok("inventory", "trust")
    assert {d["outcome"] for d in estate.run().values()} == {"archived"}
    assert _peers(jump) >= 6


def _vaulted(estate: Estate, secret: str, *options: str) -> str:
    """``ansible-vault encrypt_string``, as a user calls it: the lines below ``!vault |``."""
    done = subprocess.run(
        [str(BIN / "ansible-vault"), "encrypt_string", *options, "--stdin-name", "x"],
        input=secret,
        cwd=estate.folder,
        env=estate.env(),
        check=True,
        capture_output=True,
        text=True,
    )
    return "\n".join(line.strip() for line in done.stdout.splitlines()[1:])


def _write_vaulted(estate: Estate, device: DeviceHandle, encrypted: str) -> None:
    lines = [f"      {line}" for line in encrypted.splitlines()]
    (estate.folder / "inventory/hosts.yml").write_text(
        "all:\n  vars:\n    ansible_password: !vault |\n"
        + "\n".join(lines)
        + f"\n  hosts:\n    {device.name}:\n      ansible_host: {device.host}\n"
        f"      ansible_port: {device.port}\n      ansible_user: {device.username}\n"
        f"      ansible_network_os: {device.platform}\n"
    )


def test_vault_encrypted_variables(tmp_path: Path, devices: list[DeviceHandle]) -> None:
    estate = new_estate(tmp_path)
    device = next(d for d in devices if not d.enable_secret)
    _write_vaulted(estate, device, _vaulted(estate, device.password))
    estate.ok("inventory", "check")
    estate.ok("inventory", "trust")
    assert estate.run()[device.name]["outcome"] == "archived"


def test_the_vault_password_is_missing_or_wrong(
    tmp_path: Path, devices: list[DeviceHandle]
) -> None:
    estate = new_estate(tmp_path)
    device = next(d for d in devices if not d.enable_secret)
    password = tmp_path / "vault.password"
    password.write_text(secrets.token_hex(8) + "\n")
    other = tmp_path / "other.password"
    other.write_text(secrets.token_hex(8) + "\n")
    (estate.folder / "ansible.cfg").write_text("[defaults]\ninventory = inventory\n")
    named = ("--vault-password-file", str(password))
    _write_vaulted(estate, device, _vaulted(estate, device.password, *named))
    estate.weibao("inventory", "trust", *named)

    for options in ((), ("--vault-password-file", str(other)), ("--vault-id", "prompt")):
        began = time.monotonic()
        said = estate.weibao("backup", "run", "--json", *options)
        assert time.monotonic() - began < 20, "nothing may wait for an answer"
        assert said.code not in (0, 130), said.all
        assert "vault" in said.all.lower(), said.all
        assert "Traceback" not in said.err, said.err
        for shown in said.json.get("devices", ()):
            assert shown["outcome"] in ("failed", "not_checked")
        assert not device.log.logins or device.log.logins[-1].success, "a wrong password was sent"
    assert {d["outcome"] for d in estate.run(*named).values()} == {"archived"}


def test_a_password_that_cannot_be_read_concerns_its_device_alone(
    tmp_path: Path, devices: list[DeviceHandle]
) -> None:
    estate = new_estate(tmp_path)
    chosen = devices[:3]
    for bad in (chosen[0], chosen[-1]):
        broken = {"ansible_password": "{{ nosuchvar }}"}
        estate.write_inventory({d.name: host(d, **(broken if d is bad else {})) for d in chosen})
        estate.weibao("inventory", "trust")
        outcomes = {name: device["outcome"] for name, device in estate.run(code=1).items()}
        assert outcomes.pop(bad.name) == "not_checked"
        assert set(outcomes.values()) <= {"archived", "unchanged"}


@pytest.mark.parametrize("passphrase", ["", "Key Phrase 1"])
def test_login_by_key(tmp_path: Path, own_lab, passphrase: str) -> None:
    public = keygen(tmp_path / "id", passphrase)
    lab = own_lab(
        *(
            DeviceSpec(f"key-{platform.replace('_', '-')}", platform, authorized_keys=(public,),
                       password=secrets.token_hex(8))
            for platform in ("huawei", "arista_eos", "juniper_junos")
        )
    )  # fmt: skip
    estate = new_estate(tmp_path)
    estate.write_inventory(
        {
            d.name: host(
                d,
                ansible_password=None,
                ansible_ssh_private_key_file=str(tmp_path / "id"),
                **({"ansible_ssh_private_key_passphrase": passphrase} if passphrase else {}),
            )
            for d in lab.devices.values()
        }
    )
    estate.ok("inventory", "trust")
    assert {d["outcome"] for d in estate.run().values()} == {"archived"}
    assert {
        login.method for d in lab.devices.values() for login in d.log.logins if login.success
    } == {"publickey"}
