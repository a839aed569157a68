"""What leave is judged with, and what a change's digest covers as it is now (CHG-38)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from weibao.boundary.changes import ChangeRecords, DigestSource, Signatures
from weibao.domain.change import Change, PlannedTarget
from weibao.domain.change_digest import change_parts
from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.runbook import Runbook, StepKind
from weibao.errors import InputError

__all__ = ["LeaveParts", "parts_now"]


@dataclass(frozen=True)
class LeaveParts:
    """What leave is judged with."""

    estate: str
    """The estate's name (``Settings.name``), which statements say."""
    records: ChangeRecords
    signatures: Signatures
    digests: DigestSource
    contracts: Mapping[str, Contract]
    runbook: Callable[[str], Runbook]

    def contract(self, name: str) -> Contract:
        """One contract.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            raise InputError("estate.contract_unknown", name=name, known=known)
        return self.contracts[name]


def parts_now(
    parts: LeaveParts,
    change: Change,
    targets: Sequence[PlannedTarget],
    devices: Sequence[Device],
    sources: Sequence[str],
) -> dict[str, str]:
    """The parts of the change's digest as they are now; ``digest_of`` makes the digest of them.

    ``targets`` are the plan's, ``devices`` those whose variables are hashed.

    Raises:
        UncheckedError: a file or the contract's key cannot be read.
        InputError: contract, runbook or inventory is wrong.
    """
    contract = parts.contract(change.contract)
    runbook = parts.runbook(change.runbook)
    playbooks = [s.run for s in runbook.steps if s.kind in {StepKind.playbook, StepKind.probe}]
    program = {**parts.digests.program_parts(), **parts.digests.playbook_parts(playbooks)}
    return change_parts(
        change,
        contract,
        runbook,
        parts.digests.runbook_part(change.runbook),
        targets,
        program=program,
        hosts=parts.digests.host_parts(contract, devices, sources),
    )
