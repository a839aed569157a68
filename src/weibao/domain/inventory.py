"""The configuration items of an inventory, as the backup needs them."""

from __future__ import annotations

from weibao.domain.base import Name, Value
from weibao.domain.port_expectation import PortBaseline
from weibao.domain.reasons import Reason

__all__ = [
    "DEVICE_FIELDS",
    "Device",
    "HostFacts",
    "InventoryFacts",
    "InventoryLint",
    "InventoryProblem",
    "InventorySnapshot",
]

DEVICE_FIELDS = (
    "contract",
    "site",
    "unit",
    "role",
    "model",
    "serial_number",
    "parent",
    "redundancy_group",
    "ports",
    "port_waivers",
)
"""Variables of a host that Weibao reads beside Ansible's own."""


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
    parent: str = ""
    """The device that it hangs on; a change of one is felt by the other."""
    redundancy_group: str = ""
    """Devices of one group stand in for each other, and are never worked on at once."""
    ports: PortBaseline | None = None
    """What its ports should be, where the inventory says so (``ports``, ``port_waivers``)."""
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
    """Path of the compiled JSON that Ansible reads; of few hosts, it has those variables only."""
    total: int
    """Hosts in the whole inventory."""
    devices: tuple[Device, ...]
    """The targets, in the inventory's order."""


class HostFacts(Value):
    """What a check of the inventory wants to know of a host; no secret's value in it."""

    device: Device
    network: bool
    """It says a network operating system or a network connection type."""
    user: bool
    """A user name is given."""
    login: bool
    """A password or a private key is given."""
    sealed: str = ""
    """A variable that is encrypted while no vault password is configured."""


class InventoryFacts(Value):
    """A whole inventory as a check looks at it."""

    hosts: tuple[HostFacts, ...]
    groups: tuple[str, ...]


class InventoryLint(Value):
    """What the files themselves show, read without Ansible."""

    problems: tuple[InventoryProblem, ...]
    hosts: dict[str, tuple[str, int]] = {}
    """Where each host stands first: file and line."""
    variables: dict[tuple[str, str], tuple[str, int]] = {}
    """Where a variable of a host stands."""
    values: dict[tuple[str, str], tuple[str, int]] = {}
    """Where a variable is given this value first, anywhere."""
    group_files: dict[str, str] = {}
    """The group_vars file or folder of each group."""

    def place(self, host: str, variable: str = "", value: str = "") -> tuple[str, int]:
        """The best place to send a reader to for a host's variable."""
        return (
            self.variables.get((host, variable))
            or self.values.get((variable, value))
            or self.hosts.get(host)
            or ("", 0)
        )
