"""Inventory files read for themselves: what is wrong in them, and where each thing stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from weibao.adapters.ansible_inventory.sources import static_files
from weibao.adapters.network.port_source import SOURCE, VARIABLES
from weibao.adapters.yaml_lines import Document, Problem, Tagged, nearest, parse_yaml
from weibao.domain.inventory import DEVICE_FIELDS, InventoryLint, InventoryProblem
from weibao.domain.reasons import Reason

__all__ = ["lint_files"]

_PASSWORDS = frozenset(
    {"ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_pass"}
    | {"ansible_become_password", "ansible_become_pass"}
    | {VARIABLES["snmp"][name] for name in ("community", "auth_password", "priv_password")}
)
_KNOWN = (
    *DEVICE_FIELDS,
    *sorted(_PASSWORDS),
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_network_os",
    "ansible_connection",
    "ansible_become",
    "ansible_become_method",
    "ansible_become_user",
    "ansible_ssh_private_key_file",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_group_priority",
    SOURCE,
    *(name for of_source in VARIABLES.values() for name in of_source.values()),
)
_PLURAL = frozenset({"sites", "units", "roles", "models", "contracts"})
_INI_HOST = re.compile(r"^\s*([^\s\[#;=]+)(?:\s|$)")
_INI_PAIR = re.compile(r"""([A-Za-z_]\w*)\s*=\s*("[^"]*"|'[^']*'|\S*)""")
_WARNINGS = frozenset({"plain_text_password", "variable_near_miss"})


def lint_files(sources: tuple[str, ...], folder: Path) -> InventoryLint:
    """All that the files of ``sources`` (absolute) show; names are shown from ``folder``."""
    linter = _Linter(folder)
    for file in static_files(sources):
        linter.read(file)
    return linter.result()


class _Linter:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[InventoryProblem] = []
        self.hosts: dict[str, tuple[str, int]] = {}
        self.variables: dict[tuple[str, str], tuple[str, int]] = {}
        self.values: dict[tuple[str, str], tuple[str, int]] = {}
        self.group_files: dict[str, str] = {}
        self.shown = ""

    def result(self) -> InventoryLint:
        return InventoryLint(
            problems=tuple(self.problems),
            hosts=self.hosts,
            variables=self.variables,
            values=self.values,
            group_files=self.group_files,
        )

    def read(self, file: Path) -> None:
        self.shown = str(
            file.relative_to(self.folder) if file.is_relative_to(self.folder) else file
        )
        kind, owner = _kind(file)
        if kind == "group_vars":
            self.group_files.setdefault(owner, self.shown)
        if _ignored(file):
            return
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self._add(Problem(0, Reason.of("file_not_utf8")))
            return
        except OSError as error:
            self._add(Problem(0, Reason.of("file_unreadable", why=error.strerror)))
            return
        if text.startswith(("$ANSIBLE_VAULT", "#!")):
            return
        yaml_like = kind != "inventory" or file.suffix in {".yml", ".yaml", ".json"}
        if not yaml_like:
            self._ini(text)
            return
        document = parse_yaml(text)
        for problem in document.problems:
            self._add(problem)
        if kind == "inventory":
            self._inventory(document)
        elif isinstance(document.value, dict):
            host = owner if kind == "host_vars" else ""
            self._variables(document, document.value, (), host)

    def _add(self, problem: Problem, device: str = "") -> None:
        severity = "warning" if problem.reason.code in _WARNINGS else "error"
        self.problems.append(
            InventoryProblem(
                file=self.shown,
                line=problem.line,
                device=device,
                severity=severity,
                reason=problem.reason,
            )
        )

    # YAML

    def _inventory(self, document: Document) -> None:
        if isinstance(document.value, dict) and "plugin" not in document.value:
            for name, body in document.value.items():
                self._group(document, body, (name,))

    def _group(self, document: Document, body: Any, place: tuple[str | int, ...]) -> None:
        if not isinstance(body, dict):
            return
        for key in body:
            if key not in ("hosts", "vars", "children"):
                near = nearest(str(key), ("hosts", "vars", "children"))
                reason = Reason.of("group_key_unknown", name=key, near=near or "vars")
                self._add(Problem(document.line((*place, key)), reason))
        hosts, variables = body.get("hosts"), body.get("vars")
        for host, inner in hosts.items() if isinstance(hosts, dict) else ():
            inner_place = (*place, "hosts", host)
            if not isinstance(host, str):
                reason = Reason.of("host_name_not_text", name=host)
                self._add(Problem(document.line(inner_place), reason), str(host))
            self.hosts.setdefault(str(host), (self.shown, document.line(inner_place)))
            if isinstance(inner, dict):
                self._variables(document, inner, inner_place, str(host))
        if isinstance(variables, dict):
            self._variables(document, variables, (*place, "vars"), "")
        children = body.get("children")
        for name, inner in children.items() if isinstance(children, dict) else ():
            self._group(document, inner, (*place, "children", name))

    def _variables(
        self, document: Document, values: dict[Any, Any], place: tuple[str | int, ...], host: str
    ) -> None:
        for name, value in values.items():
            line = document.line((*place, name))
            text = "" if isinstance(value, (Tagged, dict, list)) or value is None else str(value)
            self._variable(str(name), text, line, host)

    # INI and alike

    def _ini(self, text: str) -> None:
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            if stripped[0] == "[":
                section = stripped.strip("[]")
                continue
            host = ""
            if ":" not in section:
                match = _INI_HOST.match(line)
                host = match[1] if match else ""
                if host:
                    self.hosts.setdefault(host, (self.shown, number))
            elif section.endswith(":children"):
                continue
            for name, value in _INI_PAIR.findall(line.split(" #", 1)[0]):
                self._variable(name, value.strip("\"'"), number, host)

    # both

    def _variable(self, name: str, text: str, line: int, host: str) -> None:
        here = (self.shown, line)
        if host:
            self.variables.setdefault((host, name), here)
        if name in _PASSWORDS:
            if text and "{{" not in text and not text.startswith("$ANSIBLE_VAULT"):
                self._add(Problem(line, Reason.of("plain_text_password", name=name)), host)
            return
        self.values.setdefault((name, text), here)
        if name not in _KNOWN and name not in _PLURAL:
            near = _near(name)
            if near:
                reason = Reason.of("variable_near_miss", name=name, near=near)
                self._add(Problem(line, reason), host)


def _near(name: str) -> str:
    """The known variable that ``name`` is a slip of; long names of their own are none."""
    near = nearest(name, _KNOWN)
    close = bool(near) and abs(len(near) - len(name)) <= 2
    return near if close and _distance(name, near) <= (2 if len(near) > 5 else 1) else ""


def _distance(one: str, other: str) -> int:
    """Edit distance with swaps of neighbours as one edit."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _kind(file: Path) -> tuple[str, str]:
    """Whether a file is an inventory, or variables and whose."""
    parts = file.parts
    for kind in ("group_vars", "host_vars"):
        if kind in parts[:-1]:
            rest = parts[len(parts) - 1 - parts[::-1].index(kind) + 1 :]
            return kind, Path(rest[0]).stem if len(rest) == 1 and Path(rest[0]).suffix in {
                ".yml",
                ".yaml",
                ".json",
            } else rest[0]
    return "inventory", ""


def _ignored(file: Path) -> bool:
    """Files that Ansible passes over in an inventory folder."""
    return file.name.startswith(".") or file.name.endswith(
        ("~", ".orig", ".bak", ".retry", ".pyc", ".pyo", ".swp", ".md", ".txt", ".rst", ".rpm")
    )
