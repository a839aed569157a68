"""A whole estate whose devices are texts: everything is real but the network and Ansible."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from weibao.adapters.bundle import BundleWriter, keep_blob
from weibao.adapters.keys import FileKeyRing
from weibao.adapters.package_data import estate_templates
from weibao.adapters.sealing import seal
from weibao.bootstrap import Workshop, open_workshop
from weibao.boundary.runner import PlaybookResult
from weibao.domain.collection import (
    BundleHeader,
    CollectedItem,
    CollectionStatus,
    DeviceCollection,
    ItemKind,
)
from weibao.domain.inventory import Device, InventorySnapshot
from weibao.domain.reasons import Reason
from weibao.domain.records import Trigger
from weibao.services.backup_run import BackupRequest, run_backup
from weibao.services.finish import BackupResult
from weibao.services.init_estate import init_estate
from weibao.services.parts import Parts


def config(hostname: str = "sw1", *lines: str, secret: str = "s3cret") -> bytes:
    """A complete Cisco IOS configuration."""
    body = "\n".join(lines)
    ports = "\n".join(
        f"interface GigabitEthernet0/{n}\n description port {n}\n!" for n in range(40)
    )
    return (
        "Building configuration...\n\nCurrent configuration : 1234 bytes\n!\n"
        "! Last configuration change at 02:00:00 UTC Sun Nov 22 2026\n!\nversion 15.2\n"
        f"hostname {hostname}\n!\nusername admin privilege 15 password 0 {secret}\n!\n"
        f"{ports}\n{body}\n!\nline vty 0 4\n login local\n!\nend\n"
    ).encode()


def nexus(*end: str) -> bytes:
    """A Cisco NX-OS configuration, which has no end mark."""
    ports = "\n".join(f"interface Ethernet1/{n}\n  description port {n}\n" for n in range(1, 49))
    return (
        "\n!Command: show running-config\n!Time: Sun Nov 22 02:00:00 2026\n\n"
        f"version 7.3(13)N1(1)\nhostname nx1\n\n{ports}\nline console\nline vty\n"
        + "".join(f"{line}\n" for line in end)
        + "\n\n"
    ).encode()


@dataclass
class Answer:
    """What a device gives in a night."""

    running: bytes | None = None
    startup: bytes | None = None
    reason: Reason | None = None
    partial: bytes | None = None
    warnings: tuple[Reason, ...] = ()
    restorable: bool = True
    tried: bool = True
    platform: str = "cisco_ios"
    outputs: Mapping[str, str] = field(default_factory=dict)
    """By command, what it printed of its ports."""


class StubClock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=10)
        return self.at


@dataclass
class StubInventory:
    """Implements InventorySource."""

    devices: list[Device]

    def resolve(self, sources: tuple[str, ...], limit: str = "") -> InventorySnapshot:
        chosen = [d for d in self.devices if not limit or d.name in limit.split(",")]
        return InventorySnapshot(
            digest="0", compiled="none", total=len(self.devices), devices=tuple(chosen)
        )


@dataclass
class StubRunner:
    """Implements PlaybookRunner: leaves a bundle as the collection would."""

    workshop: Workshop
    clock: StubClock
    contracts: dict[str, str]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    result: PlaybookResult = field(default_factory=lambda: PlaybookResult(0, ""))
    cut_after: int | None = None

    def run(self, playbook, *, inventory, limit, variables, folder, **rest):
        header = BundleHeader(
            run_id=folder.name,
            job="check-ports" if playbook.endswith("check_ports") else "backup-configs",
            actor="ops@test",
            program="test",
            created_at=self.clock.now(),
            devices=len(limit),
        )
        names = [n for n in limit if n in self.answers][: self.cut_after]
        with BundleWriter(folder / "bundle", header) as writer:
            for name in names:
                writer.add(self.entry(name, folder / "bundle"))
            if self.cut_after is not None:
                raise KeyboardInterrupt
        return self.result

    def ahead(self, folder, *, reading=False): ...

    def let_go(self): ...

    def entry(self, name: str, bundle: Path) -> DeviceCollection:
        answer, contract = self.answers[name], self.contracts[name]
        password = self.workshop.keys.password(contract)
        items = []
        for kind, text in (
            (ItemKind.running, answer.running),
            (ItemKind.startup, answer.startup),
            (ItemKind.partial, answer.partial),
        ):
            if text is None:
                continue
            sha256, sealed = seal(password, text)
            keep_blob(bundle, sealed, sha256)
            items.append(
                CollectedItem(
                    kind=kind,
                    command=f"show {kind.value}",
                    sha256=sha256,
                    size=len(text),
                    collected_at=self.clock.now(),
                    restorable=answer.restorable,
                )
            )
        for command, output in answer.outputs.items():
            sha256, sealed = seal(password, output.encode())
            keep_blob(bundle, sealed, sha256)
            items.append(
                CollectedItem(
                    kind=ItemKind.output,
                    command=command,
                    sha256=sha256,
                    size=len(output),
                    collected_at=self.clock.now(),
                )
            )
        failed = CollectionStatus.failed if answer.tried else CollectionStatus.not_checked
        return DeviceCollection(
            device=name,
            contract=contract,
            platform=answer.platform,
            address="192.0.2.1:22",
            status=failed if answer.reason else CollectionStatus.collected,
            reason=answer.reason,
            warnings=answer.warnings,
            items=tuple(items),
            attempts=1,
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
        )


class Night:
    """An estate, and nights in it."""

    def __init__(
        self, tmp_path: Path, devices: Mapping[str, str], settings: str = "", contracts: str = ""
    ) -> None:
        """``devices``: contract by name; ``settings`` is appended to weibao.yml."""
        folder = tmp_path / "estate"
        init_estate(
            folder,
            templates=estate_templates("en"),
            key_ring=FileKeyRing,
            config_home=tmp_path / "config",
            language="en",
        )
        if settings:
            path = folder / "weibao.yml"
            path.write_text(path.read_text() + "\n" + settings + "\n")
        for contract in sorted({*devices.values()} - {"default"}):
            (folder / "contracts" / f"{contract}.yml").write_text(f"id: {contract}\n{contracts}")
        self.open(folder, devices)

    def open(self, folder: Path, devices: Mapping[str, str], at: datetime | None = None) -> None:
        """Take an estate that is there already; its time goes on from ``at``."""
        self.folder = folder
        self.clock = StubClock()
        self.clock.at = at or self.clock.at
        self.workshop = open_workshop(folder)
        for contract in {*devices.values()}:
            self.workshop.keys.create(contract)
        self.inventory = StubInventory(
            [Device(name=n, contract=c, platform="cisco_ios") for n, c in devices.items()]
        )
        self.runner = StubRunner(self.workshop, self.clock, dict(devices))
        self.reopen()

    def reopen(self) -> None:
        """Read the estate's files again."""
        self.workshop = open_workshop(self.folder)
        self.parts: Parts = dataclasses.replace(
            self.workshop.parts(),
            clock=self.clock,
            inventory=self.inventory,
            runner=self.runner,
        )

    def run(self, answers: Mapping[str, Answer], **request) -> BackupResult:
        """One night."""
        self.clock.at += timedelta(hours=24)
        self.runner.answers = answers
        base = {"actor": "ops@test", "sources": (), "trigger": Trigger.manual}
        return run_backup(self.parts, BackupRequest(**{**base, **request}))

    def codes(self, result: BackupResult, device: str = "") -> set[str]:
        """Codes of the findings, of one device."""
        return {f.code.value for f in result.findings if f.device == device}
