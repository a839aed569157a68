"""Routing in outputs written for this (PRT-02, PRT-06); ``routing/<platform>/<name>.yml``.

``command``, ``output``, and ``neighbours`` (key → fields) or ``routes`` (protocol → count);
``unparsed`` lines. Dropping a file in is the test.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.routing_reader import routing_reader
from weibao.bootstrap.ports import offline_reader
from weibao.domain.reachability import ReachTest

CASES = sorted((Path(__file__).parent / "routing").glob("*/*.yml"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    ports = offline_reader(Path("/nowhere"), path.parent.name)
    reader = routing_reader(PortFiles().folder(ports.folder), ports)
    assert reader is not None
    outputs = [(case["command"], case["output"])]
    if "ping" in case:
        test = ReachTest(name="t", target=case["ping"]["to"])
        assert reader.reached(outputs, test) == tuple(case["ping"]["counts"])
        return
    assert reader.knows(case["command"])
    reading = reader.read(outputs)
    found = {n.key: n.model_dump(mode="json") for n in reading.neighbours}
    wanted = case.get("neighbours", {})
    assert {k: {f: v[f] for f in wanted.get(k, {})} for k, v in found.items()} == wanted
    routes = {" ".join(w for w in (r.vrf, r.protocol) if w): r.count for r in reading.routes}
    assert routes == case.get("routes", {})
    assert list(reading.unparsed) == case.get("unparsed", [])
