"""A configuration of indented lines as a tree of sections.

Separators are kept, so that a tree prints again as the text that it was read from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from weibao.domain.change_rules import ChangeRules
from weibao.domain.patterns import compiled

__all__ = ["Node", "any_of", "outline", "parse_lines", "parse_tree", "render"]


@dataclass
class Node:
    """One line (a block of several lines is one) and the lines below it."""

    raw: str
    """As it stands in the text, with its indentation; lines of a block joined by line ends."""
    children: list[Node] = field(default_factory=list)
    separator: bool = False
    """It only separates, and says nothing."""

    @property
    def line(self) -> str:
        """The command."""
        return self.raw.strip(" \t\r")

    def sections(self) -> list[Node]:
        """What it holds, without separators."""
        return outline(self.children)

    def copy(self) -> Node:
        """A copy that shares nothing."""
        return Node(self.raw, [child.copy() for child in self.children], self.separator)


def any_of(patterns: Sequence[str], line: str) -> bool:
    """Whether one of ``patterns`` is found in ``line``; of a block, in its first line."""
    first = line.partition("\n")[0]
    return any(compiled(pattern).search(first) for pattern in patterns)


def outline(nodes: Sequence[Node]) -> list[Node]:
    """``nodes`` without those that only separate."""
    return [node for node in nodes if not node.separator]


def parse_tree(text: str, rules: ChangeRules, separator: str) -> list[Node]:
    """``text`` as a tree; ``separator`` matches a line that only separates."""
    alone = compiled(rf"[ \t]*(?:{separator})[ \t]*")
    top: list[Node] = []
    stack: list[tuple[int, list[Node]]] = [(-1, top)]
    for line in parse_lines(text.strip("\n").split("\n"), rules):
        indent = len(line) - len(line.lstrip(" \t"))
        if alone.fullmatch(line):
            # Comware indents its single commands: only what no separator divides belongs together.
            if indent == 0:
                stack = stack[:1]
            stack[-1][1].append(Node(line, separator=True))
            continue
        while indent <= stack[-1][0]:
            stack.pop()
        node = Node(line)
        stack[-1][1].append(node)
        stack.append((indent, node.children))
    return top


def render(nodes: Sequence[Node]) -> str:
    """The text of a tree, each line ended."""
    return "".join(f"{line}\n" for node in nodes for line in _lines(node))


def _lines(node: Node) -> Iterator[str]:
    yield node.raw
    for child in node.children:
        yield from _lines(child)


def parse_lines(lines: Sequence[str], rules: ChangeRules) -> Iterator[str]:
    """``lines`` with those of a block (a banner, a certificate) joined to one."""
    pending: list[str] = []
    mark, whole_line = "", False
    for line in lines:
        if pending:
            pending.append(line)
            if (line.strip() == mark) if whole_line else (mark in line):
                yield "\n".join(pending)
                pending = []
            continue
        begun = _block(line, rules)
        if begun is None:
            yield line
        else:
            mark, whole_line = begun
            pending = [line]
    if pending:
        yield "\n".join(pending)


def _block(line: str, rules: ChangeRules) -> tuple[str, bool] | None:
    """The text that ends the block that ``line`` begins, and whether it stands alone."""
    for block in rules.blocks:
        found = compiled(block.begins).search(line.strip())
        if found is None:
            continue
        if block.ends:
            return block.ends, True
        mark = found["mark"]
        # A text on one line is no block.
        if mark not in line.strip()[found.end("mark") :]:
            return mark, False
    return None
