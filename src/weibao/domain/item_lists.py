"""Lines that hold a set of numbers, such as the VLANs of a trunk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from weibao.domain.base import Value
from weibao.domain.change_rules import ChangeRules, ListLine
from weibao.domain.patterns import compiled

__all__ = ["ItemList", "grown", "parsed_list", "reduced"]

_LARGEST = 5000
"""A range of more numbers than VLANs exist is no list of theirs."""


class ItemList(Value):
    """A line's head and the numbers behind it."""

    head: str
    items: frozenset[int]
    rule: ListLine

    def with_items(self, items: Iterable[int]) -> str:
        """The line with other numbers."""
        return f"{self.head} {_written(items, self.rule)}"

    def removal(self, line: str, rules: ChangeRules) -> str:
        """What takes the numbers of ``line`` away."""
        found = compiled(self.rule.match).search(line)
        if found is None:
            return ""
        if self.rule.remove:
            return self.rule.remove.format(head=found["head"], items=found["items"])
        return f"{rules.negate} {found['head']} {found['items']}"


def parsed_list(line: str, rules: ChangeRules) -> ItemList | None:
    """The numbers of ``line``, where it is a list."""
    for rule in rules.lists:
        found = compiled(rule.match).fullmatch(line)
        if found is None:
            continue
        items = frozenset(_numbers(found["items"]))
        if items:
            return ItemList(head=found["head"], items=items, rule=rule)
    return None


def grown(there: ItemList, more: ItemList) -> str:
    """The line ``there`` with the numbers of ``more`` added."""
    return there.with_items(there.items | more.items)


def reduced(there: ItemList, less: ItemList) -> str:
    """The line ``there`` without the numbers of ``less``; empty where none is left."""
    left = there.items - less.items
    return there.with_items(left) if left else ""


def _numbers(text: str) -> Iterator[int]:
    for found in re.finditer(r"(\d+)(?:\s*(?:to|-)\s*(\d+))?", text):
        first, last = int(found[1]), int(found[2] or found[1])
        yield from range(first, min(last, first + _LARGEST) + 1)


def _written(items: Iterable[int], rule: ListLine) -> str:
    runs: list[list[int]] = []
    for number in sorted(items):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if rule.ranges == "dash":
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return " ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
