"""Record the host keys of devices on first contact; refuse a changed one afterwards."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from enum import StrEnum

from weibao.boundary.host_keys import HostKey, HostKeyScanner, HostKeyStore, KeptKey
from weibao.domain.base import Value
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.errors import FailedError, InputError

__all__ = ["TrustOutcome", "TrustResult", "trust_hosts"]

_FREE_AGAIN = 1.0
"""Seconds until a line that was just used is."""
_BATCH = 200


class TrustOutcome(StrEnum):
    """What became of one device."""

    added = "added"
    known = "known"
    replaced = "replaced"
    changed = "changed"
    """It shows another key than the one on record: refused, and nothing written."""
    unreachable = "unreachable"
    skipped = "skipped"
    """It has no host key (Telnet), or its address is not known."""

    @property
    def good(self) -> bool:
        """Whether a backup may go on to the device."""
        return self not in {TrustOutcome.changed, TrustOutcome.unreachable}


class TrustResult(Value):
    """One device."""

    device: str
    address: str
    port: int
    outcome: TrustOutcome
    key_type: str = ""
    fingerprint: str = ""
    on_record: str = ""
    """Fingerprint of the key on record, where it is another."""
    reason: Reason | None = None


def trust_hosts(
    devices: Iterable[Device],
    *,
    scanner: HostKeyScanner,
    store: HostKeyStore,
    replace: Collection[str] = (),
    threads: int = 50,
    progress: Callable[[TrustResult], None] | None = None,
) -> tuple[TrustResult, ...]:
    """Ask ``devices`` for their keys, many at once, and keep new ones.

    ``replace`` names devices whose changed key is meant to take the place of the old one.
    Results come in the order of ``devices``; ``progress`` is called as each is done. What is
    done stays done when the program is killed: keys are kept every few hundred devices.

    Raises:
        InputError: ``replace`` names something that is not among ``devices``.
        FailedError: the keys cannot be written.
    """
    chosen = list(devices)
    strangers = sorted(set(replace) - {device.name for device in chosen})
    if strangers:
        raise InputError("estate.replace_unknown", names=", ".join(strangers))
    results: dict[int, TrustResult] = {}
    waiting: list[KeptKey] = []
    turns: dict[tuple[str, int], _Door] = defaultdict(_Door)
    doors = [turns[device.address, device.port] for device in chosen]
    for door in doors:
        door.names += 1
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        futures = {
            pool.submit(_ask, device, scanner, store, device.name in replace, doors[number]): number
            for number, device in enumerate(chosen)
        }
        try:
            for future in as_completed(futures):
                result, kept = future.result()
                results[futures[future]] = result
                waiting += [kept] if kept else []
                if len(waiting) >= _BATCH:
                    store.save(waiting)
                    waiting = []
                if progress:
                    progress(result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if waiting:
        store.save(waiting)
    return tuple(results[number] for number in range(len(chosen)))


class _Door:
    """An address, which several names may have: asked by one at a time.

    A device with a single line needs a moment until that is free again.
    """

    def __init__(self) -> None:
        self.names = 0
        self._lock = threading.Lock()

    def scan(self, ask: Callable[[], HostKey]) -> HostKey:
        """What ``ask`` says; asked twice where others were at the same door."""
        with self._lock:
            try:
                return ask()
            except FailedError:
                if self.names == 1:
                    raise
                time.sleep(_FREE_AGAIN)
                return ask()


def _ask(
    device: Device,
    scanner: HostKeyScanner,
    store: HostKeyStore,
    replace: bool,
    door: _Door,
) -> tuple[TrustResult, KeptKey | None]:
    if code := scanner.unwanted(device):
        return _result(device, TrustOutcome.skipped, reason=Reason.of(code)), None
    known = store.known(device.address, device.port)
    try:
        key = door.scan(lambda: scanner.scan(device, [one.type for one in known]))
    except FailedError as error:
        reason = Reason.of(error.key.removeprefix("reason."), **error.params)
        return _result(device, TrustOutcome.unreachable, reason=reason), None
    if key in known:
        return _result(device, TrustOutcome.known, key), None
    if not known:
        return _result(device, TrustOutcome.added, key), KeptKey(device.address, device.port, key)
    old = next((one for one in known if one.type == key.type), next(iter(known)))
    if replace:
        kept = KeptKey(device.address, device.port, key, replace=True)
        return _result(device, TrustOutcome.replaced, key, old), kept
    reason = Reason.of(
        "host_key_changed",
        address=device.address,
        port=device.port,
        fingerprint=f"{key.type} {key.fingerprint}",
        device=device.name,
    )
    return _result(device, TrustOutcome.changed, key, old, reason), None


def _result(
    device: Device,
    outcome: TrustOutcome,
    key: HostKey | None = None,
    old: HostKey | None = None,
    reason: Reason | None = None,
) -> TrustResult:
    return TrustResult(
        device=device.name,
        address=device.address,
        port=device.port,
        outcome=outcome,
        key_type=key.type if key else "",
        fingerprint=key.fingerprint if key else "",
        on_record=old.fingerprint if old else "",
        reason=reason,
    )
