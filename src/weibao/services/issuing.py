"""What every contract's report of a run has in common: its title, its devices, its ledger row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from weibao.domain.inventory import Device
from weibao.domain.records import Run
from weibao.services.parts import Parts, PublishedReport

__all__ = ["heading", "inventory_of", "issue_all", "placed"]


class _Numbered(Protocol):
    @property
    def number(self) -> str: ...


ReportT = TypeVar("ReportT", bound=_Numbered)


def issue_all(
    parts: Parts,
    run: Run,
    contracts: Iterable[str],
    build: Callable[[str], ReportT],
    publish: Callable[[ReportT], PublishedReport],
) -> tuple[PublishedReport, ...]:
    """Build and write the report of every known contract; each is a ledger row."""
    issued = []
    for contract in sorted(set(contracts) & parts.contracts.keys()):
        report = build(contract)
        published = publish(report)
        payload = {"number": report.number, "sha256": published.sha256}
        parts.journal.append(
            parts.clock.now(),
            run.actor,
            "report.issued",
            f"report/{report.number}",
            json.dumps(payload, sort_keys=True, separators=(",", ":")),
        )
        issued.append(published)
    return tuple(issued)


def heading(
    parts: Parts, run: Run, contract: str, number: str, titles: Mapping[str, str], kind: str
) -> dict[str, Any]:
    """The fields of ``RunReport``; ``kind`` is that of the contract's ``report_titles``."""
    profile = parts.contracts[contract]
    return {
        "number": number,
        "title": {**titles, "zh": profile.report_titles.get(kind, titles["zh"])},
        "estate": parts.settings.name,
        "contract": profile,
        "run": run,
        "steps": tuple(parts.journal.steps(run.id)),
        "step_titles": {s.name: s.title for s in parts.runbook(run.job).runbook.steps},
        "generated_at": parts.clock.now(),
        "evidence": tuple(e for e in parts.journal.run_evidence(run.id) if e.contract == contract),
        "ledger": parts.journal.head(),
    }


def placed(device: Device) -> dict[str, str]:
    """The fields of ``DeviceOfReport``."""
    return {
        "device": device.name,
        "address": device.address,
        "site": device.site,
        "unit": device.unit,
        "role": device.role,
    }


def inventory_of(
    contract: str, devices: Sequence[Device], seen: Mapping[str, str]
) -> dict[str, Device]:
    """The contract's devices by name: of the inventory, and those that the run met (``seen``:
    name and platform), which may stand in it no more.
    """
    known = {d.name: d for d in devices if d.contract == contract}
    for name in seen.keys() - known.keys():
        known[name] = Device(name=name, contract=contract, platform=seen[name])
    return known
