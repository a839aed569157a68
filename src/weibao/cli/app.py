"""The command's root: language, errors, exit codes.

Exit codes: 0 all well; 1 it ran, but something failed; 2 wrong input; 3 refused;
4 could not be checked; 130 interrupted.
"""

from __future__ import annotations

import importlib
import locale
import os
import sys
from typing import Any

import click

from weibao import __version__
from weibao.cli.options import start_language
from weibao.cli.output import Output
from weibao.errors import WeibaoError

__all__ = ["main", "root", "settle_locale"]

_COMMANDS = {
    "backup": ("weibao.cli.backup", "backup"),
    "change": ("weibao.cli.change", "change"),
    "evidence": ("weibao.cli.evidence", "evidence"),
    "init": ("weibao.cli.init", "init"),
    "inventory": ("weibao.cli.inventory", "inventory"),
    "patch": ("weibao.cli.patch", "patch"),
    "platform": ("weibao.cli.platform", "platform"),
    "ports": ("weibao.cli.ports", "ports"),
    "run": ("weibao.cli.run", "run"),
    "runbook": ("weibao.cli.runbook", "runbook"),
    "schedule": ("weibao.cli.schedule", "schedule"),
    "schema": ("weibao.cli.schema", "schema"),
    "verify": ("weibao.cli.verify", "verify"),
}


class _Lazy(click.Group):
    """Imports a command only when it is called, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all well, 1 it ran but something failed, 2 wrong input, 3 refused, "
    "4 could not be checked.",
)
@click.option("-C", "--estate", metavar="ESTATE", help="Folder of the estate (default: here).")
@click.option("-i", "--inventory", "sources", multiple=True, help="Inventory, as Ansible takes it.")
@click.version_option(__version__, prog_name="weibao")
@click.pass_context
def root(context: click.Context, estate: str | None, sources: tuple[str, ...]) -> None:
    """Weibao (维保): maintenance that an IT service contract promises, done and proven."""
    context.obj.update(estate=estate, sources=sources)


def settle_locale() -> None:
    """Ansible does not start under a locale that is not there (as ssh brings it along).

    Nor under one that is not UTF-8; messages have their language by now.
    """
    try:
        locale.setlocale(locale.LC_ALL, "")
        usable = locale.nl_langinfo(locale.CODESET).upper() == "UTF-8"
    except locale.Error:
        usable = False
    if not usable:
        os.environ["LC_ALL"] = "C.UTF-8"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    os.umask(0o077)
    given = sys.argv[1:] if arguments is None else arguments
    out = Output(start_language(given))
    settle_locale()
    out.json = "--json" in given
    try:
        code: Any = root.main(
            args=given, prog_name="weibao", standalone_mode=False, obj={"out": out}
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except WeibaoError as error:
        out.error(error)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        if out.json:
            out.data(
                {"error": {"code": "usage", "message": error.format_message(), "exit_code": 2}}
            )
        error.show(sys.stderr)
        return 2
    except (click.Abort, KeyboardInterrupt):
        out.note("weibao: " + out.say("cli.interrupted"))
        return 130
    except BrokenPipeError:
        # Whoever read has had enough (``| head``).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
