"""A line to a device over which its configuration is read and changed, and what went over it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.known_hosts import KnownHosts
from weibao.adapters.network.change_terminal import EditSession
from weibao.adapters.network.collect import read_running, read_startup
from weibao.adapters.network.connect import open_without_libssh
from weibao.adapters.network.detect import ask_version
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.login import enable, leave_shell, log_in, prepare
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire
from weibao.domain.acceptance import ANY_ERROR, judge
from weibao.domain.change_rules import ChangeRules
from weibao.domain.config_edit import Opening
from weibao.domain.config_tree import any_of
from weibao.domain.platform import Platform, compiled
from weibao.domain.resolve_platform import variant_of, with_variant

__all__ = ["Line", "LineOpener", "Refused", "Transcript"]

_LONGEST_ANSWER = 4000
"""Characters of an answer that are kept in the transcript and looked at for an error."""


class Refused(Exception):
    """The device refused a line; ``said`` is its answer, and may repeat a secret."""

    def __init__(self, line: str, said: str) -> None:
        super().__init__("refused")
        self.line = line
        self.said = said


@dataclass
class Transcript:
    """What was sent and answered, for the evidence; it is only ever stored encrypted."""

    rows: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        """Something that happened."""
        self.rows.append(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {what}")

    def text(self) -> bytes:
        """All of it."""
        return ("\n".join(self.rows) + "\n").encode("utf-8", "backslashreplace")


@dataclass
class Line:
    """A logged-in, privileged session of one device."""

    session: EditSession
    platform: Platform
    rules: ChangeRules
    transcript: Transcript
    patience: float
    encoding: str = "utf-8"
    from_shell: bool = False
    """A shell lies below the CLI."""
    sent: int = 0
    """Commands that were sent over it."""

    def read(self) -> bytes:
        """The running configuration, complete.

        Raises:
            Trouble: also ``change_unreadable``, where it is not complete.
        """
        self.session.learn_prompt()
        _command, text, refused = read_running(self.session, self.platform)
        if refused is not None:
            raise Trouble("change_unreadable", why=refused.value)
        judgement = judge(text, self.platform)
        if not judgement.accepted:
            raise Trouble("change_unreadable", why=judgement.reasons[0].code)
        if not judgement.restorable:
            raise Trouble("change_secrets_withheld")
        self._learn_encoding(text)
        self.transcript.note(f"read {len(text)} bytes of running configuration")
        return text

    def _learn_encoding(self, text: bytes) -> None:
        for encoding in self.platform.encodings:
            try:
                text.decode(encoding)
            except UnicodeDecodeError:
                continue
            self.encoding = encoding
            return

    def read_startup(self) -> bytes | None:
        """The startup configuration; None where the platform has none, or none is saved."""
        if not self.platform.configuration.startup:
            return None
        self.session.learn_prompt()
        found = read_startup(self.session, self.platform)
        return None if found is None else found[1]

    def ask(self, command: str) -> bytes:
        """The answer of a command that prints a long text."""
        self.session.learn_prompt()
        return self.session.ask(command).text

    def do(self, commands: Sequence[str]) -> str:
        """Send commands one after the other; what they answered.

        Raises:
            Refused: one was refused; the following ones were not sent.
            Trouble: as the session's.
        """
        return "\n".join([self.enter(command) for command in commands])

    def enter_all(
        self,
        commands: Sequence[str],
        *,
        strict: bool = True,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Enter lines with their sections. Where one is not ``strict``, a refused line is passed
        over, and with a section that could not be entered all that belongs into it. ``stop``
        is called before each line, and raises where no further one is to be sent.

        Raises:
            Refused: as ``do``; one was refused.
            Trouble: as ``do``.
        """
        before: list[bytes] = []
        skipped = 0
        for command in commands:
            stop()
            opens = isinstance(command, Opening)
            if skipped:
                skipped += opens - (command == self.rules.up)
                continue
            if command == self.rules.up:
                if self.session.place != before.pop():
                    self.enter(command)
                continue
            here = self.session.place
            try:
                self.enter(command)
            except Refused:
                if strict:
                    raise
                skipped = int(opens)
                continue
            if opens:
                before.append(here)

    def enter(self, line: str) -> str:
        """Send one line (a block's lines as one) and wait for its answer.

        Raises:
            Refused, Trouble: as ``do``.
        """
        self.sent += 1
        self.transcript.note(f"> {line}")
        first, *rest = (part.encode(self.encoding, "replace") for part in line.split("\n"))
        if rest:
            self.session.send(first)
            self.session.type_text(rest[:-1])
            said = self.session.do(rest[-1], self.rules.questions, self.patience)
            # A line of the text may have looked like a prompt.
            self.session.learn_prompt()
        else:
            said = self.session.do(first, self.rules.questions, self.patience)
        answer = said.decode(self.encoding, "replace")[-_LONGEST_ANSWER:]
        for row in answer.split("\n"):
            if row.strip():
                self.transcript.note(f"< {row.rstrip()}")
        if self._is_error(answer):
            raise Refused(line, answer)
        return answer

    def begin_text(self, command: str) -> None:
        """Send a command after which a text is awaited and no prompt.

        Raises:
            Trouble: the line is gone.
        """
        self.sent += 1
        self.transcript.note(f"> {command}")
        self.session.forget_prompt()
        self.session.send(command)
        self.session.is_quiet(_BEFORE_TEXT)

    def paste(self, text: bytes, end: bytes) -> str:
        """Type a whole text, ended by a key; what the device said.

        Raises:
            Refused, Trouble: as ``do``.
        """
        self.transcript.note(f"> (a text of {len(text)} bytes)")
        self.session.type_text(text.rstrip(b"\n").split(b"\n"))
        said = self.session.press_and_wait(end, self.patience)
        # The text is echoed; what the device says of it stands behind.
        answer = said[-_LONGEST_ANSWER:].decode(self.encoding, "replace")
        answer = "\n".join(answer.split("\n")[-_ROWS_BEHIND:])
        self.transcript.note(f"< {answer}")
        if self._is_error(answer):
            raise Refused("(text)", answer)
        return answer

    def _is_error(self, answer: str) -> bool:
        passed = (*self.rules.harmless, *self.platform.log_lines)
        rows = [row for row in answer.split("\n") if row.strip() and not any_of(passed, row)]
        patterns = [
            *self.rules.errors,
            *(error.match for error in self.platform.errors),
            ANY_ERROR,
        ]
        return any(compiled(pattern).search(row) for row in rows for pattern in patterns)

    def close(self) -> None:
        """Hang up."""
        self.session.close()


_BEFORE_TEXT = 1.0
"""Seconds at most until a device awaits a text."""
_ROWS_BEHIND = 6
"""Lines at the end of the answer to a typed text that are looked at for an error."""


class LineOpener:
    """Opens lines to devices of one job."""

    def __init__(
        self,
        job: Job,
        *,
        opener: Callable[..., Wire] = open_without_libssh,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``opener`` and ``now`` can be replaced by those of a played device."""
        self._job = job
        self._opener = opener
        self._now = now
        self._known_hosts = KnownHosts(Path(job.known_hosts))

    def open(
        self, endpoint: Endpoint, platform: Platform, transcript: Transcript, deadline: float
    ) -> Line:
        """A new session, at a privileged prompt.

        Raises:
            Trouble: with the reason.
        """
        limits = self._job.limits
        known = self._known_hosts.known(endpoint.address, endpoint.port)
        wire = self._opener(endpoint, limits, known, check_host_key=self._job.host_key_checking)
        session = EditSession(
            wire, platform, silence=limits.silence, deadline=deadline, now=self._now
        )
        try:
            log_in(session, endpoint, platform.session.questions, limits)
            from_shell = leave_shell(session, [platform], named=True)
            enable(session, endpoint, platform, limits)
            prepare(session, platform)
            platform, rules = self._generation(session, platform)
        except BaseException:
            session.close()
            raise
        transcript.note("connected")
        line = Line(session, platform, rules, transcript, limits.silence)
        line.from_shell = from_shell
        return line

    def _generation(self, session: EditSession, platform: Platform) -> tuple[Platform, ChangeRules]:
        rules = platform.change
        assert rules is not None  # noqa: S101 - others are refused before
        if not platform.version or not (platform.variants or rules.generations):
            return platform, rules
        version = ask_version(session, platform.version[0])
        if platform.variants:
            platform = with_variant(platform, variant_of(platform, version))
            session.adopt(platform)
        return platform, rules.of(version)
