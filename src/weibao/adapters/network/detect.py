"""Finding out what a device is, where the inventory does not say; only by reading commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.domain.platform import Platform, compiled

__all__ = ["ask_version", "detect"]

_LONGEST = 120.0
"""Seconds for all questions together."""


def detect(
    session: Session, platforms: Mapping[str, Platform], now: Callable[[], float]
) -> tuple[Platform, str]:
    """The platform whose fingerprint an answer bears, and that answer.

    The commands are the ``version`` ones of all platforms, the most common first.

    Raises:
        Trouble: ``platform_undetected``.
    """
    began = now()
    for command in _questions(platforms):
        text = ask_version(session, command)
        for platform in platforms.values():
            if command in platform.version and _bears(text, platform):
                return platform, text
        if now() - began > _LONGEST:
            break
    raise Trouble("platform_undetected")


def _questions(platforms: Mapping[str, Platform]) -> list[str]:
    """First choices before second ones, those of many platforms before those of one."""
    common = Counter(command for p in platforms.values() for command in p.version)
    first: dict[str, int] = {}
    for platform in platforms.values():
        for rank, command in enumerate(platform.version):
            first[command] = min(rank, first.get(command, rank))
    return sorted(common, key=lambda command: (first[command], -common[command]))


def _bears(text: str, platform: Platform) -> bool:
    return any(compiled(mark).search(text) for mark in platform.fingerprints)


def ask_version(session: Session, command: str) -> str:
    """What the device says to a version command."""
    return session.ask(command).text.decode("latin-1")
