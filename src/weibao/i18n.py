"""Messages for users in Simplified Chinese and English, kept as data.

Every text that a user reads is an entry of ``messages/*.yml``: a key with ``zh`` and
``en``, and ``{name}`` places for parameters. Code carries the key and the parameters
and turns them into words at the edge, where the language is known.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Literal, get_args

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


def translate(key: str, language: Language, /, **params: object) -> str:
    """The text for ``key``; an unknown key comes back as itself with its parameters."""
    texts = messages().get(key)
    if texts is None:
        return f"{key} {params}" if params else key
    try:
        return texts[language].format(**params)
    except (KeyError, IndexError):
        return f"{texts[language]} {params}"


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
