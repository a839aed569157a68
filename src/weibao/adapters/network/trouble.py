"""What can go wrong on the way to a device, as reasons, and what may pass."""

from __future__ import annotations

from weibao.domain.reasons import Reason

__all__ = ["PASSING", "Trouble"]

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
        "snmp_silent",
        "api_refused",
    }
)
"""Codes whose fault may pass, so that another attempt is worth it."""


class Trouble(Exception):
    """A device could not be read; private to the sessions, becomes a result's reason."""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code)
        self.reason = Reason.of(code, **params)
        self.final = False
        """Not to be tried again, whatever the code: a password may have been refused."""

    @property
    def may_pass(self) -> bool:
        """Whether another attempt is worth it."""
        return self.reason.code in PASSING and not self.final
