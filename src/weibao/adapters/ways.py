"""How a device is reached, as an inventory's variables say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weibao.adapters.network.jump import jump_options

__all__ = ["Way", "way_of"]


@dataclass(frozen=True)
class Way:
    """How a device is reached, where not by plain SSH."""

    telnet: bool = False
    jump: tuple[str, ...] = ()


def way_of(variables: Mapping[str, Any], telnet: bool) -> Way:
    """The way to a host by its variables (``ansible_ssh_common_args`` with a jump host)."""
    arguments = [
        value
        for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args")
        if isinstance(value := variables.get(name), str)
    ]
    try:
        return Way(telnet, jump_options(*arguments))
    except ValueError:
        return Way(telnet)
