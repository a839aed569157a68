"""``weibao runbook``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weibao.cli.document_output import document_options, save_document, show_document
from weibao.cli.options import Call, command_options
from weibao.i18n import LANGUAGES

if TYPE_CHECKING:
    from weibao.domain.contract import Contract

__all__ = ["runbook"]


@click.group()
def runbook() -> None:
    """Runbooks (操作方案): the operation plans that changes are tied to."""


@runbook.command("list")
@command_options()
def list_(call: Call) -> int:
    """List the runbooks of the estate and of the package; exit code 2 if one is wrong."""
    from weibao.adapters.runbook_files import read_runbook, runbook_files
    from weibao.errors import InputError

    out = call.out
    rows, wrong = [], []
    for file in runbook_files(_estate(call)):
        try:
            found = read_runbook(file)
        except InputError as error:
            wrong.append(error)
            continue
        rows.append(
            {
                "id": found.id,
                "version": found.version,
                "title": found.title,
                "mutating": found.mutating,
                "risk": found.risk,
                "targets": found.targets,
                "steps": len(found.steps),
                "standard_allowed": found.standard_allowed,
                "own": file.own,
            }
        )
    problems = [error.say(call.language) for error in wrong]
    out.data({"runbooks": rows, "problems": problems})
    names = ("runbook", "version", "title", "touches", "risk", "source")
    out.table(
        [out.say(f"cli.runbook.head.{name}") for name in names],
        [
            (
                row["id"],
                row["version"],
                _title(row["title"], call),
                out.say("cli.runbook.changes" if row["mutating"] else "cli.runbook.reads"),
                _risk(str(row["risk"]), call),
                out.say("cli.runbook.own" if row["own"] else "cli.runbook.packaged"),
            )
            for row in rows
        ],
    )
    for text in problems:
        out.note(text)
    return 2 if wrong else 0


@runbook.command()
@click.argument("name")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Of the document (default: the settings')."
)
@document_options
@command_options()
def show(call: Call, name: str, language: str | None, html: str, docx: str) -> None:
    """Show a runbook as the operation plan (操作方案) that an approver reads.

    As text in the terminal, or with --html and --docx as files.
    """
    from weibao.adapters.clock import SystemClock
    from weibao.adapters.runbook_files import find_runbook, read_runbook
    from weibao.reports.change import DocumentKind, Papers, compose

    estate = _estate(call)
    found = read_runbook(find_runbook(estate, name))
    chosen = call.language if language is None else next(x for x in LANGUAGES if x == language)
    papers = Papers(contract=_contract(call, estate), runbook=found, now=SystemClock().now())
    document = compose(DocumentKind.operation_plan, papers, chosen)
    files = save_document(call.out, document, html, docx)
    call.out.data({"runbook": found, "files": files})
    if not files:
        show_document(call.out, document)


@runbook.command()
@command_options()
def lint(call: Call) -> int:
    """Check every runbook of the estate and of the package; exit code 2 if one is wrong.

    Each problem is said with file and line. That the playbooks exist is checked too.
    """
    from weibao.adapters.runbook_files import lint_runbooks, runbook_files

    out, estate = call.out, _estate(call)
    problems = lint_runbooks(estate)
    errors = sum(problem.severity == "error" for problem in problems)
    files = len(runbook_files(estate))
    out.data(
        {
            "runbooks": files,
            "errors": errors,
            "warnings": len(problems) - errors,
            "problems": [
                {
                    "file": p.file,
                    "line": p.line,
                    "severity": p.severity,
                    "reason": p.reason,
                    "text": out.reason(p.reason),
                }
                for p in problems
            ],
        }
    )
    for problem in problems:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        sign = out.say(f"cli.problem.{problem.severity}")
        out.line(f"{place}: {sign}: {out.reason(problem.reason)}")
    out.line(
        out.say("cli.runbook.checked", n=files, errors=errors, warnings=len(problems) - errors)
    )
    return 2 if errors else 0


@runbook.command()
@command_options()
def schema(call: Call) -> None:
    """Print the JSON Schema of a runbook's file."""
    from weibao.domain.runbook import Runbook

    call.out.json = True
    call.out.data(Runbook.model_json_schema())


def _estate(call: Call) -> Path | None:
    """The estate's folder; without one only the packaged runbooks count.

    Raises:
        InputError: the estate's settings are wrong, or a folder was named that is no estate.
    """
    from weibao.adapters.estate_files import SETTINGS_FILE

    if not (call.estate / SETTINGS_FILE).is_file() and call.estate == Path():
        return None
    return call.workshop.estate.folder


def _contract(call: Call, estate: Path | None) -> Contract:
    """Whose titles and time zone count: the estate's only contract, else the default one."""
    from weibao.adapters.package_data import data_folder
    from weibao.adapters.yaml_lines import read_model
    from weibao.domain.contract import Contract

    if estate is None:
        return read_model(Contract, data_folder("contracts") / "default.yml")
    contracts = call.workshop.estate.contracts
    own = [contract for name, contract in contracts.items() if name != "default"]
    return own[0] if len(own) == 1 else contracts["default"]


def _title(title: object, call: Call) -> str:
    texts = title if isinstance(title, dict) else {}
    return str(texts.get(call.language) or next(iter(texts.values()), ""))


def _risk(risk: str, call: Call) -> str:
    from weibao.reports.change.papers import Phrases

    return Phrases(call.language, "UTC").label("risk", risk)
