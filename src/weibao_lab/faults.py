"""Faults a device can be told to show, and the board that hands them out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from weibao_lab.errors import BadRequest

__all__ = ["FAULT_KEYS", "Fault", "FaultBoard", "parse_assignments"]


@dataclass(frozen=True)
class Fault:
    """Everything that goes wrong in one session; the default is a healthy device.

    "Configuration output" is the answer to a command that shows a whole
    running, saved or startup configuration.
    """

    refuse_login: bool = False
    """Every credential is refused, right or wrong."""
    mute_tcp: bool = False
    """TCP is accepted, then nothing is said."""
    lines_busy: bool = False
    """TCP is accepted, a 'lines busy' message is sent, TCP is closed."""
    max_sessions: int | None = None
    """Connections beyond this many are treated as with ``lines_busy``."""
    hang_at_login: bool = False
    """Authentication succeeds, no prompt ever comes."""
    old_algorithms: bool = False
    """Only group14-sha1, ssh-rsa, aes128-cbc and hmac-sha1 are offered."""
    new_host_key: bool = False
    """Another host key is shown, the same until the fault is cleared."""
    cut_after_bytes: int | None = None
    """TCP is dropped after this many bytes of configuration output."""
    cut_after_config_lines: int | None = None
    """TCP is dropped once this many lines of configuration mode were taken."""
    old_release: bool = False
    """Commands that only newer releases of the platform have are unknown."""
    save_fails: bool = False
    """Nothing is written to the startup configuration, whatever is said."""
    error_instead: bool = False
    """A native error text comes instead of the configuration."""
    unauthorised: bool = False
    """Showing and changing the configuration is refused by authorisation."""
    half_configuration: bool = False
    """The configuration stops in the middle of a line, then a normal prompt follows."""
    missing_end: bool = False
    """The end mark of the configuration is missing."""
    empty_answer: bool = False
    """Nothing but the prompt answers the configuration command."""
    silence_seconds: float = 0.0
    """Silence before configuration output."""
    command_latency: float = 0.0
    """Delay before the answer to every command."""
    print_seconds: float = 0.0
    """The time over which configuration output is spread."""
    bytes_per_second: float = 0.0
    """Speed limit of all command output; 0 is none."""
    ignore_no_paging: bool = False
    """The no-paging command is accepted without effect."""
    syslog_in_middle: str = ""
    """A log line within configuration output: own_line, mid_line or both."""
    garbage: bool = False
    """Control bytes and ANSI codes are mixed into configuration output."""
    hang_in_output: bool = False
    """Configuration output stops half way, for ever."""
    refused_command: str = ""
    """Commands that begin with this text, spelled out, are unknown."""
    half_table: bool = False
    """Answers about ports stop in the middle of a line, then a normal prompt follows."""
    chinese_words: bool = False
    """Answers about ports have their headings and states in Chinese."""


FAULT_KEYS: Final = tuple(item.name for item in dataclasses.fields(Fault))
_HINTS: Final = get_type_hints(Fault)
_SYSLOG_VARIANTS: Final = ("", "own_line", "mid_line", "both")


def _checked(key: str, value: Any) -> Any:
    """The value in the type of the fault, or BadRequest."""
    if key not in FAULT_KEYS:
        raise BadRequest(f"unknown fault {key!r}; known: {', '.join(FAULT_KEYS)}")
    hint = _HINTS[key]
    if key == "syslog_in_middle":
        chosen = {True: "both", False: ""}.get(value, value) if isinstance(value, bool) else value
        if chosen in _SYSLOG_VARIANTS:
            return chosen
    elif hint is str and isinstance(value, str):
        return value.strip()
    elif hint is bool and isinstance(value, bool):
        return value
    elif hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif hint == int | None and (value is None or type(value) is int):
        return value
    raise BadRequest(f"fault {key}: {value!r} is not a valid value")


def _from_text(key: str, text: str) -> Any:
    lowered = text.strip().lower()
    if key == "refused_command":
        return text
    if lowered in {"true", "yes", "on"}:
        return True
    if lowered in {"false", "no", "off"}:
        return False
    if key == "syslog_in_middle":
        return lowered
    try:
        return int(lowered)
    except ValueError:
        pass
    try:
        return float(lowered)
    except ValueError:
        raise BadRequest(f"fault {key}: {text!r} is not a valid value") from None


def parse_assignments(assignments: list[str]) -> dict[str, Any]:
    """``key=value`` words of a command line as keywords for ``set_fault``."""
    result: dict[str, Any] = {}
    for assignment in assignments:
        key, mark, text = assignment.partition("=")
        result[key] = _from_text(key, text) if mark else True
    return result


@dataclass
class _Entry:
    value: Any
    sessions: int | None  # None: until cleared


class FaultBoard:
    """The faults set on one device. Each new connection takes a snapshot."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def set(self, values: dict[str, Any], sessions: int | None = None) -> None:
        """Set faults, for the next ``sessions`` connections or until cleared."""
        checked = {key: _checked(key, value) for key, value in values.items()}
        if sessions is not None and (type(sessions) is not int or sessions < 1):
            raise BadRequest("sessions must be a whole number from 1")
        for key, value in checked.items():
            self._entries[key] = _Entry(value, sessions)

    def clear(self) -> None:
        """Make the device healthy for new connections."""
        self._entries.clear()

    def current(self) -> Fault:
        """The faults the next connection will see."""
        return Fault(**{key: entry.value for key, entry in self._entries.items()})

    def take(self) -> Fault:
        """The faults of a connection that just arrived; counts it."""
        fault = self.current()
        for key, entry in list(self._entries.items()):
            if entry.sessions is not None:
                entry.sessions -= 1
                if entry.sessions == 0:
                    del self._entries[key]
        return fault
