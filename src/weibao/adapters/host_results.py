"""From Ansible's events to what became of each host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from weibao.adapters.scrub import scrub
from weibao.boundary.runner import HostResult

__all__ = ["HostResults"]

_COMMANDS = frozenset(
    {"command", "expect", "psexec", "raw", "script", "shell", "uri", "win_command", "win_shell"}
)
"""Modules that foretell nothing. Why a task is skipped is not in the event: since check mode
cannot try it, or since its condition is false."""

_TELLING = re.compile(r"(?:E: |(?:dpkg|dpkg-deb|rpm): error|error: |Errors were encountered )")
"""What lines of a package manager begin with that say what failed."""

_FAILED = {"runner_on_failed": "failed", "runner_on_unreachable": "unreachable"}
_STATUS = frozenset({"ok", "failed", "unreachable", "unknown"})
_WORST = ("ok", "failed", "unreachable", "unknown")


class HostResults:
    """Hears the events of one playbook; in ``check`` mode also what tasks foretell.

    Then a host's ``difference`` has a line ``# ~ TASK`` for each task that would change it, and
    ``# ? TASK`` for each command that was skipped and may run in earnest. What would change is
    not quoted: a file that is written may hold a secret. A batch task that speaks for devices
    has its own words.
    """

    def __init__(self, *, check: bool = False) -> None:
        self._check = check
        self._foretold: dict[str, dict[str, None]] = {}
        self._hosts: dict[str, HostResult] = {}
        self._devices: dict[str, HostResult] = {}
        self._ended = False

    def hear(self, event: Mapping[str, Any]) -> bool:
        """Take in one event; always False, so that none is written to disk."""
        kind = event.get("event")
        self._ended = self._ended or kind == "playbook_on_stats"
        data = event.get("event_data") or {}
        host, result = data.get("host"), data.get("res") or {}
        if host and self._check:
            self._foretell(str(host), str(kind), data, result)
        if not host or kind not in {"runner_on_ok", *_FAILED}:
            return False
        devices = result.get("devices")
        if isinstance(devices, Mapping):
            for name, said in devices.items():
                self._devices[str(name)] = _worse(self._devices.get(str(name)), _of_device(said))
        elif kind in _FAILED and not data.get("ignore_errors"):
            reason = scrub(_why(result) or str(kind), ())
            self._put(host, HostResult(_FAILED[kind], reason=reason))
        else:
            self._put(host, HostResult("ok", changed=bool(result.get("changed"))))
        return False

    def found(self) -> dict[str, HostResult]:
        """By host; a batch task's own word counts for the hosts that it served.

        Where the playbook did not come to its end, no host is well: nobody knows which of its
        tasks were never begun.
        """
        # It runs in the name of one of its hosts, whose own task it is not.
        plain = {} if self._devices else self._hosts
        found = {**self._with_tasks(plain), **self._devices, **self._bad()}
        if self._ended:
            return found
        cut = "the playbook was cut off before its end"
        return {
            name: result if result.status != "ok" else replace(result, status="failed", reason=cut)
            for name, result in found.items()
        }

    def _foretell(
        self, host: str, kind: str, data: Mapping[str, Any], result: Mapping[str, Any]
    ) -> None:
        action = str(data.get("task_action") or "").rpartition(".")[2]
        untried = kind == "runner_on_skipped" and action in _COMMANDS
        if untried or (kind == "runner_on_ok" and result.get("changed")):
            task = scrub(str(data.get("task") or data.get("task_action") or "-"), ())
            line = f"# {'?' if untried else '~'} {' '.join(task.split())}\n"
            self._foretold.setdefault(host, {})[line] = None

    def _with_tasks(self, hosts: Mapping[str, HostResult]) -> dict[str, HostResult]:
        return {
            name: replace(found, difference="".join(self._foretold.get(name, ())))
            for name, found in hosts.items()
        }

    def _bad(self) -> dict[str, HostResult]:
        return {h: r for h, r in self._hosts.items() if r.status != "ok"} if self._devices else {}

    def _put(self, host: str, result: HostResult) -> None:
        self._hosts[host] = _worse(self._hosts.get(host), result)


def _why(result: Mapping[str, Any]) -> str:
    """Why a task failed: what tells which package comes first, since it is shortened."""
    message = str(result.get("msg") or "")
    command, _, rest = message.partition(" failed: ")
    failures = result.get("failures")
    found = [str(one) for one in failures] if isinstance(failures, (list, tuple)) else []
    found += _telling([*str(result.get("stderr") or "").splitlines(), *rest.splitlines()])
    if not found:
        return message
    return " ".join(dict.fromkeys(found)) + (f" ({command})" if command else "")


def _telling(lines: list[str]) -> Iterator[str]:
    """Those lines, with what belongs to them: it is indented."""
    tells = False
    for line in lines:
        tells = bool(_TELLING.match(line)) or (tells and line.startswith(" "))
        if tells:
            yield line.strip()


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
        plan=_plain(said.get("plan") or {}),
    )


def _plain(plan: object) -> Mapping[str, Any]:
    found = json.loads(json.dumps(plan)) if isinstance(plan, Mapping) else {}
    return found if isinstance(found, dict) else {}


def _worse(one: HostResult | None, other: HostResult) -> HostResult:
    if one is None:
        return other
    # Of two that ended alike the later one counts, with what the earlier one had to show.
    last = _WORST.index(other.status) >= _WORST.index(one.status)
    worst, rest = (other, one) if last else (one, other)
    return replace(
        worst,
        changed=one.changed or other.changed,
        difference=worst.difference or rest.difference,
        plan=worst.plan or rest.plan,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
    )
