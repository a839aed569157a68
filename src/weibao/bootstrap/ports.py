"""Parts of the port job."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from weibao.adapters.clock import SystemClock
from weibao.adapters.estate_files import SETTINGS_FILE
from weibao.adapters.files import replace
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.ports.baseline_files import PortBaselineFiles
from weibao.adapters.ports.joined_reader import JoinedReader
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.adapters.ports.routing_reader import RoutingReader, routing_reader
from weibao.adapters.reach import reach_from_here
from weibao.bootstrap.workshop import Workshop
from weibao.boundary.ports import PortReader
from weibao.domain.port_report import PortReport
from weibao.domain.port_rows import PortNames
from weibao.domain.resolve_platform import resolve
from weibao.errors import InputError
from weibao.services.parts import Parts, PublishedReport
from weibao.services.ports.port_parts import PortParts

__all__ = ["offline_reader", "port_parts"]


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


def port_parts(workshop: Workshop, parts: Parts | None = None) -> PortParts:
    """An estate's parts, and those of ports."""
    estate = workshop.estate
    files = PortFiles([estate.folder / "port_readings"])

    @functools.cache
    def reader(platform: str) -> TextPortReader | None:
        try:
            return port_reader(files, platform, workshop.platforms.get(platform))
        except InputError as error:
            if error.key == "ports.unknown_platform":
                return None
            raise

    @functools.cache
    def sourced(source: str, platform: str) -> PortReader:
        found = reader(platform) if platform else None
        beside = TextPortReader(files, source, names=found.rules if found else None)
        return JoinedReader(found, beside) if found else beside

    @functools.cache
    def routing(platform: str) -> RoutingReader | None:
        found = reader(platform)
        return routing_reader(files.folder(found.folder), found) if found else None

    @functools.cache
    def canonical(platform: str) -> Callable[[str], str]:
        found = reader(platform) if platform else None
        if found is None:
            return lambda name: name
        return PortNames(found.rules.names, found.rules.name_suffix).canonical

    return PortParts(
        parts=parts or workshop.parts(),
        records=workshop.journal,
        baselines=PortBaselineFiles(estate.folder / "ports"),
        reader=reader,
        sourced=sourced,
        routing=routing,
        reach=lambda tests: reach_from_here(tests, SystemClock()),
        canonical=canonical,
        publish=lambda report: _publish(workshop, report),
    )


def _publish(workshop: Workshop, report: PortReport) -> PublishedReport:
    """Write a contract's log into its folder."""
    from weibao.reports.ports import summarise, write_report  # few commands write one

    language = workshop.estate.settings.language
    contract = report.contract.id
    folder = workshop.estate.contract_folder(contract) / "reports" / report.run.id
    paths = write_report(report, folder, language, replace)
    notice = summarise(report, language, str(paths.html))
    return PublishedReport(contract, folder, paths.html, paths.json_sha256, notice)
