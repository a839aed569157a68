"""Reading and writing ``*.session.yml``: a device's session as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from weibao.adapters.yaml_lines import read_model
from weibao.domain.device_session import DeviceSession

__all__ = ["SUFFIX", "read_session", "session_text"]

SUFFIX = ".session.yml"


def read_session(path: Path) -> DeviceSession:
    """The session in ``path``.

    Raises:
        InputErrors: it is none; names file, line and what is wrong.
    """
    return read_model(DeviceSession, path, str(path))


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, whatever stands in them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def session_text(session: DeviceSession) -> str:
    """The file's text; what is as by default is left out."""
    content: dict[str, Any] = session.model_dump(mode="json", exclude_defaults=True)
    order = [name for name in DeviceSession.model_fields if name in content]
    return yaml.dump(
        {name: content[name] for name in order},
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=1000,
    )
