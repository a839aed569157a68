"""The demo's ports: read, taken as what is expected, and a cable that is pulled out is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo_change import Stage

from weibao_lab.control import request

__all__ = ["ports"]


def ports(stage: Stage, lab: Path, broken: Sequence[str], device: str) -> None:
    """Check the ports of all devices twice, with a cable out in between.

    ``broken`` are devices that misbehave until now; ``device`` loses the cable.

    Raises:
        Wrong: something else was found than was done.
    """
    for name in broken:
        request(lab, "fault", device=name, clear=True, values={})
    do = ("weibao", "ports")
    stage.title("端口：读取，并把今天的状态作为期望", "Ports: read, and today's state is expected")
    stage.run(*do, "check", quiet=True)
    stage.run(*do, "baseline", "accept", quiet=True)
    port = _uplink(stage, device)
    stage.title(f"拔掉 {device} {port} 的网线", f"A cable is pulled out: {device} {port}")
    request(lab, "port", device=device, port=port, clear=False, changes=["down"])
    stage.run(*do, "check", expect=1)
    found = stage.asked("weibao", "ports", "show", device)["findings"]
    codes = {f["code"] for f in found if f["port"] == port and f["severity"] != "info"}
    if "port_down" not in codes:
        raise stage.wrong(f"{device} {port}: {sorted(codes)}")
    stage.run(*do, "diff", "previous", "last", expect=1)


def _uplink(stage: Stage, device: str) -> str:
    """A port with a neighbour, which loses its link too."""
    known: list[dict[str, Any]] = stage.asked("weibao", "ports", "show", device)["ports"]
    for port in known:
        if port["oper_status"] == "up" and port["neighbours"] and not port["lag"]:
            name: str = port["name"]
            return name
    raise stage.wrong(f"{device} has no port with a neighbour")
