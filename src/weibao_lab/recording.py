"""A session file: what one device printed, to be printed again.

The format is described in ``tests/platforms/cases/README.md``; ``weibao platform record``
writes it and ``weibao schema platform-session`` prints its schema. What does not fit is
told by ``weibao platform try``; here it is only read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from weibao_lab.errors import LabError

__all__ = ["Recording", "Step", "read_recording"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_ENDS: Final = {"crlf": b"\r\n", "lf": b"\n", "crcrlf": b"\r\r\n", "lfcr": b"\n\r"}
_PICTURE: Final = re.compile("[␀-␠␡]")
_STEPS: Final = (
    {"prints": "\nUsername: ", "wants": "user"},
    {"prints": "Password: ", "wants": "password"},
)


@dataclass(frozen=True)
class Step:
    """Something that is printed before the first prompt, and what is wanted then."""

    prints: str
    wants: str
    over: frozenset[str]


@dataclass(frozen=True)
class Recording:
    """One device's session; texts hold the control characters themselves."""

    platform: str
    prompt: str
    unknown: str
    commands: dict[str, str]
    username: str
    suffix: str
    password: str = field(repr=False)
    enable_secret: str | None = field(repr=False)
    rejected: str
    steps: tuple[Step, ...]
    enable: dict[str, Any]
    pager: dict[str, Any]
    echo: str
    encoding: str
    line_end: bytes

    @property
    def configuration(self) -> str:
        """The longest answer."""
        return max(self.commands.values(), key=len, default="")

    def is_configuration(self, command: str) -> bool:
        """Whether the answer to ``command`` is the configuration, or one as long."""
        return 3 * len(self.commands[command]) > 2 * len(self.configuration) > 0


def read_recording(path: Path) -> Recording:
    """The session in ``path``.

    Raises:
        LabError: it cannot be read, or is none.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
        return _recording(_shown(content))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise LabError(f"{path} is no session file: {error!r}") from error


def _recording(content: dict[str, Any]) -> Recording:
    login = content.get("login") or {}
    enable = content.get("enable") or {}
    return Recording(
        platform=content["platform"],
        prompt=content["prompt"],
        unknown=content["unknown"],
        commands={str(c): text or "" for c, text in content["commands"].items()},
        username=login.get("user", "netops"),
        suffix=login.get("suffix", ""),
        password=login.get("password", "Invented-77"),
        enable_secret=login.get("enable_secret", "Invented-88") if enable else None,
        rejected=login.get("rejected", "\n% Login invalid\n\n"),
        steps=tuple(_step(step) for step in login.get("steps", _STEPS)),
        enable={"send": "enable", "prints": "Password: ", "only": [], **enable} if enable else {},
        pager={"then": "", "rows": 24, "silenced_by": [], **(content.get("pager") or {})}
        if content.get("pager")
        else {},
        echo=content.get("echo", "{command}\n"),
        encoding=content.get("encoding", "utf-8"),
        line_end=_LINE_ENDS[content.get("line_end", "crlf")],
    )


def _step(step: dict[str, Any]) -> Step:
    wants = step.get("wants", "")
    usual = {"telnet"} if wants in {"user", "password"} else {"ssh", "telnet"}
    return Step(step["prints"], wants, frozenset(step.get("over") or usual))


def _shown(value: Any) -> Any:
    """The control characters in place of their pictures."""
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    if isinstance(value, str):
        return _PICTURE.sub(lambda m: "\x7f" if m[0] == "␡" else chr(ord(m[0]) - 0x2400), value)
    return value
