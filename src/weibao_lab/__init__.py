"""A lab of simulated switches on loopback: stateful, over SSH and telnet.

>>> from weibao_lab import Lab
>>> with Lab.start(Lab.default_specs(count=3)) as lab:
...     print(sorted(lab.devices))
['hq-acc-h3c-01', 'hq-acc-rj-01', 'hq-core-hw-01']
"""

from weibao_lab.errors import LabError, MissingDependency
from weibao_lab.faults import Fault
from weibao_lab.lab import DeviceHandle, Lab
from weibao_lab.record import CommandRecord, DeviceLog, LoginRecord
from weibao_lab.specs import PLATFORMS, DeviceSpec

__all__ = [
    "PLATFORMS",
    "CommandRecord",
    "DeviceHandle",
    "DeviceLog",
    "DeviceSpec",
    "Fault",
    "Lab",
    "LabError",
    "LoginRecord",
    "MissingDependency",
]
