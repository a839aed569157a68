"""The only place that chooses adapters."""

from weibao.adapters.program import actor
from weibao.bootstrap.workshop import Workshop, open_workshop

__all__ = ["Workshop", "actor", "open_workshop"]
