"""The one exception tree.

    WeibaoError
    ├── InputError        wrong input: a file, an option, an inventory        exit 2
    │   └── InputErrors     several at once, each with its place
    ├── RefusedError      allowed to nobody, or not now (locks, leave)        exit 3
    ├── UncheckedError    could not be checked (a key or a part is missing)   exit 4
    └── FailedError       it ran, and something failed                        exit 1
        └── IntegrityError  records do not fit together

An error carries a message key and its parameters (see ``i18n``), so that it can be
said in the user's language; ``str()`` is the English text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from weibao.i18n import Language, translate

__all__ = [
    "FailedError",
    "InputError",
    "InputErrors",
    "IntegrityError",
    "RefusedError",
    "UncheckedError",
    "WeibaoError",
]


class WeibaoError(Exception):
    """Something that Weibao can explain to its user."""

    exit_code: ClassVar[int] = 1

    def __init__(self, key: str, /, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params

    def say(self, language: Language) -> str:
        """The message in ``language``."""
        return translate(self.key, language, **self.params)

    def __str__(self) -> str:
        return self.say("en")


class FailedError(WeibaoError):
    """It ran, and something failed."""

    exit_code: ClassVar[int] = 1


class IntegrityError(FailedError):
    """Stored records or evidence do not fit together."""


class InputError(WeibaoError):
    """Wrong input; the message names the file, the line or the device, and what to do."""

    exit_code: ClassVar[int] = 2


class InputErrors(InputError):
    """Several wrong inputs at once, said one a line, each with its place before it."""

    def __init__(self, problems: Iterable[tuple[str, str, Mapping[str, object]]]) -> None:
        """``problems``: place (``file:line``, may be empty), message key and its parameters."""
        self.problems = tuple(problems)
        _, key, params = self.problems[0]
        super().__init__(key, **params)

    def say(self, language: Language) -> str:
        """All messages in ``language``."""
        return "\n".join(
            f"{place}: {text}" if place else text
            for place, text in (
                (place, translate(key, language, **params)) for place, key, params in self.problems
            )
        )


class RefusedError(WeibaoError):
    """Refused: by a rule, a missing approval, or because something else is running."""

    exit_code: ClassVar[int] = 3


class UncheckedError(WeibaoError):
    """It could not be checked, which is never the same as good."""

    exit_code: ClassVar[int] = 4
