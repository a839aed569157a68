"""The test cases as data files: dropping one in needs no new test code.

A file ``cases/<platform>/<name>.yml`` holds either ``texts`` (each with the ``codes``
that it is refused with) or one complete configuration with what may be done to it.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from weibao.adapters.platform_files import load_platforms
from weibao.domain.platform import Platform

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One recording of our own."""

    platform_id: str
    name: str
    content: dict[str, Any] = field(repr=False)

    @property
    def platform(self) -> Platform:
        return catalogue()[self.platform_id]

    @property
    def text(self) -> str:
        return str(self.content["text"])

    def bytes(self, text: str | None = None) -> bytes:
        return (self.text if text is None else text).encode(self.content.get("encoding", "utf-8"))

    def replaced(self, change: dict[str, Any]) -> str:
        assert change["replace"] in self.text, f"{self}: {change['replace']!r} is not in the text"
        return self.text.replace(change["replace"], change["by"], 1)

    def __str__(self) -> str:
        return f"{self.platform_id}/{self.name}"


@functools.cache
def catalogue():
    return load_platforms()


@functools.cache
def cases() -> tuple[Case, ...]:
    return tuple(
        Case(path.parent.name, path.stem, yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(CASES.glob("*/*.yml"))
        if not path.name.endswith(".session.yml")  # see test_session_cases
    )


def whole() -> list[Case]:
    """The cases with a complete configuration."""
    return [case for case in cases() if "text" in case.content]


def parts(key: str) -> list[Any]:
    """(case, one entry of its list ``key``), as parameters with a readable id."""
    import pytest

    return [
        pytest.param(case, entry, id=f"{case}-{number}")
        for case in cases()
        for number, entry in enumerate(case.content.get(key) or ())
    ]


def tag(secret: str) -> str:
    """What a caller's HMAC does."""
    return hashlib.sha256(b"key of the test" + secret.encode()).hexdigest()[:8]
