"""What change control needs of the outside: its records, signatures, and what a digest covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from weibao.domain.change import (
        Approval,
        Change,
        ChangeEvent,
        ChangePlan,
        ChangeState,
        ChangeStep,
    )
    from weibao.domain.contract import Contract
    from weibao.domain.inventory import Device

__all__ = ["ChangeRecords", "DigestSource", "Signatures", "Signer"]


class ChangeRecords(Protocol):
    """Changes in the journal; every write appends ledger rows in the same transaction."""

    def add_change(self, change: Change, event: ChangeEvent) -> None:
        """A new change.

        Raises:
            IntegrityError: there is one of that id.
        """
        ...

    def move_change(
        self,
        change: Change,
        event: ChangeEvent,
        *,
        expected: ChangeState,
        approvals: Sequence[Approval] = (),
        plan: ChangePlan | None = None,
        locks: Sequence[str] = (),
    ) -> None:
        """The change as it now stands, what was done, and what came with it, at once.

        ``expected`` is the state that it was read in, and the event's number the next one:
        who was slower loses. ``locks`` are devices that belong to the change while its state
        is one of ``LOCKING``; another change that has one of them in such a state refuses it.

        Raises:
            RefusedError: ``change.moved_meanwhile`` or ``change.locked`` (device, by which).
        """
        ...

    def record_change_steps(self, steps: Sequence[ChangeStep]) -> None:
        """Steps as they now stand; one of the same key (change, wave, step, device, attempt)
        is replaced while it is ``begun``, ``waiting`` or ``unknown``.

        Raises:
            IntegrityError: it has ended already, in another way.
        """
        ...

    def change(self, change_id: str) -> Change | None:
        """One change."""
        ...

    def changes(
        self,
        *,
        contract: str = "",
        states: Iterable[ChangeState] = (),
        limit: int = 0,
        overlapping: tuple[datetime, datetime] | None = None,
    ) -> list[Change]:
        """Newest first; of all states where none are named."""
        ...

    def change_events(self, change_id: str) -> list[ChangeEvent]:
        """In order."""
        ...

    def approvals(self, change_id: str) -> list[Approval]:
        """All that were ever given, in order."""
        ...

    def change_plan(self, change_id: str, number: int) -> ChangePlan | None:
        """One plan."""
        ...

    def change_steps(self, change_id: str) -> list[ChangeStep]:
        """In the order in which they began."""
        ...

    def device_locks(self) -> dict[str, str]:
        """Devices that belong to a running or paused change, and to which."""
        ...

    def step_durations(self, runbook: str, limit: int = 50) -> dict[str, list[float]]:
        """By step, the seconds that its latest done executions took."""
        ...


class Signer(NamedTuple):
    """Whose signature is wanted, and under what name."""

    principal: str
    namespace: str


class Signatures(Protocol):
    """SSH signatures (``ssh-keygen -Y``; PROTOCOL.sshsig)."""

    def sign(self, key: Path, namespace: str, statement: str) -> str:
        """The armored signature of ``statement`` with the key at ``key`` (or its agent).

        Raises:
            InputError: there is no such key.
            FailedError: ssh-keygen is missing, or does not sign.
        """
        ...

    def verify(
        self, contract: str, signer: Signer, statement: str, signature: str, at: datetime
    ) -> str:
        """Why the signature does not hold; empty where it does.

        Against the contract's allowed signers as they are now, keys' validity at ``at``, and
        its revoked keys as they are now. Never raises for a bad signature.

        Raises:
            UncheckedError: it could not be checked (no ssh-keygen, no allowed-signers file).
        """
        ...


class DigestSource(Protocol):
    """What would be run, as hashes by name (CHG-38)."""

    def program_parts(self) -> Mapping[str, str]:
        """Hashes of program, collection (playbooks, roles, plugins), Ansible, and of what the
        estate overrides of them."""
        ...

    def playbook_parts(self, runs: Iterable[str]) -> Mapping[str, str]:
        """Hashes of what the playbooks ``runs`` are read from, where that is neither the
        program's nor in the folders that ``program_parts`` covers."""
        ...

    def runbook_part(self, runbook: str) -> str:
        """Hash of the runbook's file."""
        ...

    def host_parts(
        self, contract: Contract, devices: Sequence[Device], sources: Sequence[str]
    ) -> Mapping[str, str]:
        """By ``host/<device>/<variable>`` a keyed hash of every variable of the inventory but
        connection secrets, and ``host/<device>`` for its being there."""
        ...
