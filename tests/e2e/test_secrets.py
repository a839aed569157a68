"""Canaries: passwords that must be found nowhere, whatever goes wrong."""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from weibao_lab import PLATFORMS, DeviceHandle, DeviceSpec, Lab

from .estates import Estate, host, new_estate
from .test_logins import _vaulted, keygen

FAULTS: tuple[dict[str, object], ...] = (
    {},
    {"refuse_login": True},
    {"cut_after_bytes": 3000},
    {"error_instead": True},
    {"half_configuration": True},
    {"unauthorised": True},
    {"syslog_in_middle": "both"},
    {"garbage": True},
    {"hang_at_login": True},
    {"hang_in_output": True},
    {"empty_answer": True},
    {"lines_busy": True},
    {"ignore_no_paging": True},
)

# A user's password and an SNMP community, as each platform is told them.
PLANT = {
    "huawei": ["snmp-agent community read cipher {}", "aaa",
               "local-user kanari password cipher {}"],
    "hp_comware": ["snmp-agent community read {}", "local-user kanari class manage",
                   "password simple {}"],
    "ruijie_os": ["snmp-server community {} ro", "username kanari password {}"],
    "cisco_ios": ["snmp-server community {} RO", "username kanari password 0 {}"],
    "cisco_nxos": ["snmp-server community {} group network-operator",
                   "username kanari password 5 {} role network-operator"],
    "arista_eos": ["snmp-server community {} ro", "username kanari secret 0 {}"],
    "juniper_junos": ["set snmp community {} authorization read-only",
                      'set system login user kanari authentication encrypted-password "{}"'],
}  # fmt: skip


class Canaries:
    """Unique words, and where each was planted."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def new(self, place: str) -> str:
        word = f"Kanari{secrets.token_hex(6)}x"
        self.words[word] = place
        return word

    def in_bytes(self, data: bytes) -> set[str]:
        if b"Kanari" not in data:
            return set()
        return {place for word, place in self.words.items() if word.encode() in data}


@contextmanager
def _watching(canaries: Canaries, found: set[str]) -> Iterator[None]:
    """Look at every process's arguments and environment, again and again."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for each in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        data = (each / name).read_bytes()
                    except OSError:
                        continue
                    found.update(f"{name}: {place}" for place in canaries.in_bytes(data))
            time.sleep(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _git_objects(repository: Path) -> bytes:
    """Every object of a repository, unpacked."""
    command = ["git", "-C", str(repository), "-c", "safe.directory=*"]
    everything = subprocess.run(
        [*command, "cat-file", "--batch-all-objects", "--batch"], check=True, capture_output=True
    ).stdout
    log = subprocess.run([*command, "log", "-p", "--all"], check=True, capture_output=True).stdout
    return everything + log


def _database(path: Path) -> bytes:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return "\n".join(connection.iterdump()).encode("utf-8", "surrogateescape")


def _found_in(folder: Path, canaries: Canaries) -> dict[str, set[str]]:
    """What lies under a folder, by file."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found[str(path.relative_to(folder))] = canaries.in_bytes(path.read_bytes())
            if path.suffix == ".db":
                found[f"{path.name} (dump)"] = canaries.in_bytes(_database(path))
        elif path.name == ".git":
            found[f"{path.relative_to(folder)} (objects)"] = canaries.in_bytes(
                _git_objects(path.parent)
            )
    return {name: places for name, places in found.items() if places}


@pytest.fixture
def planted(own_lab, tmp_path: Path) -> tuple[Lab, Canaries, str, str]:
    """A lab in which every password is a canary; a key and its passphrase."""
    canaries = Canaries()
    passphrase = canaries.new("key passphrase")
    public = keygen(tmp_path / "id", passphrase)
    specs = [
        DeviceSpec(
            f"c-{platform.replace('_', '-')}",
            platform,
            password=canaries.new(f"login of {platform}"),
            enable_secret=(
                canaries.new(f"enable of {platform}")
                if platform in {"cisco_ios", "ruijie_os", "arista_eos"}
                else None
            ),
        )
        for platform in PLATFORMS
    ]
    specs.append(
        dataclasses.replace(
            specs[0], name="c-key", authorized_keys=(public,), password=canaries.new("unused")
        )
    )
    lab = own_lab(*specs)
    for device in lab.devices.values():
        lines = []
        for line in PLANT[device.platform]:
            place = f"{line.replace('{}', '').strip()} on {device.name}"
            lines.append(line.format(canaries.new(place)) if "{}" in line else line)
        device.configure(lines)
    return lab, canaries, passphrase, public


def _inventory(estate: Estate, lab: Lab, passphrase: str, key: Path) -> None:
    """All passwords encrypted by the real ansible-vault; some given by its variables only."""
    import yaml

    class Vault(str):
        pass

    yaml.SafeDumper.add_representer(
        Vault, lambda dumper, value: dumper.represent_scalar("!vault", str(value), style="|")
    )
    encrypted: dict[str, Vault] = {}

    def hide(secret: str) -> Vault:
        if secret not in encrypted:
            encrypted[secret] = Vault(_vaulted(estate, secret))
        return encrypted[secret]

    hosts = {}
    for device in lab.devices.values():
        known: DeviceHandle = device
        variables = host(known)
        for name in ("ansible_password", "ansible_become_password"):
            if name in variables:
                variables[name] = hide(variables[name])
        if known.name == "c-key":
            del variables["ansible_password"]
            variables["ansible_ssh_private_key_file"] = str(key)
            variables["ansible_ssh_private_key_passphrase"] = hide(passphrase)
        hosts[known.name] = variables
    estate.write_inventory(hosts)


def test_no_canary_is_found_anywhere(tmp_path: Path, planted) -> None:
    """After nights with every kind of trouble: files, database, git, processes, output."""
    lab, canaries, passphrase, _public = planted
    estate = new_estate(tmp_path, archive={"second_copy": str(tmp_path / "second")})
    (tmp_path / "second").mkdir()
    _inventory(estate, lab, passphrase, tmp_path / "id")
    vault_password = next(estate.home.rglob("ansible-vault.password")).read_text().strip()
    keys = [path.read_text().strip() for path in estate.home.rglob("*.key")]
    canaries.words |= {vault_password: "vault password"} | dict.fromkeys(keys, "archive key")
    archive_words = [word for word in canaries.words if word.startswith("Kanari")]
    assert len(archive_words) > 15

    said = bytearray()
    in_processes: set[str] = set()
    devices = list(lab.devices.values())
    with _watching(canaries, in_processes):
        said += estate.weibao("inventory", "check").all.encode()
        said += estate.ok("inventory", "trust").all.encode()
        first = estate.weibao("backup", "run")
        assert first.code == 0, first.all
        said += first.all.encode()
        for number in range(2):
            for index, device in enumerate(devices):
                device.set_fault(**FAULTS[(index + number * len(devices)) % len(FAULTS)])
            said += estate.weibao("backup", "run", timeout=180).all.encode()
            for device in devices:
                device.clear_faults()
        for words in (
            ["backup", "status"], ["run", "show", "last", "--json"], ["verify"], ["run", "list"],
            *(["backup", "show", d.name] for d in devices),
            ["backup", "grep", "kanari"], ["backup", "grep", "ommunity"],
        ):  # fmt: skip
            said += estate.weibao(*words).all.encode("utf-8", "surrogateescape")

    assert in_processes == set()
    assert canaries.in_bytes(bytes(said)) == set()
    for folder in (estate.folder, tmp_path / "second"):
        assert _found_in(folder, canaries) == {}
    # What was looked for was really there: the full text has it.
    texts = b"".join(estate.export(device.name) for device in devices)
    assert len([word for word in archive_words if word.encode() in texts]) >= len(devices)


def test_plain_passwords_stay_where_the_user_put_them(tmp_path: Path, planted) -> None:
    """Given in plain text, a login password lies in the inventory and its cache alone."""
    lab, canaries, _passphrase, _public = planted
    estate = new_estate(tmp_path)
    devices = list(lab.devices.values())
    estate.write_inventory({d.name: host(d) for d in devices if d.name != "c-key"})
    in_processes: set[str] = set()
    with _watching(canaries, in_processes):
        estate.ok("inventory", "trust")
        devices[0].set_fault(refuse_login=True)
        estate.weibao("backup", "run")
    assert in_processes == set()
    found = _found_in(estate.folder, canaries)
    allowed = {name for name in found if name.startswith("var/cache/inventory-")}
    assert set(found) - allowed <= {"inventory/hosts.yml"}, found
    for name in allowed:
        assert (estate.folder / name).stat().st_mode & 0o077 == 0
