"""Days of port checks; everything is real but the network and Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.nights import Answer, Night
from weibao.bootstrap.ports import port_parts
from weibao.domain.records import Trigger
from weibao.services.begin_run import JobRequest
from weibao.services.ports.baseline import baseline_of
from weibao.services.ports.check import PortResult, run_ports

BRIEF = "display interface brief"


HEAD = """\
PHY: Physical
*down: administratively down
InUti/OutUti: input utility/output utility
Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors
"""


OSPF = "display ospf peer brief"


PEERS = """\
 Area Id          Interface                        Neighbor id      State
 0.0.0.0          GigabitEthernet0/0/1             10.8.0.2         Full
"""


LLDP = "display lldp neighbor brief"


def table(*states: str, errors: int = 0) -> Answer:
    lines = [
        f"GigabitEthernet0/0/{n:<8}  {state:<6}{state.strip('*'):<10} 0% 0% {errors} 0"
        for n, state in enumerate(states, 1)
    ]
    return Answer(platform="huawei", outputs={BRIEF: HEAD + "\n".join(lines) + "\n"})


class Days(Night):
    """Checks of ports, a day apart."""

    def reopen(self) -> None:
        super().reopen()
        self.inventory.devices = [
            d.model_copy(update={"platform": "huawei"}) for d in self.inventory.devices
        ]
        self.ports = port_parts(self.workshop, self.parts)

    def check(self, answers: Mapping[str, Answer], **request: Any) -> PortResult:
        self.clock.at = self.clock.at.replace(microsecond=0)
        self.clock.at += timedelta(hours=24)
        self.runner.answers = answers
        base = {"actor": "ops@test", "sources": (), "trigger": Trigger.manual}
        return run_ports(self.ports, JobRequest(**{**base, **request}))

    def accept(self, result: PortResult) -> None:
        for reading in result.readings:
            made = baseline_of(reading, self.clock.now(), "wang")
            self.ports.baselines.write(reading.contract, made)


def found(result: PortResult) -> set[tuple[str, str, str]]:
    return {(f.device, f.port.rpartition("/")[2], f.code.value) for f in result.findings}


def compared(result: PortResult) -> list[bool]:
    return [state.compared for r in result.readings if r.good for state in r.ports]
