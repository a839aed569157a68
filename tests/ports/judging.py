"""Readings and what is found in them, for the tests of judging."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from weibao.domain.port import Port
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import PortExpectation, PortTerms, PortWaiver
from weibao.domain.port_judge import judge_device
from weibao.domain.port_record import DeviceReading, PortOutcome
from weibao.domain.port_states import follow

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
UPLINK = PortExpectation(use="used", uplink=True, serves="三楼", room="301", outlet="A-01")


def port(name: str = "GE1/0/1", admin: str = "up", oper: str = "up", **fields: Any) -> Port:
    return Port(name=name, native_name=name, admin_status=admin, oper_status=oper, **fields)


def reading(
    *ports: Port, last: DeviceReading | None = None, at: datetime = NOW, **fields: Any
) -> DeviceReading:
    base = {"run_id": "r", "contract": "c", "device": "sw1", "platform": "huawei"}
    given = {**base, "outcome": PortOutcome.read, "at": at, "ports": follow(ports, last, at)}
    return DeviceReading(**{**given, **fields})


def found(
    *ports: Port,
    wants: dict[str, PortExpectation] | None = None,
    last: DeviceReading | None = None,
    terms: PortTerms | None = None,
    waivers: tuple[PortWaiver, ...] = (),
    accepted: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    case = DeviceCase(
        reading=reading(*ports, last=last, **fields),
        last=last,
        expectations=wants if wants is not None else {"GE1/0/1": PortExpectation(use="used")},
        terms=terms or PortTerms(),
        waivers=waivers,
        accepted=accepted,
    )
    return {f.code.value: f for f in judge_device(case)}
