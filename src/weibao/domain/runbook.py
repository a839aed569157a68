"""The runbook (操作方案): how a job is done, in phases and steps."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from weibao.domain.base import Name, Value

__all__ = ["Phase", "Runbook", "Step", "StepKind"]


class StepKind(StrEnum):
    """What a step is done with."""

    playbook = "playbook"
    manual = "manual"
    wait = "wait"
    probe = "probe"
    builtin = "builtin"
    """A step that the program itself does: accept, archive, report."""


class Phase(StrEnum):
    """Where in the operation a step belongs."""

    precheck = "precheck"
    backup = "backup"
    implement = "implement"
    verify = "verify"
    back_out = "back_out"


class Step(Value):
    """One step with its time limit."""

    name: Name
    title: dict[str, str]
    """``zh`` and ``en``."""
    phase: Phase
    kind: StepKind
    run: str = ""
    """A playbook's FQCN, or the name of a built-in step."""
    time_limit_minutes: float | None = None


class Runbook(Value):
    """A versioned operation plan, tied to what it may touch."""

    schema_version: int = 1
    id: Name
    version: str
    title: dict[str, str]
    purpose: dict[str, str]
    mutating: bool
    """False: it only reads, and needs no change record."""
    risk: str = "low"
    targets: str = "all"
    """An Ansible host pattern; ``--limit`` narrows it."""
    steps: tuple[Step, ...] = Field(min_length=1)
