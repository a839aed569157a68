"""The redacted configuration archive: one contract's git repository."""

from weibao.adapters.archive.git_archive import GitArchive

__all__ = ["GitArchive"]
