"""From Ansible's events to what became of each host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weibao.adapters.scrub import scrub
from weibao.boundary.runner import HostResult

__all__ = ["HostResults"]

_FAILED = {"runner_on_failed": "failed", "runner_on_unreachable": "unreachable"}
_STATUS = frozenset({"ok", "failed", "unreachable", "unknown"})
_WORST = ("ok", "failed", "unreachable", "unknown")


class HostResults:
    """Hears the events of one playbook."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostResult] = {}
        self._devices: dict[str, HostResult] = {}

    def hear(self, event: Mapping[str, Any]) -> bool:
        """Take in one event; always False, so that none is written to disk."""
        kind = event.get("event")
        data = event.get("event_data") or {}
        host, result = data.get("host"), data.get("res") or {}
        if not host or kind not in {"runner_on_ok", *_FAILED}:
            return False
        devices = result.get("devices")
        if isinstance(devices, Mapping):
            for name, said in devices.items():
                self._devices[str(name)] = _worse(self._devices.get(str(name)), _of_device(said))
        elif kind in _FAILED and not data.get("ignore_errors"):
            reason = scrub(str(result.get("msg") or kind), ())
            self._put(host, HostResult(_FAILED[kind], reason=reason))
        else:
            self._put(host, HostResult("ok", changed=bool(result.get("changed"))))
        return False

    def found(self) -> dict[str, HostResult]:
        """By host; a batch task's own word counts for the hosts that it served."""
        # It runs in the name of one of its hosts, whose own task it is not.
        return {**({} if self._devices else self._hosts), **self._devices, **self._bad()}

    def _bad(self) -> dict[str, HostResult]:
        return {h: r for h, r in self._hosts.items() if r.status != "ok"} if self._devices else {}

    def _put(self, host: str, result: HostResult) -> None:
        self._hosts[host] = _worse(self._hosts.get(host), result)


def _of_device(said: object) -> HostResult:
    if not isinstance(said, Mapping):
        return HostResult("unknown", reason="the task's result says nothing of it")
    status = str(said.get("status"))
    evidence = said.get("evidence") or ()
    return HostResult(
        status if status in _STATUS else "failed",
        changed=bool(said.get("changed")),
        reason=scrub(str(said.get("reason") or ""), ()),
        difference=str(said.get("difference") or ""),
        evidence=tuple(map(str, evidence)) if isinstance(evidence, (list, tuple)) else (),
    )


def _worse(one: HostResult | None, other: HostResult) -> HostResult:
    if one is None:
        return other
    worst = max(one, other, key=lambda result: _WORST.index(result.status))
    if worst.changed == (one.changed or other.changed):
        return worst
    return HostResult(worst.status, True, worst.reason, worst.difference, worst.evidence)
