"""A Junos configuration: statements in curly braces, changed by set and delete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["TOP_LEVEL", "BraceTree", "Statement", "unquoted"]

# Statements named by a second word.
_NAMED_WORDS: Final = """
    unit family user group filter term policy-statement class file server host trap-group
    view v3-user address-book area policer route community interface interface-range
    prefix-list
"""
# Statements with a value to the end of the line.
_LEAF_WORDS: Final = """
    description host-name encrypted-password members vlan-id address authorization uid
    time-zone secret source-address timeout retry interface-mode native-vlan-id
    l3-interface next-hop message full-name location contact ssh-rsa ssh-ed25519 port-mode
    speed mtu max-configurations-on-flash authentication-key trusted-key version targets
    clients root-login protocol-version connection-limit rate-limit idle-timeout
    permissions authentication-order bridge-priority device-count minimum-links
    destination-port protocol domain-name router-id archive login-alert
    802.3ad link-mode
"""
# Leaves that hold more than one value.
_LIST_WORDS: Final = """
    members address targets destination-port protocol permissions authentication-order
"""
_NAMED: Final = frozenset(_NAMED_WORDS.split())
_LEAVES: Final = frozenset(_LEAF_WORDS.split())
_LISTS: Final = frozenset(_LIST_WORDS.split())
_SECRET: Final = frozenset(("encrypted-password", "secret", "authentication-key"))
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{};\[\]]|##[^\n]*|/\*.*?\*/|[^\s{};\[\]]+', re.S)
_PLAIN: Final = re.compile(r'"([A-Za-z0-9_./:@*-]+)"')

TOP_LEVEL: Final = (
    "access",
    "apply-groups",
    "chassis",
    "class-of-service",
    "ethernet-switching-options",
    "event-options",
    "firewall",
    "forwarding-options",
    "groups",
    "interfaces",
    "policy-options",
    "poe",
    "protocols",
    "routing-options",
    "security",
    "snmp",
    "switch-options",
    "system",
    "virtual-chassis",
    "vlans",
    "version",
)


@dataclass
class Statement:
    """One statement: its words, its values (for a leaf) and what it contains."""

    words: tuple[str, ...]
    values: list[str] = field(default_factory=list)
    children: list[Statement] = field(default_factory=list)

    def copy(self) -> Statement:
        """A copy that shares nothing."""
        return Statement(self.words, list(self.values), [c.copy() for c in self.children])

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The statement as Junos prints it."""
        pad = "    " * depth
        name = " ".join(self.words)
        if self.children:
            yield f"{pad}{name} {{"
            for child in self.children:
                yield from child.lines(depth + 1)
            yield f"{pad}}}"
            return
        value = ""
        if len(self.values) > 1:
            value = f" [ {' '.join(self.values)} ]"
        elif self.values:
            value = f" {self.values[0]}"
        mark = " ## SECRET-DATA" if self.words[-1] in _SECRET else ""
        yield f"{pad}{name}{value};{mark}"

    def set_lines(self, above: tuple[str, ...] = ()) -> Iterator[str]:
        """The statement as set commands."""
        path = (*above, *self.words)
        if self.children:
            for child in self.children:
                yield from child.set_lines(path)
        elif self.values:
            for value in self.values:
                yield f"set {' '.join(path)} {value}"
        else:
            yield f"set {' '.join(path)}"


def unquoted(word: str) -> str:
    """A word as Junos prints it: quoted only where it is more than plain ASCII."""
    found = _PLAIN.fullmatch(word)
    return found.group(1) if found else word


def _starts(words: tuple[str, ...], prefix: tuple[str, ...]) -> bool:
    return words[: len(prefix)] == prefix


class BraceTree:
    """The configuration of a device that nests statements in braces."""

    def __init__(self, statements: list[Statement] | None = None) -> None:
        self.statements: list[Statement] = statements or []

    @classmethod
    def parse(cls, text: str) -> BraceTree:
        """Read a configuration in braces; comments are dropped."""
        root = Statement(())
        stack = [root]
        words: list[str] = []
        values: list[str] | None = None
        for token in _TOKEN.findall(text):
            if token.startswith(("##", "/*")):
                continue
            if token == "{":
                stack[-1].children.append(Statement(tuple(words)))
                stack.append(stack[-1].children[-1])
                words = []
            elif token == "}":
                if len(stack) > 1:
                    stack.pop()
            elif token == ";":
                stack[-1].children.append(cls._leaf(words, values))
                words, values = [], None
            elif token == "[":
                values = []
            elif token != "]":
                (words if values is None else values).append(unquoted(token))
        return cls(root.children)

    @staticmethod
    def _leaf(words: list[str], values: list[str] | None) -> Statement:
        if values is not None:
            return Statement(tuple(words), values)
        for index, word in enumerate(words):
            if word in _LEAVES and index + 1 < len(words):
                return Statement(tuple(words[: index + 1]), [" ".join(words[index + 1 :])])
        return Statement(tuple(words))

    def render(self) -> str:
        """The configuration as text in braces."""
        return "".join(f"{line}\n" for item in self.statements for line in item.lines())

    def render_set(self) -> str:
        """The configuration as set commands."""
        return "".join(f"{line}\n" for item in self.statements for line in item.set_lines())

    def copy(self) -> BraceTree:
        """A copy that shares nothing."""
        return BraceTree([item.copy() for item in self.statements])

    def subtree(self, words: tuple[str, ...]) -> list[Statement] | None:
        """What a path of words contains, or None where there is no such path."""
        children = self.statements
        while words:
            found = self._child(children, words)
            if found is None:
                leaf = [c for c in children if _starts(c.words, words) and len(words) >= 1]
                return leaf or None
            children, words = found.children or [found], words[len(found.words) :]
            if children == [found]:
                return children
        return children

    def value(self, *words: str) -> str | None:
        """The value of the leaf at a path."""
        children = self.statements
        rest = tuple(words)
        while rest:
            found = self._child(children, rest)
            if found is None:
                return None
            rest = rest[len(found.words) :]
            if not rest:
                return found.values[0] if found.values else None
            children = found.children
        return None

    @staticmethod
    def _child(children: list[Statement], words: tuple[str, ...]) -> Statement | None:
        matching = [c for c in children if c.words and _starts(words, c.words)]
        return max(matching, key=lambda c: len(c.words), default=None)

    def set(self, words: tuple[str, ...]) -> None:
        """Do ``set words``."""
        children = self.statements
        parent: Statement | None = None
        while words:
            found = self._child(children, words)
            if found is None:
                found, words = self._create(children, words)
                if parent is not None:
                    parent.values = []
            elif found.values or (found.words[-1] in _LEAVES and len(words) > len(found.words)):
                value = " ".join(words[len(found.words) :])
                if found.words[-1] not in _LISTS:
                    found.values = [value]
                elif value and value not in found.values:
                    found.values.append(value)
                return
            else:
                words = words[len(found.words) :]
            children, parent = found.children, found

    @staticmethod
    def _create(
        children: list[Statement], words: tuple[str, ...]
    ) -> tuple[Statement, tuple[str, ...]]:
        word = words[0]
        rest: tuple[str, ...] = ()
        if word in _LEAVES and len(words) > 1:
            made = Statement((word,), [" ".join(words[1:])])
        elif word in _NAMED and len(words) > 1:
            made, rest = Statement(words[:2]), words[2:]
        else:
            made, rest = Statement((word,)), words[1:]
        at = 0 if word == "description" else len(children)
        children.insert(at, made)
        return made, rest

    def delete(self, words: tuple[str, ...]) -> bool:
        """Do ``delete words``; False where there is no such statement."""
        return self._delete(self.statements, words)

    def _delete(self, children: list[Statement], words: tuple[str, ...]) -> bool:
        found = self._child(children, words)
        if found is None:
            doomed = [c for c in children if _starts(c.words, words)]
            children[:] = [c for c in children if not any(c is d for d in doomed)]
            return bool(doomed)
        rest = words[len(found.words) :]
        if rest and found.children:
            done = self._delete(found.children, rest)
            if done and not found.children:
                self._drop(children, found)
            return done
        if rest and found.values:
            value = " ".join(rest)
            if value not in found.values:
                return False
            found.values.remove(value)
            if found.values:
                return True
        elif rest:
            return False
        self._drop(children, found)
        return True

    @staticmethod
    def _drop(children: list[Statement], doomed: Statement) -> None:
        children[:] = [child for child in children if child is not doomed]
