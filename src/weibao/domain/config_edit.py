"""Pure work on configurations of indented lines: what lines would do, whether they did it, and
which lines lead from one configuration to another.

The prediction knows what the platform's data says and no more; what a device really did is
read from it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from weibao.domain.base import Value
from weibao.domain.change_rules import ChangeRules
from weibao.domain.config_tree import Node, any_of, outline
from weibao.domain.item_lists import grown, parsed_list, reduced
from weibao.domain.patterns import compiled

__all__ = ["Opening", "Unmet", "commands", "foretell", "negated", "same_lines", "unmet"]

_WAYS = frozenset({"simple", "plain", "cipher", "irreversible-cipher", "hash", "sha512", "secret"})
"""Words before a secret that a device may replace when it hides it."""


class Opening(str):
    """A line that opens a section; a line that leaves it follows, with what is in it between."""

    __slots__ = ()


class Unmet(Value):
    """A line of a change that the configuration does not show."""

    path: tuple[str, ...]
    line: str

    @property
    def shown(self) -> str:
        """With its sections before it."""
        return " / ".join((*self.path, self.line))


# from lines to a configuration


def foretell(tree: Sequence[Node], wanted: Sequence[Node], rules: ChangeRules) -> list[Node]:
    """``tree`` as it should be once the lines ``wanted`` were entered."""
    copy = [node.copy() for node in tree]
    _apply(copy, wanted, rules, "")
    return copy


def _apply(nodes: list[Node], wanted: Sequence[Node], rules: ChangeRules, indent: str) -> None:
    for want in outline(wanted):
        positive = _positive(want.line, rules)
        if positive is not None:
            _take(nodes, positive, rules)
            continue
        place = _enter(nodes, want, rules, indent)
        if place is not None and want.children:
            _apply(place.children, want.children, rules, _deeper(nodes, place, indent))


def _deeper(nodes: Sequence[Node], place: Node, indent: str) -> str:
    if place.children:
        first = place.children[0].raw
        return first[: len(first) - len(first.lstrip(" "))]
    like = next((n.children[0].raw for n in nodes if n.children), "")
    step = like[: len(like) - len(like.lstrip(" "))]
    return step if len(step) > len(indent) else indent + " "


def _enter(nodes: list[Node], want: Node, rules: ChangeRules, indent: str) -> Node | None:
    """The node of a line that is there afterwards; None where it became part of another."""
    line = want.line
    for node in outline(nodes):
        if node.line == line:
            return node
    taken_back = {_word(rules, line)}
    nodes[:] = [n for n in nodes if n.separator or n.line not in taken_back]
    if any_of(rules.unshown, line) and not want.children:
        return None
    items = parsed_list(line, rules)
    key = _key(line, rules)
    for node in outline(nodes):
        other = parsed_list(node.line, rules)
        if items is not None and other is not None and items.head == other.head:
            node.raw = _pad(node.raw) + grown(other, items)
            return None
        if key and _key(node.line, rules) == key:
            node.raw = _pad(node.raw) + line
            return node
    made = Node(indent + line)
    at = len(nodes)
    while at and nodes[at - 1].separator:
        at -= 1
    nodes.insert(at, made)
    return made


def _take(nodes: list[Node], positive: str, rules: ChangeRules) -> None:
    for node in outline(nodes):
        if not _taken(node.line, positive, rules):
            continue
        left = _left(node.line, positive, rules)
        if left:
            node.raw = _pad(node.raw) + left
        else:
            nodes[:] = [n for n in nodes if n is not node]


def _taken(line: str, positive: str, rules: ChangeRules) -> bool:
    """Whether taking back ``positive`` concerns ``line``."""
    if line == positive or line.startswith(positive + " "):
        return True
    items, other = parsed_list(positive, rules), parsed_list(line, rules)
    if items is not None and other is not None:
        return items.head == other.head and bool(items.items & other.items)
    key = _key(positive, rules)
    return bool(key) and key == _key(line, rules)


def _left(line: str, positive: str, rules: ChangeRules) -> str:
    items, other = parsed_list(positive, rules), parsed_list(line, rules)
    if items is None or other is None or items.head != other.head:
        return ""
    return reduced(other, items)


def _pad(raw: str) -> str:
    return raw[: len(raw) - len(raw.lstrip(" \t"))]


# whether lines are in force


def unmet(
    tree: Sequence[Node],
    wanted: Sequence[Node],
    rules: ChangeRules,
    secret_from: dict[str, int] | None = None,
) -> list[Unmet]:
    """The lines of ``wanted`` that ``tree`` does not show to be in force.

    ``secret_from`` gives for a line with a secret where that begins: a device stores
    secrets in another form, so that only what stands before can be compared.
    """
    return list(_unmet(tree, wanted, rules, secret_from or {}, ()))


def _unmet(
    tree: Sequence[Node],
    wanted: Sequence[Node],
    rules: ChangeRules,
    secret_from: dict[str, int],
    path: tuple[str, ...],
) -> Iterator[Unmet]:
    there = outline(tree)
    lines = outline(wanted)
    for number, want in enumerate(lines):
        later = lines[number + 1 :]
        positive = _positive(want.line, rules)
        if positive is not None:
            anew = {node.line for node in later}
            left = [node for node in there if node.line not in anew]
            if any(_stands(node.line, positive, rules) for node in left):
                yield Unmet(path=path, line=want.line)
            continue
        if any(_undoes(node.line, want.line, rules) for node in later):
            continue
        found = next((n for n in there if _shows(n.line, want.line, rules, secret_from)), None)
        if found is not None:
            yield from _unmet(found.children, want.children, rules, secret_from, (*path, want.line))
        elif not _in_lists(there, want.line, rules) and not any_of(rules.unshown, want.line):
            yield Unmet(path=path, line=want.line)
        elif want.children:
            yield from _unmet((), want.children, rules, secret_from, (*path, want.line))


def _stands(line: str, positive: str, rules: ChangeRules) -> bool:
    """Whether ``line`` is what was to be taken back by naming ``positive``."""
    if line == positive or line.startswith(positive + " "):
        return True
    items, other = parsed_list(positive, rules), parsed_list(line, rules)
    same = items is not None and other is not None and items.head == other.head
    return same and items is not None and other is not None and bool(items.items & other.items)


def _undoes(later: str, line: str, rules: ChangeRules) -> bool:
    """Whether a later line of the same change takes ``line`` back or replaces it."""
    positive = _positive(later, rules)
    if positive is not None:
        return line == positive or line.startswith(positive + " ")
    key = _key(line, rules)
    return bool(key) and key == _key(later, rules) and line != later


def _shows(line: str, wanted: str, rules: ChangeRules, secret_from: dict[str, int]) -> bool:
    if line == wanted:
        return True
    if wanted not in secret_from:
        return False
    words = wanted[: secret_from[wanted]].split()
    while words and (words[-1] in _WAYS or words[-1].isdigit()) and len(words) > 1:
        words.pop()
    return line.split()[: len(words)] == words


def _in_lists(there: Sequence[Node], wanted: str, rules: ChangeRules) -> bool:
    """Whether all numbers of a list's line stand in the lines of that list."""
    items = parsed_list(wanted, rules)
    if items is None:
        return False
    others = (parsed_list(node.line, rules) for node in there)
    shown = {i for o in others if o is not None and o.head == items.head for i in o.items}
    return bool(shown) and items.items <= shown


# from one configuration to another


def commands(current: Sequence[Node], target: Sequence[Node], rules: ChangeRules) -> list[str]:
    """The lines, in order, that make ``current`` what ``target`` is.

    What is too much is taken back first, from the end; then what lacks is entered in the
    order of ``target``.
    """
    return list(_commands(outline(current), outline(target), rules))


def _commands(current: Sequence[Node], target: Sequence[Node], rules: ChangeRules) -> Iterator[str]:
    wanted = {node.line for node in target}
    there = {node.line: node for node in current}
    kept = {key for line in wanted if (key := _key(line, rules))}
    for node in reversed(current):
        if node.line in wanted or any_of(rules.fixed, node.line):
            continue
        if any_of(rules.lasting, node.line) and parsed_list(node.line, rules) is None:
            inner = list(_commands(node.sections(), (), rules))
            if inner:
                yield from (Opening(node.line), *inner, rules.up)
        elif _key(node.line, rules) not in kept:
            yield from _taking_back(node.line, target, rules)
    for node in target:
        if any_of(rules.fixed, node.line):
            continue
        if node.line not in there:
            yield from _entering(node, current, rules)
            continue
        before, after = there[node.line].sections(), node.sections()
        inner = list(_commands(before, after, rules))
        if not inner and not (any_of(rules.ordered, node.line) and _other_order(before, after)):
            continue
        if any_of(rules.ordered, node.line):
            if word := negated(node.line, rules):
                yield word
            yield from _whole(node, rules)
        else:
            yield from (Opening(node.line), *inner, rules.up)


def _other_order(before: Sequence[Node], after: Sequence[Node]) -> bool:
    return [node.line for node in before] != [node.line for node in after]


def _taking_back(line: str, target: Sequence[Node], rules: ChangeRules) -> Iterator[str]:
    items = parsed_list(line, rules)
    if items is not None:
        others = (parsed_list(node.line, rules) for node in target)
        same = [o.items for o in others if o is not None and o.head == items.head]
        extra = items.items - frozenset().union(*same)
        if same and not extra:
            return
        line = items.with_items(extra if same else items.items)
        if word := items.removal(line, rules):
            yield word
            return
    word = negated(line, rules)
    if word:
        yield word


def _entering(node: Node, current: Sequence[Node], rules: ChangeRules) -> Iterator[str]:
    items = parsed_list(node.line, rules)
    if items is None:
        yield from _whole(node, rules)
        return
    others = (parsed_list(other.line, rules) for other in current)
    same = [o.items for o in others if o is not None and o.head == items.head]
    lacking = items.items - frozenset().union(*same)
    if lacking:
        yield items.with_items(lacking)


def _whole(node: Node, rules: ChangeRules) -> Iterator[str]:
    inner = [child for child in node.sections() if not any_of(rules.fixed, child.line)]
    if not inner and not any_of((*rules.lasting, *rules.opens), node.line):
        yield node.line
        return
    yield Opening(node.line)
    for child in inner:
        yield from _whole(child, rules)
    yield rules.up


def negated(line: str, rules: ChangeRules) -> str:
    """What takes ``line`` back; empty where nothing does."""
    first = line.split("\n")[0]
    for rule in rules.negations:
        found = compiled(rule.match).search(first)
        if found is not None:
            groups = {name: text or "" for name, text in found.groupdict().items()}
            return rule.send.format(**groups).strip()
    positive = _positive(first, rules)
    return positive if positive is not None else _word(rules, first)


def same_lines(one: Sequence[Node], other: Sequence[Node], rules: ChangeRules) -> bool:
    """Whether two configurations hold the same lines, their order aside where it says nothing."""
    return not commands(one, other, rules) and not commands(other, one, rules)


def _positive(line: str, rules: ChangeRules) -> str | None:
    word = f"{rules.negate} "
    return line[len(word) :].strip() if line.startswith(word) else None


def _word(rules: ChangeRules, line: str) -> str:
    return f"{rules.negate} {line}"


def _key(line: str, rules: ChangeRules) -> str:
    """What a line that overwrites another has in common with it."""
    for pattern in rules.overwrites:
        found = compiled(pattern).search(line)
        if found:
            return re.sub(r"\s+", " ", found[0]).strip()
    return ""
