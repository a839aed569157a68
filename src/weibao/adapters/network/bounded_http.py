"""Answers over HTTP that come to an end, whatever library asks for them."""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from weibao.adapters.network.session import MOST_BYTES

__all__ = ["EndlessAnswer", "bound_answers"]


class EndlessAnswer(OSError):
    """More came than any answer has."""


class _Counted(io.RawIOBase):
    """What a socket brings, up to a limit."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._left = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._line.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise EndlessAnswer
        return count

    def close(self) -> None:
        self._line.close()
        super().close()


class _Bounded(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *rest: Any, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        self.fp = io.BufferedReader(_Counted(self.fp.detach()))


def bound_answers() -> None:
    """From now on, for this process: an API that never ends must not eat the memory of all.

    The place is meant for it; the libraries offer none of their own.
    """
    http.client.HTTPConnection.response_class = _Bounded
