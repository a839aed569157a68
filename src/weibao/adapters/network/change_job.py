"""What the process that changes devices is told, over its standard input; secrets travel here
only."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from weibao.adapters.network.job import Endpoint, Job
from weibao.domain.change_outcome import ChangeMode

__all__ = ["ChangeJob", "ChangeWishes", "DeviceWish"]


@dataclass(frozen=True)
class ChangeWishes:
    """How it is to be done, the same for all devices."""

    mode: ChangeMode = ChangeMode.check
    name: str = "weibao"
    """Of checkpoints and edit sessions on the devices: letters, digits and ``-``."""
    safety_minutes: int = 10
    """The device's own way back comes after so long."""
    settle: float = 0.0
    """Seconds between the last line and the new session that proves reachability: what cuts a
    device off may be felt only later, when a neighbour or an address table has aged."""
    reboot_ok: bool = False
    """Whether a scheduled restart may be that way back."""
    need_safety: bool = False
    """Refuse devices that have no way back of their own."""
    avoid: tuple[str, ...] = ()
    """Kinds of a device's own way back that are not to be used."""
    save: bool = True
    patience: float = 180.0
    """Seconds to go on reconnecting to a device that was lost, beyond its own safety time."""
    minute_seconds: float = 60.0
    """How long a minute of a device's timer lasts; simulated devices have shorter ones."""
    pause: float = 5.0
    """Seconds between two attempts to reconnect."""


@dataclass(frozen=True)
class DeviceWish:
    """What one device is to become. Holds configuration text: never printed."""

    endpoint: Endpoint
    lines: tuple[str, ...] = field(default=(), repr=False)
    """To enter, indented as the device shows them."""
    target: str = field(default="", repr=False)
    """Base64 of the full text that the device is to have, for a restore."""
    approved: str | None = None
    """The redacted difference that was approved; None: none is to be compared."""


@dataclass(frozen=True)
class ChangeJob:
    """All devices of a step."""

    base: Job
    wishes: ChangeWishes
    devices: tuple[DeviceWish, ...]
    states: str
    """Folder of what is remembered of each device within the run."""

    def dump(self) -> str:
        """One line of JSON."""
        raw = {
            "base": self.base.dump(),
            "wishes": dataclasses.asdict(self.wishes),
            "states": self.states,
            "devices": [
                {**dataclasses.asdict(one), "endpoint": number}
                for number, one in enumerate(self.devices)
            ],
        }
        return json.dumps(raw)

    @classmethod
    def load(cls, line: str) -> ChangeJob:
        """The job that ``dump`` wrote."""
        raw: dict[str, Any] = json.loads(line)
        base = Job.load(raw["base"])
        wishes = raw["wishes"]
        wishes |= {"mode": ChangeMode(wishes["mode"]), "avoid": tuple(wishes["avoid"])}
        devices = tuple(
            DeviceWish(
                **{
                    **one,
                    "endpoint": base.endpoints[one["endpoint"]],
                    "lines": tuple(one["lines"]),
                }
            )
            for one in raw["devices"]
        )
        return cls(base=base, wishes=ChangeWishes(**wishes), devices=devices, states=raw["states"])
