"""Readings of ports for the journal's tests."""

from __future__ import annotations

from datetime import timedelta

from records_made import START

from weibao.domain.port import AdminStatus, OperStatus, Port
from weibao.domain.port_record import DeviceReading, PortOutcome, PortState


def reading(device: str, run_id: str = "r1", *, up: bool = True, hours: int = 0) -> DeviceReading:
    status = OperStatus.up if up else OperStatus.down
    port = Port(name="GE1/0/1", native_name="GE1/0/1", oper_status=status)
    shut = Port(name="GE1/0/2", native_name="GE1/0/2", admin_status=AdminStatus.down)
    return DeviceReading(
        run_id=run_id,
        contract="默认",
        device=device,
        platform="huawei",
        at=START + timedelta(hours=hours),
        outcome=PortOutcome.read,
        ports=(PortState(port=port, since=START), PortState(port=shut)),
    )
