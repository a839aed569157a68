"""What is wrong with a port, or worth knowing (PRT-03, PRT-07, PRT-09)."""

from __future__ import annotations

from enum import StrEnum

from weibao.domain.base import Moment, Name, Value
from weibao.domain.reasons import Reason
from weibao.domain.records import Severity

__all__ = ["NOT_UP_FINDINGS", "OF_ROUTING", "PLACES", "PortFinding", "PortFindingCode"]


PLACES: dict[str, tuple[str, ...]] = {
    "port_down": ("reason",),
    "port_shut": ("reason",),
    "port_dormant": (),
    "port_missing": (),
    "port_gone": (),
    "port_unexpected_up": ("expected",),
    "port_open": ("status",),
    "port_went_down": ("reason",),
    "port_flapping": ("changes",),
    "port_errors": ("kind", "rate", "budget"),
    "port_speed": ("expected", "actual"),
    "port_duplex": ("expected", "actual"),
    "port_duplex_mismatch": ("actual", "other", "other_duplex"),
    "port_vlan": ("expected", "actual"),
    "port_mode": ("expected", "actual"),
    "port_lag": ("expected", "actual"),
    "port_description": ("expected", "actual"),
    "port_neighbour": ("expected", "actual"),
    "port_neighbour_moved": ("expected", "actual"),
    "port_busy": ("direction", "percent", "limit"),
    "port_light": ("direction", "power", "limit"),
    "redundancy_lost": ("name", "down", "up", "total"),
    "port_unknown": ("status",),
    "ports_lost": ("count", "total", "names"),
    "ports_not_understood": ("count", "line"),
    "status_words_unknown": ("count", "words"),
    "ports_partly": ("what",),
    "command_refused": ("command",),
    "login_unguarded": ("why",),
    "ports_stale": ("since",),
    "expectations_wrong": ("detail",),
    "ports_without_baseline": (),
    "expectation_unmatched": ("patterns",),
    "routing_neighbour_down": ("neighbour", "state", "interface"),
    "routing_neighbour_unknown": ("neighbour", "state"),
    "routes_fewer": ("before", "now"),
    "unreachable": ("name", "source", "target", "loss", "rtt"),
    "reach_unchecked": ("name", "source", "target", "why"),
}
"""What each finding's ``params`` hold beside ``port``, by code; all are texts.

``reason`` is a code of the platform's data (or what the device printed, or empty), ``kind`` a
counter of :class:`~weibao.domain.port.PortCounters` whose growth an hour is ``rate``, ``expected``
of *port_unexpected_up* a :class:`~weibao.domain.port_expectation.PortUse`, ``direction`` ``in`` or
``out``, ``percent`` and ``limit`` of the speed, ``power`` and ``limit`` of light in dBm, ``down``
the ports that are, ``up`` of ``total`` how many are up (``0–1`` where one was not read),
``names`` the first of the ports that the device has no more, ``words`` the first of the ports and
their words, ``what`` commands or what was wrong with them, ``since``
an ISO time or empty for never, ``detail`` the mistake and its place, ``source`` a device or
``controller``.
"""


class PortFindingCode(StrEnum):
    """What a reading can find; words under ``reason.<code>``."""

    port_down = "port_down"
    """Expected to be used, and is not up."""
    port_shut = "port_shut"
    """Expected to be used, and is shut down by configuration."""
    port_dormant = "port_dormant"
    """Expected to be used, or was up, and waits for something: it passes no packets."""
    port_missing = "port_missing"
    """Expected, and the device has no such port."""
    port_gone = "port_gone"
    """Was up, and the device has no such port any more; nothing is said about what it should be."""
    port_unexpected_up = "port_unexpected_up"
    """Reserved or closed, and something hangs on it."""
    port_open = "port_open"
    """Should be closed, and is not shut down."""
    port_went_down = "port_went_down"
    """Was up, and is not since; nothing is said about what it should be."""
    port_flapping = "port_flapping"
    port_errors = "port_errors"
    """More new errors an hour than it may have."""
    port_speed = "port_speed"
    port_duplex = "port_duplex"
    port_duplex_mismatch = "port_duplex_mismatch"
    """The two ends of a link differ."""
    port_vlan = "port_vlan"
    port_mode = "port_mode"
    port_lag = "port_lag"
    port_description = "port_description"
    port_neighbour = "port_neighbour"
    """Another neighbour than expected."""
    port_neighbour_moved = "port_neighbour_moved"
    """Another one than it was; nothing is said about who it should be."""
    port_busy = "port_busy"
    """An uplink is used more than it should be: optimise or expand."""
    port_light = "port_light"
    """Received or sent power is outside of the limits that the device itself prints."""
    redundancy_lost = "redundancy_lost"
    """Of several legs, one or more are down."""
    port_unknown = "port_unknown"
    """Its state was not understood: not checked."""
    ports_lost = "ports_lost"
    """The device has fewer ports than it had: a card or a stack member is gone."""
    ports_not_understood = "ports_not_understood"
    """Lines of the device that no rule understands."""
    status_words_unknown = "status_words_unknown"
    """Words for the state of a port that no rule understands."""
    ports_partly = "ports_partly"
    """An answer that should be there is not, or made no sense."""
    command_refused = "command_refused"
    login_unguarded = "login_unguarded"
    """Somebody in between could read the password, or be taken for the device."""
    ports_stale = "ports_stale"
    """The device could not be read; the last known state is an old one."""
    expectations_wrong = "expectations_wrong"
    """Its file under ``ports/``, or a role, is wrong: nothing is known of what is expected."""
    ports_without_baseline = "ports_without_baseline"
    expectation_unmatched = "expectation_unmatched"
    """A name or pattern in ``ports:`` means no port of the device: nothing is checked by it."""
    routing_neighbour_down = "routing_neighbour_down"
    """A neighbour that has to be up, or was, is not."""
    routing_neighbour_unknown = "routing_neighbour_unknown"
    """Its state was not understood: not checked."""
    routes_fewer = "routes_fewer"
    unreachable = "unreachable"
    """More was lost, or took longer, than may be."""
    reach_unchecked = "reach_unchecked"
    """A test could not be made."""


NOT_UP_FINDINGS = frozenset(
    {
        PortFindingCode.port_down,
        PortFindingCode.port_shut,
        PortFindingCode.port_dormant,
        PortFindingCode.port_missing,
        PortFindingCode.port_gone,
        PortFindingCode.port_went_down,
        PortFindingCode.port_unknown,
    }
)
"""In different words, that a port is not known to be up."""
OF_ROUTING = frozenset(
    {
        PortFindingCode.routing_neighbour_down,
        PortFindingCode.routing_neighbour_unknown,
        PortFindingCode.routes_fewer,
    }
)
"""What only a reading of the routing can tell."""


class PortFinding(Value):
    """About one port of one device, or about the device where ``port`` is empty."""

    run_id: Name
    contract: Name
    device: Name
    port: str = ""
    code: PortFindingCode
    severity: Severity
    params: dict[str, str] = {}
    since: Moment | None = None
    at_least: bool = False
    """``since`` may be earlier."""
    cuts_off: str = ""
    """Outlet, room or whom it serves (PRT-09)."""
    waived: str = ""
    """Why it is accepted for now; empty where it is not."""
    waived_until: str = ""
    at: Moment

    @property
    def reason(self) -> Reason:
        """Its words."""
        return Reason(code=self.code.value, params=self.params)
