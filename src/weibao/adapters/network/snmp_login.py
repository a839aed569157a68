"""From an inventory's variables to how a device's SNMP agent is asked."""

from __future__ import annotations

from weibao.adapters.network.job import SnmpLogin
from weibao.adapters.network.variables import WrongVariable

__all__ = ["AUTH", "PRIV", "VARIABLES", "snmp_login"]

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
_SHORTEST = 8
"""Characters of a password (RFC 3414)."""


def snmp_login(words: dict[str, str]) -> SnmpLogin:
    """How an agent is asked, of the values of ``VARIABLES`` but the port.

    Raises:
        WrongVariable: one that cannot be used, or lacks.
    """
    version = words.pop("version").lower().removeprefix("v") or ("3" if words["user"] else "2c")
    version = "2c" if version == "2" else version
    if version not in {"1", "2c", "3"}:
        raise WrongVariable(VARIABLES["version"], f"{version} (1, 2c, 3)")
    if version != "3":
        if not words["community"]:
            raise WrongVariable(VARIABLES["community"], "-")
        return SnmpLogin(version=version, community=words["community"])
    if not words["user"]:
        raise WrongVariable(VARIABLES["user"], "-")
    for kind, known in (("auth", AUTH), ("priv", PRIV)):
        password = f"{kind}_password"
        name = words[kind].lower().replace("-", "")
        if words[password] and not name:
            name = {"auth": "sha1", "priv": "aes128"}[kind]
        words[kind] = _ALSO.get(name, name)
        if words[kind] not in {"", *known}:
            raise WrongVariable(VARIABLES[kind], f"{words[kind]} ({', '.join(known)})")
        if words[kind] and len(words[password]) < _SHORTEST:
            raise WrongVariable(VARIABLES[password], f"< {_SHORTEST}")
    if words["priv"] and not words["auth"]:
        raise WrongVariable(VARIABLES["auth"], "-")
    return SnmpLogin(version="3", **words)
