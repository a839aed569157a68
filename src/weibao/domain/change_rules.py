"""How a platform's configuration is changed: the section ``change`` of ``platforms/<id>.yml``.

Commands may hold ``{minutes}``, ``{seconds}``, ``{hhmmss}`` (the device's own safety time),
``{name}`` (of a checkpoint) and ``{session}`` (of an edit session, never used twice). A
pattern of a line is searched in the line without its indentation.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from weibao.domain.base import Name, Value
from weibao.domain.patterns import Pattern, compiled

__all__ = [
    "Block",
    "ChangeRules",
    "Checkpoint",
    "Generation",
    "ListLine",
    "Negation",
    "Question",
    "Replacement",
    "Safety",
    "SafetyKind",
]


class Question(Value):
    """Something the device asks by itself, and the answer."""

    match: Pattern
    answer: str


class SafetyKind(StrEnum):
    """How a device goes back by itself where nobody confirms a change in time."""

    commit_confirmed = "commit_confirmed"
    commit_trial = "commit_trial"
    session_timer = "session_timer"
    revert_timer = "revert_timer"
    scheduled_reload = "scheduled_reload"


class Safety(Value):
    """The device's own way back, armed before or with the change."""

    kind: SafetyKind
    arm: tuple[str, ...] = ()
    """Sent before the configuration mode is entered."""
    enter: tuple[str, ...] = ()
    """Takes the place of ``ChangeRules.enter``."""
    commit: tuple[str, ...] = ()
    """Takes the place of ``ChangeRules.commit``."""
    confirm: tuple[str, ...] = Field(min_length=1)
    """Keeps the change; sent by a new session, which proves that the device is reachable."""
    cancel: tuple[str, ...] = ()
    """Goes back at once."""
    held_by_session: bool = False
    """The device goes back where the session that changed it ends: that one confirms, once a
    new one stands."""
    from_shell: bool = False
    """Works through the shell below the CLI: only where the user landed there."""
    needs: Pattern = ""
    """Found in the running configuration of devices that can do it."""
    reboots: bool = False
    """Going back is a restart: only where the change allows it, and only where the startup
    configuration is the running one before the change."""
    longest_minutes: int = Field(default=60, ge=1)


class Checkpoint(Value):
    """A copy of the configuration on the device itself, made before and dropped after."""

    make: tuple[str, ...] = Field(min_length=1)
    back: tuple[str, ...] = Field(min_length=1)
    drop: tuple[str, ...] = ()


class Replacement(Value):
    """How a whole text takes the place of the configuration, in the configuration mode."""

    begin: tuple[str, ...] = Field(min_length=1)
    paste: bool = False
    """The text is typed as it stands and ended by Ctrl-D; else line by line."""


class Negation(Value):
    """How a line is taken back where that is not the negating word before it."""

    match: Pattern
    send: str
    """May hold the names of groups; empty: it cannot be taken back."""


class ListLine(Value):
    """A line that holds a set of numbers; another one adds to it, its negation takes away."""

    match: Pattern
    """Groups ``head`` and ``items``; ``tail`` may follow."""
    ranges: Literal["to", "dash"] = "to"
    """``10 20 to 25`` or ``10,20-25``."""
    remove: str = ""
    """With ``{items}``; empty: the negating word, ``{head}`` and ``{items}``."""

    @model_validator(mode="after")
    def _names_its_items(self) -> Self:
        if "(?P<head>" not in self.match or "(?P<items>" not in self.match:
            raise ValueError("match needs the groups head and items")
        return self


class Block(Value):
    """A text over several lines that is one line to the device, such as a banner."""

    begins: Pattern
    """A group ``mark`` gives the text that ends it."""
    ends: str = ""
    """A line that is only this ends it; empty: a line that holds the mark."""


class Generation(Value):
    """Devices whose ``version`` text matches: the rules that are given take the others' place."""

    name: Name
    match: Pattern
    rules: ChangeRules


class ChangeRules(Value):
    """How to change a configuration, prove it, save it, and go back."""

    style: Literal["indented", "statements"] = "indented"
    """``indented``: sections by indentation; ``statements``: ``set`` and ``delete`` lines."""
    enter: tuple[str, ...] = Field(min_length=1)
    leave: tuple[str, ...] = Field(min_length=1)
    """From anywhere in the configuration mode to where one stood before."""
    up: str = ""
    """Leaves one section."""
    negate: str = ""
    accepts: tuple[Pattern, ...] = ()
    """Each line of a change matches one of these; none: any line."""
    refused: tuple[Pattern, ...] = ()
    """Lines that no change may hold: they leave the configuration mode, restart, erase."""
    fixed: tuple[Pattern, ...] = ()
    """Lines that a computed difference neither sends nor takes back."""
    lasting: tuple[Pattern, ...] = ()
    """Sections that cannot be removed; what is in them is."""
    opens: tuple[Pattern, ...] = ()
    """Lines that open a section even where nothing is in it."""
    ordered: tuple[Pattern, ...] = ()
    """Sections whose lines mean something by their order: entered anew as a whole."""
    overwrites: tuple[Pattern, ...] = ()
    """A line of which a section holds one: a new one that matches the same text replaces it."""
    lists: tuple[ListLine, ...] = ()
    negations: tuple[Negation, ...] = ()
    blocks: tuple[Block, ...] = ()
    unshown: tuple[Pattern, ...] = ()
    """Lines that the device takes and does not show, since they are its default."""
    candidate: tuple[str, ...] = ()
    """Show all of what was entered and not committed, in order of preference."""
    commit: tuple[str, ...] = ()
    """Nothing counts before; empty: every line counts at once."""
    abort: tuple[str, ...] = ()
    """Gives up what was entered and not committed."""
    replace: Replacement | None = None
    save: tuple[str, ...] = ()
    saved: Pattern = ""
    """The device's word that it saved: the proof where it shows no startup configuration."""
    questions: tuple[Question, ...] = ()
    errors: tuple[Pattern, ...] = ()
    """Further answers that mean that a line was refused."""
    harmless: tuple[Pattern, ...] = ()
    """Answers that look like an error and are none."""
    checkpoint: Checkpoint | None = None
    safeties: tuple[Safety, ...] = ()
    """In order of preference; the first that the device takes is used."""
    generations: tuple[Generation, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.style == "indented" and not (self.negate and self.up):
            raise ValueError("indented configurations need negate and up")
        if self.style == "statements" and not (self.candidate and self.commit):
            raise ValueError("statements need candidate and commit")
        return self

    @property
    def stages(self) -> bool:
        """Whether what is entered counts only after a commit."""
        return bool(self.commit)

    def of(self, version: str) -> ChangeRules:
        """The rules for a device that says ``version`` of itself."""
        for generation in self.generations:
            if compiled(generation.match).search(version):
                given = generation.rules
                return self.model_copy(
                    update={name: getattr(given, name) for name in given.model_fields_set}
                )
        return self


Generation.model_rebuild()
