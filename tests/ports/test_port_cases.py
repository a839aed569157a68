"""Outputs written for this, and the ports in them (PRT-01, PRT-04).

``cases/<platform>/<name>.yml``: ``command``, ``output``, and ``ports``: the name of every port
in their order, each with the fields that count. Dropping a file in is the test. Further keys:
``unparsed`` (lines, in order), ``unknown_words`` (port → word).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from weibao.bootstrap.ports import offline_reader

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.yml"))


def part_of(whole: Any, wanted: Any) -> Any:
    """``whole`` with only the fields that are wanted."""
    if isinstance(wanted, dict) and isinstance(whole, dict):
        return {key: part_of(whole.get(key), value) for key, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(whole, list | tuple):
        pairs = zip(whole, wanted, strict=False)
        return [part_of(one, other) for one, other in pairs] + list(whole[len(wanted) :])
    return whole


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    reader = offline_reader(Path("/nowhere"), path.parent.name)
    reading = reader.read([(case["command"], case["output"])])
    found = {port.name: port.model_dump(mode="json") for port in reading.ports}
    wanted = {name: dict(fields or {}) for name, fields in case["ports"].items()}
    assert list(found) == list(wanted)
    for name, fields in wanted.items():
        assert part_of(found[name], fields) == fields, name
    assert list(reading.unparsed) == case.get("unparsed", [])
    assert {w.port: w.word for w in reading.unknown_words} == case.get("unknown_words", {})
