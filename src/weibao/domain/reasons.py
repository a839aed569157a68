"""Why something is as it is: a code with parameters, said in words by the edge.

A reason is data, so that it can be counted, stored and shown in both languages. The
words are entries ``reason.<code>`` of the message catalogue.
"""

from __future__ import annotations

from weibao.domain.base import Value

__all__ = ["Reason"]


class Reason(Value):
    """A code such as ``auth_failed`` and what fills the places of its sentence."""

    code: str
    params: dict[str, str] = {}

    @classmethod
    def of(cls, code: str, /, **params: object) -> Reason:
        """A reason whose parameters are given as anything that prints.

        Half of a surrogate pair, as in a file's name that is no UTF-8, is written as its escape:
        no JSON and no record holds it.
        """
        return cls(code=code, params={k: _sound(str(v)) for k, v in params.items()})

    @property
    def key(self) -> str:
        """The key of its words in the message catalogue."""
        return f"reason.{self.code}"


def _sound(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
