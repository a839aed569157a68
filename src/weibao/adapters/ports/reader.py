"""Ports out of what a device printed, live or from a file."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from weibao.adapters.ports.json_cutter import cut_json
from weibao.adapters.ports.port_files import PortFiles
from weibao.domain.patterns import compiled
from weibao.domain.platform import NativeErrorMeaning, Platform
from weibao.domain.port import PortReading
from weibao.domain.port_rows import Rows, assemble
from weibao.domain.port_rules import SOURCES, PortCommand, PortRules, command_key
from weibao.errors import FailedError, InputError

__all__ = ["TextPortReader", "port_reader", "senseless"]

_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]")
_PAGER = re.compile(
    r"^\s*(?:"
    r"<?-+ ?\(?(?:more|next page)\b[^-\n]*-+>?"
    r"(?:, next page:[^\n]*?Control-C| or \(q\)uit| ?\(\d+%\))?"
    r"|more: <space>,[^\n]*?<(?:return|cr)>"
    # Some logs keep of an escape sequence all but its first character.
    r"|-+ ?\(?(?:more|next page)\b[^-\n]*$|(?=\[\d+D))(?: *\[\d+D)*[ ]*",
    re.IGNORECASE,
)
"""Of what the device prints on the same line behind it, nothing is lost."""
_MARKS = ("ore", "ORE", "ext", "[")
_STAMP = re.compile(
    r"(?:<\d+>)?(?:\d+: )*(?:(?:\d+[ywdhms])+"
    r"|[*.]?(?:[A-Z][a-z]{2} +\d{1,2} +)?(?:\d{4} +)?\d\d:\d\d:\d\d[\d.]*(?: [A-Z]{2,5})?"
    r"|[*.]?[A-Z][a-z]{2} +\d{1,2} +(?:\d{4} +)?)?$"
)
"""The time before a log message, where the platform's pattern begins behind it."""
_SHELL_PROMPT = r"\[?[\w.-]+@[\w.-]+[ :][^\n]{0,100}[$#]|[$#]"
_AROUND = re.compile(
    r"(?i:exit|quit|logout|logoff|bye|end|return|en(?:able)?|screen-length .*|set cli .*|no page"
    r"|term(?:inal)? (?:len|wid|mon|page|no).*|no paging|disable clip.*|skip-page-display)"
)
"""What is typed before and behind the command of which the output was recorded."""
_PORT = "{port}"
"""Stands in a command's spelling for a port's name, of one or two words."""
_SHORTEST = 2
"""Letters of an abbreviated word of a command."""


@contextlib.contextmanager
def senseless(platform: str) -> Iterator[None]:
    """A device may print anything: what no value can be is its own trouble, and no other's.

    Raises:
        FailedError: in place of what converting and validating raise.
    """
    try:
        yield
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise FailedError("ports.senseless", platform=platform, why=why) from error


class _Spelled(Protocol):
    """A command that knows how it may be typed."""

    def spellings(self) -> tuple[str, ...]: ...


class TextPortReader:
    """Implements ``boundary.ports.PortReader`` for one platform."""

    def __init__(
        self,
        files: PortFiles,
        folder: str,
        platform: Platform | None = None,
        names: PortRules | None = None,
    ) -> None:
        """``platform`` tells prompts, log lines and errors apart from output, if known.

        ``names``: another platform's rules, whose names the ports have.
        """
        self._files = files
        self._folder = self.folder = folder
        self._platform = platform
        self.rules = files.rules(folder)
        if names is not None:
            own = {"names": names.names, "name_suffix": names.name_suffix}
            self.rules = self.rules.model_copy(update=own)
        self._found: dict[str, PortCommand] = {}

    def commands(self, *, details: bool = True) -> tuple[PortCommand, ...]:
        """What to ask a device, in this order; without ``details``, what is quick to print."""
        return tuple(c for c in self.rules.commands if c.live and (details or not c.detail))

    def known(self) -> tuple[str, ...]:
        """Every command whose output is understood."""
        return tuple(command.send for command in self.rules.commands)

    def asks(self, command: str) -> bool:
        """Whether devices are asked this, under this very name (an API's has its driver in it)."""
        try:
            found = self.find(command)
        except InputError:
            return False
        return found.live and (command == found.send or command.split(" ", 1)[0] in SOURCES)

    def find(self, command: str) -> PortCommand:
        """The command that is meant, as in full or abbreviated as devices allow it.

        Raises:
            InputError: none, or more than one.
        """
        if command not in self._found:
            self._found[command] = self._find(command)
        return self._found[command]

    def _find(self, command: str) -> PortCommand:
        # "show interfaces status | include Gi1" prints a part of the same, but "| json" does not.
        keys = dict.fromkeys((command_key(command), command_key(command.partition("|")[0])))
        close: list[PortCommand] = []
        for key, fits in itertools.product(keys, (str.__eq__, _short_for, _with_port)):
            words: dict[str, int] = {}
            for spec in self.rules.commands:
                for spelling in spec.spellings():
                    if fits(key, spelling):
                        words[spec.send] = max(words.get(spec.send, 0), _closeness(key, spelling))
            # "show interfaces brief Gi1/0/1" is no port named "brief Gi1/0/1", and "sh ip int bri"
            # is not short for "show ipv6 interface brief".
            most = max(words.values(), default=0)
            close = [spec for spec in self.rules.commands if words.get(spec.send) == most]
            if words:
                break
        if len(close) == 1:
            return close[0]
        raise InputError(
            "ports.unknown_command",
            command=command,
            platform=self.rules.platform,
            known="; ".join(s.send for s in (close or self.rules.commands)),
        )

    def read(self, outputs: Iterable[tuple[str, str]]) -> PortReading:
        """Ports out of ``(command, text)`` of one device.

        Raises:
            InputError: a command that this platform's data does not know.
            FailedError: a device's own error instead of an output.
        """
        return self.assemble([self.cut(command, text) for command, text in outputs])

    def assemble(self, outputs: Iterable[Rows]) -> PortReading:
        """Ports out of the outputs of one device that were cut up.

        Raises:
            FailedError: what the device printed makes no port.
        """
        with senseless(self.rules.platform):
            return assemble(self.rules, outputs)

    def cut(self, name: str, text: str) -> Rows:
        """One output, cut up.

        Raises:
            InputError: a command that this platform's data does not know.
            FailedError: a device's own error instead of an output.
        """
        command = self.find(name)
        for pager in self._platform.session.pagers if self._platform else ():
            text = compiled(pager.erase).sub("", text)
        lines = [_CONTROL.sub("", line) for line in re.split(r"\r*\n", text.lstrip("\ufeff"))]
        numbered = list(self._output(lines, command))
        if command.from_json is not None:
            with senseless(self.rules.platform):
                rows, left = cut_json(command.from_json, numbered)
        else:
            rows, left = self._files.cutter(self._folder, command).cut(numbered)
        if not rows and (line := self.refusal("\n".join(lines))):
            raise FailedError("ports.refused", command=command.send, line=line)
        ignored = [compiled(p) for p in (*self.rules.ignore, *command.ignore)]
        return Rows(
            command=command,
            rows=tuple(rows),
            unparsed=tuple(
                line.rstrip() for _, line in left if not any(p.match(line) for p in ignored)
            ),
            text=tuple(lines),
            port=_port_of(name, command),
        )

    def clean(self, lines: list[str], command: _Spelled) -> list[tuple[int, str]]:
        """Numbered lines of an output without control characters, prompt, echo and pager."""
        return list(self._output([_CONTROL.sub("", line) for line in lines], command))

    def _output(self, lines: list[str], command: _Spelled) -> Iterator[tuple[int, str]]:
        """Numbered lines without prompt, echo, pager and log messages."""
        prompt = _prompt(self._platform)
        logs = [compiled(p) for p in self._platform.log_lines] if self._platform else []
        names = command.spellings()
        first = next((number for number, line in enumerate(lines, 1) if line.strip()), 0)
        for number, line in enumerate(lines, 1):
            if number == first and _is_echo(line, names):
                continue
            if any(mark in line for mark in _MARKS):
                line = _PAGER.sub("", line)
            if prompt and self._is_prompt(prompt, line, names):
                continue
            for log in logs:
                if found := log.search(line):
                    # A message may follow what was being printed.
                    line = _STAMP.sub("", line[: found.start()])
            if line.strip() or not lines[number - 1].strip():
                yield number, line

    @staticmethod
    def _is_prompt(prompt: re.Pattern[str], line: str, names: tuple[str, ...]) -> bool:
        """A prompt, alone or with a command typed behind it; or a command's echo alone."""
        stripped = line.strip()
        if not stripped:
            return False
        if _same_program(stripped, names) and _is_one_of(stripped, names):
            return True
        if prompt.fullmatch(line) or (stripped != line and prompt.fullmatch(stripped)):
            return True
        for mark in ("#", ">", "]", "$"):
            if mark not in stripped:
                continue
            head, _, tail = stripped.partition(mark)
            tail = tail.strip()
            if not tail or not (_same_program(tail, names) or _AROUND.fullmatch(tail)):
                continue
            if prompt.fullmatch(head + mark) or prompt.fullmatch(head + mark + " "):
                return True
        return False

    def refusal(self, text: str) -> str:
        """The device's own error in what it printed; empty where there is none."""
        if self._platform is None:
            return ""
        for error in self._platform.errors:
            if error.means is NativeErrorMeaning.absent:
                continue
            for line in text.splitlines():
                if compiled(error.match).search(line):
                    return line.strip()
        return ""


def _prompt(platform: Platform | None) -> re.Pattern[str] | None:
    """What a login shell may print as a prompt is too much: a line of JSON would be one."""
    if platform is None:
        return None
    if (shell := platform.session.own_shell) is not None:
        return compiled(f"(?:{shell.prompt})|{_SHELL_PROMPT}")
    return compiled(platform.session.prompt)


def port_reader(files: PortFiles, name: str, platform: Platform | None) -> TextPortReader:
    """The reader of a platform that an inventory or a person calls ``name``.

    Raises:
        InputError: nobody reads its ports.
    """
    for candidate in (name, platform.id if platform else ""):
        folder = files.id_of(candidate) if candidate else None
        if folder is not None:
            return TextPortReader(files, folder, platform)
    raise InputError("ports.unknown_platform", platform=name, known=", ".join(files.platforms()))


def _same_program(text: str, names: tuple[str, ...]) -> bool:
    """Whether the first word of ``text`` may begin one of the commands ``names``."""
    first = text.split(" ", 1)[0].lower()
    return bool(first) and _begins_one(first, names)


@functools.lru_cache(maxsize=4096)
def _begins_one(first: str, names: tuple[str, ...]) -> bool:
    return any(name.startswith(first) for name in names)


def _is_echo(line: str, names: tuple[str, ...]) -> bool:
    """Whether a line is one of the commands, as it may be typed."""
    key = command_key(line)
    return any(fits(key, name) for fits in (_short_for, _with_port) for name in names)


def _is_one_of(text: str, names: tuple[str, ...]) -> bool:
    key = command_key(text)
    return key in names or any(_with_port(key, name) for name in names)


def _closeness(key: str, spelling: str) -> int:
    """More words first, then more words that are written out."""
    pairs = zip(key.split(" "), spelling.split(" "), strict=False)
    return spelling.count(" ") * 100 + sum(one == other for one, other in pairs)


def _short_for(short: str, full: str) -> bool:
    """Whether each word of ``short`` begins the word of ``full`` (``sh int st``)."""
    return _PORT not in full and _begins(short.split(" "), full.split(" "))


def _with_port(short: str, full: str) -> bool:
    """The same for a command of one port (``sh int Gi1/0/1 st``)."""
    if _PORT not in full:
        return False
    words, whole = short.split(" "), full.split(" ")
    at = whole.index(_PORT)
    head, tail = whole[:at], whole[at + 1 :]
    of_port = len(words) - len(head) - len(tail)
    return (
        of_port in (1, 2)
        and _begins(words[:at], head)
        and _begins(words[at + of_port :], tail)
        # "brief" is no port.
        and (of_port == 1 or any(char.isdigit() for char in words[at + 1]))
    )


def _port_of(typed: str, command: PortCommand) -> str:
    """The port in a command as it was typed; empty where it is for all of them."""
    words = typed.partition("|")[0].split()
    words = words if len(words) > 1 else typed.replace("_", " ").split()
    key = " ".join(words).lower()
    for spelling in command.spellings():
        if _with_port(key, spelling):
            whole = spelling.split(" ")
            at = whole.index(_PORT)
            return " ".join(words[at : at + 1 + len(words) - len(whole)])
    return ""


def _begins(words: list[str], whole: list[str]) -> bool:
    return len(words) == len(whole) and all(
        w.startswith(s) and (len(s) >= _SHORTEST or s == w)
        for s, w in zip(words, whole, strict=True)
    )
