"""From an inventory's variables to where a device's ports are read: command line, agent or API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weibao.adapters.network.endpoints import unreadable
from weibao.adapters.network.job import Endpoint
from weibao.adapters.network.napalm_login import VARIABLES as NAPALM
from weibao.adapters.network.napalm_login import napalm_login
from weibao.adapters.network.snmp_login import VARIABLES as SNMP
from weibao.adapters.network.snmp_login import snmp_login
from weibao.adapters.network.variables import WrongVariable, port_number
from weibao.domain.port_rules import SOURCES

__all__ = ["SOURCE", "VARIABLES", "with_port_source"]

SOURCE = "weibao_ports_source"
VARIABLES = {"snmp": SNMP, "napalm": NAPALM}
"""By source, what says how it is reached."""


def with_port_source(endpoint: Endpoint, get: Callable[[str], object]) -> Endpoint:
    """The endpoint as its ports are read; ``get`` gives a variable's templated value or None.

    A variable that is wrong makes it one with a problem, as others do.
    """
    problem: tuple[str, tuple[tuple[str, str], ...]]
    try:
        source = _text(get, SOURCE).lower()
        if source in {"", "cli"}:
            return endpoint
        if source not in SOURCES:
            raise WrongVariable(SOURCE, f"{source} ({', '.join(('cli', *SOURCES))})")
        words = {name: _text(get, variable) for name, variable in VARIABLES[source].items()}
        if source == "napalm":
            # Its port depends on the platform, which is not known for sure before it is asked.
            return replace(endpoint, napalm=napalm_login(words), protocol="napalm")
        port = port_number(SNMP["port"], words.pop("port") or "161")
        return replace(endpoint, snmp=snmp_login(words), port=port, protocol="snmp")
    except WrongVariable as wrong:
        problem = ("variable_error", (("variable", wrong.variable), ("detail", wrong.detail)))
    except Exception as error:
        problem = unreadable(SOURCE, error)
    return replace(endpoint, problem=endpoint.problem or problem)


def _text(get: Callable[[str], object], variable: str) -> str:
    value = get(variable)
    return "" if value is None else str(value)
