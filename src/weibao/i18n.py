"""Messages for users in Simplified Chinese and English, kept as data.

Every text that a user reads is an entry of ``messages/*.yml``: a key with ``zh`` and
``en``, and ``{name}`` places for parameters. Code carries the key and the parameters
and turns them into words at the edge, where the language is known.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from string import Formatter
from typing import Any, Literal, get_args

import yaml

__all__ = ["LANGUAGES", "Language", "default_language", "explain", "messages", "translate"]

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_ENTRY = re.compile(r"^(?=[^\s#])", re.MULTILINE)
"""Where a key begins: in the first column."""


class _Messages(Mapping[str, Mapping[str, str]]):
    """The texts, each understood when it is first asked for: a command needs few of them."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}
        self._known: dict[str, Mapping[str, str]] = {}
        for entry in sorted(resources.files("weibao").joinpath("messages").iterdir(), key=str):
            if entry.name.endswith(".yml"):
                self._add(entry.name, entry.read_text(encoding="utf-8"))

    def _add(self, name: str, text: str) -> None:
        for source in _ENTRY.split(text):
            key, colon, _ = source.partition(":")
            if not colon or source.startswith("#"):
                continue
            if key in self._sources:
                raise KeyError(f"message {key!r} is defined twice (again in {name})")
            self._sources[key] = source

    def __getitem__(self, key: str) -> Mapping[str, str]:
        known = self._known.get(key)
        if known is None:
            content = yaml.load(self._sources[key], Loader=_Loader)  # noqa: S506 - a safe one
            known = self._known[key] = content[key]
        return known

    def __contains__(self, key: object) -> bool:
        return key in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


@functools.cache
def messages() -> Mapping[str, Mapping[str, str]]:
    """All texts by key, from the package's ``messages/*.yml``."""
    return _Messages()


_MARKS = (":@", "_zh}", "_en}")
"""What only ``_Filled`` understands."""


class _Filled(Formatter):
    """Fills a text's places.

    ``{state:@change.state}`` is a code of the program's own, shown by its word: the entry
    ``change.state.<code>``, each of several that commas part. ``{action:@change.action+}`` has
    the code behind it too, for whoever is to type it. ``{step_zh}`` is the title that something
    named by users has in Chinese, or ``{step}``, where it came without.
    """

    def __init__(self, language: Language) -> None:
        self._language: Language = language

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if key not in kwargs and isinstance(key, str) and key.endswith(("_zh", "_en")):
            key = key[:-3]
        return super().get_value(key, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec.startswith("@"):
            return str(super().format_field(value, format_spec))
        vocabulary, more, _ = format_spec[1:].partition("+")
        words = (self._word(code.strip(), vocabulary, more) for code in str(value).split(","))
        return ("、" if self._language == "zh" else ", ").join(words)

    def _word(self, code: str, vocabulary: str, more: str) -> str:
        known = messages()
        texts = known.get(f"{vocabulary}.{code}") or known.get(
            f"{vocabulary}.{code.replace('-', '_')}"  # as a command has it
        )
        if texts is None:
            return code
        typed = more and code != "-"
        return f"{texts[self._language]}（{code}）" if typed else texts[self._language]


def translate(key: str, language: Language, /, **params: object) -> str:
    """The text for ``key``; an unknown key comes back as itself with its parameters."""
    texts = messages().get(key)
    if texts is None:
        return f"{key} {params}" if params else key
    text = texts[language]
    try:
        if any(mark in text for mark in _MARKS):
            return _Filled(language).vformat(text, (), params)
        return text.format(**params)  # ten times as quick, and reports say thousands
    except (KeyError, IndexError):
        return f"{text} {params}"


def explain(code: str, params: Mapping[str, object], language: Language) -> str:
    """A reason in words: the entry ``reason.<code>``, or ``<code>`` for an error's own key."""
    key = f"reason.{code}"
    return translate(key if key in messages() else code, language, **params)


def default_language() -> Language:
    """Before an estate says otherwise: ``WEIBAO_LANGUAGE``, else the locale."""
    chosen = os.environ.get("WEIBAO_LANGUAGE", "")
    if chosen in LANGUAGES:
        return "zh" if chosen == "zh" else "en"
    locale = next(
        (os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), ""
    )
    return "zh" if locale.lower().startswith("zh") else "en"
