"""Two names of an inventory that turn out to be one device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from weibao.domain.records import Finding, FindingCode, RunTarget, Severity
from weibao.services.judge_backup import DeviceVerdict

__all__ = ["Twins"]


class Twins:
    """Remembers devices of one address by the hostname that they print."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[RunTarget]] = defaultdict(list)

    def see(self, verdicts: Iterable[DeviceVerdict]) -> None:
        """Some devices of the run."""
        for verdict in verdicts:
            for warning in verdict.target.warnings:
                if warning.code == FindingCode.address_shared and verdict.hostname:
                    key = (warning.params["address"], verdict.hostname)
                    self._seen[key].append(verdict.target)

    def findings(self, run_id: str, at: datetime) -> tuple[Finding, ...]:
        """One for each name of a device that has several."""
        return tuple(
            Finding(
                run_id=run_id,
                contract=target.contract,
                device=target.device,
                code=FindingCode.same_device,
                severity=Severity.serious,
                params={
                    "names": ", ".join(sorted(one.device for one in targets)),
                    "address": address,
                    "hostname": hostname,
                },
                evidence=target.evidence,
                at=at,
            )
            for (address, hostname), targets in self._seen.items()
            if len(targets) > 1
            for target in targets
        )
