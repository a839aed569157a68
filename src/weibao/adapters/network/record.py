"""Recording a real device as a session file that says no more whose device it was.

The collector's own code reads the device; what goes over the line is kept in memory and
disguised there. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from weibao.adapters.network.collect import Attempt, Collector
from weibao.adapters.network.connect import open_wire
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.replay import play
from weibao.adapters.network.screen import without_codes
from weibao.adapters.network.session import Session
from weibao.adapters.network.transcript import (
    Exchange,
    PagerSeen,
    Spoken,
    TappedWire,
    line_end_of,
    pager_seen,
    spoken,
)
from weibao.adapters.network.wire import Wire
from weibao.adapters.scrub import scrub
from weibao.adapters.session_files import session_text
from weibao.domain.acceptance import Judgement, judge
from weibao.domain.collection import ItemKind
from weibao.domain.device_session import (
    LINE_ENDS,
    DeviceSession,
    EnableStep,
    Expectation,
    Login,
    LoginStep,
    Pager,
    Protocol,
    Source,
    pictured,
    plain,
)
from weibao.domain.disguise import Disguise, Piece, Whose
from weibao.domain.platform import Platform, compiled
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import PlatformCatalogue

__all__ = ["Recorded", "record"]

_PAGES = 2
"""How often the pager is answered to learn it."""
_NONSENSE = "xyzzy"
_LAST = 160
_REFUSALS = frozenset({"error_text", "withheld_part"})
"""Codes of a text that the device printed in place of its configuration."""


@dataclass
class Recorded:
    """What came of a recording; ``trouble`` where nothing did."""

    trouble: Reason | None = None
    session: DeviceSession | None = None
    text: str = field(default="", repr=False)
    """The file."""
    warnings: list[Reason] = field(default_factory=list)
    last: str = ""
    """The last line that the device printed, where nothing came of it."""


class _Curious(Collector):
    """Asks, after all that the backup asks, what else a case needs."""

    def _read(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        super()._read(session, endpoint, platform, attempt)
        rules = platform.configuration
        commands = (*platform.version, *(c.send for c in (*rules.running, *rules.startup)))
        for command in dict.fromkeys((*commands, nonsense(platform))):
            if command not in self.asked():
                session.ask(command)

    asked: Callable[[], set[str]]


class _Paged(Collector):
    """Reads the configuration until the pager showed itself."""

    command = ""

    def _read(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        session.ask(self.command)


def nonsense(platform: Platform) -> str:
    """A command that no device has and that changes nothing, for its error text.

    It begins as the platform's own do: a mere word would be looked up as a host's name by
    some.
    """
    known = (*platform.version, *(c.send for c in platform.configuration.running))
    first = next((command.split()[0] for command in known if " " in command), "show")
    return f"{first} {_NONSENSE}"


def record(
    job: Job,
    platforms: PlatformCatalogue,
    endpoint: Endpoint,
    key: bytes,
    *,
    about: str = "",
    opener: Callable[..., Wire] = open_wire,
    now: Callable[[], float] = time.monotonic,
) -> Recorded:
    """Record ``endpoint``, whose ``network_os`` names a platform; raises no Trouble.

    ``key`` is random and kept nowhere (see ``Disguise``); ``opener`` and ``now`` are those
    of a played device.
    """
    taps: list[TappedWire] = []
    kept: dict[str, bytes] = {}

    def keep(_contract: str, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        kept[sha256] = data
        return sha256

    def tapped(*arguments: object, keys: int | None = None, **options: object) -> Wire:
        taps.append(TappedWire(opener(*arguments, **options), keys))
        return taps[-1]

    reader = _Curious(job, platforms, keep, opener=tapped, now=now)
    reader.asked = lambda: {e.line for e in taps[-1].exchanges}
    attempt = reader.attempt(endpoint, now() + job.limits.device)
    if attempt.trouble is not None:
        last = _last_line(taps, endpoint)
        return Recorded(attempt.trouble.reason, warnings=attempt.warnings, last=last)
    platform = platforms[attempt.platform]
    running = next(i for i in attempt.items if i.kind is ItemKind.running)
    unpaged = platform.model_copy(
        update={"session": platform.session.model_copy(update={"prepare": ()})}
    )
    pager_reader = _Paged(
        job,
        _Only(platforms, unpaged),
        keep,
        opener=lambda *a, **o: tapped(*a, keys=_PAGES, **o),
        now=now,
    )
    pager_reader.command = running.command
    pager_reader.attempt(endpoint, now() + job.limits.device)
    pager = pager_seen(taps[-1].exchanges) if len(taps) > 1 else None
    made = _Maker(platform, endpoint, key, taps[0], pager, about).session()
    before = judge(kept[running.sha256], platform)
    stopped_at = "" if pager else _stopped_at(taps[-1], running.command, made, endpoint)
    return _proven(made, platforms, platform, endpoint, before, stopped_at)


def _last_line(taps: list[TappedWire], endpoint: Endpoint) -> str:
    """What the device waits for, perhaps; without the login's secrets."""
    printed = b"".join(e.printed for tap in taps for e in tap.exchanges)
    line = without_codes(printed).rstrip().rpartition(b"\n")[2].strip()
    return scrub(line.decode("utf-8", "replace")[-_LAST:], endpoint.secrets())


def _stopped_at(tap: TappedWire, command: str, session: DeviceSession, endpoint: Endpoint) -> str:
    """The line at which the unpaged answer stopped: a pager that the platform does not know.

    Nothing where it ended with a prompt, as a short answer does.
    """
    asked = next((e for e in tap.exchanges if e.line == command), None)
    if asked is None:
        return ""
    line = without_codes(asked.printed).rstrip().rpartition(b"\n")[2].strip()
    said = line.decode("utf-8", "replace")[-_LAST:]
    prompts = (session.prompt, session.enable.prompt if session.enable else "")
    ends = {prompt.replace("␠", " ").rstrip()[-1:] for prompt in prompts}
    return "" if said[-1:] in ends else scrub(said, endpoint.secrets())


class _Only(PlatformCatalogue):
    """A catalogue in which one platform is another."""

    def __init__(self, others: PlatformCatalogue, changed: Platform) -> None:
        sources = {i: (lambda i=i: others[i]) for i in others}
        super().__init__({**sources, changed.id: lambda: changed}, others.names())


def _proven(
    session: DeviceSession,
    platforms: PlatformCatalogue,
    platform: Platform,
    endpoint: Endpoint,
    before: Judgement,
    stopped_at: str,
) -> Recorded:
    """The session with what reading it comes to; what is amiss are warnings."""
    played = play(session, platforms, over=session.over[0])
    warnings = []
    if played.running is None:
        code = played.attempt.trouble.reason.code if played.attempt.trouble else "empty_text"
        warnings.append(Reason.of("record_unplayable", why=code))
        expect = Expectation(trouble=code)
    else:
        verdict = judge(played.running, platform)
        codes = tuple(dict.fromkeys(reason.code for reason in verdict.reasons))
        if codes != tuple(dict.fromkeys(reason.code for reason in before.reasons)):
            warnings.append(Reason.of("record_judged_otherwise", codes=", ".join(codes) or "-"))
        item = next(i for i in played.attempt.items if i.kind is ItemKind.running)
        first = platform.configuration.running[0].send
        # Refused by the device, or not recognised yet: only the first is as it should be.
        refused = bool(_REFUSALS & set(codes))
        if codes and not refused:
            warnings.append(Reason.of("record_not_accepted", codes=", ".join(codes)))
        expect = Expectation(
            accepted=not refused,
            reasons=codes if refused else (),
            hostname=verdict.hostname,
            command=item.command if item.command != first else "",
            startup=ItemKind.startup in played.texts,
        )
    if session.pager is None:
        stopped = Reason.of("record_stopped_at", line=stopped_at)
        warnings.append(stopped if stopped_at else Reason.of("record_no_pager"))
    session = session.model_copy(update={"expect": expect})
    text = session_text(session)
    if any(secret in text for secret in endpoint.secrets() if len(secret) >= 4):
        return Recorded(Reason.of("record_leaks"))
    return Recorded(session=session, text=text, warnings=warnings)


class _Maker:
    """From what went over the line to a disguised session."""

    def __init__(
        self,
        platform: Platform,
        endpoint: Endpoint,
        key: bytes,
        tap: TappedWire,
        pager: PagerSeen | None,
        about: str,
    ) -> None:
        self._platform, self._endpoint = platform, endpoint
        self._about, self._pager = about, pager
        rules = platform.session.enable
        command = rules.command if rules else ""
        self._said: Spoken = spoken(tap.exchanges, command, endpoint.enable_secret)
        ends = {raw: name for name, raw in LINE_ENDS.items()}
        self._line_end = ends[line_end_of(tap.exchanges)]
        data = b"".join(exchange.printed for exchange in tap.exchanges)
        self._encoding = _encoding(data, platform.encodings)
        self._pieces: list[Piece] = []
        self._disguise = Disguise(key, platform, self._whose())

    def _plain(self, data: bytes) -> str:
        return plain(data, self._encoding, self._line_end)

    def _whose(self) -> Whose:
        endpoint = self._endpoint
        names = {endpoint.device, endpoint.address}
        for prompt in (self._said.prompt, self._said.privileged):
            line = self._plain(prompt).strip().rpartition("\n")[2]
            match = compiled(self._platform.session.prompt).search(line)
            if match and match["hostname"]:
                names.add(match["hostname"])
        return Whose(endpoint.username, endpoint.secrets(), tuple(sorted(names)))

    def _add(self, data: bytes, *, question: bool = False) -> int:
        """Where the disguised text of ``data`` will be found."""
        self._pieces.append(Piece(self._plain(data), question=question))
        return len(self._pieces) - 1

    def _add_step(self, data: bytes, *, asks: bool) -> list[int]:
        """The places of a login step's words, and of the question at their end."""
        text = self._plain(data)
        cut = text.rfind("\n") + 1 if asks else len(text)
        for question in self._platform.session.questions if asks else ():
            match = re.compile(rf"(?:{question.match})[ \t]*\Z", re.MULTILINE).search(text)
            cut = min(cut, match.start()) if match else cut
        self._pieces += [Piece(text[:cut], free=True), Piece(text[cut:], question=True)]
        return [len(self._pieces) - 2, len(self._pieces) - 1]

    def session(self) -> DeviceSession:
        """All of it."""
        said, unknown = self._said, nonsense(self._platform)
        login = [
            (self._add_step(_without_echo(e.printed, before), asks=e is not said.login[-1]), e.line)
            for e, before in zip(said.login, [None, *said.login], strict=False)
        ]
        prompt = self._add(said.prompt, question=True)
        privileged = self._add(said.privileged, question=True)
        question = self._add(said.enable.printed if said.enable else b"", question=True)
        answers = {command: self._add(text) for command, text in said.answers.items()}
        pager = self._pager
        shown = [
            self._add(p, question=True)
            for p in ((pager.prints, pager.then, pager.wipe) if pager else ())
        ]
        plain_texts = self._disguise.over(self._pieces)
        texts = [pictured(text) for text in plain_texts]
        steps = [
            (pictured("".join(plain_texts[place] for place in places)), typed)
            for places, typed in login
        ]
        commands = {command: texts[place] for command, place in answers.items()}
        error = commands.pop(unknown, "")
        over = Protocol(self._endpoint.protocol)
        about = self._about or f"{self._platform.title}, recorded and disguised"
        return DeviceSession(
            about=about,
            source=Source.recorded,
            platform=self._platform.id,
            over=(over,),
            encoding=self._encoding,
            line_end=self._line_end,
            login=self._login(steps, over),
            prompt=texts[prompt],
            enable=EnableStep(
                send=said.enable.line, prints=texts[question], prompt=texts[privileged]
            )
            if said.enable
            else None,
            echo=pictured(self._plain(said.echo)) if said.echo else "{command}\n",
            pager=Pager(
                prints=texts[shown[0]],
                then=texts[shown[1]],
                wipe=texts[shown[2]],
                rows=pager.rows,
                silenced_by=tuple(c for c in self._platform.session.prepare if c in commands),
            )
            if pager
            else None,
            unknown=error.replace(unknown, "{command}").replace(_NONSENSE, "{word}"),
            commands=commands,
            replaced=dict(sorted(self._disguise.counts.items())),
        )

    def _login(self, printed: list[tuple[str, str]], over: Protocol) -> Login:
        endpoint, secret = self._endpoint, self._disguise.secret
        names = {endpoint.username, endpoint.username + self._platform.session.username_suffix}
        steps = []
        for number, (text, typed) in enumerate(printed):
            last = number == len(printed) - 1
            wants = "" if last else typed or "key"
            if not last and typed in names:
                wants = "user"
            elif not last and typed == endpoint.password:
                wants = "password"
            asks = wants in {"user", "password"}
            own = (over,) if asks and over is Protocol.ssh else ()
            if text or wants:
                steps.append(LoginStep(prints=text, wants=wants, over=own))
        return Login(
            user=self._disguise.user(endpoint.username),
            suffix=self._platform.session.username_suffix[:1],
            password=secret(endpoint.password),
            enable_secret=secret(endpoint.enable_secret) if self._said.enable else "",
            steps=tuple(steps),
        )


def _without_echo(printed: bytes, before: Exchange | None) -> bytes:
    """What a login step prints behind the echo of what was typed before it."""
    if before is None or not before.line:
        return printed
    typed = before.line.encode()
    echoed = printed[len(typed) :] if printed.startswith(typed) else printed
    end = echoed.find(b"\n") + 1
    return echoed[end:] if not echoed[:end].strip() else printed


def _encoding(data: bytes, encodings: tuple[str, ...]) -> str:
    """The first that all of it can be read in; Latin-1 can read anything."""
    for encoding in encodings:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"
