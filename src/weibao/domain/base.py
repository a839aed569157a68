"""What every value of the domain shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

__all__ = ["Moment", "Name", "Sha256", "Value", "titled"]


class Value(BaseModel):
    """A frozen value that accepts nothing it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


_HEX = re.compile("[0-9a-f]{64}")
_NO_NAME = re.compile(r"[/\\\0\n\r]")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its time zone")
    return moment


def _sha256(text: str) -> str:
    if _HEX.fullmatch(text) is None:
        raise ValueError("not a sha256 in lower-case hex")
    return text


def _name(text: str) -> str:
    if not text or text in {".", ".."} or _NO_NAME.search(text) is not None:
        raise ValueError("a name that can be a file's name: no slash, no line end, not empty")
    return text


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A point in time with its zone."""

Sha256 = Annotated[str, AfterValidator(_sha256)]
"""A sha256 as 64 lower-case hex digits."""

Name = Annotated[str, AfterValidator(_name)]
"""A name that is safe as a file's name (devices, contracts)."""


def titled(what: str, name: str, title: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a sentence about something that users named: its id and its titles.

    >>> titled("step", "apply", {"zh": "实施", "en": "Apply"})
    {'step': 'apply', 'step_zh': '实施', 'step_en': 'Apply'}
    """
    return {what: name, **{f"{what}_{language}": text for language, text in title.items()}}
