"""From an inventory's variables to an endpoint, as Ansible users know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from weibao.adapters.network.algorithms import requested
from weibao.adapters.network.file_choice import file_choice
from weibao.adapters.network.job import Endpoint, FileChoice
from weibao.adapters.network.jump import jump_options
from weibao.adapters.scrub import scrub

__all__ = ["FALSE", "TRUE", "VARIABLES", "endpoint_of", "unreadable"]

VARIABLES = {
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "username": ("ansible_user", "ansible_ssh_user"),
    "password": ("ansible_password", "ansible_ssh_password", "ansible_ssh_pass"),
    "enable_secret": (
        "ansible_become_password",
        "ansible_become_pass",
        "ansible_enable_password",
        "ansible_enable_pass",
    ),
    "key_file": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "key_passphrase": ("ansible_ssh_private_key_passphrase", "ansible_private_key_passphrase"),
    "network_os": ("ansible_network_os",),
    "common": ("ansible_ssh_common_args",),
    "extra": ("ansible_ssh_extra_args",),
    "check": ("ansible_host_key_checking", "ansible_ssh_host_key_checking"),
    "contract": ("contract",),
    "protocol": ("weibao_protocol",),
    "legacy": ("weibao_ssh_legacy_algorithms",),
    "become": ("ansible_become",),
    "files": ("weibao_files",),
}
"""What an endpoint is made of, each by the first of these variables that is set."""

TRUE = {"true", "yes", "on", "1"}
FALSE = {"false", "no", "off", "0"}


def endpoint_of(device: str, get: Callable[[str], object], user: str = "") -> Endpoint:
    """The endpoint of ``device``; ``get`` gives a variable's templated value or None.

    ``user`` is the default login name. A variable that cannot be given (a template or a
    vault that does not open) makes the endpoint one with a problem; it is not tried.
    """
    values: dict[str, str] = {}
    problem: tuple[str, tuple[tuple[str, str], ...]] | None = None
    files = FileChoice()
    for name, variables in VARIABLES.items():
        for variable in variables:
            try:
                value = get(variable)
            except Exception as error:
                problem = problem or unreadable(variable, error)
                break
            if name == "files" and value:
                try:
                    files = file_choice(value)
                except ValueError as error:
                    detail = (("variable", variable), ("detail", scrub(str(error), ())))
                    problem = problem or ("variable_error", detail)
            elif value is not None and str(value) != "":
                values[name] = str(value)
                break
    return replace(_build(device, values, problem, user), files=files)


def unreadable(variable: str, error: Exception) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The problem of a variable whose template or vault does not open."""
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        chain.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    vault = any("vault" in text.lower() or "decrypt" in text.lower() for text in chain)
    code = "vault_password_missing" if vault else "variable_error"
    return code, (("variable", variable), ("detail", scrub(chain[0], ())))


def _build(
    device: str,
    values: Mapping[str, str],
    problem: tuple[str, tuple[tuple[str, str], ...]] | None,
    user: str,
) -> Endpoint:
    network_os = values.get("network_os", "")
    telnet = values.get("protocol", "").lower() == "telnet" or network_os.endswith("_telnet")
    port = values.get("port", "23" if telnet else "22")
    if not port.isdigit() or not 0 < int(port) < 65536:
        problem = problem or ("variable_error", (("variable", "ansible_port"), ("detail", port)))
        port = "22"
    arguments = (values.get("common", ""), values.get("extra", ""))
    try:
        jump = jump_options(*arguments)
    except ValueError as error:
        detail = (("variable", "ansible_ssh_common_args"), ("detail", str(error)))
        jump, problem = (), problem or ("variable_error", detail)
    legacy = requested(" ".join(arguments))
    if values.get("legacy", "").lower() in TRUE:
        legacy = ("*",)
    return Endpoint(
        device=device,
        contract=values.get("contract", "default"),
        address=values.get("address", device),
        port=int(port),
        network_os=network_os,
        protocol="telnet" if telnet else "ssh",
        username=values.get("username", user),
        password=values.get("password", ""),
        enable_secret=values.get("enable_secret", ""),
        key_file=values.get("key_file", ""),
        key_passphrase=values.get("key_passphrase", ""),
        jump=jump,
        legacy=legacy,
        become=values.get("become", "").lower() in TRUE,
        check_host_key=values.get("check", "").lower() not in FALSE,
        problem=problem,
    )
