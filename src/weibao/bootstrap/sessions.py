"""Recording a device's session, and trying a platform on a recorded one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weibao.adapters.network.record_batch import drafted
from weibao.adapters.network.replay import play
from weibao.adapters.session_files import read_session
from weibao.bootstrap.workshop import Workshop
from weibao.domain.device_session import DeviceSession
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import PlatformCatalogue, resolve
from weibao.errors import FailedError, InputError
from weibao.services.try_session import Reading, Trial, try_session

__all__ = ["Outcome", "record_device", "try_files"]


@dataclass(frozen=True)
class Outcome:
    """What became of a recording; ``session`` is what was written."""

    reason: Reason | None
    warnings: tuple[Reason, ...]
    session: DeviceSession | None
    last: str
    """The last line that the device printed, where nothing was written."""


def record_device(workshop: Workshop, device: str, output: Path, platform: str) -> Outcome:
    """Record ``device`` of the inventory to ``output``, through Ansible as the backup does.

    Raises:
        InputError: the inventory has no such device, or ``output`` exists.
        FailedError: Ansible could not run.
    """
    if output.exists():
        raise InputError("record.exists", file=output)
    if platform.endswith((".yml", ".yaml")):
        drafted(workshop.platforms, platform)  # its mistakes are told before Ansible starts
    chosen = workshop.inventory.resolve(workshop.sources, device)
    if [d.name for d in chosen.devices] != [device]:
        raise InputError("record.one_device", limit=device, count=len(chosen.devices))
    workshop.estate.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=workshop.estate.state, prefix=".record-") as folder:
        told = Path(folder, "result.json")
        ran = workshop.parts().runner.run(
            "weibao.core.record_session",
            inventory=chosen.compiled,
            limit=(device,),
            variables={
                "weibao_estate": str(workshop.estate.folder),
                "weibao_record_output": str(output.absolute()),
                "weibao_record_platform": str(Path(platform).absolute())
                if platform.endswith((".yml", ".yaml"))
                else platform,
                "weibao_record_result": str(told),
            },
            folder=Path(folder, "run"),
        )
        if not told.is_file():
            raise FailedError("record.failed", detail=ran.error or f"rc {ran.return_code}")
        result = json.loads(told.read_text(encoding="utf-8"))
    reason = Reason.model_validate(result["reason"]) if result["reason"] else None
    warnings = tuple(Reason.model_validate(w) for w in result["warnings"])
    return Outcome(
        reason, warnings, read_session(output) if result["recorded"] else None, result["last"]
    )


def try_files(
    platforms: PlatformCatalogue, files: Sequence[Path], platform: str
) -> list[tuple[Path, Trial]]:
    """Play each file's session; ``platform`` (an id or a file) takes the place of the file's.

    Raises:
        InputError: a file is no session, or its platform is not known.
    """
    platforms, other = drafted(platforms, platform)
    return [(path, _try(platforms, path, other)) for path in files]


def _try(platforms: PlatformCatalogue, path: Path, other: str) -> Trial:
    session = read_session(path)
    platform = resolve(platforms, other or session.platform)
    if platform is None:
        raise InputError("record.no_platform", file=path, platform=other or session.platform)
    session = session.model_copy(update={"platform": platform.id})
    readings = []
    for over in session.over:
        for paged in (False, True) if session.pager else (False,):
            played = play(session, platforms, over=over, heeds_no_paging=not paged)
            trouble = played.attempt.trouble
            readings.append(
                Reading(
                    over=over,
                    paged=paged,
                    trouble=trouble.reason if trouble else None,
                    running=played.running if trouble is None else None,
                    startup=len(played.texts) > 1,
                )
            )
    return try_session(session, platform, platforms, readings)
