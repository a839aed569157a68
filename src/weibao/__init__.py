"""Weibao (维保): maintenance automation that does the work and proves it."""

__version__ = "0.1.0"
