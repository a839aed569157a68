"""The configuration items of an inventory, as the backup needs them."""

from __future__ import annotations

from weibao.domain.base import Name, Value
from weibao.domain.reasons import Reason

__all__ = ["Device", "InventoryProblem", "InventorySnapshot"]


class Device(Value):
    """One host of the inventory (设备档案), without any of its secrets."""

    name: Name
    contract: Name = "default"
    platform: str = ""
    """Our platform id; empty where it is not known (then ``problem`` says why)."""
    network_os: str = ""
    """As the inventory wrote it."""
    address: str = ""
    port: int = 22
    site: str = ""
    unit: str = ""
    role: str = ""
    model: str = ""
    serial_number: str = ""
    problem: Reason | None = None
    """Why it cannot be tried at all."""


class InventoryProblem(Value):
    """Something wrong in an inventory file."""

    file: str
    line: int = 0
    device: str = ""
    severity: str = "error"
    """``error``, or ``warning`` for what still works."""
    reason: Reason


class InventorySnapshot(Value):
    """An inventory resolved for one job."""

    digest: str
    """sha256 over what it was compiled from."""
    compiled: str
    """Path of the compiled JSON that Ansible reads."""
    total: int
    """Hosts in the whole inventory."""
    devices: tuple[Device, ...]
    """The targets, in the inventory's order."""
