"""What is to be sent to one device: worked out from what it has and what it is to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from weibao.adapters.network.change_words import Words
from weibao.adapters.network.trouble import Trouble
from weibao.domain.acceptance import judge, normalise
from weibao.domain.change_rules import ChangeRules
from weibao.domain.config_edit import Opening, commands, foretell, same_lines, unmet
from weibao.domain.config_tree import Node, any_of, outline, parse_tree, render
from weibao.domain.platform import Platform
from weibao.domain.texts import decode

__all__ = [
    "Plan",
    "equal",
    "plan_lines",
    "plan_target",
    "remedy",
    "same_in_any_order",
    "tree_of",
    "whole_lines",
]


@dataclass
class Plan:
    """For one device."""

    commands: tuple[str, ...] = field(default=(), repr=False)
    wanted: tuple[Node, ...] = field(default=(), repr=False)
    """The lines of a change as a tree; empty for a restore."""
    target: bytes | None = field(default=None, repr=False)
    """The whole text to have; None for a change of lines."""
    foretold: bytes | None = field(default=None, repr=False)
    """The whole text that the lines should bring; None where the device tells it better."""
    done: bool = False
    """It is so already."""


def plan_lines(
    lines: Sequence[str], before: bytes, platform: Platform, rules: ChangeRules, words: Words
) -> Plan:
    """Enter ``lines``.

    Raises:
        Trouble: ``change_no_lines``, ``change_line_forbidden``.
    """
    text = "\n".join(line.rstrip() for line in lines)
    wanted = parse_tree(text, rules, platform.configuration.separator)
    flat = list(_each(wanted))
    if not flat:
        raise Trouble("change_no_lines")
    for node in [*flat, *_marks(wanted)]:
        forbidden = any_of(rules.refused, node.line)
        if forbidden or (rules.accepts and not any_of(rules.accepts, node.line)):
            raise Trouble("change_line_forbidden", line=words.say(node.line))
    if rules.style == "statements":
        return Plan(commands=tuple(node.line for node in flat), wanted=tuple(wanted))
    tree = tree_of(before, platform, rules)
    secret = words.secret_places(wanted)
    foretold = foretell(tree, wanted, rules)
    blind = bool(secret) or any(any_of(rules.unshown, node.line) for node in flat)
    done = not blind and not unmet(tree, wanted, rules) and render(foretold) == render(tree)
    return Plan(
        commands=tuple(_entered(wanted, rules)),
        wanted=tuple(wanted),
        foretold=render(foretold).encode("utf-8"),
        done=done,
    )


def plan_target(target: bytes, before: bytes, platform: Platform, rules: ChangeRules) -> Plan:
    """Make the configuration ``target``.

    Raises:
        Trouble: ``change_target_incomplete``, where that is no complete configuration.
    """
    judgement = judge(target, platform)
    if not judgement.accepted or not judgement.restorable:
        why = judgement.reasons[0].code if judgement.reasons else "secrets_withheld"
        raise Trouble("change_target_incomplete", why=why)
    if equal(before, target, platform) or same_in_any_order(before, target, platform, rules):
        return Plan(target=target, foretold=target, done=True)
    sent = () if rules.replace is not None else remedy(before, target, platform, rules)
    return Plan(commands=tuple(sent), target=target, foretold=target)


def remedy(
    current: bytes, target: bytes, platform: Platform, rules: ChangeRules
) -> tuple[str, ...]:
    """The lines that lead from one text to the other."""
    one, other = tree_of(current, platform, rules), tree_of(target, platform, rules)
    return tuple(commands(one, other, rules))


def whole_lines(target: bytes, platform: Platform, rules: ChangeRules) -> tuple[str, ...]:
    """All lines of a text, with what leaves each section."""
    return tuple(commands((), tree_of(target, platform, rules), rules))


def tree_of(text: bytes, platform: Platform, rules: ChangeRules) -> list[Node]:
    """A configuration as a tree."""
    shown = decode(text, platform.encodings)
    return parse_tree(shown, rules, platform.configuration.separator)


def equal(one: bytes, other: bytes, platform: Platform) -> bool:
    """Whether two texts say the same, but for what changes by itself."""
    return normalise(one, platform) == normalise(other, platform)


def same_in_any_order(one: bytes, other: bytes, platform: Platform, rules: ChangeRules) -> bool:
    """Whether two texts hold the same lines in the same sections."""
    if rules.style == "statements":
        return False
    return same_lines(tree_of(one, platform, rules), tree_of(other, platform, rules), rules)


def _each(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in outline(nodes):
        yield node
        yield from _each(node.children)


def _marks(nodes: Sequence[Node]) -> Iterator[Node]:
    """Separators that say something to the device, such as the word that ends a text."""
    for node in nodes:
        if node.separator and node.line not in {"", "!", "#"}:
            yield node
        yield from _marks(node.children)


def _entered(nodes: Sequence[Node], rules: ChangeRules) -> Iterator[str]:
    for node in outline(nodes):
        inner = list(_entered(node.children, rules))
        if inner or any_of((*rules.lasting, *rules.opens), node.line):
            yield from (Opening(node.line), *inner, rules.up)
        else:
            yield node.line
