"""Walking the columns of an SNMP agent's tables; nothing is ever set."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from weibao.adapters.network.job import Endpoint, Limits, SnmpLogin
from weibao.adapters.network.patient import Patience
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub

if TYPE_CHECKING:
    from gufo.snmp import User
    from gufo.snmp.sync import SnmpSession

__all__ = ["Agent", "Value", "open_agent", "words"]

Value = str | bytes | int | float | None

_T = TypeVar("_T")
_TRIES = 3
"""Datagrams get lost: how often the same is asked."""
_PATIENCE = 5.0
"""Seconds at most for one answer."""
_REPETITIONS = 30
"""Values in one answer; some 40 bytes each have to fit into a datagram."""
_MOST = 20_000
"""Rows of one column; an agent that goes round in circles has no end."""


def words(value: Value, *, mac: bool = False) -> str:
    """A text as people read it; octets that are none, and addresses of cards, in hex."""
    if not isinstance(value, bytes):
        return "" if value is None else str(value)
    stripped = value.rstrip(b"\0")
    for encoding in () if mac else ("utf-8", "gb18030"):
        try:
            return stripped.decode(encoding)
        except UnicodeDecodeError:
            continue
    return (value if mac else stripped).hex(":")


class Agent:
    """An agent that answers."""

    def __init__(
        self,
        session: SnmpSession,
        deadline: float,
        stop: Callable[[], bool],
        silent: Trouble,
    ) -> None:
        """``deadline`` is a moment of the monotonic clock; ``silent`` what silence means."""
        self._session = session
        self._deadline = deadline
        self._stop = stop
        self._silent = silent

    def get(self, oid: str) -> Value:
        """One value; None where the agent has none."""
        from gufo.snmp import NoSuchInstance

        def ask() -> Value:
            try:
                return self._session.get(oid)
            except NoSuchInstance:
                return None

        return self._patiently(ask)

    def column(self, oid: str) -> dict[str, Value]:
        """Index → value of one column of a table; empty where the agent has none."""

        def ask() -> dict[str, Value]:
            found: dict[str, Value] = {}
            for name, value in self._session.fetch(oid):
                self._check_time()
                found[name.removeprefix(f"{oid}.")] = value
                if len(found) > _MOST:
                    raise Trouble("snmp_error", detail=f"{oid}: more than {_MOST} rows")
            return found

        return self._patiently(ask)

    def _patiently(self, ask: Callable[[], _T]) -> _T:
        for _ in range(_TRIES):
            self._check_time()
            try:
                return ask()
            except (TimeoutError, BlockingIOError):
                continue
        raise self._silent

    def _check_time(self) -> None:
        """Between any two values: an agent may answer slowly, and for ever."""
        if time.monotonic() > self._deadline:
            raise Trouble("time_limit")
        if self._stop():
            raise Trouble("interrupted")


@contextmanager
def open_agent(
    endpoint: Endpoint, limits: Limits, deadline: float, stop: Callable[[], bool]
) -> Iterator[Agent]:
    """The agent of a device that is read by SNMP.

    Raises:
        Trouble: ``snmp_not_installed``, ``name_unknown``, ``snmp_silent``, ``snmp_auth``,
            ``snmp_error``; also while it is used.
    """
    login = endpoint.snmp
    assert login is not None  # noqa: S101 - who calls this asked for it
    try:
        from gufo.snmp import SnmpAuthError, SnmpError, SnmpVersion
        from gufo.snmp.sync import SnmpSession
    except ImportError as error:
        raise Trouble("snmp_not_installed") from error
    versions = {"1": SnmpVersion.v1, "2c": SnmpVersion.v2c, "3": SnmpVersion.v3}
    silent = Trouble("snmp_silent", address=endpoint.address, port=endpoint.port)
    try:
        with SnmpSession(
            addr=Patience(deadline, stop).call(lambda: _address(endpoint)),
            port=endpoint.port,
            community=login.community,
            user=_user(login) if login.version == "3" else None,
            version=versions[login.version],
            timeout=min(_PATIENCE, limits.connect / _TRIES),
            max_repetitions=_REPETITIONS,
        ) as session:
            yield Agent(session, deadline, stop, silent)
    except SnmpAuthError as error:
        raise Trouble("snmp_auth", user=login.user) from error
    except SnmpError as error:
        detail = scrub(f"{type(error).__name__}: {error}", endpoint.secrets())
        raise Trouble("snmp_error", detail=detail) from error
    except OSError as error:
        # Among them the silence of an agent that should tell who it is (version 3).
        raise silent from error


def _address(endpoint: Endpoint) -> str:
    try:
        found = socket.getaddrinfo(endpoint.address, endpoint.port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise Trouble("name_unknown", address=endpoint.address) from error
    return str(found[0][4][0])


def _user(login: SnmpLogin) -> User:
    from gufo import snmp

    auth: dict[str, type[snmp.BaseAuthKey]] = {
        "md5": snmp.Md5Key, "sha1": snmp.Sha1Key, "sha224": snmp.Sha224Key,
        "sha256": snmp.Sha256Key, "sha384": snmp.Sha384Key, "sha512": snmp.Sha512Key,
    }  # fmt: skip
    priv: dict[str, type[snmp.BasePrivKey]] = {
        "des": snmp.DesKey, "aes128": snmp.Aes128Key, "aes192": snmp.Aes192Key,
        "aes256": snmp.Aes256Key,
    }  # fmt: skip
    kind = login.priv.removesuffix("c")
    cisco = kind != login.priv
    return snmp.User(
        login.user,
        auth_key=auth[login.auth](login.auth_password.encode()) if login.auth else None,
        priv_key=priv[kind](login.priv_password.encode()) if kind else None,
        key_expansion=snmp.KeyExpansion.Cisco if cisco else snmp.KeyExpansion.Blumenthal,
    )
