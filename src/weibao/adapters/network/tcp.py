"""The TCP connection to a device, and why there is none."""

from __future__ import annotations

import errno
import socket

from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.jump import open_jump
from weibao.adapters.network.trouble import Trouble

__all__ = ["open_socket", "tcp_trouble"]


def open_socket(endpoint: Endpoint, limits: Limits) -> socket.socket:
    """A TCP connection to the device, through its jump host where it has one.

    Raises:
        Trouble: with the reason.
    """
    if endpoint.jump:
        return open_jump(endpoint.jump, endpoint.address, endpoint.port, limits.connect)
    try:
        return socket.create_connection((endpoint.address, endpoint.port), limits.connect)
    except OSError as error:
        raise tcp_trouble(error, endpoint, limits) from error


def tcp_trouble(error: OSError, endpoint: Endpoint, limits: Limits) -> Trouble:
    """Why a connection was not made."""
    where = {"address": endpoint.address, "port": endpoint.port}
    if isinstance(error, socket.gaierror):
        return Trouble("name_unknown", address=endpoint.address)
    if isinstance(error, TimeoutError):
        return Trouble("no_answer", **where, seconds=f"{limits.connect:g}")
    if isinstance(error, ConnectionRefusedError):
        return Trouble("connection_refused", **where)
    if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        return Trouble("no_route", **where)
    if isinstance(error, ConnectionError):
        return Trouble("dropped_at_login", **where)
    return Trouble("connection_failed", **where, detail=error.strerror or str(error))
