"""From an inventory's variables to how a device's SNMP agent is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weibao.adapters.network.endpoints import unreadable
from weibao.adapters.network.job import Endpoint, SnmpLogin

__all__ = ["AUTH", "PRIV", "VARIABLES", "with_port_source"]

SOURCE = "weibao_ports_source"
VARIABLES = {
    "version": "weibao_snmp_version",
    "community": "weibao_snmp_community",
    "user": "weibao_snmp_user",
    "auth": "weibao_snmp_auth",
    "auth_password": "weibao_snmp_auth_password",
    "priv": "weibao_snmp_priv",
    "priv_password": "weibao_snmp_priv_password",
    "port": "weibao_snmp_port",
}
"""What a login is made of."""
AUTH = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
PRIV = ("des", "aes128", "aes192", "aes256", "aes192c", "aes256c")
"""Those with a c expand keys as Cisco does."""
_ALSO = {"sha": "sha1", "aes": "aes128"}
_SOURCES = {"", "cli", "snmp"}
_SHORTEST = 8
"""Characters of a password (RFC 3414)."""


class _Wrong(Exception):
    """A variable cannot be used."""

    def __init__(self, variable: str, detail: str) -> None:
        super().__init__(variable)
        self.variable, self.detail = variable, detail


def with_port_source(endpoint: Endpoint, get: Callable[[str], object]) -> Endpoint:
    """The endpoint as its ports are read; ``get`` gives a variable's templated value or None.

    A variable that is wrong makes it one with a problem, as others do.
    """
    problem: tuple[str, tuple[tuple[str, str], ...]]
    try:
        source = _text(get, SOURCE).lower()
        if source not in _SOURCES:
            raise _Wrong(SOURCE, f"{source} (cli, snmp)")
        if source != "snmp":
            return endpoint
        words = {name: _text(get, variable) for name, variable in VARIABLES.items()}
        port = words.pop("port") or "161"
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise _Wrong(VARIABLES["port"], port)
        return replace(endpoint, snmp=_login(words), port=int(port), protocol="snmp")
    except _Wrong as wrong:
        problem = ("variable_error", (("variable", wrong.variable), ("detail", wrong.detail)))
    except Exception as error:
        problem = unreadable(SOURCE, error)
    return replace(endpoint, problem=endpoint.problem or problem)


def _text(get: Callable[[str], object], variable: str) -> str:
    value = get(variable)
    return "" if value is None else str(value)


def _login(words: dict[str, str]) -> SnmpLogin:
    version = words.pop("version").lower().removeprefix("v") or ("3" if words["user"] else "2c")
    version = "2c" if version == "2" else version
    if version not in {"1", "2c", "3"}:
        raise _Wrong(VARIABLES["version"], f"{version} (1, 2c, 3)")
    if version != "3":
        if not words["community"]:
            raise _Wrong(VARIABLES["community"], "-")
        return SnmpLogin(version=version, community=words["community"])
    if not words["user"]:
        raise _Wrong(VARIABLES["user"], "-")
    for kind, known in (("auth", AUTH), ("priv", PRIV)):
        password = f"{kind}_password"
        name = words[kind].lower().replace("-", "")
        if words[password] and not name:
            name = {"auth": "sha1", "priv": "aes128"}[kind]
        words[kind] = _ALSO.get(name, name)
        if words[kind] not in {"", *known}:
            raise _Wrong(VARIABLES[kind], f"{words[kind]} ({', '.join(known)})")
        if words[kind] and len(words[password]) < _SHORTEST:
            raise _Wrong(VARIABLES[password], f"< {_SHORTEST}")
    if words["priv"] and not words["auth"]:
        raise _Wrong(VARIABLES["auth"], "-")
    return SnmpLogin(version="3", **words)
