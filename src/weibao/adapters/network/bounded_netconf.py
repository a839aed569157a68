"""Answers over NETCONF that come to an end, whatever the device sends."""

from __future__ import annotations

import weakref
from typing import Any

from weibao.adapters.network.bounded_http import EndlessAnswer
from weibao.adapters.network.session import MOST_BYTES

__all__ = ["bound_sessions"]

_received: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
"""Session → bytes since the last question."""


def bound_sessions() -> None:
    """From now on, for this process: no session gathers more than one answer may have.

    The library keeps an answer in memory until its end mark comes, and has no limit of its own.
    """
    from ncclient.transport.ssh import SSHSession

    if getattr(SSHSession, "weibao_bounded", False):
        return
    read, send = SSHSession._transport_read, SSHSession.send

    def bounded_read(session: Any) -> Any:
        data = read(session)
        _received[session] = count = _received.get(session, 0) + len(data)
        if count > MOST_BYTES:
            raise EndlessAnswer
        return data

    def counted_send(session: Any, message: Any) -> Any:
        _received[session] = 0
        return send(session, message)

    SSHSession._transport_read = bounded_read
    SSHSession.send = counted_send
    SSHSession.weibao_bounded = True
