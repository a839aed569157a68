"""Changing devices of the lab in this very process, and what lies in the run's folder then."""

from __future__ import annotations

import base64
from pathlib import Path

from weibao.adapters.network.change_job import ChangeJob, ChangeWishes, DeviceWish
from weibao.adapters.network.change_state import States
from weibao.adapters.network.change_worker import change_all
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome
from weibao.domain.collection import ItemKind

from .conftest import endpoint, job

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
        self.wishes = {
            "safety_minutes": 2,
            "minute_seconds": MINUTE,
            "patience": 4.0,
            "pause": 0.2,
        }

    def all(
        self, mode, devices, *, lines=(), target=b"", approved=None, stop=lambda: False, **wishes
    ):
        base = job(
            bundle=str(self.folder / "bundle"),
            passwords={"default": PASSWORD},
            endpoints=tuple(endpoint(d) for d in devices),
        )
        wished = ChangeWishes(mode=ChangeMode(mode), **{**self.wishes, **wishes})
        chosen = tuple(
            DeviceWish(
                endpoint=one,
                lines=tuple(lines),
                target=base64.b64encode(target).decode(),
                approved=approved,
            )
            for one in base.endpoints
        )
        found: list[ChangeOutcome] = []
        whole = ChangeJob(
            base=base, wishes=wished, devices=chosen, states=str(self.folder / "devices")
        )
        change_all(ChangeJob.load(whole.dump()), found.append, stop)
        return {outcome.device: outcome for outcome in found}

    def one(self, mode, device, **more) -> ChangeOutcome:
        return self.all(mode, [device], **more)[device.name]

    def text(self, outcome: ChangeOutcome, kind: str) -> bytes:
        item = outcome.collection.item(ItemKind(kind))
        kept = States(self.folder / "bundle", {"default": PASSWORD})
        return kept.text("default", item.sha256)
