"""A recorded (or invented) session of one device: the model of ``*.session.yml``.

It says what a device printed, so that the same session can be played again without it.
Texts are as the device printed them, with three conventions that keep them readable:

* a line end of the device is a line end of the file; ``line_end`` names which one it is;
* any other control character is written as its Unicode picture: ``␛`` is ESC, ``␍`` a
  carriage return, ``␈`` a backspace, ``␉`` a tabulator, ``␊`` a line feed that ends no line
  in the usual way (YAML's own escapes in double quotes do as well: ``"\\e[K"``);
* ``␠`` is a blank where one would not be seen or would be lost (at the end of a line).
"""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import Field

from weibao.domain.base import Name, Value

__all__ = [
    "LINE_ENDS",
    "DeviceSession",
    "EnableStep",
    "Expectation",
    "LineEnd",
    "Login",
    "LoginStep",
    "Pager",
    "Protocol",
    "Source",
    "from_pictures",
    "pictured",
    "plain",
]


class Source(StrEnum):
    """Where a session comes from."""

    invented = "invented"
    recorded = "recorded"


class Protocol(StrEnum):
    """What carries a session."""

    ssh = "ssh"
    telnet = "telnet"


class LineEnd(StrEnum):
    """How the device ends its lines."""

    crlf = "crlf"
    lf = "lf"
    crcrlf = "crcrlf"
    lfcr = "lfcr"


LINE_ENDS = {
    LineEnd.crlf: b"\r\n",
    LineEnd.lf: b"\n",
    LineEnd.crcrlf: b"\r\r\n",
    LineEnd.lfcr: b"\n\r",
}


class LoginStep(Value):
    """Something that the terminal prints before its first prompt, and what it waits for."""

    prints: str
    """As the device prints it."""
    wants: str = ""
    """``user``, ``password``, ``key`` (any key), or the very line that has to be typed.
    Empty: nothing, what follows comes by itself."""
    over: tuple[Protocol, ...] = ()
    """The lines on which it does so. Empty: ``user`` and ``password`` over Telnet, where SSH
    has them itself; everything else over both."""


class Login(Value):
    """How a user gets to the prompt."""

    user: str = "netops"
    """Invented."""
    suffix: str = ""
    """What the device takes behind the name as settings of the session (RouterOS: ``+``)."""
    password: str = "Invented-77"
    """Invented; of the terminal as of SSH."""
    enable_secret: str = "Invented-88"
    """Invented."""
    rejected: str = "\n% Login invalid\n\n"
    """Printed after a wrong user name or password on the terminal."""
    steps: tuple[LoginStep, ...] = (
        LoginStep(prints="\nUsername: ", wants="user"),
        LoginStep(prints="Password: ", wants="password"),
    )
    """What the terminal prints and wants before its first prompt, in turn."""


class EnableStep(Value):
    """The way to the privileged level, where the device has one."""

    send: str = "enable"
    """The command."""
    prints: str = "Password: "
    """The question; empty where none is asked."""
    prompt: str
    """The prompt of that level."""
    refused: str = "% Access denied\n"
    """Printed after a wrong secret."""
    only: tuple[str, ...] = ()
    """Commands that are unknown below that level. Empty: all but ``prepare``'s."""


class Pager(Value):
    """What stops a long answer, and how that is wiped."""

    prints: str
    """The line that waits for a key."""
    then: str = ""
    """What the second and later ones print, where that differs."""
    wipe: str
    """Printed once the key was pressed, before the next line."""
    rows: int = Field(default=24, ge=2)
    """Lines of a page."""
    silenced_by: tuple[str, ...] = ()
    """Commands that switch it off for the session. Empty: nothing does."""


class Expectation(Value):
    """What reading the device has to come to."""

    accepted: bool = True
    """Whether the configuration is."""
    reasons: tuple[str, ...] = ()
    """Codes that a refused text is refused for."""
    trouble: str = ""
    """Code of the reason why nothing could be read."""
    hostname: str = ""
    """The name that the configuration gives its device."""
    command: str = ""
    """The command whose answer is the configuration, where another is tried before it."""
    exact: bool = True
    """The configuration is the answer to that command, to the character."""
    secrets: tuple[str, ...] = ()
    """What nobody may see in the redacted text."""
    kept: tuple[str, ...] = ()
    """What has to be in it."""
    startup: bool | None = None
    """Whether a saved configuration is read too. None: does not matter."""


class DeviceSession(Value):
    """One device, as its terminal shows it. ``weibao platform try`` plays it."""

    schema_version: int = 1
    """Of this format."""
    about: str
    """Model, release, and what is special."""
    source: Source = Source.invented
    """Where it comes from."""
    platform: Name
    """Its platform, by id."""
    over: tuple[Protocol, ...] = (Protocol.ssh, Protocol.telnet)
    """The lines that it is played on."""
    encoding: str = "utf-8"
    """Of everything that it prints, as Python names it."""
    line_end: LineEnd = LineEnd.crlf
    """What stands at the end of its lines."""
    login: Login = Login()
    """How a user gets to the prompt."""
    prompt: str
    """All that is printed from the end of an answer to the place where a command is typed."""
    enable: EnableStep | None = None
    """The way to the privileged level, where login does not end there."""
    echo: str = "{command}\n"
    """What is printed when a command was typed."""
    pager: Pager | None = None
    """What stops a long answer. None: nothing does."""
    unknown: str
    """The error text for every command that is not among ``commands``. ``{command}`` in it
    stands for the command, ``{word}`` for its last word."""
    commands: dict[str, str]
    """The answer to each command, without echo and prompt; a refusal is an answer too."""
    expect: Expectation = Expectation()
    """What reading it has to come to."""
    replaced: dict[str, int] = Field(default_factory=dict)
    """What the recorder replaced, counted by kind."""

    def raw(self, text: str) -> bytes:
        """``text`` of the file as the bytes that the device sends."""
        end = LINE_ENDS[self.line_end]
        lines = text.split("\n")
        return end.join(from_pictures(line).encode(self.encoding, "replace") for line in lines)

    def read(self, data: bytes) -> str:
        """The bytes that the device sends as a text of the file."""
        return pictured(plain(data, self.encoding, self.line_end))


# U+2400 to U+241F are the pictures of 0x00 to 0x1F, U+2420 that of the blank.
_PICTURE = re.compile("[␀-␠␡]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_BLANK_AT_END = re.compile(r" +(?=\n|\Z)")


def from_pictures(text: str) -> str:
    """``text`` with the control characters themselves."""
    return _PICTURE.sub(lambda m: "\x7f" if m[0] == "␡" else chr(ord(m[0]) - 0x2400), text)


def plain(data: bytes, encoding: str, line_end: LineEnd) -> str:
    """The bytes of a device as text with LF line ends; one in mid-line is ``␊``."""
    end = LINE_ENDS[line_end]
    lines = (line.decode(encoding).replace("\n", "␊") for line in data.split(end))
    return "\n".join(lines)


def pictured(text: str) -> str:
    """A text with its control characters, as it stands in the file."""
    text = _CONTROL.sub(lambda m: "␡" if m[0] == "\x7f" else chr(ord(m[0]) + 0x2400), text)
    text = _BLANK_AT_END.sub(lambda m: "␠" * len(m[0]), text)
    return "␠" + text[1:] if text[:1] == " " else text
