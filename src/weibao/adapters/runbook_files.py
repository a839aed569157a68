"""Runbooks as files, of the estate and of the package: which there are, what is wrong."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from weibao.adapters.ansible_paths import collection_roots
from weibao.adapters.package_data import data_folder
from weibao.adapters.yaml_lines import Document, nearest, parse_yaml, read_model, validate
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Runbook, Step, StepKind
from weibao.errors import InputError

__all__ = [
    "RunbookFile",
    "RunbookProblem",
    "find_runbook",
    "lint_runbook",
    "lint_runbooks",
    "read_runbook",
    "runbook_files",
]

BUILTINS = ("accept", "archive", "backup", "ports-after", "ports-before", "report")
"""Steps that the program does itself."""

_COLLECTION = "weibao.core"
_FQCN = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*){2,}")
_BOTH = frozenset({"zh", "en"})


class RunbookFile(NamedTuple):
    """A runbook's file, unread."""

    name: str
    path: Path
    shown: str
    """As messages name it."""
    own: bool
    """The estate's own; it goes before the packaged one of its name."""


class RunbookProblem(NamedTuple):
    """Something wrong in a runbook's file."""

    file: str
    line: int
    """0: nowhere in particular."""
    severity: str
    """``error``, or ``warning`` for what still works."""
    reason: Reason


def runbook_files(estate: Path | None) -> list[RunbookFile]:
    """By name: the estate's own, and the packaged ones that it does not replace."""
    packaged = data_folder("runbooks")
    found = {
        path.stem: RunbookFile(path.stem, path, f"{path.name}", own=False)
        for path in sorted(packaged.glob("*.yml"))
    }
    if estate is not None:
        found |= {
            path.stem: RunbookFile(path.stem, path, f"runbooks/{path.name}", own=True)
            for path in sorted((estate / "runbooks").glob("*.yml"))
        }
    return [found[name] for name in sorted(found)]


def find_runbook(estate: Path | None, name: str) -> RunbookFile:
    """The file of one runbook.

    Raises:
        InputError: there is none of that name.
    """
    files = {file.name: file for file in runbook_files(estate)}
    if name not in files:
        raise InputError("estate.runbook_unknown", name=name, known=", ".join(files))
    return files[name]


def read_runbook(file: RunbookFile) -> Runbook:
    """The runbook of a file.

    Raises:
        InputError: it is wrong (everything by file and line), or says another id.
    """
    runbook = read_model(Runbook, file.path, file.shown)
    if runbook.id != file.name:
        raise InputError("estate.id_differs", file=file.shown, id=runbook.id, name=file.name)
    return runbook


def lint_runbooks(estate: Path | None) -> list[RunbookProblem]:
    """Everything that is wrong with the estate's runbooks and the packaged ones, by file.

    A packaged runbook that the estate replaces is checked too: it comes back when the
    estate's own is taken away.
    """
    files = runbook_files(estate)
    if estate is not None:
        replaced = {file.name for file in files if file.own}
        files += [file for file in runbook_files(None) if file.name in replaced]
    found = [problem for file in files for problem in _lint(file, estate)]
    for path in sorted((estate / "runbooks").glob("*.yaml")) if estate else ():
        reason = Reason.of("runbook_ending", name=path.with_suffix(".yml").name)
        found.append(RunbookProblem(f"runbooks/{path.name}", 0, "warning", reason))
    return found


def lint_runbook(estate: Path | None, name: str) -> list[RunbookProblem]:
    """Everything that is wrong with one.

    Raises:
        InputError: there is none of that name.
    """
    return list(_lint(find_runbook(estate, name), estate))


def _lint(file: RunbookFile, estate: Path | None) -> Iterator[RunbookProblem]:
    try:
        text = file.path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = Reason.of("runbook_unreadable", why=getattr(error, "strerror", None) or "UTF-8")
        yield RunbookProblem(file.shown, 0, "error", reason)
        return
    document = parse_yaml(text)
    problems = list(document.problems)
    if not problems and not isinstance(document.value, dict):
        yield RunbookProblem(file.shown, 1, "error", Reason.of("yaml_not_mapping"))
        return
    runbook: Runbook | None = None
    if not problems:
        runbook, problems = validate(Runbook, document)
    for problem in problems:
        yield RunbookProblem(file.shown, problem.line, "error", problem.reason)
    if runbook is not None:
        for place, severity, reason in _rules(file, runbook, estate):
            yield RunbookProblem(file.shown, _line(document, place), severity, reason)


def _line(document: Document, place: Sequence[str | int]) -> int:
    return document.line(place)


_Found = tuple[tuple[str | int, ...], str, Reason]


def _rules(file: RunbookFile, runbook: Runbook, estate: Path | None) -> Iterator[_Found]:
    """What a sound model can still get wrong."""
    if runbook.id != file.name:
        yield ("id",), "error", Reason.of("runbook_id", id=runbook.id, name=file.name)
    for field in ("title", "purpose", "business_impact", "contingency"):
        texts: dict[str, str] = getattr(runbook, field)
        if texts or field in {"title", "purpose"}:
            yield from _languages((field,), texts)
    if runbook.mutating:
        if not any(runbook.contingency.values()):
            yield (), "error", Reason.of("runbook_no_contingency")
        if not any(runbook.business_impact.values()):
            yield (), "warning", Reason.of("runbook_no_impact")
    for number, variable in enumerate(runbook.variables):
        yield from _languages(("variables", number, "title"), variable.title)
        if variable.kind == "choice" and not variable.choices:
            yield (
                ("variables", number),
                "error",
                Reason.of("runbook_no_choices", name=variable.name),
            )
    for number, step in enumerate(runbook.steps):
        yield from _languages(("steps", number, "title"), step.title)
        yield from _step(("steps", number), step, estate)


def _languages(place: tuple[str | int, ...], texts: dict[str, str]) -> Iterator[_Found]:
    missing = sorted(_BOTH - {language for language, text in texts.items() if text.strip()})
    if missing:
        field = ".".join(str(part) for part in place)
        yield place, "error", Reason.of("runbook_language", field=field, missing=", ".join(missing))


def _step(place: tuple[str | int, ...], step: Step, estate: Path | None) -> Iterator[_Found]:
    if step.expect:
        try:
            re.compile(step.expect)
        except re.error as error:
            why = Reason.of("runbook_expect", step=step.name, why=str(error))
            yield (*place, "expect"), "error", why
    if step.kind is StepKind.builtin and step.run not in BUILTINS:
        known = ", ".join(BUILTINS)
        yield (*place, "run"), "error", Reason.of("runbook_builtin", run=step.run, known=known)
    if step.kind in {StepKind.playbook, StepKind.probe}:
        missing = _no_playbook(step.run, estate)
        if missing is not None:
            yield (*place, "run"), "error", missing


def _no_playbook(run: str, estate: Path | None) -> Reason | None:
    """Why ``run`` names no playbook: a FQCN, or a file of the estate."""
    if run.endswith((".yml", ".yaml")) or "/" in run:
        if estate is not None and (estate / run).is_file():
            return None
        return Reason.of("runbook_no_playbook_file", run=run)
    if not _FQCN.fullmatch(run):
        return Reason.of("runbook_no_fqcn", run=run)
    namespace, collection, *rest = run.split(".")
    if any(_named(folder, rest) for folder in _playbook_folders(namespace, collection, estate)):
        return None
    known: list[str] = []
    if f"{namespace}.{collection}" == _COLLECTION:
        known = [f"{_COLLECTION}.{p.stem}" for p in sorted(data_playbooks().glob("*.yml"))]
    near = nearest(run, known)
    if near:
        return Reason.of("runbook_no_playbook_near", run=run, near=near)
    return Reason.of("runbook_no_playbook", run=run)


def _named(folder: Path, rest: Sequence[str]) -> bool:
    stem = folder.joinpath(*rest)
    return any(stem.with_name(stem.name + ending).is_file() for ending in (".yml", ".yaml"))


def _playbook_folders(namespace: str, collection: str, estate: Path | None) -> Iterator[Path]:
    if f"{namespace}.{collection}" == _COLLECTION:
        yield data_playbooks()
        return
    for root in collection_roots(estate):
        yield root / "ansible_collections" / namespace / collection / "playbooks"


def data_playbooks() -> Path:
    """Where the collection's own playbooks lie, in a wheel or in a clone."""
    installed = Path(sysconfig.get_path("purelib"), "ansible_collections/weibao/core/playbooks")
    clone = Path(__file__).resolve().parents[3]
    if (clone / "pyproject.toml").is_file():
        return clone / "playbooks"
    return installed
