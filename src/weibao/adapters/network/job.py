"""What a worker process is told, over its standard input; secrets travel here only."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Endpoint", "FileChoice", "Job", "Limits", "NapalmLogin", "Purpose", "SnmpLogin"]

Purpose = Literal["configurations", "ports", "ports in detail"]


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds, and how often to try."""

    connect: float = 20.0
    login: float = 40.0
    silence: float = 30.0
    device: float = 900.0
    retries: int = 2
    retry_wait: float = 5.0


@dataclass(frozen=True)
class FileChoice:
    """Which files of a host are its configuration, beside those of its platform."""

    paths: tuple[str, ...] = ()
    only: bool = False
    """They take the place of the platform's."""
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class SnmpLogin:
    """How an agent is asked. Holds secrets: never printed."""

    version: str = "2c"
    """``1``, ``2c`` or ``3``."""
    community: str = field(default="", repr=False)
    user: str = ""
    auth: str = ""
    """A key of ``snmp_login.AUTH``; empty: not authenticated."""
    auth_password: str = field(default="", repr=False)
    priv: str = ""
    priv_password: str = field(default="", repr=False)

    def secrets(self) -> tuple[str, ...]:
        """What must never show up in a message."""
        return tuple(s for s in (self.community, self.auth_password, self.priv_password) if s)


@dataclass(frozen=True)
class NapalmLogin:
    """How a device's API is reached; who logs in says the endpoint itself."""

    transport: str = ""
    """``https`` or ``http``, of APIs that speak it; empty: https."""
    port: int = 0
    """0: the usual one of the API."""
    verify: bool = True
    """Whether the certificate (of NETCONF, the host key) has to be a trusted one."""
    ca_file: str = ""
    """Certificates in PEM that are trusted in place of the system's."""


@dataclass(frozen=True)
class Endpoint:
    """One device with all that is needed to reach it. Holds secrets: never printed."""

    device: str
    contract: str
    address: str
    port: int
    network_os: str = ""
    protocol: str = "ssh"
    username: str = ""
    password: str = field(default="", repr=False)
    enable_secret: str = field(default="", repr=False)
    key_file: str = ""
    key_passphrase: str = field(default="", repr=False)
    jump: tuple[str, ...] = ()
    """OpenSSH options of the way there (``-J host`` or ``-o ProxyCommand=…``)."""
    legacy: tuple[str, ...] = ()
    """Old algorithms that the inventory allows; ``*`` allows all."""
    check_host_key: bool = True
    become: bool = False
    """The inventory wants to be root on a host."""
    files: FileChoice = FileChoice()
    pings: tuple[str, ...] = ()
    """Addresses that the device is told to reach, where ports are read."""
    snmp: SnmpLogin | None = None
    """Where ports are read from the device's agent in place of its command line."""
    napalm: NapalmLogin | None = None
    """Where ports are read at the device's API."""
    known_sha256: str = ""
    """Of the last good version."""
    known_content: str = ""
    """Of its text without noise, where the startup configuration is settled with it."""
    problem: tuple[str, tuple[tuple[str, str], ...]] | None = None
    """A reason's code and parameters why it cannot be tried at all."""

    def secrets(self) -> tuple[str, ...]:
        """What must never show up in a message."""
        own = (self.password, self.enable_secret, self.key_passphrase)
        return (*(s for s in own if s), *(self.snmp.secrets() if self.snmp else ()))


@dataclass(frozen=True)
class Job:
    """A share of a collection."""

    bundle: str
    known_hosts: str
    platform_folders: tuple[str, ...]
    passwords: dict[str, str] = field(repr=False)
    """Encryption password by contract."""
    threads: int
    limits: Limits
    endpoints: tuple[Endpoint, ...]
    host_key_checking: bool = True
    libssh: bool = True
    """Whether a plain device's line is opened by libssh."""
    purpose: Purpose = "configurations"
    """What is read: configurations, ports, or ports with all that takes long to print."""
    reading_folders: tuple[str, ...] = ()
    """Further folders of port readings."""
    evidence: dict[str, str] = field(default_factory=dict)
    """Folder of a contract's evidence: what lies there is not kept once more."""

    def dump(self) -> str:
        """One line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def load(cls, line: str) -> Job:
        """The job that ``dump`` wrote."""
        raw: dict[str, Any] = json.loads(line)
        raw["limits"] = Limits(**raw["limits"])
        raw["platform_folders"] = tuple(raw["platform_folders"])
        raw["reading_folders"] = tuple(raw["reading_folders"])
        raw["endpoints"] = tuple(_endpoint(item) for item in raw["endpoints"])
        return cls(**raw)


def _endpoint(raw: dict[str, Any]) -> Endpoint:
    problem = raw["problem"]
    if problem:
        problem = (problem[0], tuple((k, v) for k, v in problem[1]))
    chosen = raw["files"]
    files = FileChoice(tuple(chosen["paths"]), chosen["only"], tuple(chosen["leave_out"]))
    return Endpoint(
        **{
            **raw,
            "files": files,
            "snmp": SnmpLogin(**raw["snmp"]) if raw["snmp"] else None,
            "napalm": NapalmLogin(**raw["napalm"]) if raw["napalm"] else None,
            "jump": tuple(raw["jump"]),
            "pings": tuple(raw["pings"]),
            "legacy": tuple(raw["legacy"]),
            "problem": problem,
        }
    )
