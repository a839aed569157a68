"""Resolving a typed line to a known command, word by word, by unique prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["GrammarError", "Match", "expand", "resolve", "split_pipes", "words_of"]

_WORD = re.compile(r'"[^"]*"|\S+')


class GrammarError(Exception):
    """A line matches no command, or more than one."""

    def __init__(self, kind: str, position: int, word: str) -> None:
        super().__init__(kind)
        self.kind = kind  # unknown, ambiguous or incomplete
        self.position = position
        self.word = word


@dataclass(frozen=True)
class Match:
    """A resolved command: its pattern, the free words, and the full spelling."""

    pattern: str
    args: tuple[str, ...]
    canonical: str


def words_of(line: str) -> list[tuple[int, str]]:
    """The words of a line with their columns; a quoted text is one word."""
    return [(found.start(), found.group()) for found in _WORD.finditer(line)]


def split_pipes(line: str) -> list[str]:
    """``show x | include y`` as its parts; quotes protect a pipe."""
    return [part.strip() for part in re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', line)]


def _part(parts: list[str], index: int) -> str | None:
    if index < len(parts):
        return parts[index]
    return "..." if parts[-1] == "..." else None


def _is_free(part: str) -> bool:
    return part == "..." or part.startswith("<")


def _narrow(candidates: list[list[str]], index: int, position: int, word: str) -> list[list[str]]:
    lowered = word.lower()
    literal: dict[str, list[list[str]]] = {}
    free: list[list[str]] = []
    for parts in candidates:
        part = _part(parts, index)
        if part is None:
            continue
        if _is_free(part):
            free.append(parts)
        elif part.lower().startswith(lowered):
            literal.setdefault(part.lower(), []).append(parts)
    if lowered in literal:
        return literal[lowered]
    if len(literal) > 1:
        raise GrammarError("ambiguous", position, word)
    if literal:
        return next(iter(literal.values()))
    if not free:
        raise GrammarError("unknown", position, word)
    return free


def resolve(line: str, patterns: Iterable[str]) -> Match:
    """The one pattern a line abbreviates; raises GrammarError.

    In a pattern ``<x>`` stands for any word and ``...`` for any rest.
    """
    candidates = [pattern.split() for pattern in patterns]
    typed = words_of(line)
    for index, (position, word) in enumerate(typed):
        candidates = _narrow(candidates, index, position, word)
    complete = [
        parts
        for parts in candidates
        if len(parts) == len(typed) or (parts[-1] == "..." and len(typed) >= len(parts) - 1)
    ]
    if not complete:
        raise GrammarError("incomplete", len(line), "")
    parts = min(complete, key=lambda item: (item[-1] == "...", len(item)))
    spelled: list[str] = []
    args: list[str] = []
    for index, (_, word) in enumerate(typed):
        part = _part(parts, index) or word
        if _is_free(part):
            args.append(word)
            spelled.append(word)
        else:
            spelled.append(part)
    return Match(" ".join(parts), tuple(args), " ".join(spelled))


def expand(line: str, phrases: Iterable[str]) -> str:
    """Spell out the leading words of a configuration line as far as phrases know them."""
    typed = words_of(line)
    candidates = [phrase.split() for phrase in phrases]
    spelled: list[str] = []
    end = 0
    for index, (position, word) in enumerate(typed):
        open_ones = [parts for parts in candidates if index < len(parts)]
        if not open_ones:
            break
        try:
            candidates = _narrow(open_ones, index, position, word)
        except GrammarError:
            if index == 0:
                raise
            # A free word where phrases go on: keep what was typed.
            break
        part = candidates[0][index]
        spelled.append(word if _is_free(part) else part)
        end = position + len(word)
    return (" ".join(spelled) + line[end:]).strip()
