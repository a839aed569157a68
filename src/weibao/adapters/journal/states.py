"""Whether ``device_state`` says what the recorded outcomes say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from weibao.adapters.journal import schema
from weibao.domain.reasons import Reason
from weibao.domain.records import Outcome

__all__ = ["DeviceStates"]

_GOOD = frozenset(outcome.value for outcome in Outcome if outcome.good)


class DeviceStates:
    """Sees every recorded outcome once and compares at the end."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str], tuple[str, str]] = {}
        self._good: dict[tuple[str, str], str] = {}
        columns = [column.name for column in schema.run_targets.columns]
        self._of = itemgetter(
            *map(columns.index, ("contract", "device", "at", "run_id", "outcome"))
        )

    def see(self, target: Sequence[Any], recorded_at: str) -> None:
        """One row of ``run_targets`` as ``select`` gives it, and the time of its ledger row.

        In the ledger's order: what has a later time than a new record was dated by a clock
        that was ahead, and gives way to it (``writing``).
        """
        contract, name, at, run_id, outcome = self._of(target)
        device, attempt = (contract, name), (at, run_id)
        last = self._attempts.get(device)
        if last is None or attempt > last or last[0] > recorded_at:
            self._attempts[device] = attempt
        if outcome in _GOOD:
            good = self._good.get(device, "")
            if at > good or good > recorded_at:
                self._good[device] = at

    def compare(self, connection: Connection) -> Iterator[Reason]:
        """Devices whose state is not what their outcomes say."""
        for row in connection.execute(select(schema.device_state)):
            device = row.contract, row.device
            attempt = self._attempts.pop(device, None)
            good = self._good.get(device)
            if attempt != (row.attempt_at, row.attempt_run) or good != row.good_at:
                yield Reason.of("row_state", contract=row.contract, device=row.device)
        for contract, name in self._attempts:
            yield Reason.of("row_state", contract=contract, device=name)
