"""The customer's packages in the documents of a patch window: provenance and virus check."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.patch import HostPlan
from weibao.domain.supplied import SuppliedFile, supplied_in
from weibao.reports.change.document import Section, Table, Text, Tone
from weibao.reports.change.papers import Desk

__all__ = ["supplied_files"]

_TONES: dict[str, Tone] = {"clean": "good", "found": "bad", "not_checked": "warning"}


def supplied_files(desk: Desk) -> tuple[Section, ...]:
    """Each file with where it comes from, its sha256 and its virus check (PAT-13).

    No section where there are none. What was not checked is said to be so.
    """
    w = desk.w
    files = supplied_in(desk.change.variables.values())
    if not files:
        return ()
    packages = _packages(desk)
    rows, tones = [], []
    for file in files:
        where = w.say("patch.supplied_by", origin=file.origin, at=w.moment(file.taken_at),
                      person=desk.person(file.taken_by))  # fmt: skip
        kind = w.say("patch.supplied_back") if file.earlier else w.say("patch.supplied_new")
        known = packages.get(file.sha256, "—")
        rows.append((file.original, f"{known}\n{kind}", where, file.sha256, _virus(desk, file)))
        tones.append(_TONES[file.virus.state])
    head = tuple(
        w.say(f"patch.{name}") for name in ("file", "package", "origin", "sha256", "virus")
    )
    table = Table(head, tuple(rows), (18, 20, 24, 20, 22), tuple(tones), marked=4)
    blocks: list[Table | Text] = [table]
    if any(file.virus.state != "clean" for file in files):
        blocks.append(Text(w.say("patch.virus_warning"), "warning"))
    return (Section(w.say("patch.section.supplied"), tuple(blocks)),)


def _virus(desk: Desk, file: SuppliedFile) -> str:
    w, virus = desk.w, file.virus
    parts = [w.label("patch.virus", virus.state), virus.tool, virus.said]
    if virus.at is not None and virus.state != "not_checked":
        parts.append(w.moment(virus.at))
    return "\n".join(filter(None, parts))


def _packages(desk: Desk) -> dict[str, str]:
    """By sha256, which package and version the hosts found in the file."""
    plan = desk.papers.plan
    plans: Iterable[HostPlan] = (
        HostPlan.model_validate(target.plan)
        for target in (plan.targets if plan else ())
        if target.plan
    )
    found = {}
    for host in plans:
        for file in (*(p.file for p in host.packages if p.file), *host.earlier):
            found[file.sha256] = f"{file.name} {file.version}"
    return found
