"""Names of an inventory that lead to one and the same place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from weibao.adapters.network.job import Endpoint
from weibao.domain.reasons import Reason

__all__ = ["address_notes"]


def address_notes(endpoints: Iterable[Endpoint]) -> dict[str, Reason]:
    """A warning for each device whose address, port and way there another name has too."""
    places: dict[tuple[str, int, tuple[str, ...]], list[str]] = defaultdict(list)
    for endpoint in endpoints:
        if endpoint.problem is None:
            place = (endpoint.address.lower(), endpoint.port, endpoint.jump)
            places[place].append(endpoint.device)
    return {
        name: Reason.of("address_shared", address=f"{address}:{port}", names=", ".join(names))
        for (address, port, _), names in places.items()
        if len(names) > 1
        for name in names
    }
