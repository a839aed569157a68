"""The ports of a simulated device: what is configured, what is plugged in, what it counts."""

from weibao_lab.ports.board import PortBoard
from weibao_lab.ports.cables import connect
from weibao_lab.ports.changes import CHANGES
from weibao_lab.ports.configured import Configured, from_braces, from_lines
from weibao_lab.ports.model import Counters, Neighbour, Port

__all__ = [
    "CHANGES",
    "Configured",
    "Counters",
    "Neighbour",
    "Port",
    "PortBoard",
    "connect",
    "from_braces",
    "from_lines",
]
