"""The runbook (操作方案): how a job is done, in phases and steps."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator, model_validator

from weibao.domain.base import Name, Value, titled

__all__ = ["FollowUp", "Phase", "Runbook", "Step", "StepKind", "Variable", "Waves"]


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
    """A playbook's FQCN or its file in the estate, or the name of a built-in step."""
    time_limit_minutes: float | None = None
    estimate_minutes: float = Field(default=5.0, gt=0)
    """A host's share, until history knows better."""
    two_person: bool = False
    """It begins when the recorder has confirmed it (双人操作; CHG-23)."""
    instruction: dict[str, str] = {}
    """Of a manual step: what to do, ``zh`` and ``en``."""
    takes: Literal["outcome", "reading", "photo"] = "outcome"
    """What the person who does a manual step hands in."""
    expect: str = ""
    """Of a probe: the regular expression that the playbook's answer or a reading must match."""
    repeatable: bool = False
    """Doing it again where it may have been done already harms nothing. Steps that only look
    are always so; another whose outcome a crash left unknown is asked about."""
    per_wave: bool = False
    """Done once for a wave instead of on each host."""
    seconds: float = Field(default=0.0, ge=0)
    """Of a wait."""

    @property
    def named(self) -> dict[str, str]:
        """Parameters of a sentence about it."""
        return titled("step", self.name, self.title)

    @model_validator(mode="after")
    def _complete(self) -> Step:
        if self.kind in {StepKind.playbook, StepKind.probe, StepKind.builtin} and not self.run:
            raise ValueError(f"step {self.name}: a {self.kind} needs run")
        if self.kind in {StepKind.playbook, StepKind.probe} and _leads_out(self.run):
            raise ValueError(
                f"step {self.name}: run is a FQCN, or a file of the estate: {self.run}"
            )
        if self.kind is StepKind.manual and not {"zh", "en"} <= self.instruction.keys():
            raise ValueError(f"step {self.name}: a manual step needs an instruction in zh and en")
        if self.kind is StepKind.wait and not self.seconds:
            raise ValueError(f"step {self.name}: a wait needs seconds")
        return self


def _leads_out(run: str) -> bool:
    """What lies outside of the estate is covered by no approval."""
    return run.startswith(("/", "~")) or ".." in run.split("/")


class Waves(Value):
    """In which portions the targets are taken."""

    canary: int = Field(default=1, ge=0)
    """So many hosts first; 0: no canary."""
    first_role: str = ""
    """Hosts whose inventory variable ``role`` says this are the canary (PAT-08: a test group)."""
    batches: tuple[str, ...] = ("100%",)
    """Sizes of the following waves, numbers or percentages of the rest; the last repeats."""
    max_failed_in_wave: int = Field(default=0, ge=0)
    """More failed hosts than this in one wave breach the limit."""
    max_failed: int = Field(default=0, ge=0)
    """The same over all waves."""
    on_breach: Literal["stop", "back_out"] = "stop"
    """``back_out``: the hosts of all waves that were touched go back."""
    pause_between_seconds: float = Field(default=0.0, ge=0)
    reserve: float = Field(default=1.25, ge=1)
    """A wave starts only if this many times its estimate, and that of the way back of all that
    is then changed, fit before the window ends."""

    @field_validator("batches")
    @classmethod
    def _sizes(cls, sizes: tuple[str, ...]) -> tuple[str, ...]:
        if not sizes or not all(re.fullmatch(r"[1-9]\d*|[1-9]\d?%|100%", size) for size in sizes):
            raise ValueError("batches are numbers such as 10, or percentages such as 25%")
        return sizes


class FollowUp(Value):
    """What has to be confirmed some time after the work (PAT-15); closing waits for it."""

    after_days: int = Field(default=7, ge=0)
    """Not earlier than so many days after the end of the work."""
    within_days: int = Field(default=14, ge=1)
    """By then it is due."""
    title: dict[str, str]
    """``zh`` and ``en``."""


class Variable(Value):
    """What a change that uses the runbook has to say, or may."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: dict[str, str]
    kind: Literal["text", "lines", "number", "boolean", "choice", "file", "supplied"] = "text"
    """``file``: the contents of a text file, given by path. ``supplied``: package files that
    the customer supplies, given by ``weibao patch plan --file``."""
    required: bool = False
    default: str | int | float | bool | None = None
    choices: tuple[str, ...] = ()


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
    variables: tuple[Variable, ...] = ()
    """What a change that uses it has to say, or may."""
    waves: Waves = Waves()
    """In which portions the targets are taken."""
    business_impact: dict[str, str] = {}
    """Expected interruption (CHG-49); ``zh`` and ``en``."""
    contingency: dict[str, str] = {}
    """What to do where the way back fails too (应急方案; CHG-11); ``zh`` and ``en``."""
    follow_up: FollowUp | None = None
    """A confirmation that is made later, by itself a part of the change (PAT-15)."""
    standard_allowed: bool = False
    """It may be used as a standard change, where a contract says so (CHG-37)."""

    @model_validator(mode="after")
    def _sound(self) -> Runbook:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("two steps have the same name")
        order = list(Phase)
        phases = [order.index(step.phase) for step in self.steps]
        if phases != sorted(phases):
            raise ValueError("steps stand in the order of their phases: " + ", ".join(order))
        if self.mutating and not any(step.phase is Phase.back_out for step in self.steps):
            raise ValueError("a mutating runbook needs a back_out step (JOB-06)")
        if self.mutating and not any(step.phase is Phase.backup for step in self.steps):
            raise ValueError("a mutating runbook needs a backup step (JOB-08)")
        return self

    def of_phase(self, *phases: Phase) -> tuple[Step, ...]:
        """The steps of these phases, in order."""
        return tuple(step for step in self.steps if step.phase in phases)
