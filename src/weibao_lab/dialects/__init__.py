"""How each platform talks: prompts, commands, errors, pager and configuration frame."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from weibao_lab.dialects.base import Dialect
    from weibao_lab.recording import Recording

__all__ = ["dialect_for", "recorded_dialect"]

_CLASSES: Final = {
    "huawei": ("huawei", "Huawei"),
    "huawei8": ("huawei8", "Huawei8"),
    "hp_comware": ("comware", "Comware"),
    "ruijie_os": ("ruijie", "Ruijie"),
    "cisco_ios": ("ios", "Ios"),
    "cisco_nxos": ("nxos", "NxOs"),
    "arista_eos": ("eos", "Eos"),
    "juniper_junos": ("junos", "Junos"),
}


@cache
def dialect_for(platform: str) -> Dialect:
    """The one dialect object of a platform; it holds no state of a device."""
    module, name = _CLASSES[platform]
    made: Dialect = getattr(import_module(f"weibao_lab.dialects.{module}"), name)()
    return made


def recorded_dialect(recording: Recording) -> Dialect:
    """The dialect of one device that plays a session file."""
    made: Dialect = import_module("weibao_lab.dialects.recorded").Recorded(recording)
    return made
