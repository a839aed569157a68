"""The redacted configuration archive: one contract's git repository."""

from weibao.adapters.git_archive.archive import GitArchive

__all__ = ["GitArchive"]
