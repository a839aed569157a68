"""Changing devices of the lab in this very process, and what lies in the run's folder then."""

from __future__ import annotations

import base64
from pathlib import Path

from weibao.adapters.network.change_job import ChangeJob, ChangeWishes, DeviceWish
from weibao.adapters.network.change_state import States
from weibao.adapters.network.change_worker import change_all
from weibao.adapters.platform_files import load_platforms
from weibao.domain.acceptance import normalise
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome
from weibao.domain.collection import ItemKind

PASSWORD = "x" * 43
MINUTE = 1.5
"""Seconds of a minute of the lab's timers."""


NEW = "changed-by-test"
LINES = {
    "huawei": [
        "interface GigabitEthernet0/0/3",
        f" description {NEW}",
        "ntp-service unicast-server 10.9.9.9",
    ],
    "hp_comware": [
        "interface GigabitEthernet1/0/3",
        f" description {NEW}",
        "ntp-service unicast-server 10.9.9.9",
    ],
    "ruijie_os": [
        "interface GigabitEthernet 0/3",
        f" description {NEW}",
        "ntp server 10.9.9.9",
    ],
    "cisco_ios": [
        "interface GigabitEthernet1/0/3",
        f" description {NEW}",
        "ntp server 10.9.9.9",
    ],
    "cisco_nxos": ["interface Ethernet1/3", f"  description {NEW}", "ntp server 10.9.9.9"],
    "arista_eos": ["interface Ethernet3", f"   description {NEW}", "ntp server 10.9.9.9"],
    "juniper_junos": [
        f"set interfaces ge-0/0/3 description {NEW}",
        "set system ntp server 10.9.9.9",
        "delete system services netconf",
    ],
}
LINES["huawei8"] = LINES["huawei"]


class Changer:
    """One run's folder, and steps on devices in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = 0
        self.bundles: dict[int, Path] = {}
        self.kept: list[ChangeOutcome] = []
        self.wishes = {
            "safety_minutes": 2,
            "minute_seconds": MINUTE,
            "patience": 4.0,
            "pause": 0.2,
        }

    def job(self, mode, devices, *, lines=(), target=b"", approved=None, endpoint=None, **wishes):
        """A step in this run's folder; each has a bundle of its own."""
        from .conftest import endpoint as endpoint_of
        from .conftest import job

        self.steps += 1
        ends = tuple(endpoint or endpoint_of(device) for device in devices)
        base = job(
            bundle=str(self.folder / f"bundle-{self.steps}"),
            passwords={"default": PASSWORD},
            endpoints=ends,
        )
        wished = ChangeWishes(mode=ChangeMode(mode), **{**self.wishes, **wishes})
        chosen = tuple(
            DeviceWish(
                endpoint=one,
                lines=tuple(lines),
                target=base64.b64encode(target).decode(),
                approved=approved,
            )
            for one in ends
        )
        states = str(self.folder / "devices")
        return ChangeJob(base=base, wishes=wished, devices=chosen, states=states)

    def all(self, mode, devices, *, stop=lambda: False, **wanted):
        """Do a step here; by device what became of it."""
        found: list[ChangeOutcome] = []
        change_all(ChangeJob.load(self.job(mode, devices, **wanted).dump()), found.append, stop)
        for outcome in found:
            self.bundles[id(outcome)] = self.folder / f"bundle-{self.steps}"
        self.kept += found
        return {outcome.device: outcome for outcome in found}

    def one(self, mode, device, **more) -> ChangeOutcome:
        return self.all(mode, [device], **more)[device.name]

    def text(self, outcome: ChangeOutcome, kind: str) -> bytes:
        item = outcome.collection.item(ItemKind(kind))
        kept = States(self.bundles[id(outcome)], {"default": PASSWORD})
        return kept.text("default", item.sha256)


def same(device, one: bytes, other: bytes) -> bool:
    """Whether two texts of a device say the same, but for what changes by itself."""
    platform = load_platforms()[device.platform]
    return normalise(one, platform) == normalise(other, platform)
