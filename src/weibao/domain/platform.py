"""What a network operating system prints and wants: the model of ``platforms/<id>.yml``.

Adding a platform is adding a file. Every regular expression is Python's ``re`` with
MULTILINE, searched in text whose line ends are ``\\n``. Flags are written scoped,
``(?i:...)``, since patterns are put together; a pattern also has to work on bytes, where
a device's text is not decoded yet.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self, TypeVar

from pydantic import Field, model_validator

from weibao.domain.base import Name, Value
from weibao.domain.change_rules import ChangeRules, Question
from weibao.domain.patterns import Pattern, compiled

__all__ = [
    "Command",
    "ConfigurationChanges",
    "ConfigurationRules",
    "EnableRules",
    "NativeError",
    "NativeErrorMeaning",
    "OwnShell",
    "PagerRule",
    "Part",
    "Platform",
    "Question",
    "SecretRule",
    "SessionChanges",
    "SessionRules",
    "ShellRules",
    "Terminal",
    "TriedOn",
    "Variant",
    "compiled",
]


class TriedOn(StrEnum):
    """On what a platform's data was tried."""

    recorded = "recorded"
    simulated = "simulated"
    real = "real"


class NativeErrorMeaning(StrEnum):
    """What the device means by an error text."""

    unknown_command = "unknown_command"
    unauthorised = "unauthorised"
    busy = "busy"
    absent = "absent"
    """What was asked for does not exist (an empty startup configuration): no failure."""
    other = "other"


class NativeError(Value):
    """An error text of the device itself."""

    match: Pattern
    means: NativeErrorMeaning = NativeErrorMeaning.unknown_command


class PagerRule(Value):
    """A pager's prompt and what it leaves behind once answered.

    ``erase`` matches the prompt together with everything the device prints to wipe it
    (carriage returns, blanks, backspaces, cursor movements); what matches is taken out,
    since it is the terminal's and not the configuration's.
    """

    match: Pattern
    erase: Pattern
    answer: str = " "


class EnableRules(Value):
    """How to reach the privileged level, where the platform has one."""

    command: str
    password: Pattern = r"[Pp]ass(word|code):? *$"
    unprivileged: Pattern
    privileged: Pattern
    on_request: bool = False
    """Only where the inventory says ``ansible_become``, as it is with sudo."""


class ShellRules(Value):
    """A shell where some users land, and the command that leads to the CLI."""

    prompt: Pattern
    """The shell's whole prompt line."""
    command: str
    """Leads from there to the CLI."""
    named_only: bool = False
    """Only where the inventory names the platform: such a shell may be any host's."""


class OwnShell(Value):
    """The login shell is replaced by one that is known, for this session alone."""

    command: str
    """Has to be understood by every login shell."""
    prompt: Pattern
    """The prompt that then stands there."""


class Terminal(StrEnum):
    """How a device puts its text on the screen."""

    plain = "plain"
    """Line by line; a control code in the text is an error of the line."""
    painted = "painted"
    """With cursor movements and colours, which are the terminal's and not the text's."""


class SessionRules(Value):
    """How to talk to the device between login and logout; nothing here changes it."""

    prompt: Pattern
    """The whole prompt line; a named group ``hostname`` gives the device's name."""
    prepare: tuple[str, ...] = ()
    """Sent after login; a refused one is passed over (the pager is answered anyway)."""
    questions: tuple[Question, ...] = ()
    enable: EnableRules | None = None
    pagers: tuple[PagerRule, ...] = ()
    terminal: Terminal = Terminal.plain
    """How the device puts its text on the screen; ``painted`` takes every control code out."""
    answers_queries: bool = False
    """The device asks the terminal what it is and where the cursor stands, and waits."""
    username_suffix: str = ""
    """Added to the user's name at login, to switch colours and the like off. Where that is
    refused, the name alone is tried once."""
    enter: str = ""
    """What Enter sends; empty: LF on SSH, CR LF on Telnet, and CR where LF brings nothing."""
    shell: ShellRules | None = None
    """A shell below the CLI, where some users land."""
    own_shell: OwnShell | None = None
    """Entered after login, before ``enable`` and ``prepare``."""
    logout: str = "exit"

    @model_validator(mode="after")
    def _names_the_device(self) -> Self:
        if "prompt" in self.model_fields_set and "(?P<hostname>" not in self.prompt:
            raise ValueError("prompt needs a group named hostname")
        return self


class Command(Value):
    """A command that prints a configuration."""

    send: str
    restorable: bool = True
    """False where the output leaves out secrets, so that it cannot be restored from."""


class ConfigurationRules(Value):
    """How to read the configuration and when what was read is complete."""

    running: tuple[Command, ...] = Field(min_length=1)
    startup: tuple[Command, ...] = ()
    preamble: tuple[Pattern, ...] = ()
    """Lines that the CLI adds before the text and that are no part of it."""
    begins: tuple[Pattern, ...] = ()
    """One of these is found in the first lines."""
    ends: tuple[Pattern, ...] = ()
    """One of these matches the last line that is not empty."""
    startup_ends: tuple[Pattern, ...] | None = None
    """The same of the startup text, where it ends otherwise."""
    requires: tuple[Pattern, ...] = ()
    """Each of these is found somewhere."""
    braces: bool = False
    """Curly braces outside of quotes and comments balance."""
    minimum_lines: int = 5
    """Lines that are not empty."""
    unfinished: tuple[Pattern, ...] = ()
    """Found where the text breaks off inside of something (a banner that holds an end mark)."""
    withheld: tuple[Pattern, ...] = ()
    """The device itself says that it leaves parts out (no right to see them)."""
    foreign: tuple[Pattern, ...] = ()
    """What only another platform prints, where this one has little that is its own."""
    secrets_withheld: tuple[Pattern, ...] = ()
    """The device shows a mask in place of secrets: complete, but not to restore from."""
    controls: tuple[Pattern, ...] = ()
    """Places where the device prints a control character that belongs to the text."""
    continued: Pattern = ""
    """Where the device breaks a line that goes on; secrets are looked for without it."""
    separator: Pattern = r"[!#]?"
    """A line that is only this (and blanks) separates and says nothing."""
    hostname: tuple[Pattern, ...] = ()
    """Group ``hostname`` gives the device's own name."""
    noise: tuple[Pattern, ...] = ()
    """What changes by itself; it decides only whether a version is new."""
    startup_noise: tuple[Pattern, ...] = ()
    """Further differences between the startup and the running text that mean nothing."""
    files: tuple[str, ...] = ()
    """Names (with the shell's ``*``) of the files that are the configuration; the running
    command prints them as records of ``domain/host_files.py``."""
    also: tuple[Part, ...] = ()
    """What the running commands leave out: other contexts, an admin plane. In this order."""


class SessionChanges(SessionRules):
    """What differs from a platform's ``session``: the fields that are given."""

    prompt: Pattern = ""


class ConfigurationChanges(ConfigurationRules):
    """What differs from a platform's ``configuration``: the fields that are given."""

    running: tuple[Command, ...] = ()


class Part(Value):
    """One more text that belongs to the configuration; it follows the others in the file.

    Only commands of the session go into ``enter`` and ``leave``: nothing that changes the
    device.
    """

    title: str
    """Unique; ``{name}`` stands for what ``each`` found."""
    when: Pattern = ""
    """Read only where this is found in the texts before it."""
    each: Pattern = ""
    """Read once for every ``name`` (a group) that this finds in the texts before it."""
    enter: tuple[str, ...] = ()
    """Sent before, such as a change of the context; the prompt may change."""
    leave: tuple[str, ...] = ()
    """Sent after."""
    optional: bool = False
    """A device that does not know the command has no such part, and nothing is said."""
    configuration: ConfigurationChanges = Field(default_factory=lambda: ConfigurationChanges())
    """How this part is read; what is not said is the platform's."""

    @model_validator(mode="after")
    def _names_what_it_finds(self) -> Self:
        if self.each and ("(?P<name>" not in self.each or "{name}" not in self.title):
            raise ValueError("each needs a group named name, and the title a {name}")
        return self


for _model in (ConfigurationRules, ConfigurationChanges, Part):
    _model.model_rebuild()


class SecretRule(Value):
    """A secret in a configuration: everything in the groups named ``secret…`` is hidden."""

    match: Pattern
    note: str = ""
    within: Pattern = ""
    """Only in files whose name this matches, where the configuration is files."""

    @model_validator(mode="after")
    def _hides_something(self) -> Self:
        if "(?P<secret" not in self.match:
            raise ValueError("match needs a group whose name begins with secret")
        return self


class Variant(Value):
    """A generation or model whose data differs, recognised by what ``version`` prints.

    Only what differs is said; every other field is the platform's.
    """

    name: Name
    match: Pattern
    session: SessionChanges = SessionChanges()
    configuration: ConfigurationChanges = Field(default_factory=lambda: ConfigurationChanges())


class Platform(Value):
    """One network operating system."""

    schema_version: int = 1
    id: Name
    title: str
    vendor: str
    netmiko: str
    napalm: str = ""
    names: tuple[str, ...] = ()
    """Other names that ``ansible_network_os`` may use for it."""
    tried_on: tuple[TriedOn, ...] = ()
    encodings: tuple[str, ...] = ("utf-8", "gb18030")
    session: SessionRules
    configuration: ConfigurationRules
    version: tuple[str, ...] = ()
    """Commands whose output tells the version, in order of preference."""
    fingerprints: tuple[Pattern, ...] = ()
    """Found in that output on this platform and no other."""
    errors: tuple[NativeError, ...] = ()
    log_lines: tuple[Pattern, ...] = ()
    """Log messages that a terminal mixes into the output."""
    secrets: tuple[SecretRule, ...] = ()
    secret_blocks: tuple[SecretRule, ...] = ()
    """Secrets over several lines (keys, certificates)."""
    not_secret: tuple[Pattern, ...] = ()
    """What no rule hides, the generic ones included: words that only sound like a secret's."""
    variants: tuple[Variant, ...] = ()
    change: ChangeRules | None = None
    """How a configuration is changed; without it the platform's devices are only read."""

    def all_names(self) -> tuple[str, ...]:
        """Every name it answers to, its own id first.

        A netmiko type that several platforms share answers for the one of that id.
        """
        return (self.id, self.netmiko, *self.names)

    def changed(
        self, session: SessionRules | None = None, configuration: ConfigurationRules | None = None
    ) -> Self:
        """This platform with the fields that ``session`` and ``configuration`` give."""
        return self.model_copy(
            update={
                "session": _changed(self.session, session),
                "configuration": _changed(self.configuration, configuration),
            }
        )


_Rules = TypeVar("_Rules", bound=Value)


def _changed(base: _Rules, changes: _Rules | None) -> _Rules:
    if changes is None or not changes.model_fields_set:
        return base
    return base.model_copy(update={n: getattr(changes, n) for n in changes.model_fields_set})
