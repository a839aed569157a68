"""A device of a few lines: a raw terminal on SSH or Telnet that follows a script.

The script is data: what is printed, with what pauses, in what pieces. Nothing is modelled
on any vendor, so that a test says everything that its device does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import paramiko

__all__ = ["Printed", "Script", "Scripted"]

Printed = bytes | float | Sequence["bytes | float"]
"""Bytes to print and seconds to wait, in turn."""


class _Gone(Exception):
    """The other side hung up, or the script does."""


HANG_UP = -1.0
"""In place of a pause: the device closes the line."""


@dataclass(frozen=True)
class Script:
    """What a device does; every text is bytes as they go over the line."""

    answers: Mapping[str, Printed] = field(default_factory=dict)
    """By command; a prompt follows each."""
    prompt: bytes | Callable[[], bytes] = b"SW1#"
    banner: Printed = b""
    """Before the first prompt."""
    late: Printed = b""
    """After the first prompt, by itself."""
    dialogue: Sequence[tuple[bytes, str | None]] = ()
    """Questions before the shell, with the right answer; None takes any. A wrong one leads
    to ``rejected`` and the questions again. A blank is a key that is pressed alone."""
    rejected: Printed = b"\r\n% Login invalid\r\n\r\n"
    prompt_first: bool = True
    """False: the first prompt comes only after Enter."""
    unknown: Printed = b"% Invalid input detected at '^' marker.\r\n\r\n"
    echo: bytes | None = b"\r\n"
    """What Enter is echoed as; None echoes nothing at all."""
    echo_as: Callable[[bytes, bytes], bytes] | None = None
    """Prompt and command to what is echoed in place of the command's characters."""
    enter: bytes = b"\r\n"
    """Each of these characters ends a line; LF right after CR is passed over."""
    newline_at_empty: bytes = b"\r\n"
    pager: tuple[bytes, bytes, int] | None = None
    """What a pager prints, what it wipes that with, lines a page."""
    piece: int = 0
    """Bytes a packet; 0: each answer in one write."""
    pace: float = 0.0
    """Seconds between packets."""
    enable: tuple[bytes, bytes, str] | None = None
    """Privileged prompt, question and right secret; an empty question asks nothing."""
    enable_user: bytes = b""
    """Asked before that question, for the user's name."""
    switches: Mapping[str, tuple[bytes, Mapping[str, Printed]]] = field(default_factory=dict)
    """By command: the prompt that follows, and answers that hold from then on."""
    auth: str = "password"
    """password, keyboard-interactive, none, both."""
    challenges: int = 1
    """How often a wrong answer to keyboard-interactive is asked for again."""
    auth_seconds: float = 0.0
    ssh_banner: str = ""
    shell: bool = True
    username: str = "admin"
    password: str = "Right-pw1"


@functools.cache
def _host_key(kind: str) -> paramiko.PKey:
    return paramiko.RSAKey.generate(2048) if kind == "rsa" else paramiko.ECDSAKey.generate()


class Scripted:
    """A running device; ``with Scripted(script) as device``."""

    platform = ""
    name = "sw1"
    host = "127.0.0.1"

    def __init__(self, script: Script, *, telnet: bool = False, key: str = "ecdsa") -> None:
        self.script = script
        self.telnet = telnet
        self.key = key
        self.username, self.password = script.username, script.password
        self.enable_secret = script.enable[2] if script.enable else ""
        self.answered = 0
        """Queries to the terminal that it answered."""
        self.lines: list[str] = []
        """Lines that were typed at the prompt."""
        self.secrets: list[tuple[str, str]] = []
        """Method and password of each attempt."""
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._closing = False

    def __enter__(self) -> Scripted:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.telnet:
                _Terminal(self, _TelnetLine(connection)).run()
            else:
                self._serve_ssh(connection)
        except (_Gone, OSError, EOFError, paramiko.SSHException):
            pass
        finally:
            connection.close()
            with self._lock:
                self.at_once -= 1

    def _serve_ssh(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transport.set_log_channel("scripted.paramiko")
        transport.add_server_key(_host_key(self.key))
        server = _Server(self)
        transport.start_server(server=server)
        try:
            channel = transport.accept(30)
            if channel is None or not server.shell.wait(30):
                return
            _Terminal(self, channel).run()
            channel.close()
            time.sleep(0.05)
        finally:
            transport.close()


class _Server(paramiko.ServerInterface):
    def __init__(self, device: Scripted) -> None:
        self.device = device
        self.script = device.script
        self.shell = threading.Event()
        self.challenges = 0

    def get_allowed_auths(self, username: str) -> str:
        return "password,keyboard-interactive" if self.script.auth == "both" else self.script.auth

    def get_banner(self):
        return (self.script.ssh_banner, "en") if self.script.ssh_banner else (None, None)

    def check_auth_none(self, username: str) -> int:
        free = self.script.auth == "none"
        return paramiko.AUTH_SUCCESSFUL if free else paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        if self.script.auth not in {"password", "both"}:
            return paramiko.AUTH_FAILED
        return self._checked("password", password)

    def _checked(self, method: str, password: str) -> int:
        self.device.secrets.append((method, password))
        time.sleep(self.script.auth_seconds)
        right = password == self.script.password
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str):
        if self.script.auth not in {"keyboard-interactive", "both"}:
            return paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses):
        self.challenges += 1
        verdict = self._checked("keyboard-interactive", responses[0] if responses else "")
        if verdict == paramiko.AUTH_FAILED and self.challenges < self.script.challenges:
            return paramiko.InteractiveQuery("", "", ("Password: ", False))
        return verdict

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, *_: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self.shell.set()
        return self.script.shell

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return False


class _TelnetLine:
    """A Telnet server's end: asks for echo and character mode, takes options out."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.sendall(b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f")

    def sendall(self, data: bytes) -> None:
        self._connection.sendall(data.replace(b"\xff", b"\xff\xff"))

    def recv(self, _size: int) -> bytes:
        while True:
            data = self._connection.recv(1)
            if data != b"\xff":
                return data if data != b"\0" else b""[:0] or self.recv(1)
            verb = self._connection.recv(1)
            if verb == b"\xfa":
                while self._connection.recv(1) != b"\xf0":
                    pass
            elif verb in b"\xfb\xfc\xfd\xfe":
                self._connection.recv(1)


class _Terminal:
    """One session."""

    def __init__(self, device: Scripted, line) -> None:
        self.device = device
        self.script = device.script
        self.line = line
        self.after_cr = False

    def run(self) -> None:
        self._print(self.script.banner)
        self._ask_questions()
        if not self.script.prompt_first:
            self._type(b"")
            self._print(b"\r\n")
        self._prompt()
        self._print(self.script.late)
        while True:
            typed = self._type(self._prompt_now()).decode("utf-8", "replace").strip()
            self.device.lines.append(typed)
            self._answer(typed)
            self._prompt()

    def _ask_questions(self) -> None:
        for _ in range(3):
            for question, right in self.script.dialogue:
                self._print(question)
                if right == " ":
                    assert self._read() == b" "
                    self._print(b"\r" + b" " * 40 + b"\r")
                    continue
                hidden = b"assw" in question or b"\xe5\xaf\x86" in question
                said = self._type(b"", shown=not hidden).decode()
                self._print(b"\r\n")
                if hidden:
                    self.device.secrets.append(("terminal", said))
                if right is not None and said != right:
                    self._print(self.script.rejected)
                    break
            else:
                return
        raise _Gone

    def _answer(self, typed: str) -> None:
        if typed in self.script.answers:
            self._page(self.script.answers[typed])
        elif typed in self.script.switches:
            prompt, answers = self.script.switches[typed]
            answers = {**self.script.answers, **answers}
            self.script = dataclasses.replace(self.script, prompt=prompt, answers=answers)
        elif typed == "enable" and self.script.enable:
            self._enable()
        elif typed:
            self._print(self.script.unknown)

    def _enable(self) -> None:
        assert self.script.enable
        prompt, question, right = self.script.enable
        said = right
        if self.script.enable_user:
            self._print(self.script.enable_user)
            if self._type(b"").decode() != self.script.username:
                return
        if question:
            self._print(question)
            said = self._type(b"", shown=False).decode()
            self.device.secrets.append(("enable", said))
            self._print(b"\r\n")
        if said == right:
            self.script = dataclasses.replace(self.script, prompt=prompt)
        else:
            self._print(b"% Access denied\r\n\r\n")

    # printing

    def _prompt_now(self) -> bytes:
        prompt = self.script.prompt
        return prompt if isinstance(prompt, bytes) else prompt()

    def _prompt(self) -> None:
        self._print(self._prompt_now())

    def _print(self, what: Printed) -> None:
        for part in [what] if isinstance(what, (bytes, float, int)) else what:
            if not isinstance(part, bytes):
                if part == HANG_UP:
                    raise _Gone
                time.sleep(part)
                continue
            size = self.script.piece or max(1, len(part))
            for at in range(0, len(part), size):
                self._send(part[at : at + size])
                if self.script.pace:
                    time.sleep(self.script.pace)

    def _send(self, data: bytes) -> None:
        try:
            self.line.sendall(data)
        except (OSError, EOFError) as error:
            raise _Gone from error

    def _page(self, what: Printed) -> None:
        if not self.script.pager or not isinstance(what, bytes):
            self._print(what)
            return
        shown, wiped, size = self.script.pager
        lines = what.splitlines(keepends=True)
        for at in range(0, len(lines), size):
            if at:
                self._print(shown)
                if self._read() != b" ":
                    return
                self._print(wiped)
            self._print(b"".join(lines[at : at + size]))

    # reading

    def _read(self) -> bytes:
        data = self.line.recv(1)
        if not data:
            raise _Gone
        return data

    def _type(self, prompt: bytes, *, shown: bool = True) -> bytes:
        """A line as it is typed, echoed."""
        typed = b""
        while True:
            byte = self._read()
            if byte == b"\x1b":
                # The terminal's answer to a query of ours.
                while not self._read().isalpha():
                    pass
                self.device.answered += 1
                continue
            if byte == b"\n" and self.after_cr and b"\r" in self.script.enter:
                self.after_cr = False
                continue
            self.after_cr = byte == b"\r"
            if byte in self.script.enter:
                break
            if byte == b"\n":
                continue
            typed += byte
            if shown and self.script.echo is not None and self.script.echo_as is None:
                self._send(byte)
        if shown and self.script.echo is not None:
            if self.script.echo_as is not None:
                self._send(self.script.echo_as(prompt, typed))
            self._send(self.script.echo)
        return typed
