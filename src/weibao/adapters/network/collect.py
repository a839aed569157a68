"""One attempt at one device: connect, log in, read, and say how it went."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.known_hosts import KnownHosts
from weibao.adapters.network.connect import open_wire
from weibao.adapters.network.detect import ask_version, detect
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.judged import Judged, without_preamble
from weibao.adapters.network.login import enable, leave_shell, log_in, prepare
from weibao.adapters.network.parts import read_parts
from weibao.adapters.network.session import Session
from weibao.adapters.network.shell import enter_shell, file_warnings, name_files
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire
from weibao.adapters.platform_files import PlatformCatalogue
from weibao.adapters.scrub import scrub
from weibao.domain.acceptance import normalise
from weibao.domain.collection import CollectedItem, ItemKind
from weibao.domain.config_parts import PartText, join
from weibao.domain.platform import Command, NativeErrorMeaning, Platform, Question
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import resolve, variant_of, with_variant

__all__ = ["Attempt", "Collector", "Keep", "read_running", "read_startup"]

Keep = Callable[[str, bytes], str]
"""Keeps bytes of a contract in the bundle, encrypted; gives their sha256."""

_READINGS = 3


@dataclass
class Attempt:
    """What one attempt brought."""

    platform: str = ""
    variant: str = ""
    """The platform's variant that the device turned out to be."""
    port: int = 0
    """That was connected to, where it is another than the endpoint's."""
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
        """With the name that the platform wants at login, then with the plain one."""
        suffix = platform.session.username_suffix if platform else ""
        if suffix and "+" not in endpoint.username:
            named = replace(endpoint, username=endpoint.username + suffix)
            try:
                self._session(named, platform, deadline, attempt)
                return
            except Trouble as trouble:
                if trouble.reason.code != "auth_failed":
                    raise
        self._session(endpoint, platform, deadline, attempt)

    def _session(
        self, endpoint: Endpoint, platform: Platform | None, deadline: float, attempt: Attempt
    ) -> None:
        limits = self._job.limits
        check = self._job.host_key_checking
        attempt.warnings = _warnings(endpoint, check)
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
            own = platform is not None and platform.session.own_shell is not None
            log_in(session, endpoint, self._questions(platform), limits, any_shell=own)
            if not own:
                possible = self._platforms.values() if platform is None else [platform]
                leave_shell(session, possible, named=platform is not None)
            version = ""
            if platform is None:
                platform, version = detect(session, self._platforms, self._now)
                session.adopt(platform)
                attempt.platform = platform.id
            enter_shell(session, platform, limits, endpoint.secrets())
            enable(session, endpoint, platform, limits)
            prepare(session, platform)
            platform = self._variant(session, platform, version, attempt)
            name_files(session, platform, endpoint)
            self._read(session, endpoint, platform, attempt)
        except Trouble:
            self._keep_partial(session, endpoint, attempt)
            raise
        finally:
            session.close()

    def _variant(
        self, session: Session, platform: Platform, version: str, attempt: Attempt
    ) -> Platform:
        """The platform as this device's generation has it; asked for only where there are any."""
        if not platform.variants or not platform.version:
            return platform
        text = version or ask_version(session, platform.version[0])
        attempt.variant = variant_of(platform, text)
        changed = with_variant(platform, attempt.variant)
        session.adopt(changed)
        return changed

    def _questions(self, platform: Platform | None) -> list[Question]:
        platforms = self._platforms.values() if platform is None else [platform]
        return list(dict.fromkeys(q for p in platforms for q in p.session.questions))

    # reading

    def _read(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        command, text, refused = read_running(session, platform, endpoint.known_sha256)
        restorable = command.restorable
        if refused is None and platform.configuration.also:
            parts, all_there = self._parts(session, platform, text, attempt)
            text, restorable = join(text, parts), restorable and all_there
        used = command.model_copy(update={"restorable": restorable})
        attempt.items.append(self._item(endpoint, ItemKind.running, used, text, attempt))
        attempt.warnings += file_warnings(text, platform)
        if refused or not platform.configuration.startup or _settled(endpoint, text, platform):
            return
        try:
            self._read_startup(session, endpoint, platform, attempt)
        except Trouble as trouble:
            attempt.warnings.append(Reason.of("startup_unreadable", why=trouble.reason.code))

    def _parts(
        self, session: Session, platform: Platform, main: bytes, attempt: Attempt
    ) -> tuple[list[PartText], bool]:
        """What the running text leaves out, and whether all of it can be restored from."""
        parts: list[PartText] = []
        restorable = True

        def read(rules: Platform) -> tuple[bytes, NativeErrorMeaning | None]:
            nonlocal restorable
            command, text, refused = read_running(session, rules)
            restorable = restorable and command.restorable
            return text, refused

        for part in read_parts(session, platform, main, read):
            parts.append(part)
            if part.why:
                warning = Reason.of("part_unreadable", part=part.title, why=part.why)
                attempt.warnings.append(warning)
                restorable = False
        return parts, restorable

    def _read_startup(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        found = read_startup(session, platform)
        if found is not None:
            command, text = found
            attempt.items.append(self._item(endpoint, ItemKind.startup, command, text, attempt))

    def _item(
        self, endpoint: Endpoint, kind: ItemKind, command: Command, text: bytes, attempt: Attempt
    ) -> CollectedItem:
        return CollectedItem(
            kind=kind,
            command=command.send,
            sha256=self._keep(endpoint.contract, text),
            size=len(text),
            collected_at=datetime.now(UTC),
            restorable=command.restorable,
            variant=attempt.variant,
        )

    def _keep_partial(self, session: Session, endpoint: Endpoint, attempt: Attempt) -> None:
        rest = session.partial()
        if rest.strip():
            attempt.items = [i for i in attempt.items if i.kind is ItemKind.running]
            attempt.items.append(
                self._item(endpoint, ItemKind.partial, Command(send="(cut off)"), rest, attempt)
            )


def read_running(
    session: Session, platform: Platform, known_sha256: str = ""
) -> tuple[Command, bytes, NativeErrorMeaning | None]:
    """The first command that brings a text, and that text; else what the first one said."""
    first: tuple[Command, bytes, NativeErrorMeaning | None] | None = None
    for command in platform.configuration.running:
        text, refused = _reading(session, platform, command, known_sha256)
        if refused is None and text.strip():
            return command, text, None
        first = first or (command, text, refused)
    assert first is not None  # noqa: S101 - the model demands a command
    return first


def _reading(
    session: Session, platform: Platform, command: Command, known_sha256: str
) -> tuple[bytes, NativeErrorMeaning | None]:
    text, before = b"", None
    judged = Judged(platform, ItemKind.running, known_sha256)
    for _ in range(_READINGS):
        answer = session.ask(command.send, judged.whole, judged.doubtful)
        text = without_preamble(answer.text, platform)
        if not judged.curable(text) or text == before:
            break
        if "pager_remains" in judged.codes(text):
            # A pager that nobody answered: it took the LF behind the command for a key.
            session.enter_is_return()
        before = text
    return text, judged.refusal(text)


def read_startup(session: Session, platform: Platform) -> tuple[Command, bytes] | None:
    """The startup configuration and its command; None where there is none to read."""
    judged = Judged(platform, ItemKind.startup)
    for command in platform.configuration.startup:
        answer = session.ask(command.send, judged.whole, judged.doubtful)
        text = without_preamble(answer.text, platform)
        meaning = judged.refusal(text)
        if meaning is NativeErrorMeaning.absent:
            return None
        if meaning is None and text.strip():
            return command, text
    return None


def _settled(endpoint: Endpoint, text: bytes, platform: Platform) -> bool:
    """Whether nothing changed since the startup configuration was found to be the same."""
    if not endpoint.known_content:
        return False
    if hashlib.sha256(text).hexdigest() == endpoint.known_sha256:
        return True
    return hashlib.sha256(normalise(text, platform)).hexdigest() == endpoint.known_content


def _warnings(endpoint: Endpoint, host_keys_checked: bool) -> list[Reason]:
    found = []
    if endpoint.protocol == "telnet":
        found.append(Reason.of("telnet"))
    if endpoint.protocol == "ssh" and not (host_keys_checked and endpoint.check_host_key):
        found.append(Reason.of("host_key_unchecked"))
    return found


def monotonic_deadline(seconds: float) -> float:
    """The moment of the monotonic clock ``seconds`` from now."""
    return time.monotonic() + seconds
