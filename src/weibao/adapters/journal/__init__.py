"""The journal over SQLAlchemy."""

from weibao.adapters.journal.sql_journal import SqlJournal

__all__ = ["SqlJournal"]
