"""A configuration of indented lines, kept as a tree of sections.

Separator lines (``!`` or ``#``) are nodes of their own, so that a text that was
parsed is rendered again byte for byte. Lines added later are indented and
separated as the platform would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["ConfigTree", "Node", "Section", "Syntax"]

_BANNER = re.compile(r"\s*(?:banner \S+|header \S+(?: information)?)(?:\s+(\S.*))?$")
_SEPARATORS = frozenset({"!", "#"})


@dataclass(frozen=True)
class Section:
    """A command that opens a section, and how the prompt then looks."""

    pattern: str
    prompt: str
    kind: str
    parent: str = ""
    phrases: tuple[str, ...] = ()

    def match(self, line: str) -> re.Match[str] | None:
        """Whether the line opens this section."""
        return re.fullmatch(self.pattern, line)


@dataclass(frozen=True)
class Syntax:
    """How one platform writes its configuration."""

    indent: str
    separator: str
    negation: str
    sections: tuple[Section, ...]
    phrases: tuple[str, ...] = ()
    """Known commands outside all sections, for abbreviation and refusal."""
    single: tuple[str, ...] = ()
    """Commands of which a section holds one: a new one replaces the old."""
    first: tuple[str, ...] = ("description", "name")
    """Commands printed first in their section."""
    last: tuple[str, ...] = ("shutdown", "no shutdown")
    """Commands printed last in their section."""
    explicit_no: tuple[str, ...] = ()
    """Commands whose negation is printed."""
    interfaces: tuple[str, ...] = ()
    virtual: tuple[str, ...] = ()
    """Interface types that a command creates."""
    additive: tuple[str, ...] = ()
    """Commands that hold a set of numbers: a new one adds to it, a negated one takes away."""
    flat_indent: str = ""
    """Indentation of a single command outside all sections (Comware: one space)."""

    def section_for(self, line: str, parent: str) -> tuple[Section, re.Match[str]] | None:
        """The section that a line opens below a section of kind ``parent``."""
        for section in self.sections:
            found = section.match(line) if section.parent == parent else None
            if found:
                return section, found
        return None


@dataclass
class Node:
    """One line (or one multi-line banner) and the lines below it."""

    raw: str
    children: list[Node] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The command without indentation."""
        return self.raw.strip()

    @property
    def is_separator(self) -> bool:
        """Whether this is only a ``!`` or ``#``."""
        return self.key in _SEPARATORS

    def copy(self) -> Node:
        """A copy that shares nothing."""
        return Node(self.raw, [child.copy() for child in self.children])

    def lines(self) -> Iterator[str]:
        """The raw lines of this node and all below it."""
        yield self.raw
        for child in self.children:
            yield from child.lines()


def open_block(line: str) -> str | None:
    """The delimiter that ends the banner this line begins, if it goes on."""
    found = _BANNER.match(line)
    if not found:
        return None
    rest = found.group(1)
    if rest is None:
        return "EOF"
    delimiter = "^C" if rest.startswith("^C") else rest[0]
    return None if delimiter in rest[len(delimiter) :] else delimiter


def closes_block(line: str, delimiter: str) -> bool:
    """Whether a line ends a banner with this delimiter."""
    return line.strip() == "EOF" if delimiter == "EOF" else delimiter in line


def _logical_lines(text: str) -> Iterator[str]:
    """Lines of a text, a multi-line banner as one."""
    block: list[str] = []
    delimiter: str | None = None
    for line in text.split("\n"):
        if delimiter is not None:
            block.append(line)
            if closes_block(line, delimiter):
                yield "\n".join(block)
                block, delimiter = [], None
            continue
        delimiter = open_block(line)
        if delimiter is None:
            yield line
        else:
            block = [line]
    if block:
        yield "\n".join(block)


def _starts(key: str, prefix: str) -> bool:
    return key == prefix or key.startswith(prefix + " ")


def _stem(key: str) -> str:
    """The part of a command that siblings of its sort share."""
    found = re.match(r"[^\d]+", key)
    return (found.group() if found else key).strip()


class ConfigTree:
    """The configuration of a device with indented sections."""

    def __init__(self, syntax: Syntax, nodes: list[Node] | None = None) -> None:
        self.syntax = syntax
        self.nodes: list[Node] = nodes or []

    @classmethod
    def parse(cls, text: str, syntax: Syntax) -> ConfigTree:
        """Read a configuration without its header and end mark."""
        tree = cls(syntax)
        # (indentation, list that children of that line go to)
        stack: list[tuple[int, list[Node]]] = [(-1, tree.nodes)]
        for line in _logical_lines(text.strip("\n")):
            indent = len(line) - len(line.lstrip(" "))
            node = Node(line)
            if indent == 0 and (node.is_separator or not line.strip()):
                stack = stack[:1]
                tree.nodes.append(node)
                continue
            while indent <= stack[-1][0]:
                stack.pop()
            stack[-1][1].append(node)
            stack.append((indent, node.children))
        return tree

    def render(self) -> str:
        """The configuration as text, each line ended."""
        return "".join(f"{line}\n" for node in self.nodes for line in node.lines())

    def copy(self) -> ConfigTree:
        """A copy that shares nothing."""
        return ConfigTree(self.syntax, [node.copy() for node in self.nodes])

    def find(self, path: tuple[str, ...]) -> Node | None:
        """The section at a path of commands."""
        nodes, found = self.nodes, None
        for step in path:
            found = next((node for node in nodes if node.key == step), None)
            if found is None:
                return None
            nodes = found.children
        return found

    def value(self, prefix: str) -> str | None:
        """The rest of the first command with this prefix outside all sections."""
        for node in self.nodes:
            if _starts(node.key, prefix):
                return node.key[len(prefix) :].strip()
        return None

    def ensure(self, path: tuple[str, ...]) -> None:
        """Create the section at ``path`` where it does not exist."""
        for depth in range(1, len(path) + 1):
            if self.find(path[:depth]) is None:
                self._insert(path[: depth - 1], path[depth - 1])

    def apply(self, path: tuple[str, ...], line: str) -> bool:
        """Do one configuration command in a section; False if it changed nothing."""
        negation = self.syntax.negation + " "
        before = self.render()
        if line.startswith(negation):
            self._negate(path, line[len(negation) :].strip())
        else:
            self._set(path, line)
        return self.render() != before

    def _children(self, path: tuple[str, ...]) -> list[Node]:
        if not path:
            return self.nodes
        self.ensure(path)
        found = self.find(path)
        assert found is not None  # noqa: S101 - ensure() just made it
        return found.children

    def _single_prefix(self, line: str) -> str | None:
        matching = [prefix for prefix in self.syntax.single if _starts(line, prefix)]
        return max(matching, key=len, default=None)

    def _set(self, path: tuple[str, ...], line: str) -> None:
        children = self._children(path)
        negated = f"{self.syntax.negation} {line}"
        children[:] = [node for node in children if node.key != negated]
        if self._change_set(children, line, add=True):
            return
        if any(node.key == line for node in children):
            return
        prefix = self._single_prefix(line)
        for node in children:
            if prefix and self._single_prefix(node.key) == prefix:
                node.raw = node.raw[: len(node.raw) - len(node.raw.lstrip(" "))] + line
                return
        self._insert(path, line)

    def _negate(self, path: tuple[str, ...], line: str) -> None:
        children = self._children(path)
        if self._change_set(children, line, add=False):
            return
        doomed = [node for node in children if _starts(node.key, line)]
        if not doomed and (prefix := self._single_prefix(line)):
            # "no description old text" removes whatever the text is
            doomed = [node for node in children if self._single_prefix(node.key) == prefix]
        for node in doomed:
            index = next(i for i, item in enumerate(children) if item is node)
            del children[index]
            around = children[max(index - 1, 0) : index + 1]
            if len(around) == 2 and all(item.is_separator for item in around):
                del children[index]
        if any(_starts(line, word) for word in self.syntax.explicit_no):
            self._insert(path, f"{self.syntax.negation} {line}")

    def _change_set(self, children: list[Node], line: str, *, add: bool) -> bool:
        """Change the numbers of a set that is there; False where it is none, or is not there."""
        prefix = next((word for word in self.syntax.additive if _starts(line, word)), None)
        numbers = _numbers(line[len(prefix) :]) if prefix else set()
        node = next((n for n in children if prefix and _starts(n.key, prefix)), None)
        if prefix is None or not numbers or node is None:
            return False
        there = _numbers(node.key[len(prefix) :])
        left = there | numbers if add else there - numbers
        pad = node.raw[: len(node.raw) - len(node.raw.lstrip(" "))]
        node.raw = f"{pad}{prefix} {_ranges(left)}"
        if not left:
            children[:] = [child for child in children if child is not node]
        return True

    def _insert(self, path: tuple[str, ...], line: str) -> None:
        children = self._children(path)
        if path:
            children.insert(
                self._place(children, line), Node(self.syntax.indent * len(path) + line)
            )
            return
        is_section = self.syntax.section_for(line, "") is not None
        node = Node(line if is_section else self.syntax.flat_indent + line)
        siblings = [i for i, item in enumerate(children) if _stem(item.key) == _stem(line)]
        if siblings:
            at = siblings[-1] + 1
            closed = at < len(children) and children[at].is_separator
            children[at:at] = [Node(self.syntax.separator), node] if closed else [node]
        else:
            if children and not children[-1].is_separator:
                children.append(Node(self.syntax.separator))
            children += [node, Node(self.syntax.separator)]

    def _place(self, children: list[Node], line: str) -> int:
        if any(_starts(line, word) for word in self.syntax.first):
            return 0
        at = len(children)
        if not any(_starts(line, word) for word in self.syntax.last):
            while at and any(_starts(children[at - 1].key, word) for word in self.syntax.last):
                at -= 1
        return at


def _numbers(text: str) -> set[int]:
    """The numbers of ``10 20 to 25``; empty where it is something else."""
    if not re.fullmatch(r"[\d to]*", text):
        return set()
    found = re.findall(r"(\d+)(?: to (\d+))?", text)
    return {n for first, last in found for n in range(int(first), int(last or first) + 1)}


def _ranges(numbers: set[int]) -> str:
    """Numbers as VRP and Comware print them: two that follow each other are a range, too."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
