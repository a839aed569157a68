"""The ports of one device: configuration, cables and time brought together when asked."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from weibao_lab.chance import chance
from weibao_lab.errors import BadRequest
from weibao_lab.ports.changes import Wire, apply_change
from weibao_lab.ports.configured import Configured
from weibao_lab.ports.model import (
    Counters,
    Neighbour,
    Port,
    is_lag,
    is_virtual,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weibao_lab.device import Device

__all__ = ["PortBoard"]

_FRAME: Final = 640
"""Octets of an average frame."""
_CAPACITY: Final = (
    (re.compile(r"(?i)hundred"), 100_000),
    (re.compile(r"(?i)forty"), 40_000),
    (re.compile(r"(?i)ten-?gig|xgig|xe-|port-channel|eth-trunk|bridge-agg"), 10_000),
    (re.compile(r"(?i)fastethernet"), 100),
)


class PortBoard:
    """Nothing is computed before somebody asks; then from the configuration of that moment."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._wires: dict[str, Wire] = {}
        self._configured: dict[str, Configured] | None = None
        self.cables: dict[str, tuple[PortBoard, str]] = {}
        """Own port to the board and port at the other end."""

    # -- what others ask -----------------------------------------------------------

    def all(self) -> list[Port]:
        """All interfaces now, in the order of the configuration."""
        now = self._device.clock()
        wanted = self._wanted()
        plain = {
            name: self._port(item, index, now)
            for index, (name, item) in enumerate(wanted.items(), 1)
        }
        return [self._aggregate(p, plain, now) if p.is_lag else p for p in plain.values()]

    def one(self, typed: str) -> Port:
        """The port that ``typed`` names or abbreviates; raises BadRequest."""
        name = self.find(typed)
        return next(port for port in self.all() if port.name == name)

    def find(self, typed: str) -> str:
        """The full name of a port, of a name or abbreviation; raises BadRequest."""
        wanted = _plain(typed)
        known = {_plain(name): name for name in self._wanted()}
        known |= {_plain(self._device.dialect.short(name)): name for name in self._wanted()}
        if wanted in known:
            return known[wanted]
        stem = wanted[: len(wanted) - len(_number(wanted))]
        found = {
            name
            for key, name in known.items()
            if stem and key.startswith(stem) and _number(key) == _number(wanted)
        }
        if len(found) != 1:
            what = "ambiguous" if found else "unknown"
            raise BadRequest(f"{self._device.spec.name}: {what} port {typed!r}")
        return found.pop()

    def change(self, typed: str, changes: Iterable[str]) -> Port:
        """Do something to a port from outside; raises BadRequest, then nothing was done."""
        name = self.find(typed)
        if is_virtual(name) or is_lag(name):
            raise BadRequest(f"{name} has no socket: nothing can be done to its cable")
        now = self._device.clock()
        before = self._settled(name, now)
        after = replace(before)
        for change in changes:
            apply_change(after, change, now)
        self._wires[name] = after
        self._settled(name, now)
        if name in self.cables:
            board, other = self.cables[name]
            board.looked_at(other, now)
        return self.one(name)

    def restore(self, typed: str) -> Port:
        """Forget what was done to a port; what it counted stays."""
        name = self.find(typed)
        now = self._device.clock()
        wire = self._settled(name, now)
        fresh = self._made(self._wanted()[name], now)
        for key in ("cable", "error", "absent", "error_rate", "flapping", "speed", "duplex"):
            setattr(wire, key, getattr(fresh, key))
        wire.neighbour = None
        self._settled(name, now)
        return self.one(name)

    def forget(self) -> None:
        """The configuration changed: read it again at the next occasion."""
        self._configured = None

    def recover(self) -> None:
        """A port that was shut by command is in error no longer."""
        broken = [name for name, wire in self._wires.items() if wire.error]
        if broken:
            wanted = self._wanted()
            for name in broken:
                if name in wanted and not wanted[name].admin_up:
                    self._wires[name].error = ""

    # -- what the board at the other end asks ----------------------------------------

    def shines(self, name: str, now: datetime) -> bool:
        """Whether this end of a cable is alive."""
        item = self._wanted().get(name)
        if item is None or not item.admin_up:
            return False
        wire = self._wires.get(name)
        if wire is None:
            return True
        return wire.cable and not wire.error and not wire.absent and wire.phases(now) % 2 == 0

    def looked_at(self, name: str, now: datetime) -> None:
        """Note the state of a port as if somebody had asked."""
        if name in self._wanted():
            self._settled(name, now)

    def speed_of(self, name: str) -> int:
        """What this end of a cable offers, Mbit/s."""
        item, wire = self._wanted().get(name), self._wires.get(name)
        if item is None:
            return 0
        return (wire.speed if wire else 0) or item.speed or self._capacity(item)

    def introduces(self, name: str) -> Neighbour:
        """What the device says of itself at one of its ports."""
        device = self._device
        dialect = device.dialect
        item = self._wanted()[name]
        address = next((c.address for c in self._wanted().values() if c.address), "")
        return Neighbour(
            system=device.hostname,
            port=dialect.lldp_port(name),
            description=item.description or name,
            chassis=self._mac(0),
            address=address.split("/")[0],
            text=dialect.system_text,
            cisco=dialect.speaks_cdp,
        )

    # -- one port ----------------------------------------------------------------------

    def _wanted(self) -> dict[str, Configured]:
        if self._configured is None:
            found = self._device.dialect.configured_ports(self._device)
            self._configured = {item.name: item for item in found}
        return self._configured

    def _mac(self, index: int) -> str:
        digest = hashlib.sha256(self._device.spec.name.encode()).digest()
        number = int.from_bytes(digest[:5], "big") + index
        text = f"{0x02:02x}{number % (1 << 40):010x}"
        return ":".join(text[i : i + 2] for i in range(0, 12, 2))

    def _capacity(self, item: Configured) -> int:
        for pattern, capacity in _CAPACITY:
            if pattern.match(item.name):
                return capacity
        plain = re.match(r"Ethernet\d", item.name)
        fast = plain and (item.mode == "trunk" or item.lag or item.name in self.cables)
        return 10_000 if fast else 1000

    def _linked(self, item: Configured, wire: Wire, now: datetime) -> bool:
        if not item.admin_up:
            return False
        if is_virtual(item.name):
            return True
        alive = wire.cable and not wire.error and not wire.absent and wire.phases(now) % 2 == 0
        if alive and item.name in self.cables:
            board, other = self.cables[item.name]
            return board.shines(other, now)
        return alive

    def _rates(self, item: Configured) -> tuple[float, float]:
        """Octets a second in each direction while there is a link."""
        rng = chance("traffic", self._device.spec.name, item.name)
        scale = 30.0 if item.mode == "trunk" else 1.0
        most = self._capacity(item) * 125_000 * 0.6
        rates = [min(scale * 10 ** rng.uniform(2.5, 5.5), most) for _ in range(2)]
        return rates[0], rates[1]

    def _made(self, item: Configured, now: datetime) -> Wire:
        device = self._device
        rng = chance("port", device.spec.name, item.name)
        since = device.booted_at + timedelta(
            seconds=rng.random() * (device.made_at - device.booted_at).total_seconds()
        )
        cable = (
            item.name in self.cables
            or is_virtual(item.name)
            or chance("cable", device.spec.name, item.name).random() < 0.7
        )
        wire = Wire(seen_at=since, up=False, changed_at=since, cable=cable)
        wire.up = self._linked(item, wire, now)
        wire.flaps = 1 + 2 * rng.randrange(3)
        return wire

    def _settled(self, name: str, now: datetime) -> Wire:
        """The wire of a port, its counters grown until now."""
        item = self._wanted()[name]
        wire = self._wires.get(name)
        if wire is None:
            wire = self._wires[name] = self._made(item, now)
        elapsed = max((now - wire.seen_at).total_seconds(), 0.0)
        if wire.up and not is_virtual(name):
            into, out = self._rates(item)
            wire.in_octets += into * elapsed
            wire.out_octets += out * elapsed
            wire.errors += wire.error_rate * elapsed
            wire.crc += wire.error_rate * elapsed
            if wire.duplex == "half" or item.duplex == "half":
                wire.collisions += 0.2 * elapsed
        changes = wire.phases(now) - wire.phases(wire.seen_at)
        if changes and wire.flapping_since is not None:
            wire.flaps += changes
            wire.changed_at = wire.flapping_since + timedelta(
                seconds=wire.flapping * wire.phases(now)
            )
        up = self._linked(item, wire, now)
        if up != wire.up and not changes:
            wire.flaps += 1
            wire.changed_at = self._when(name, wire.seen_at, now)
        wire.up, wire.seen_at = up, now
        return wire

    def _when(self, name: str, since: datetime, now: datetime) -> datetime:
        """When a link came or went that nobody has touched: as a configuration changed."""
        moments = [self._device.running.changed_at]
        if name in self.cables:
            moments.append(self.cables[name][0]._device.running.changed_at)
        return min((at for at in moments if since <= at <= now), default=now)

    def _port(self, item: Configured, index: int, now: datetime) -> Port:
        wire = self._settled(item.name, now)
        capacity = self._capacity(item)
        duplex = wire.duplex or item.duplex or "full"
        return Port(
            name=item.name,
            description=item.description,
            admin_up=item.admin_up,
            connected=wire.up,
            mode=item.mode,
            vlan=item.vlan,
            address=item.address,
            index=index,
            mac=self._mac(index),
            error=wire.error if item.admin_up else "",
            absent=wire.absent,
            capacity=capacity,
            speed=self._speed(item) if wire.up else 0,
            duplex=duplex if wire.up else "",
            fixed=bool(item.speed or item.duplex),
            trunk_vlans=item.trunk_vlans,
            lag=item.lag,
            counters=self._counters(item, wire),
            changed_at=wire.changed_at,
            flaps=wire.flaps,
            neighbour=self._neighbour(item, wire),
        )

    def _speed(self, item: Configured) -> int:
        own = self.speed_of(item.name)
        if item.name in self.cables:
            board, other = self.cables[item.name]
            return min(own, board.speed_of(other) or own)
        return own

    def _counters(self, item: Configured, wire: Wire) -> Counters:
        if is_virtual(item.name):
            return Counters()
        into, out = self._rates(item) if wire.up else (0.0, 0.0)
        return Counters(
            in_octets=int(wire.in_octets),
            out_octets=int(wire.out_octets),
            in_packets=int(wire.in_octets) // _FRAME,
            out_packets=int(wire.out_octets) // _FRAME,
            in_errors=int(wire.errors),
            crc=int(wire.crc),
            collisions=int(wire.collisions),
            in_rate=int(into * 8),
            out_rate=int(out * 8),
        )

    def _neighbour(self, item: Configured, wire: Wire) -> Neighbour | None:
        if not wire.up or is_virtual(item.name) or wire.neighbour == "":
            return None
        if wire.neighbour:
            system, _, port = wire.neighbour.partition(":")
            return Neighbour(system, port or "1", chassis=_hashed(system), text="Linux")
        if item.name not in self.cables:
            return None
        board, other = self.cables[item.name]
        return board.introduces(other)

    def _aggregate(self, lag: Port, plain: dict[str, Port], now: datetime) -> Port:
        """An aggregate is as fast as those of its members that are up, and up with them."""
        members = [port for port in plain.values() if port.lag == lag.name]
        active = [port for port in members if port.oper_up]
        up = lag.admin_up and bool(active)
        sums = {
            key: sum(getattr(port.counters, key) for port in members) for key in vars(lag.counters)
        }
        latest = max((p.changed_at for p in members if p.changed_at), default=lag.changed_at)
        return replace(
            lag,
            connected=up,
            capacity=sum(port.capacity for port in members) or lag.capacity,
            speed=sum(port.speed for port in active) if up else 0,
            duplex="full" if up else "",
            members=tuple(port.name for port in members),
            active=tuple(port.name for port in active),
            counters=Counters(**sums),
            changed_at=latest,
            neighbour=None,
        )


def _plain(name: str) -> str:
    return re.sub(r"\s", "", name).lower()


def _number(key: str) -> str:
    found = re.search(r"\d.*", key)
    return found.group() if found else ""


def _hashed(system: str) -> str:
    digest = hashlib.sha256(system.encode()).digest()
    return ":".join(["02", *(f"{byte:02x}" for byte in digest[:5])])
