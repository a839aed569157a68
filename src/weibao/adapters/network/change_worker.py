"""The process that changes devices: one for a step, a thread for each device.

Told what to do by one line of JSON on standard input, it prints one line of JSON for each
finished device. Standard input is a sign of life: when it ends, whoever wanted the result is
gone. Then no further line of a change is sent; every device goes back first, and only then
the process ends. What became of a device is also written to the run's folder, so that it is
known afterwards.
"""

from __future__ import annotations

import base64
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.bundle import keep_blob
from weibao.adapters.network.change_device import Steps
from weibao.adapters.network.change_ending import Ending
from weibao.adapters.network.change_job import ChangeJob, DeviceWish
from weibao.adapters.network.change_line import LineOpener
from weibao.adapters.network.change_state import States
from weibao.adapters.network.change_touch import Setback, Touch
from weibao.adapters.network.change_words import Words, sha256_of
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.scrub import scrub
from weibao.adapters.sealing import seal
from weibao.adapters.secret_tag import tag_with
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome, ChangeResult
from weibao.domain.collection import (
    CollectedItem,
    CollectionStatus,
    DeviceCollection,
    ItemKind,
)
from weibao.domain.difference import Difference
from weibao.domain.platform import Platform
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import PlatformCatalogue, resolve
from weibao.errors import WeibaoError

__all__ = ["change_all", "main"]

_REFUSALS = frozenset(
    {
        "change_no_lines",
        "change_line_forbidden",
        "change_not_supported",
        "change_platform_unknown",
        "change_target_incomplete",
        "change_unfinished",
        "change_not_as_approved",
        "change_no_safety",
        "change_no_target",
        "change_files",
        "unknown_platform",
        "unknown_contract",
        "key_missing",
        "variable_error",
        "vault_password_missing",
    }
)
"""Codes of devices to which nothing was sent since it must not be."""


@dataclass
class _Device:
    """What is known of a device while its step goes on."""

    job: ChangeJob
    wish: DeviceWish
    states: States
    started_at: datetime
    platform: str = ""


def change_all(
    job: ChangeJob,
    report: Callable[[ChangeOutcome], None],
    stop: Callable[[], bool],
    opener: LineOpener | None = None,
) -> None:
    """Do the step on every device of ``job``; ``report`` is called once for each."""
    platforms = load_platforms([Path(folder) for folder in job.base.platform_folders])
    states = States(Path(job.states), job.base.passwords)
    lines = opener or LineOpener(job.base)

    def one(wish: DeviceWish) -> None:
        device = _Device(job, wish, states, datetime.now(UTC))
        report(_one(device, platforms, lines, stop))

    threads = max(1, min(job.base.threads, len(job.devices)))
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(one, wish) for wish in job.devices]:
            done.result()


def _one(
    device: _Device,
    platforms: PlatformCatalogue,
    opener: LineOpener,
    stop: Callable[[], bool],
) -> ChangeOutcome:
    touch: Touch | None = None
    endpoint = device.wish.endpoint
    try:
        platform = _platform(device, platforms)
        tag = tag_with(device.job.base.passwords[endpoint.contract].encode())
        words = Words(platform, tag, endpoint.secrets())
        wishes = device.job.wishes
        touch = Touch(
            opener, device.wish, wishes, device.job.base.limits, platform, words, stop=stop
        )
        target = base64.b64decode(device.wish.target) if device.wish.target else None
        ending = Steps(touch, device.states, target).run(wishes.mode)
    except (Trouble, Setback) as trouble:
        ending = _without_touch(trouble.reason, touch)
    except WeibaoError as error:
        detail = scrub(str(error), endpoint.secrets())
        ending = _surprise(Reason.of("internal_error", detail=detail), touch)
    except Exception as error:
        # One device's surprise must not end the others' change. Its words may hold a line.
        kind = type(error).__name__
        ending = _surprise(Reason.of("internal_error", detail=kind), touch)
    finally:
        if touch is not None:
            touch.close()
    return _outcome(device, ending, touch)


def _platform(device: _Device, platforms: PlatformCatalogue) -> Platform:
    endpoint = device.wish.endpoint
    if endpoint.problem:
        code, params = endpoint.problem
        raise Trouble(code, **dict(params))
    if not endpoint.network_os:
        raise Trouble("change_platform_unknown")
    platform = resolve(platforms, endpoint.network_os)
    if platform is None:
        raise Trouble("unknown_platform", platform=endpoint.network_os)
    device.platform = platform.id
    if platform.change is None:
        raise Trouble("change_not_supported", platform=platform.title)
    return platform


def _without_touch(reason: Reason, touch: Touch | None) -> Ending:
    if touch is not None and touch.sent_any:
        return _surprise(reason, touch)
    refused = reason.code in _REFUSALS
    return Ending(ChangeResult.refused if refused else ChangeResult.failed, reason=reason)


def _surprise(reason: Reason, touch: Touch | None) -> Ending:
    if touch is None or not touch.sent_any:
        return Ending(ChangeResult.failed, reason=reason)
    by_hand = Reason.of("change_by_hand_surprise")
    return Ending(ChangeResult.unknown_state, reason=reason, by_hand=by_hand)


def _outcome(device: _Device, ending: Ending, touch: Touch | None) -> ChangeOutcome:
    endpoint = device.wish.endpoint
    now = datetime.now(UTC)
    items = _items(device, ending, touch)
    shas = {item.kind: item.sha256 for item in items}
    difference: Difference | None = ending.difference
    outcome = ChangeOutcome(
        device=endpoint.device,
        contract=endpoint.contract,
        platform=device.platform,
        mode=device.job.wishes.mode,
        result=ending.result,
        reason=ending.reason,
        by_hand=ending.by_hand,
        safety=ending.safety.kind if ending.safety else None,
        difference=difference,
        difference_sha256=sha256_of(difference) if difference is not None else "",
        commands=ending.commands,
        as_foretold=ending.as_foretold,
        unmet=ending.unmet,
        saved=ending.saved,
        before_sha256=shas.get(ItemKind.before, ""),
        after_sha256=shas.get(ItemKind.running, ""),
        warnings=tuple(touch.warnings) if touch else (),
        touched=bool(touch and touch.sent_any),
        collection=_collection(device, ending, items, now),
        started_at=device.started_at,
        finished_at=now,
    )
    _remember(device, outcome)
    return outcome


def _items(device: _Device, ending: Ending, touch: Touch | None) -> tuple[CollectedItem, ...]:
    """What was read and sent, kept encrypted."""
    if touch is None or device.wish.endpoint.contract not in device.job.base.passwords:
        return ()
    texts = {ItemKind(kind): text for kind, text in ending.texts.items()}
    texts[ItemKind.transcript] = touch.transcript.text()
    contract = device.wish.endpoint.contract
    password = device.job.base.passwords[contract].encode()
    bundle = Path(device.job.base.bundle)

    def keep(data: bytes) -> str:
        sha256, sealed = seal(password, data)
        keep_blob(bundle, sealed, sha256)
        return sha256

    return tuple(
        CollectedItem(
            kind=kind,
            command=device.job.wishes.mode.value,
            sha256=keep(text),
            size=len(text),
            collected_at=datetime.now(UTC),
        )
        for kind, text in texts.items()
        if text
    )


def _collection(
    device: _Device, ending: Ending, items: tuple[CollectedItem, ...], now: datetime
) -> DeviceCollection:
    endpoint = device.wish.endpoint
    status = CollectionStatus.collected if ending.texts else CollectionStatus.failed
    if ending.result is ChangeResult.refused:
        status = CollectionStatus.not_checked
    return DeviceCollection(
        device=endpoint.device,
        contract=endpoint.contract,
        platform=device.platform,
        address=f"{endpoint.address}:{endpoint.port}",
        status=status,
        reason=ending.reason,
        items=items,
        attempts=1,
        started_at=min(device.started_at, now),
        finished_at=now,
    )


def _remember(device: _Device, outcome: ChangeOutcome) -> None:
    """The outcome in the run's folder; whoever asked may be gone."""
    if outcome.mode is ChangeMode.check:
        return
    try:
        state = device.states.load(outcome.device)
        if state is not None:
            device.states.store(state.model_copy(update={"outcome": outcome}))
    except WeibaoError:
        # It was reported; that it could not be written down must not hide it.
        return


def main() -> None:
    """Entry point of the process."""
    # What goes wrong with a device is its outcome; libraries' tracebacks help nobody here.
    logging.disable(logging.CRITICAL)
    # Ctrl-C at the terminal reaches the whole group; a device in mid-change goes back first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = ChangeJob.load(sys.stdin.readline())
    stopped = threading.Event()

    def watch() -> None:
        while sys.stdin.read(1):
            pass
        stopped.set()

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopped.set())
    lock = threading.Lock()

    def report(outcome: ChangeOutcome) -> None:
        with lock:
            try:
                sys.stdout.write(outcome.model_dump_json() + "\n")
                sys.stdout.flush()
            except OSError:
                # Nobody listens any more; the outcome lies in the run's folder.
                stopped.set()

    change_all(job, report, stopped.is_set)
    # Session threads of hung devices must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
