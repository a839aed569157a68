"""What every contract's report of a run has in common: its title, its devices, its ledger row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.records import Run
from weibao.services.parts import Parts, PublishedReport

__all__ = ["inventory_of", "issue_all", "title_of"]


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


def title_of(titles: Mapping[str, str], profile: Contract, kind: str) -> dict[str, str]:
    """The report's title; the contract may want its own Chinese one."""
    return {**titles, "zh": profile.report_titles.get(kind, titles["zh"])}


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
