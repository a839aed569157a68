"""Playing a recorded session: bytes in, bytes out, no line and no clock."""

from __future__ import annotations

from collections import deque

from weibao.domain.device_session import DeviceSession, LoginStep, Protocol

__all__ = ["Player", "replayed_bytes"]

_TRIES = 3
_CR, _LF = 0x0D, 0x0A


class Player:
    """The device's end of a terminal.

    ``begin`` gives what it prints by itself, ``feed`` what it prints for the bytes that
    are typed. It answers as slowly as it is asked: what is typed ahead is taken in turn.
    """

    def __init__(
        self, session: DeviceSession, over: Protocol, *, heeds_no_paging: bool = True
    ) -> None:
        """``heeds_no_paging``: the command that switches the pager off does so."""
        self._session = session
        self._steps = deque(s for s in session.login.steps if over in _lines_of(s))
        self._heeds = heeds_no_paging
        self._typed = bytearray()
        self._after_cr = False
        self._asked = ""
        """``user``, ``password``, ``key``, ``secret``, a line, or nothing: a command."""
        self._right = True
        self._tries = 0
        self._paging = session.pager is not None
        self._pages: list[bytes] = []
        self._pages_shown = 0
        self.privileged = False
        self.commands: list[str] = []
        """What was typed at the prompt."""
        self.gone = False
        """The device hung up."""

    def begin(self) -> bytes:
        """From the opening of the line to the first thing that it waits for."""
        return self._next_step()

    def feed(self, data: bytes) -> bytes:
        """What is printed for ``data``."""
        return b"".join(self._key(byte) for byte in data)

    def _key(self, byte: int) -> bytes:
        if self.gone:
            return b""
        skip, self._after_cr = self._after_cr and byte in (_LF, 0), byte == _CR
        if skip:
            return b""
        if self._pages:
            return self._page_key(byte)
        if self._asked == "key":
            return self._next_step()
        if byte not in (_CR, _LF):
            self._typed.append(byte)
            return b""
        line = self._typed.decode(self._session.encoding, "replace")
        self._typed.clear()
        return self._line(line)

    # login

    def _next_step(self) -> bytes:
        printed = b""
        while self._steps:
            step = self._steps.popleft()
            printed += self._raw(step.prints)
            self._asked = step.wants
            if step.wants:
                return printed
        self._asked = ""
        return printed + self._prompt()

    def _line(self, line: str) -> bytes:
        asked = self._asked
        if not asked:
            return self._command(line)
        if asked == "secret":
            return self._secret(line)
        end = self._raw("\n")
        login = self._session.login
        if asked == "user":
            name = line.partition(login.suffix)[0] if login.suffix else line
            self._right = name == login.user
            return self._raw(line + "\n") + self._next_step()
        if asked == "password":
            if self._right and line == login.password:
                return end + self._next_step()
            return end + self._reject()
        self._asked = asked
        return self._raw(line + "\n") + (self._next_step() if line == asked else self._reject())

    def _reject(self) -> bytes:
        self._tries += 1
        login = self._session.login
        self.gone = self._tries >= _TRIES
        self._steps = deque(s for s in login.steps if Protocol.telnet in _lines_of(s))
        return self._raw(login.rejected) + (b"" if self.gone else self._next_step())

    def _secret(self, line: str) -> bytes:
        enable = self._session.enable
        self._asked = ""
        end = self._raw("\n")
        if enable is None or line != self._session.login.enable_secret:
            return end + self._raw(enable.refused if enable else "") + self._prompt()
        self.privileged = True
        return end + self._prompt()

    # commands

    def _prompt(self) -> bytes:
        enable = self._session.enable
        prompt = enable.prompt if enable and self.privileged else self._session.prompt
        return self._raw(prompt)

    def _command(self, line: str) -> bytes:
        command = line.strip()
        echo = self._raw(self._session.echo.replace("{command}", line))
        if not command:
            return echo + self._prompt()
        self.commands.append(command)
        session, enable = self._session, self._session.enable
        if enable and command == enable.send and not self.privileged:
            if enable.prints:
                self._asked = "secret"
                return echo + self._raw(enable.prints)
            self.privileged = True
            return echo + self._prompt()
        if command in {"exit", "quit", "logout"} and command not in session.commands:
            self.gone = True
            return echo
        if session.pager and command in session.pager.silenced_by and self._heeds:
            self._paging = False
        return echo + self._answer(command)

    def _answer(self, command: str) -> bytes:
        session = self._session
        text = session.commands.get(command)
        if text is None or (self._below(command) and command not in self._harmless()):
            word = command.split()[-1]
            text = session.unknown.replace("{command}", command).replace("{word}", word)
            return self._raw(text) + self._prompt()
        if not self._paging or session.pager is None:
            return self._raw(text) + self._prompt()
        rows = session.pager.rows - 1
        lines = text.splitlines(keepends=True) if text else [""]
        self._pages = [
            self._raw("".join(lines[at : at + rows])) for at in range(0, len(lines), rows)
        ]
        self._pages_shown = 0
        return self._next_page()

    def _below(self, command: str) -> bool:
        enable = self._session.enable
        if enable is None or self.privileged:
            return False
        return command in enable.only if enable.only else True

    def _harmless(self) -> tuple[str, ...]:
        """What the lower level knows where the file does not say: paging and the version."""
        enable, pager = self._session.enable, self._session.pager
        if enable is not None and enable.only:
            return ()
        short = tuple(c for c, text in self._session.commands.items() if not text.strip())
        return (*short, *(pager.silenced_by if pager else ()))

    def _next_page(self) -> bytes:
        page = self._pages.pop(0)
        if not self._pages:
            return page + self._prompt()
        pager = self._session.pager
        assert pager is not None  # noqa: S101 - without one there are no pages
        shown = pager.then if pager.then and self._pages_shown else pager.prints
        self._pages_shown += 1
        return page + self._raw(shown)

    def _page_key(self, byte: int) -> bytes:
        pager = self._session.pager
        wipe = self._raw(pager.wipe) if pager else b""
        if byte in b"qQ\x03":
            self._pages.clear()
            return wipe + self._prompt()
        if byte not in (0x20, _CR, _LF):
            return b""
        if byte != 0x20 and self._pages:
            return wipe + self._one_line()
        return wipe + self._next_page()

    def _one_line(self) -> bytes:
        """Enter shows one line more."""
        page = self._pages[0]
        end = page.find(self._raw("\n"))
        cut = end + len(self._raw("\n"))
        if end < 0 or cut >= len(page):
            return self._next_page()
        self._pages[0] = page[cut:]
        pager = self._session.pager
        return page[:cut] + self._raw(pager.prints if pager else "")

    def _raw(self, text: str) -> bytes:
        return self._session.raw(text)


def _lines_of(step: LoginStep) -> tuple[Protocol, ...]:
    if step.over:
        return step.over
    if step.wants in {"user", "password"}:
        return (Protocol.telnet,)
    return (Protocol.ssh, Protocol.telnet)


def replayed_bytes(session: DeviceSession, command: str) -> bytes:
    """The answer to ``command`` with LF line ends, as the reader has to give it."""
    return session.raw(session.commands[command]).replace(session.raw("\n"), b"\n")
