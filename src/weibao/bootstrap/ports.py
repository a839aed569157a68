"""Parts of the port job."""

from __future__ import annotations

from pathlib import Path

from weibao.adapters.estate_files import SETTINGS_FILE
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.domain.resolve_platform import resolve

__all__ = ["offline_reader"]


def offline_reader(estate: Path, platform: str) -> TextPortReader:
    """The reader of one platform; an estate's own data counts, where there is one.

    Raises:
        InputError: nobody reads this platform's ports, or a file is wrong.
    """
    has_estate = (estate / SETTINGS_FILE).is_file()
    own = estate / "platforms"
    known = load_platforms([own] if has_estate and own.is_dir() else [])
    files = PortFiles([estate / "port_readings"] if has_estate else [])
    return port_reader(files, platform, resolve(known, platform))
