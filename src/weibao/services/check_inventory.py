"""Say what is wrong with an inventory, all at once, by file and line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from weibao.boundary.inventory import InventoryInspector
from weibao.domain.base import Value
from weibao.domain.inventory import (
    Device,
    HostFacts,
    InventoryFacts,
    InventoryLint,
    InventoryProblem,
)
from weibao.domain.reasons import Reason
from weibao.errors import InputError, InputErrors

__all__ = ["InventoryCheck", "check_inventory"]


class InventoryCheck(Value):
    """What a check found."""

    hosts: int
    """Hosts in the inventory; 0 also where it could not be read."""
    readable: bool
    """Whether Ansible could read it."""
    problems: tuple[InventoryProblem, ...]
    """Errors first, then by file and line."""

    @property
    def errors(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        """How many of the problems are warnings."""
        return len(self.problems) - self.errors


_FIELD_OF = {
    "unknown_platform": "ansible_network_os",
    "unknown_contract": "contract",
    "port_invalid": "ansible_port",
}


_CODES = {
    "estate.vault_password_missing": "vault_password_missing_file",
    "estate.vault_password_wrong": "vault_password_wrong",
    "estate.ansible_failed": "ansible_failed",
    "estate.unreadable": "file_unreadable",
}


def check_inventory(sources: tuple[str, ...], inspector: InventoryInspector) -> InventoryCheck:
    """Everything that is wrong with ``sources``, or looks so.

    Raises:
        InputError: a source is missing.
    """
    lint = inspector.lint(sources)
    problems = list(lint.problems)
    facts = None
    try:
        facts = inspector.facts(sources)
    except InputError as error:
        broken = {problem.file for problem in problems if problem.severity == "error"}
        problems += [p for p in _said_by_ansible(error) if p.file not in broken]
    if facts is not None:
        problems += _of_facts(facts, lint)
    return InventoryCheck(
        hosts=len(facts.hosts) if facts else 0,
        readable=facts is not None,
        problems=tuple(sorted(problems, key=_order)),
    )


def _order(problem: InventoryProblem) -> tuple[bool, str, int, str]:
    return problem.severity != "error", problem.file, problem.line, problem.device


def _said_by_ansible(error: InputError) -> Iterator[InventoryProblem]:
    if not isinstance(error, InputErrors):
        code = _CODES.get(error.key)
        reason = Reason.of(code, **error.params) if code else Reason.of("ansible_said", said=error)
        yield InventoryProblem(file=str(error.params.get("file", "")), reason=reason)
        return
    for place, _, params in error.problems:
        file, _, line = place.rpartition(":")
        known = bool(file) and line.isdigit()
        yield InventoryProblem(
            file=file if known else place,
            line=int(line) if known else 0,
            reason=Reason.of("ansible_said", **params),
        )


def _of_facts(facts: InventoryFacts, lint: InventoryLint) -> Iterator[InventoryProblem]:
    for host in facts.hosts:
        yield from _of_host(host, lint)
    yield from _same_address([host.device for host in facts.hosts], lint)
    for group, file in sorted(lint.group_files.items()):
        if group not in facts.groups:
            reason = Reason.of("group_unknown", name=group)
            yield InventoryProblem(file=file, severity="warning", reason=reason)


def _of_host(host: HostFacts, lint: InventoryLint) -> Iterator[InventoryProblem]:
    device = host.device
    if device.problem:
        variable = _FIELD_OF.get(device.problem.code, "")
        value = next(iter(device.problem.params.values()), "")
        written = value if device.problem.code == "host_name_unusable" else device.name
        file, line = lint.place(written, variable, value)
        yield InventoryProblem(file=file, line=line, device=device.name, reason=device.problem)
    if host.sealed:
        file, line = lint.place(device.name, host.sealed)
        reason = Reason.of("vault_password_missing_variable", name=host.sealed)
        yield InventoryProblem(file=file, line=line, device=device.name, reason=reason)
    if device.problem and device.problem.code == "host_name_unusable":
        return
    file, line = lint.place(device.name)
    hints = []
    if not host.network:
        hints.append("no_network_os")
    elif not host.user:
        hints.append("no_user")
    if host.network and not host.login:
        hints.append("no_password")
    for code in hints:
        yield InventoryProblem(
            file=file,
            line=line,
            device=device.name,
            severity="warning",
            reason=Reason.of(code, name=device.name),
        )


def _same_address(devices: list[Device], lint: InventoryLint) -> Iterator[InventoryProblem]:
    by_address: dict[tuple[str, int], list[str]] = defaultdict(list)
    for device in devices:
        if "{{" not in device.address:
            by_address[device.address, device.port].append(device.name)
    for (address, port), names in by_address.items():
        if len(names) > 1:
            file, line = lint.place(names[-1], "ansible_host", address)
            reason = Reason.of("address_twice", address=address, port=port, names=", ".join(names))
            yield InventoryProblem(
                file=file, line=line, device=names[-1], severity="warning", reason=reason
            )
