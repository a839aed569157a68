"""Writing and reading hosts' patch states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.reading import JournalReader
from weibao.adapters.journal.rows import stamp, to_row
from weibao.adapters.journal.writing import Pen, again

if TYPE_CHECKING:
    from weibao.domain.patch import PatchStatus

__all__ = ["PatchStates"]


class PatchStates(JournalReader):
    """Implements ``boundary.PatchHistory`` where ``_pen`` writes to the journal."""

    @abstractmethod
    def _pen(self, actor: str) -> AbstractContextManager[Pen]: ...

    @again
    def record_patch_states(self, states: Sequence[PatchStatus], actor: str) -> None:
        """Record them, all or none; what is recorded already changes nothing.

        Raises:
            IntegrityError: it contradicts what is recorded.
        """
        if not states:
            return
        with self._pen(actor) as pen:
            rows = [to_row(state) for state in states]
            at = stamp(max(state.at for state in states))
            pen.insert_new(schema.patch_states, rows, "patch_state.recorded", at, actor)

    def patch_states(self, device: str, contract: str = "", limit: int = 50) -> list[PatchStatus]:
        """A host's states, newest first."""
        from weibao.domain.patch import PatchStatus

        table = schema.patch_states
        statement = select(table).where(table.c.device == device)
        if contract:
            statement = statement.where(table.c.contract == contract)
        return self._list(PatchStatus, table, statement.order_by(table.c.at.desc()).limit(limit))

    def latest_patch_states(self, contract: str = "") -> list[PatchStatus]:
        """Every host's newest state, by name."""
        from weibao.domain.patch import PatchStatus

        table = schema.patch_states
        newest = (
            select(table.c.contract, table.c.device, func.max(table.c.at).label("at"))
            .group_by(table.c.contract, table.c.device)
            .subquery()
        )
        statement = select(table).join(
            newest,
            (table.c.contract == newest.c.contract)
            & (table.c.device == newest.c.device)
            & (table.c.at == newest.c.at),
        )
        if contract:
            statement = statement.where(table.c.contract == contract)
        return self._list(PatchStatus, table, statement.order_by(table.c.contract, table.c.device))
