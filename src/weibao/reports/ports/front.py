"""Where ports sit on a switch's front, as far as their names tell.

Every vendor counts alike: the last number is the socket, those before it are the stack unit or
slot. Sockets stand in two rows, the first above the second; kinds of ports stand apart, and so
do uplinks that end a row. What is no socket (aggregates, VLANs, loopbacks, sub-interfaces) is
left over.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from weibao.domain.port_record import PortState

__all__ = ["Block", "Front", "Group", "Socket", "front", "has_socket"]

_NAME = re.compile(r"(?P<kind>(?:.*?[^\d.:])??)[ -]?(?P<path>\d+(?:/\d+)*)")
"""A dot or colon before the last number makes a sub-interface or a lane: no socket."""

_DOTTED = re.compile(r"(?P<kind>\D+)(?P<path>\d+\.\d+\.\d+)")
"""AlliedWare Plus: ``port1.0.24``, unit, board, socket."""

_NO_SOCKET = re.compile(
    r"(?:multi-?|blade-?)?(?:aggr?|bundle|bond|lag|link-?agg|port-?ch|eth-?trunk|e-?trunk|trk|"
    r"bridge|route-agg|smartgroup|team|reth|ae\d|po\d|lg\d|ch\d)|"
    r"vl|vbdif|bvi|irb|ve\d|bdi|l3|svi|loop|inloop|lo\d|lb\d|system|null|nu\d|dsc|tap|"
    r"tu\d|tunnel|nve|gre|ipip|vxlan|vsi|vt|mtun|tn\d|isatap|sit|wg|l2tp|ppp|sslvpn|ssl\.|naf|"
    r"virtual|vfc|veth|docker|br\d|br-|ifb|dummy|vif|any$|"
    r"stack|fabric-?port|vsl|async|cellular|dialer|wlan|radio|ap\d|"
    r"mp-group|npu|vw\d|dedicated|ha\d|switch\d|"
    r"cpu|control|register|pimd?|pime|pp\d|lsi|gr-|ip-|lt-|mt-|pd-|pe-|sp-|ud-|vtep|"
    r"bme|vme|jsrv|fti|esi|rbeb|pip|pfe-|pfh-|lc-|mif|"
    r"mgmt|manage|meth|m-|me\d|em\d|fxp|oob|ma\d|aux|con",
    re.IGNORECASE,
)
"""Beginnings of names that are no socket of the front, in the words of the vendors."""

_SPEEDS = (
    (re.compile(r"four-?hundred|400g|fourhundred", re.I), "400GE", 9),
    (re.compile(r"two-?hundred|200g", re.I), "200GE", 8),
    (re.compile(r"hundred|100g|^hu", re.I), "100GE", 7),
    (re.compile(r"fifty|50g", re.I), "50GE", 6),
    (re.compile(r"forty|40g|^fo\b", re.I), "40GE", 6),
    (re.compile(r"twenty-?five|25g|^twe", re.I), "25GE", 5),
    (re.compile(r"^ten|^xg|^xe$|^te$|tengig|10g|sfp-sfpplus", re.I), "10GE", 4),
    (re.compile(r"two-?gig|five-?gig|multi-?g|^mge", re.I), "2.5GE", 3),
    (re.compile(r"^gi?e?$|giga|^gei", re.I), "GE", 2),
    (re.compile(r"fast|^fa$|^fe$", re.I), "FE", 1),
)
_LONGEST_STRIP = 64
"""Sockets of one strip; a card with more goes on in the next one."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A port in its place; ``row`` 0 is the upper one."""

    state: PortState
    label: str
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Group:
    """Sockets of one kind, side by side."""

    caption: str
    """``GE``, ``10GE``, or how the device calls the kind."""
    sockets: tuple[Socket, ...]
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Block:
    """A stack unit, or a slot of a chassis; ``name`` is empty where the device has but one."""

    name: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """The whole front, and the ports that have no socket."""

    blocks: tuple[Block, ...]
    others: tuple[PortState, ...]

    def sockets(self) -> Iterator[Socket]:
        """All sockets."""
        for block in self.blocks:
            for group in block.groups:
                yield from group.sockets


@dataclass(frozen=True, slots=True)
class _Placed:
    state: PortState
    kind: str
    path: tuple[int, ...]

    @property
    def block(self) -> tuple[str, tuple[int, ...]]:
        if len(self.path) == 1:
            # Modules of a ProCurve are letters: A1, "1/A1" in a stack; SR OS has "10/2/c7".
            if re.fullmatch(r"(?:\d+/)?[A-L]", self.kind):
                return self.kind, ()
            return self.kind.rpartition("/")[0], ()
        return "", self.path[:1] if len(self.path) <= 3 else self.path[:2]


def front(states: Iterable[PortState], uplinks: Collection[str] = ()) -> Front:
    """Lay out the ports of one device; ``uplinks`` are names of ports known to be such."""
    given = list(states)
    aggregates = {state.port.lag for state in given if state.port.lag}
    sockets: list[_Placed] = []
    others: list[PortState] = []
    seen: set[tuple[str, tuple[int, ...]]] = set()
    for state in given:
        placed = None if state.port.name in aggregates else _place(state)
        if placed is None or (placed.kind, placed.path) in seen:
            others.append(state)
        else:
            seen.add((placed.kind, placed.path))
            sockets.append(placed)
    blocks: dict[tuple[str, tuple[int, ...]], list[_Placed]] = {}
    for placed in sockets:
        blocks.setdefault(placed.block, []).append(placed)
    ordered = sorted(blocks)
    return Front(
        blocks=tuple(
            Block(_block_name(key, alone=len(ordered) == 1), tuple(_groups(blocks[key], uplinks)))
            for key in ordered
        ),
        others=tuple(others),
    )


def has_socket(state: PortState) -> bool:
    """Whether its name is one of a socket: a VLAN, an aggregate or a loopback has none."""
    return _place(state) is not None


def _block_name(key: tuple[str, tuple[int, ...]], *, alone: bool) -> str:
    module, path = key
    name = module or "/".join(str(number) for number in path)
    return "" if alone else name


def _place(state: PortState) -> _Placed | None:
    name = state.port.name.strip()
    match = _NAME.fullmatch(name) or _DOTTED.fullmatch(name)
    if match is None or _NO_SOCKET.match(name):
        return None
    kind = match["kind"].strip()
    path = tuple(int(number) for number in re.split("[/.]", match["path"]))
    # "10/2/c7/1" is a lane of the socket "10/2/c7".
    lane = "/" in kind and len(path) > 1
    return None if lane else _Placed(state, kind, path)


@functools.lru_cache(maxsize=256)
def _speed(kind: str) -> tuple[str, int]:
    return next(((word, weight) for test, word, weight in _SPEEDS if test.search(kind)), (kind, 2))


def _groups(placed: list[_Placed], uplinks: Collection[str]) -> Iterator[Group]:
    found: dict[tuple[int, tuple[int, ...], str], list[_Placed]] = {}
    for one in placed:
        found.setdefault((_speed(one.kind)[1], one.path[:-1], one.kind), []).append(one)
    paths = Counter(_speed(kind)[0] for _, _, kind in found)
    for (_, path, kind), members in sorted(found.items(), key=lambda item: item[0]):
        caption = _speed(kind)[0]
        if paths[caption] > 1:
            caption = f"{caption} {'/'.join(str(number) for number in path)}".strip()
        members.sort(key=lambda one: one.path[-1])
        from_zero = members[0].path[-1] == 0
        for part in _apart(members, uplinks):
            for start in range(0, len(part), _LONGEST_STRIP):
                strip = part[start : start + _LONGEST_STRIP]
                yield _strip(caption, strip, from_zero=from_zero)


def _apart(members: list[_Placed], uplinks: Collection[str]) -> list[list[_Placed]]:
    """Uplinks that end a long row are sockets of their own on most fronts."""
    at = len(members)
    while at and members[at - 1].state.port.name in uplinks:
        at -= 1
    if 0 < at < len(members) and len(members) >= 8:
        return [members[:at], members[at:]]
    return [members]


def _strip(caption: str, members: list[_Placed], *, from_zero: bool) -> Group:
    numbers = [one.path[-1] for one in members]
    first = numbers[0]
    # Counted from 1 the odd ones stand above, counted from 0 the even ones.
    start = first - first % 2 if from_zero else first - (first + 1) % 2
    loose = numbers[-1] - start >= 2 * len(numbers) + 8
    places = list(range(len(numbers))) if loose else [number - start for number in numbers]
    single = len(members) <= 2
    sockets = tuple(
        Socket(
            state=one.state,
            label=str(one.path[-1]),
            column=index if single else place // 2,
            row=0 if single else place % 2,
        )
        for index, (one, place) in enumerate(zip(members, places, strict=True))
    )
    return Group(
        caption=caption,
        sockets=sockets,
        columns=max(socket.column for socket in sockets) + 1,
        rows=max(socket.row for socket in sockets) + 1,
    )
