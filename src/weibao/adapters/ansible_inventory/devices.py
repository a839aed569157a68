"""From a host's variables to a device (设备档案), without any of its secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from weibao.adapters.network.endpoints import VARIABLES
from weibao.domain.inventory import Device, HostFacts
from weibao.domain.port_expectation import PortBaseline
from weibao.domain.reasons import Reason

__all__ = ["device", "encrypted_names", "host_facts", "is_telnet", "plain"]

VAULT = "__ansible_vault"
UNSAFE = "__ansible_unsafe"


def device(
    name: str,
    variables: Mapping[str, Any],
    platform_of: Callable[[str], str | None],
    contracts: Collection[str] | None,
) -> Device:
    """The device that a host is; what is wrong with it alone stands in its ``problem``.

    ``platform_of`` gives the platform's id for what ``ansible_network_os`` says;
    ``contracts`` are the known contracts (None: not looked at).
    """
    network_os = plain(variables.get("ansible_network_os"))
    platform = platform_of(network_os) if network_os else ""
    contract = plain(variables.get("contract")) or "default"
    port, port_problem = _port(_first(variables, "port"), 23 if is_telnet(variables) else 22)
    safe, name_problem = _safe(name, "host_name_unusable")
    contract, contract_problem = _safe(contract, "unknown_contract", "contract")
    if contracts is not None and contract not in contracts and not contract_problem:
        contract_problem = Reason.of("unknown_contract", contract=contract)
    platform_problem = (
        None if platform is not None else Reason.of("unknown_platform", platform=network_os)
    )
    ports, ports_problem = _ports(variables)
    return Device(
        name=safe,
        contract=contract,
        platform=platform or "",
        network_os=network_os,
        address=plain(_first(variables, "address")) or name,
        port=port,
        site=plain(variables.get("site")),
        unit=plain(variables.get("unit")),
        role=plain(variables.get("role")),
        model=plain(variables.get("model")),
        serial_number=plain(variables.get("serial_number")),
        parent=plain(variables.get("parent")),
        redundancy_group=plain(variables.get("redundancy_group")),
        ports=ports,
        problem=name_problem
        or contract_problem
        or platform_problem
        or port_problem
        or ports_problem,
    )


def _ports(variables: Mapping[str, Any]) -> tuple[PortBaseline | None, Reason | None]:
    """Expectations of the inventory; what is wrong in them is the device's own problem."""
    ports, waivers = variables.get("ports"), variables.get("port_waivers")
    if not ports and not waivers:
        return None, None
    try:
        given = {"ports": ports or {}, "waivers": waivers or []}
        return PortBaseline.model_validate(_without_marks(given)), None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return None, Reason.of("ports_invalid", place=where, detail=first["msg"])


def _without_marks(value: Any) -> Any:
    """What Ansible marks as unsafe is text here."""
    if isinstance(value, dict):
        if UNSAFE in value:
            return str(value[UNSAFE])
        return {str(key): _without_marks(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_marks(inner) for inner in value]
    return value


_NETWORK = ("network_cli", "netconf", "httpapi")


def host_facts(
    name: str,
    variables: Mapping[str, Any],
    platform_of: Callable[[str], str | None],
    contracts: Collection[str] | None,
    opens_vaults: bool,
) -> HostFacts:
    """What a check of the inventory wants to know of a host."""
    found = device(name, variables, platform_of, contracts)
    connection = plain(variables.get("ansible_connection")).rsplit(".", 1)[-1]
    return HostFacts(
        device=found,
        network=bool(found.network_os) or connection in _NETWORK,
        user=bool(_first(variables, "username")),
        login=bool(_first(variables, "password") or _first(variables, "key_file")),
        sealed="" if opens_vaults else next(encrypted_names(variables), ""),
    )


def plain(value: Any) -> str:
    """A variable as text; an encrypted one is no text; a list is joined."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, dict):
        return str(value.get(UNSAFE, ""))
    if isinstance(value, list):
        return ", ".join(text for item in value if (text := plain(item)))
    return str(value).strip()


def encrypted_names(value: Any, name: str = "") -> Iterator[str]:
    """The variables (dotted) in ``value`` that are encrypted inline."""
    if isinstance(value, dict):
        if VAULT in value:
            yield name
            return
        for key, inner in value.items():
            yield from encrypted_names(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from encrypted_names(inner, name)


def is_telnet(variables: Mapping[str, Any]) -> bool:
    """Whether the device is reached by Telnet."""
    named = plain(variables.get("ansible_network_os")).endswith("_telnet")
    return named or plain(variables.get("weibao_protocol")).lower() == "telnet"


def _first(variables: Mapping[str, Any], what: str) -> Any:
    """The first of the variables that mean ``what`` (see ``network.endpoints``) that is set."""
    return next((variables[name] for name in VARIABLES[what] if variables.get(name)), None)


def _port(value: Any, usual: int) -> tuple[int, Reason | None]:
    text = plain(value)
    if not text or "{{" in text:
        return usual, None
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text), None
    return usual, Reason.of("port_invalid", port=text)


def _safe(text: str, code: str, place: str = "name") -> tuple[str, Reason | None]:
    """``text`` as a name that a file can have, and the reason where it was none."""
    # A change's records say "-" for a whole wave.
    bad = not text or text in {".", "..", "-"} or any(c in text for c in "/\\\0\n\r")
    too_long = len(text.encode("utf-8", "replace")) > 200
    if not bad and not too_long:
        return text, None
    # made usable, and unlike any other name, so that the device has a row of its own
    safe = "".join("_" if c in "/\\\0\n\r" else c for c in text)[:60]
    mark = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{safe}-{mark}", Reason.of(code, **{place: text})
