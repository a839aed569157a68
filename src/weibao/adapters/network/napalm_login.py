"""From an inventory's variables to how a device's API is reached."""

from __future__ import annotations

from weibao.adapters.network.endpoints import FALSE, TRUE
from weibao.adapters.network.job import NapalmLogin
from weibao.adapters.network.variables import WrongVariable, port_number

__all__ = ["VARIABLES", "napalm_login"]

VARIABLES = {
    "transport": "weibao_napalm_transport",
    "port": "weibao_napalm_port",
    "verify": "weibao_napalm_verify",
    "ca_file": "weibao_napalm_ca_file",
}
"""User, password and key are those of SSH."""
_TRANSPORTS = ("https", "http")


def napalm_login(words: dict[str, str]) -> NapalmLogin:
    """How an API is reached, of the values of ``VARIABLES``.

    Raises:
        WrongVariable: one that cannot be used.
    """
    transport = words["transport"].lower()
    if transport not in {"", *_TRANSPORTS}:
        detail = f"{transport} ({', '.join(_TRANSPORTS)})"
        raise WrongVariable(VARIABLES["transport"], detail)
    # A misspelt "false" must not switch the check off, nor be taken for "true".
    verify = words["verify"].lower() or "true"
    if verify not in TRUE | FALSE:
        raise WrongVariable(VARIABLES["verify"], f"{words['verify']} (true, false)")
    port = port_number(VARIABLES["port"], words["port"]) if words["port"] else 0
    return NapalmLogin(transport, port, verify in TRUE, words["ca_file"])
