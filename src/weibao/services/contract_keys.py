"""Each contract has a key of its own; a lost one is never replaced in silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from weibao.domain.inventory import Device
from weibao.services.parts import Parts

__all__ = ["make_missing_keys"]


def make_missing_keys(
    parts: Parts,
    devices: Iterable[Device],
    actor: str,
    made: Callable[[str, str], None] = lambda _contract, _path: None,
) -> None:
    """Make the key of a contract that has nothing encrypted yet; ``made`` hears its place.

    Where there is something, the missing key is needed to read it: it stays missing, and
    the contract's devices are not checked until it is back.
    """
    used = {contract for contract, _ in parts.journal.latest_versions()}
    used |= {contract for contract, _ in parts.journal.last_attempts()}
    for contract in sorted({d.contract for d in devices} & parts.contracts.keys()):
        path = parts.keys.path(contract)
        if contract in used or Path(path).exists():
            continue
        parts.keys.create(contract)
        payload = json.dumps({"contract": contract}, sort_keys=True, separators=(",", ":"))
        parts.journal.append(parts.clock.now(), actor, "key.made", f"key/{contract}", payload)
        made(contract, path)
