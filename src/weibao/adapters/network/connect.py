"""Opening the line to a device: by Telnet, by libssh, or by netmiko where that is not enough.

libssh costs a fifth of paramiko's CPU time for a session, and at fleet size that is what a
night costs. It is given what is plain: a password, modern algorithms, a host key on record, no
jump host. All else is netmiko's, and so is a device with which libssh did not come as far
as sending the password: its reason is then netmiko's to find.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

from weibao.adapters.network import libssh_line
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.tcp import open_socket
from weibao.adapters.network.wire import TelnetWire, Wire
from weibao.boundary.host_keys import HostKey

__all__ = ["open_wire", "open_without_libssh"]

_LEAST = 3.0
"""Seconds that netmiko has in any case to find the reason."""


def open_wire(
    endpoint: Endpoint, limits: Limits, known: Collection[HostKey], *, check_host_key: bool
) -> Wire:
    """Connect and authenticate (SSH), or connect (Telnet; login is the session's affair).

    ``known`` are the host keys on record for the device.

    Raises:
        Trouble: with the reason.
    """
    if endpoint.protocol == "telnet":
        return TelnetWire(open_socket(endpoint, limits))
    check = check_host_key and endpoint.check_host_key
    began = time.monotonic()
    if libssh_line.suits(endpoint, known, check=check):
        wire = libssh_line.open_libssh(endpoint, limits, known if check else ())
        if wire is not None:
            return wire
    spent = time.monotonic() - began
    left = replace(limits, connect=max(limits.connect - spent, min(limits.connect, _LEAST)))
    return open_without_libssh(endpoint, left, known, check_host_key=check)


def open_without_libssh(
    endpoint: Endpoint, limits: Limits, known: Collection[HostKey], *, check_host_key: bool
) -> Wire:
    """The same, by netmiko in any case of SSH."""
    if endpoint.protocol == "telnet":
        return TelnetWire(open_socket(endpoint, limits))
    # A night without it need not load paramiko in every process.
    from weibao.adapters.network.netmiko_line import open_netmiko

    check = check_host_key and endpoint.check_host_key
    return open_netmiko(endpoint, limits, known, check=check)
