"""What NAPALM's getters tell of ports, as documents.

A getter says less than the device does: two booleans for a state, and a number where it knows
nothing (-1 octets, 0.0 dBm, a speed of 0). What those are is known for each driver; here they are
left out or said in words, beside the answer as it came, and ``port_readings/napalm`` says what they
mean. No value is made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["document"]

Rows = Iterator[dict[str, Any]]

_NEEDED = ("is_enabled", "is_up")
_OF_PORT = frozenset({"speed", "mtu", "mac_address", "last_flapped"})
"""What the driver of Junos says of a unit, and is its port's."""
_LATEST = 4_102_444_800
"""2100: a moment behind it is none."""
_SHOWN = 80


def document(driver: str, getter: str, given: object) -> tuple[bytes, int]:
    """The answer of a getter as a document, and how many rows it has.

    What has another form than NAPALM's own model says so in its row (``incomplete``).
    """
    answers = given if isinstance(given, Mapping) else {"": given}
    rows: list[dict[str, Any]] = []
    for name, answer in answers.items():
        try:
            rows += _ROWS[getter](driver, str(name), answer)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            rows.append({"name": str(name), "incomplete": f"{getter}: {str(answer)[:_SHOWN]}"})
    text = json.dumps({"rows": rows}, ensure_ascii=False, indent=1, default=str)
    return text.encode() + b"\n", len(rows)


def _interfaces(driver: str, name: str, given: Mapping[str, Any]) -> Rows:
    unit = driver == "junos" and "." in name
    told = {key: value for key, value in given.items() if not (unit and key in _OF_PORT)}
    row: dict[str, Any] = {"name": name, **told, "state": _state(driver, name, given)}
    if lacks := [word for word in _NEEDED if not isinstance(given.get(word), bool)]:
        row["incomplete"] = f"without {', '.join(lacks)}"
    if given.get("is_up") is True and driver != "nxos" and not unit:
        # NX-OS gives the bandwidth that is configured; that of a port without link is no speed.
        row["linkSpeed"] = given.get("speed")
    row["lastChange"] = _changed(driver, told.get("last_flapped"))
    yield row


def _state(driver: str, name: str, given: Mapping[str, Any]) -> str:
    """Both booleans in one word, since the one is not to be understood without the other."""
    kind = ""
    if driver == "nxos" and name.lower().startswith("vlan"):
        kind = "svi "
    elif driver == "junos" and "." in name:
        kind = "unit "
    said = " ".join(f"{word}={given.get(word)}" for word in _NEEDED)
    return f"{kind}{said}".lower()


def _changed(driver: str, moment: object) -> str:
    """A moment, or of Junos how long ago; empty where the getter does not know (-1)."""
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return ""
    if not 0 < moment < _LATEST:
        return ""
    if driver == "junos":
        seconds = int(moment)
        clock = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{seconds // 86400}d{clock}"
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _counters(_driver: str, name: str, given: Mapping[str, Any]) -> Rows:
    yield {"name": name, **given}


def _optics(_driver: str, name: str, given: Mapping[str, Any]) -> Rows:
    """Of every lane; 0.0 is what the drivers say where nothing was measured."""
    channels = given.get("physical_channels", {}).get("channel", ())
    states = [each.get("state", {}) for each in channels if isinstance(each, Mapping)]
    row: dict[str, Any] = {"name": name}
    for power in ("input_power", "output_power"):
        values = [each.get(power, {}).get("instant") for each in states]
        row[power] = [value for value in values if value not in (None, "", 0, 0.0)]
    yield {key: value for key, value in row.items() if value != []}


def _neighbours(_driver: str, name: str, given: list[Any]) -> Rows:
    for each in given:
        row = dict(each) if isinstance(each, Mapping) else {"incomplete": str(each)}
        words = {key: "" if value in (None, "None") else value for key, value in row.items()}
        system = str(words.get("remote_system_description", ""))
        yield {"name": name, **words, "remote_system_description": system.split("\n", 1)[0].strip()}


_ROWS: dict[str, Callable[[str, str, Any], Rows]] = {
    "get_interfaces": _interfaces,
    "get_interfaces_counters": _counters,
    "get_optics": _optics,
    "get_lldp_neighbors_detail": _neighbours,
}
