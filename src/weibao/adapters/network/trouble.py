"""What can go wrong on the way to a device, as reasons, and what may pass."""

from __future__ import annotations

from weibao.domain.reasons import Reason

__all__ = ["PASSING", "Trouble", "scrub"]

PASSING = frozenset(
    {
        "connection_refused",
        "no_answer",
        "no_route",
        "dropped",
        "dropped_at_login",
        "silent",
        "login_hangs",
        "lines_busy",
        "no_ssh",
        "jump_failed",
    }
)
"""Codes whose fault may pass, so that another attempt is worth it."""


class Trouble(Exception):
    """A device could not be read; private to the sessions, becomes a result's reason."""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code)
        self.reason = Reason.of(code, **params)

    @property
    def may_pass(self) -> bool:
        """Whether another attempt is worth it."""
        return self.reason.code in PASSING


def scrub(text: str, secrets: tuple[str, ...], limit: int = 200) -> str:
    """One line of ``text`` that may be shown: no secret, no control character, not long."""
    for secret in secrets:
        text = text.replace(secret, "********")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
