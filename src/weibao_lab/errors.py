"""Errors of the lab.

LabError
├── MissingDependency   asyncssh is not installed
├── LabRunning          a lab already runs for this state directory
├── LabNotRunning       no lab answers for this state directory
└── BadRequest          an unknown device, fault or value
"""

from __future__ import annotations

__all__ = ["BadRequest", "LabError", "LabNotRunning", "LabRunning", "MissingDependency"]


class LabError(Exception):
    """The lab could not do what was asked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class MissingDependency(LabError, ImportError):
    """The lab needs asyncssh: pip install weibao[lab]"""


class LabRunning(LabError):
    """A lab already runs for this state directory."""


class LabNotRunning(LabError):
    """No lab runs for this state directory."""


class BadRequest(LabError):
    """The request names an unknown device, fault or value."""
