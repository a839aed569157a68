"""Taking in packages that the customer supplies: provenance and virus check on record (PAT-13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from weibao.boundary import Clock
from weibao.boundary.patch import SuppliedFiles, VirusScanner
from weibao.domain.supplied import SuppliedFile
from weibao.errors import InputError, RefusedError

__all__ = ["Intake", "take_in"]


@dataclass(frozen=True)
class Intake:
    """What taking in needs."""

    files: SuppliedFiles
    scanner: VirusScanner
    clock: Clock
    checked_only: bool = False
    """Refuse what could not be checked for viruses."""


def take_in(
    intake: Intake,
    paths: Iterable[Path],
    *,
    earlier: Iterable[Path] = (),
    origin: str,
    actor: str,
) -> tuple[SuppliedFile, ...]:
    """Keep the files, look at them for viruses, and say what is known of them.

    ``earlier`` are those of the installed versions, for the way back.

    Raises:
        InputError: a file is no package, or nobody says where it comes from.
        RefusedError: a virus was found; or it could not be checked, where that is asked for.
        FailedError: it cannot be kept.
    """
    wanted = [(path, False) for path in paths] + [(path, True) for path in earlier]
    if wanted and not origin.strip():
        raise InputError("patch.no_origin")
    found = []
    for path, is_earlier in wanted:
        taken = intake.files.take(path)
        virus = intake.scanner.check(taken.path)
        if virus.state == "found":
            raise RefusedError("patch.virus_found", file=path, said=virus.said)
        if virus.state != "clean" and intake.checked_only:
            raise RefusedError("patch.virus_not_checked", file=path, said=virus.said)
        found.append(
            SuppliedFile(
                file=taken.path.name,
                original=taken.original,
                kind=taken.kind,
                sha256=taken.sha256,
                size=taken.size,
                origin=origin.strip(),
                earlier=is_earlier,
                taken_at=intake.clock.now(),
                taken_by=actor,
                virus=virus,
            )
        )
    return tuple(found)
