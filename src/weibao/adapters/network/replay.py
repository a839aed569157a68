"""A recorded session in place of a line: the collector reads it as it reads a device.

Nothing is connected to and no second passes: time goes on only where the device has
nothing more to say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from weibao.adapters.network.collect import Attempt, Collector
from weibao.adapters.network.job import Endpoint, Job, Limits
from weibao.adapters.network.trouble import Trouble
from weibao.domain.collection import ItemKind
from weibao.domain.device_session import DeviceSession, Login, Protocol
from weibao.domain.replay import Player
from weibao.domain.resolve_platform import PlatformCatalogue

__all__ = ["Played", "ReplayWire", "play"]

_DEADLINE = 900.0


class ReplayWire:
    """Implements ``Wire`` over a played device."""

    def __init__(self, player: Player, enter: bytes, piece: int = 0) -> None:
        """``piece`` is how many bytes come at once; 0: all."""
        self.enter = enter
        self.old_algorithms: tuple[str, ...] = ()
        self._player = player
        self._piece = piece
        self._printed = player.begin()
        self._time = 0.0

    def now(self) -> float:
        """The played time in seconds."""
        return self._time

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        if self._printed:
            size = self._piece or len(self._printed)
            data, self._printed = self._printed[:size], self._printed[size:]
            return data
        if self._player.gone:
            raise Trouble("dropped")
        self._time += max(timeout, 0.01)
        return b""

    def write(self, data: bytes) -> None:
        """See Wire."""
        if self._player.gone:
            raise Trouble("dropped")
        self._printed += self._player.feed(data)

    def close(self) -> None:
        """See Wire."""


@dataclass
class Played:
    """What came of a played session."""

    attempt: Attempt
    commands: list[str]
    """What was typed at the prompt."""
    texts: dict[ItemKind, bytes] = field(default_factory=dict)

    @property
    def running(self) -> bytes | None:
        """The configuration as it was read."""
        return self.texts.get(ItemKind.running)


def play(
    session: DeviceSession,
    platforms: PlatformCatalogue,
    *,
    over: Protocol = Protocol.ssh,
    heeds_no_paging: bool = True,
    piece: int = 0,
    login: Login | None = None,
) -> Played:
    """Read the device of ``session`` with the collector's own code; never raises Trouble.

    ``login`` are the credentials that the collector has, where they are not the device's.
    """
    player = Player(session, over, heeds_no_paging=heeds_no_paging)
    wire = ReplayWire(player, b"\n" if over is Protocol.ssh else b"\r\n", piece)
    kept: dict[str, bytes] = {}

    def keep(_contract: str, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        kept[sha256] = data
        return sha256

    job = Job(
        bundle="",
        known_hosts="no-such-folder/known_hosts",
        platform_folders=(),
        passwords={},
        threads=1,
        limits=Limits(),
        endpoints=(),
        host_key_checking=True,
    )
    collector = Collector(job, platforms, keep, opener=lambda *_, **__: wire, now=wire.now)
    attempt = collector.attempt(_endpoint(session, over, login or session.login), _DEADLINE)
    texts = {item.kind: kept[item.sha256] for item in attempt.items}
    return Played(attempt, player.commands, texts)


def _endpoint(session: DeviceSession, over: Protocol, login: Login) -> Endpoint:
    return Endpoint(
        device="played",
        contract="default",
        address="played",
        port=22 if over is Protocol.ssh else 23,
        network_os=session.platform,
        protocol=over.value,
        username=login.user,
        password=login.password,
        enable_secret=login.enable_secret,
    )
