"""One attempt at one device: connect, log in, read, and say how it went."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.host_keys import KnownHosts
from weibao.adapters.network.connect import open_wire
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.login import enable, log_in, prepare
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire
from weibao.adapters.platform_files import PlatformCatalogue
from weibao.adapters.scrub import scrub
from weibao.domain.acceptance import judge
from weibao.domain.collection import CollectedItem, ItemKind
from weibao.domain.platform import Command, NativeErrorMeaning, Platform, Question
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import resolve

__all__ = ["Attempt", "Collector", "Keep"]

Keep = Callable[[str, bytes], str]
"""Keeps bytes of a contract in the bundle, encrypted; gives their sha256."""

_READ_AGAIN = frozenset(
    {
        "control_characters",
        "empty_text",
        "last_line_cut",
        "log_line_interleaved",
        "pager_remains",
        "truncated_no_end",
        "unbalanced_braces",
    }
)
"""What a second reading in the same session may cure."""
_INCOMPLETE = frozenset(
    {
        "last_line_cut",
        "missing_part",
        "too_short",
        "truncated_no_begin",
        "truncated_no_end",
        "unbalanced_braces",
    }
)
"""What more of the text may cure, so that a prompt behind it is perhaps none."""
_READINGS = 3
_SHORT = 2000
"""An answer longer than this many bytes is no error text."""


@dataclass
class Attempt:
    """What one attempt brought."""

    platform: str = ""
    trouble: Trouble | None = None
    items: list[CollectedItem] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)


class Collector:
    """Reads devices of one job; safe to use from many threads."""

    def __init__(
        self,
        job: Job,
        platforms: PlatformCatalogue,
        keep: Keep,
        stop: Callable[[], bool] = lambda: False,
        *,
        opener: Callable[..., Wire] = open_wire,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``opener`` and ``now`` are those of a played device where nothing is connected to."""
        self._opener = opener
        self._now = now
        self._job = job
        self._platforms = platforms
        self._keep = keep
        self._stop = stop
        self._known_hosts = KnownHosts(Path(job.known_hosts))

    def attempt(self, endpoint: Endpoint, deadline: float) -> Attempt:
        """Try ``endpoint`` once; never raises, whatever the device does.

        ``deadline`` is a moment of the monotonic clock.
        """
        attempt = Attempt()
        try:
            if endpoint.problem:
                code, params = endpoint.problem
                raise Trouble(code, **dict(params))
            platform = self._platform(endpoint)
            attempt.platform = platform.id if platform else ""
            self._attempt(endpoint, platform, deadline, attempt)
        except Trouble as trouble:
            attempt.trouble = trouble
        except Exception as error:
            # One device's surprise must not end the others' night.
            detail = scrub(f"{type(error).__name__}: {error}", endpoint.secrets())
            attempt.trouble = Trouble("internal_error", detail=detail)
        return attempt

    def _platform(self, endpoint: Endpoint) -> Platform | None:
        if not endpoint.network_os:
            return None
        platform = resolve(self._platforms, endpoint.network_os)
        if platform is None:
            raise Trouble("unknown_platform", platform=endpoint.network_os)
        return platform

    def _attempt(
        self, endpoint: Endpoint, platform: Platform | None, deadline: float, attempt: Attempt
    ) -> None:
        limits = self._job.limits
        check = self._job.host_key_checking
        attempt.warnings += _warnings(endpoint, check)
        known = self._known_hosts.known(endpoint.address, endpoint.port)
        wire = self._opener(endpoint, limits, known, check_host_key=check)
        if wire.old_algorithms:
            names = ", ".join(wire.old_algorithms)
            attempt.warnings.append(Reason.of("legacy_algorithms", algorithms=names))
        session = Session(
            wire,
            platform,
            silence=limits.silence,
            deadline=deadline,
            stop=self._stop,
            now=self._now,
        )
        try:
            log_in(session, endpoint, self._questions(platform), limits)
            if platform is None:
                platform = self._detect(session)
                session.adopt(platform)
                attempt.platform = platform.id
            enable(session, endpoint, platform, limits)
            prepare(session, platform)
            self._read(session, endpoint, platform, attempt)
        except Trouble:
            self._keep_partial(session, endpoint, attempt)
            raise
        finally:
            session.close()

    def _questions(self, platform: Platform | None) -> list[Question]:
        platforms = self._platforms.values() if platform is None else [platform]
        return list(dict.fromkeys(q for p in platforms for q in p.session.questions))

    # reading

    def _read(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        command, text, refused = self._running(session, platform)
        attempt.items.append(self._item(endpoint, ItemKind.running, command, text))
        if refused or not platform.configuration.startup:
            return
        try:
            self._read_startup(session, endpoint, platform, attempt)
        except Trouble as trouble:
            attempt.warnings.append(Reason.of("startup_unreadable", why=trouble.reason.code))

    def _running(self, session: Session, platform: Platform) -> tuple[Command, bytes, bool]:
        """The first command that is not refused and its text, else the first one's error."""
        first: tuple[Command, bytes] | None = None
        for command in platform.configuration.running:
            text = self._reading(session, platform, command)
            if _Judged(platform, ItemKind.running).refusal(text) is None:
                return command, text, False
            first = first or (command, text)
        assert first is not None  # noqa: S101 - the model demands a command
        return *first, True

    def _reading(self, session: Session, platform: Platform, command: Command) -> bytes:
        text, before = b"", None
        judged = _Judged(platform, ItemKind.running)
        for _ in range(_READINGS):
            answer = session.ask(command.send, judged.whole, judged.doubtful)
            text = without_preamble(answer.text, platform)
            again = judged.refusal(text) is None and bool(judged.codes(text) & _READ_AGAIN)
            if not again or text == before:
                return text
            before = text
        return text

    def _read_startup(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        judged = _Judged(platform, ItemKind.startup)
        for command in platform.configuration.startup:
            answer = session.ask(command.send, judged.whole, judged.doubtful)
            text = without_preamble(answer.text, platform)
            meaning = judged.refusal(text)
            if meaning is NativeErrorMeaning.absent:
                return
            if meaning is None and text.strip():
                attempt.items.append(self._item(endpoint, ItemKind.startup, command, text))
                return

    def _item(
        self, endpoint: Endpoint, kind: ItemKind, command: Command, text: bytes
    ) -> CollectedItem:
        return CollectedItem(
            kind=kind,
            command=command.send,
            sha256=self._keep(endpoint.contract, text),
            size=len(text),
            collected_at=datetime.now(UTC),
            restorable=command.restorable,
        )

    def _keep_partial(self, session: Session, endpoint: Endpoint, attempt: Attempt) -> None:
        rest = session.partial()
        if rest.strip():
            attempt.items = [i for i in attempt.items if i.kind is ItemKind.running]
            attempt.items.append(
                self._item(endpoint, ItemKind.partial, Command(send="(cut off)"), rest)
            )

    # an inventory that does not name the platform

    def _detect(self, session: Session) -> Platform:
        """Ask for the version until a platform's fingerprint shows.

        Raises:
            Trouble: ``platform_undetected``.
        """
        asked: set[str] = set()
        for candidate in self._platforms.values():
            for command in candidate.version:
                if command in asked:
                    continue
                asked.add(command)
                text = self._ask_version(session, command)
                for platform in self._platforms.values():
                    if command in platform.version and any(
                        re.search(f, text, re.MULTILINE) for f in platform.fingerprints
                    ):
                        return platform
        raise Trouble("platform_undetected")

    @staticmethod
    def _ask_version(session: Session, command: str) -> str:
        return session.ask(command).text.decode("latin-1")


def _warnings(endpoint: Endpoint, host_keys_checked: bool) -> list[Reason]:
    found = []
    if endpoint.protocol == "telnet":
        found.append(Reason.of("telnet"))
    if endpoint.protocol == "ssh" and not (host_keys_checked and endpoint.check_host_key):
        found.append(Reason.of("host_key_unchecked"))
    return found


class _Judged:
    """What is thought of a text while it is read; the last verdict is kept."""

    def __init__(self, platform: Platform, kind: ItemKind) -> None:
        self._platform = platform
        self._kind = kind
        self._last: tuple[bytes, frozenset[str]] | None = None

    def codes(self, text: bytes) -> frozenset[str]:
        """Codes of the reasons against ``text``."""
        if self._last is None or self._last[0] != text:
            verdict = judge(text, self._platform, kind=self._kind)
            self._last = (text, frozenset(reason.code for reason in verdict.reasons))
        return self._last[1]

    def whole(self, body: bytes) -> bool:
        """Provably all, so that the prompt after it need not be asked for twice."""
        text = without_preamble(body, self._platform)
        return has_end(text, self._platform) and not self.codes(text)

    def doubtful(self, body: bytes) -> bool:
        """Visibly not all, and no error text either."""
        text = without_preamble(body, self._platform)
        cut = bool(text.strip()) and bool(self.codes(text) & _INCOMPLETE)
        return cut and self.refusal(text) is None

    def refusal(self, text: bytes) -> NativeErrorMeaning | None:
        """What the device means where its answer is an error text and no configuration."""
        return refusal(text, self._platform) if self.codes(text) else None


def refusal(text: bytes, platform: Platform) -> NativeErrorMeaning | None:
    """What the device means where its answer is an error text and nothing else."""
    if len(text) > _SHORT:
        return None
    said = text.decode("latin-1")
    for error in platform.errors:
        if re.search(error.match, said, re.MULTILINE):
            return error.means
    return None


def without_preamble(text: bytes, platform: Platform) -> bytes:
    """The text without the lines that the CLI itself puts before it."""
    rest = text.decode("latin-1")
    found = True
    while found:
        found = False
        for pattern in platform.configuration.preamble:
            match = re.compile(rf"(?:{pattern})[^\n]*(?:\n|\Z)", re.MULTILINE).match(rest)
            if match and match.end():
                rest, found = rest[match.end() :], True
    return rest.encode("latin-1")


def has_end(text: bytes, platform: Platform) -> bool:
    """Whether the last line is an end mark; braces alone prove nothing between two parts."""
    rules = platform.configuration
    if not rules.ends or rules.braces:
        return False
    last = text.rstrip().rpartition(b"\n")[2].decode("latin-1").strip()
    return any(re.search(end, last) for end in rules.ends)


def monotonic_deadline(seconds: float) -> float:
    """The moment of the monotonic clock ``seconds`` from now."""
    return time.monotonic() + seconds
