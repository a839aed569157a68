"""Whether ``device_state`` says what the recorded outcomes say."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, RowMapping, select

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

    def see(self, target: RowMapping, recorded_at: str) -> None:
        """One row of ``run_targets`` and the time of its ledger row; in the ledger's order.

        A later time than that of a new record is of a clock that was ahead, and gives way.
        """
        device = target["contract"], target["device"]
        attempt = target["at"], target["run_id"]
        known = self._attempts.get(device, attempt)
        self._attempts[device] = attempt if known[0] > recorded_at else max(attempt, known)
        if target["outcome"] in _GOOD:
            good = self._good.get(device, "")
            ahead = good > recorded_at
            self._good[device] = target["at"] if ahead else max(target["at"], good)

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
