"""From a bundle to readings: every answer is kept as evidence, then understood, offline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from weibao.boundary import OutcomeBatch
from weibao.boundary.ports import RoutingReader
from weibao.domain.collection import CollectionStatus, DeviceCollection
from weibao.domain.inventory import Device
from weibao.domain.port import PortReading
from weibao.domain.port_record import LINE_KEPT, UNPARSED_KEPT, DeviceReading, PortOutcome
from weibao.domain.port_rules import SOURCES
from weibao.domain.port_states import follow
from weibao.domain.reachability import ReachTest
from weibao.domain.reasons import Reason
from weibao.domain.records import EvidenceRecord, Run
from weibao.domain.routing import TOTAL, Reached, RoutingReading, unmade
from weibao.domain.texts import decode
from weibao.errors import InputError, IntegrityError, WeibaoError
from weibao.services.keep_bundle import adopted
from weibao.services.ports.port_parts import PortParts
from weibao.services.targets import load_targets

__all__ = ["read_bundle", "unread"]

Last = Mapping[tuple[str, str], DeviceReading]

_UNGUARDED = frozenset(
    {"telnet", "host_key_unchecked", "certificate_unchecked", "api_in_clear", "snmp_in_clear"}
)
_UNANSWERED = "command_unanswered"
_NO_ANSWER = frozenset({"command_refused", _UNANSWERED})
_BATCH = 50
"""Devices whose evidence is recorded at once: a transaction costs more than all that is in it."""


@dataclass
class _Understood:
    """What the answers of one device came to."""

    reading: PortReading = field(default_factory=PortReading)
    asks: Callable[[str], bool] = lambda _command: True
    """Whether the program, as it is now, asks such a device this."""
    asked: list[str] = field(default_factory=list)
    trouble: Reason | None = None
    routing: RoutingReading | None = None
    reached: tuple[Reached, ...] = ()


def read_bundle(
    ports: PortParts,
    run: Run,
    last: Last,
    *,
    why: Reason,
    devices: Sequence[Device] = (),
    cut_off: bool = False,
) -> list[DeviceReading]:
    """A reading of every device that the run was to reach, without findings.

    The evidence is recorded on the way. Devices that the bundle does not mention are not
    checked, because of ``why``; in a run that was ``cut_off`` they were not at the time of its
    last reading, whenever it is finished.
    Raises:
        FailedError: journal or evidence cannot be written.
    """
    parts = ports.parts
    folder = parts.runs / run.id
    found: list[DeviceReading] = []
    records: dict[tuple[str, str, str], EvidenceRecord] = {}

    def record() -> None:
        if records:
            batch = OutcomeBatch(evidence=tuple(records.values()))
            parts.journal.record(run.id, batch, run.actor)
            records.clear()

    def keep(entry: DeviceCollection) -> dict[str, bytes]:
        kept = list(adopted(parts, run, bundle, entry))
        records.update({(r.device, r.sha256, r.kind): r for r, _ in kept})
        return {r.sha256: data for r, data in kept}

    with parts.bundle_lock(folder):
        bundle = parts.bundle(folder / "bundle")
        try:
            for entry in bundle.entries():
                found.append(_reading(ports, run, keep, entry, last))
                if len(found) % _BATCH == 0:
                    record()
        except IntegrityError as error:
            if bundle.begun:
                why = _reason(error)
        record()
    known = {reading.device for reading in found}
    ended = max((r.at for r in found), default=run.started_at) if cut_off else parts.clock.now()
    platforms = {device.name: device.platform for device in devices}
    for planned in load_targets(folder):
        if planned.device not in known:
            platform = platforms.get(planned.device, "")
            found.append(unread(run, planned.device, planned.contract, platform, why, ports, ended))
    return found


def unread(
    run: Run,
    device: str,
    contract: str,
    platform: str,
    why: Reason,
    ports: PortParts,
    at: datetime | None = None,
) -> DeviceReading:
    """A device that nobody tried."""
    at = at or ports.parts.clock.now()
    return DeviceReading(
        run_id=run.id,
        contract=contract,
        device=device,
        platform=platform,
        at=at,
        outcome=PortOutcome.not_checked,
        reason=why,
        reached=_not_made(ports, contract, device, at),
    )


def _reading(
    ports: PortParts,
    run: Run,
    keep: Callable[[DeviceCollection], dict[str, bytes]],
    entry: DeviceCollection,
    last: Last,
) -> DeviceReading:
    """One device's; ``keep`` takes its answers into the evidence and gives them by sha256."""
    routing, wrong = _routing(ports, entry.platform)
    base = DeviceReading(
        run_id=run.id,
        contract=entry.contract,
        device=entry.device,
        platform=entry.platform,
        at=entry.finished_at,
        outcome=PortOutcome.not_checked,
        reason=entry.reason,
        unguarded=tuple(w.code for w in entry.warnings if w.code in _UNGUARDED),
        refused=tuple(c for c in _refused(entry) if not (routing and routing.knows(c))),
        reached=_not_made(ports, entry.contract, entry.device, entry.finished_at),
    )
    try:
        texts = keep(entry)
    except IntegrityError as error:
        return base.model_copy(update={"outcome": PortOutcome.failed, "reason": _reason(error)})
    if entry.status is not CollectionStatus.collected:
        failed = entry.status is CollectionStatus.failed
        outcome = PortOutcome.failed if failed else PortOutcome.not_checked
        return base.model_copy(update={"outcome": outcome})
    understood = _Understood(trouble=wrong) if wrong else _attempt(ports, entry, texts)
    reading = understood.reading
    before = last.get((entry.contract, entry.device))
    asked = tuple(understood.asked)
    had = tuple(c for c in _had(ports, asked, base, before) if understood.asks(c))
    update: dict[str, object] = {
        "asked": asked,
        "had": had,
        "unparsed": _first(reading.unparsed),
        "unparsed_count": len(reading.unparsed),
        "unknown_words": tuple(
            each.model_copy(update={"word": each.word[:LINE_KEPT], "text": each.text[:LINE_KEPT]})
            for each in reading.unknown_words[:UNPARSED_KEPT]
        ),
        "unknown_count": len(reading.unknown_words),
        "routing": understood.routing,
        "stale_routing": _stale_routing(understood.routing, base, before),
        "reached": understood.reached or base.reached,
    }
    if not reading.ports:
        why = understood.trouble or Reason.of("ports_none")
        return base.model_copy(update={**update, "outcome": PortOutcome.failed, "reason": why})
    why_partly = understood.trouble or _missing(entry, base.refused, had)
    whole = not (reading.unparsed or reading.unknown_words or why_partly)
    update |= {
        "outcome": PortOutcome.read if whole else PortOutcome.partly,
        "reason": why_partly,
        "ports": follow(reading.ports, before, entry.finished_at),
    }
    return base.model_copy(update=update)


def _routing(ports: PortParts, platform: str) -> tuple[RoutingReader | None, Reason | None]:
    """What reads a platform's routing, and why nothing of it can be understood: a mistake in an
    estate's own data is its devices' trouble, not that of all that comes after it.
    """
    try:
        return (ports.routing(platform) if platform else None), None
    except InputError as error:
        return None, _data_wrong(ports, platform, error)


def _data_wrong(ports: PortParts, platform: str, error: InputError) -> Reason:
    detail = "; ".join(error.say(ports.parts.settings.language).splitlines())
    return Reason.of("ports_data_wrong", platform=platform, detail=detail)


def _attempt(ports: PortParts, entry: DeviceCollection, texts: Mapping[str, bytes]) -> _Understood:
    """What one device's answers came to, or why they came to nothing."""
    try:
        return _understand(ports, entry, texts)
    except InputError as error:
        return _Understood(trouble=_data_wrong(ports, entry.platform, error))
    except Exception as error:
        # One device's surprise must end neither the others' check nor every later one.
        detail = f"{type(error).__name__}: {error}"[:LINE_KEPT]
        return _Understood(trouble=Reason.of("internal_error", detail=detail))


def _understand(
    ports: PortParts, entry: DeviceCollection, texts: Mapping[str, bytes]
) -> _Understood:
    platform = ports.parts.platforms.get(entry.platform)
    sources = {item.command.split(" ", 1)[0] for item in entry.items}
    source = next((each for each in SOURCES if each in sources), "")
    reader = ports.sourced(source, entry.platform) if source else ports.reader(entry.platform)
    if reader is None or (platform is None and not source):
        return _Understood(trouble=Reason.of("ports_not_known", platform=entry.platform))
    encodings = platform.encodings if platform and not source else ("utf-8",)
    found = _Understood(asks=reader.asks)
    cut = []
    routing = ports.routing(entry.platform)
    tests = _tests(ports, entry.contract, entry.device)
    others: list[tuple[str, str]] = []
    pings = {test.target for test in tests}
    for item in entry.items:
        text = decode(texts[item.sha256], encodings)
        if routing is not None and (
            routing.knows(item.command) or any(target in item.command for target in pings)
        ):
            others.append((item.command, text))
            continue
        try:
            cut.append(reader.cut(item.command, text))
        except WeibaoError as error:
            found.trouble = _reason(error)
            continue
        found.asked.append(item.command)
    try:
        found.reading = reader.assemble(cut)
        if routing is not None:
            read = routing.read(others)
            refused = tuple(c for c in _refused(entry) if routing.knows(c))
            if read.asked or refused:
                kept = {"unparsed": _first(read.unparsed), "unparsed_count": len(read.unparsed)}
                found.routing = read.model_copy(update={"refused": refused, **kept})
    except WeibaoError as error:
        found.trouble = _reason(error)
    found.reached = tuple(_reached(entry, test, routing, others) for test in tests)
    return found


def _had(
    ports: PortParts, asked: Sequence[str], now: DeviceReading, before: DeviceReading | None
) -> tuple[str, ...]:
    """Commands that were answered in earlier readings of the same kind, and not in this one.

    Who accepts a reading accepts it without them.
    """
    if before is None or before.platform != now.platform or _source(before.asked) != _source(asked):
        return ()
    earlier = before.had
    if earlier:
        earlier = () if _accepted(ports, now, before) else earlier
    return tuple(dict.fromkeys(c for c in (*before.asked, *earlier) if c not in asked))


def _accepted(ports: PortParts, reading: DeviceReading, before: DeviceReading) -> bool:
    """Whether the reading before was accepted; a wrong file is told where it is judged."""
    try:
        baseline = ports.baselines.read(reading.contract, reading.device)
    except InputError:
        return False
    return baseline is not None and baseline.accepts(before.run_id, before.at)


def _source(asked: Iterable[str]) -> str:
    words = {command.split(" ", 1)[0] for command in asked}
    return next((source for source in SOURCES if source in words), "")


def _stale_routing(
    routing: RoutingReading | None, now: DeviceReading, before: DeviceReading | None
) -> RoutingReading | None:
    """The last that is known, where this reading has none or counts no routes."""
    whole = routing is not None and routing.routes_of(TOTAL) is not None
    if whole or before is None or before.platform != now.platform:
        return None
    return before.routing or before.stale_routing


def _first(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line[:LINE_KEPT] for line in lines[:UNPARSED_KEPT])


def _tests(ports: PortParts, contract: str, device: str) -> list[ReachTest]:
    known = ports.parts.contracts.get(contract)
    tests = known.ports.reachability if known else ()
    return [test for test in tests if test.source == device]


def _not_made(ports: PortParts, contract: str, device: str, at: datetime) -> tuple[Reached, ...]:
    """The tests of a device that is not read: each says so."""
    tests = _tests(ports, contract, device)
    return tuple(unmade(test, "device_not_read", at) for test in tests)


def _reached(
    entry: DeviceCollection,
    test: ReachTest,
    routing: RoutingReader | None,
    outputs: Sequence[tuple[str, str]],
) -> Reached:
    counts = routing.reached(outputs, test) if routing else None
    sent, received, rtt = counts or (0, 0, None)
    return Reached(
        name=test.name,
        source=entry.device,
        target=test.target,
        sent=sent,
        received=received,
        rtt=rtt,
        line=test.line,
        trouble="" if counts else "not_understood",
        at=entry.finished_at,
    )


def _refused(entry: DeviceCollection, codes: Collection[str] = _NO_ANSWER) -> Iterator[str]:
    for warning in entry.warnings:
        if warning.code in codes:
            yield warning.params.get("command", "")


def _missing(entry: DeviceCollection, refused: Sequence[str], had: Sequence[str]) -> Reason | None:
    """Answers that should be there: an earlier reading had them, or the device fell silent.

    What a device has always refused, it does not have. An API's refusal is followed by what the
    API said.
    """
    lost = [c for c in refused if any(c == each or c.startswith(f"{each} (") for each in had)]
    names = dict.fromkeys((*lost, *_refused(entry, {_UNANSWERED})))
    return Reason.of("ports_unanswered", commands="; ".join(names)) if names else None


def _reason(error: WeibaoError) -> Reason:
    return Reason(code=error.key, params={k: str(v) for k, v in error.params.items()})
