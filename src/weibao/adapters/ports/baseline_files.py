"""Accepted expectations: ``ports/<contract>/<device>.yml`` of the estate (PRT-07)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from weibao.adapters.files import replace
from weibao.adapters.yaml_lines import read_model
from weibao.domain.port_expectation import PortBaseline, dump_expectation
from weibao.errors import InputError

__all__ = ["PortBaselineFiles"]

_HEAD = """\
# 端口基线：weibao ports baseline accept 写入；可在此细化，也可在清单中用 ports: 覆盖。
# Expected ports, written by weibao ports baseline accept. Refine them here, or in the
# inventory (ports: of a host), which goes before this file.
"""


class PortBaselineFiles:
    """Implements ``boundary.ports.PortBaselines``."""

    def __init__(self, folder: Path) -> None:
        """``folder``: the estate's ``ports``."""
        self._folder = folder

    def read(self, contract: str, device: str) -> PortBaseline | None:
        """A device's file; None where there is none.

        Raises:
            InputError: it is wrong; names file and line.
        """
        path = self._path(contract, device)
        if not path.is_file():
            return None
        baseline = read_model(PortBaseline, path)
        if baseline.device not in {None, device}:
            raise InputError("ports.other_device", file=str(path), said=baseline.device)
        return baseline

    def write(self, contract: str, baseline: PortBaseline) -> str:
        """Write a device's file whole; its path.

        Raises:
            FailedError: it cannot be written.
        """
        assert baseline.device is not None  # noqa: S101 - it is a device's file
        path = self._path(contract, baseline.device)
        content: dict[str, Any] = {
            "schema_version": baseline.schema_version,
            "device": baseline.device,
            "run": baseline.run,
            "accepted_at": baseline.accepted_at.isoformat() if baseline.accepted_at else None,
            "accepted_by": baseline.accepted_by,
            "ports": {n: dump_expectation(e) for n, e in baseline.ports.items()},
            "routing": list(baseline.routing),
            "waivers": [w.model_dump(mode="json") for w in baseline.waivers],
        }
        kept = {name: value for name, value in content.items() if value not in (None, "", [])}
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, (_HEAD + text).encode())
        return str(path)

    def _path(self, contract: str, device: str) -> Path:
        return self._folder / contract / f"{device}.yml"
