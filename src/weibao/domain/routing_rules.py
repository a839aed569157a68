"""How a platform's routing is read: the model of ``port_readings/<platform>/routing.yml``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from weibao.domain.base import Name, Value
from weibao.domain.patterns import Pattern
from weibao.domain.port_rules import command_key

__all__ = ["PingRules", "RoutingCommand", "RoutingRules"]


class RoutingCommand(Value):
    """One command that prints neighbours or counts of routes.

    The template's values have fixed names: ``NEIGHBOUR``, ``PROTOCOL``, ``INTERFACE``, ``STATE``,
    ``SINCE``, ``PREFIXES``, ``VRF`` for neighbours; ``PROTOCOL``, ``COUNT`` (all that
    begin so are added up), ``VRF`` for routes.
    """

    send: str
    otherwise: tuple[str, ...] = ()
    """Sent instead, in this order, where the device refuses it."""
    template: str
    """A TextFSM file of this folder."""
    kind: str = Field(pattern="^(neighbours|routes)$")
    protocol: str = ""
    """Of all its neighbours, where the output does not say it."""
    up: Pattern = ""
    """Whole words of a neighbour that exchanges routes (``Full.*``, a number of prefixes)."""
    down: Pattern = ""
    """Whole words of one that does not."""
    protocols: dict[str, str] = {}
    """Printed, in lower case → as it is called here (``o`` → ``ospf``)."""
    ignore: tuple[Pattern, ...] = ()
    """Lines that say nothing."""

    @model_validator(mode="after")
    def _knows_its_words(self) -> Self:
        if self.kind == "neighbours" and not (self.up and self.down):
            raise ValueError("neighbours need the words up and down")
        return self

    def spellings(self) -> tuple[str, ...]:
        """All commands that it answers to, in one spelling."""
        return tuple(command_key(each) for each in (self.send, *self.otherwise))


class PingRules(Value):
    """How a device is told to test whether it reaches an address."""

    send: str
    """With ``{to}``."""
    sent: Pattern
    """A group ``value``: how many it sent."""
    received: Pattern
    """A group ``value``: how many came back; or ``lost`` per cent in a group ``lost``."""
    rtt: Pattern = ""
    """A group ``value``: milliseconds on average."""


class RoutingRules(Value):
    """One platform's routing."""

    schema_version: int = 1
    platform: Name
    commands: tuple[RoutingCommand, ...] = ()
    """All are asked; a device that does not run a protocol refuses, or prints nothing."""
    ping: PingRules | None = None
