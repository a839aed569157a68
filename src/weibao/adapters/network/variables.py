"""Values of an inventory's variables that cannot be used."""

from __future__ import annotations

__all__ = ["WrongVariable", "port_number"]


class WrongVariable(Exception):
    """A variable cannot be used; becomes the reason of its device."""

    def __init__(self, variable: str, detail: str) -> None:
        super().__init__(variable)
        self.variable, self.detail = variable, detail


def port_number(variable: str, text: str) -> int:
    """A port of TCP or UDP.

    Raises:
        WrongVariable: it is none.
    """
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise WrongVariable(variable, text)
    return int(text)
