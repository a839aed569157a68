"""Pages of the commands and their exit codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from reference.tables import MADE, table

__all__ = ["command_page", "commands", "exit_codes", "lab_page"]


def commands(root: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """``name`` and every command below it with its full name."""
    yield name, root
    if isinstance(root, click.Group):
        context = click.Context(root, info_name=name)
        for each in root.list_commands(context):
            below = root.get_command(context, each)
            if below is not None:
                yield from commands(below, f"{name} {each}")


def command_page() -> str:
    """The program's commands."""
    from weibao.cli.app import root

    return _page(
        root,
        "weibao",
        "Commands",
        "Every command takes `-C` and `-i`; where it shows something it takes `--json`, and then\n"
        "prints JSON alone on standard output, whatever the exit code. No command asks questions\n"
        "when standard input is no terminal. Exit codes: [exit-codes.md](exit-codes.md).",
    )


def lab_page() -> str:
    """The lab's commands."""
    from weibao_lab.cli import main

    return _page(
        main,
        "weibao-lab",
        "Commands of the lab",
        "The lab plays switches on loopback, for the tutorial, the demo and the tests. It comes\n"
        "with the extra `lab` (`pip install weibao[lab]`).",
    )


def _page(root: click.Command, name: str, title: str, head: str) -> str:
    parts = [MADE, f"# {title}", head]
    for full, command in commands(root, name):
        parts.append(f"## {full}")
        parts.append(inspect.cleandoc(command.help or "").replace("\b", ""))
        usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=full)))
        parts.append(f"```text\n{full} {usage}\n```")
        parts += _options(command)
        if command.epilog:
            parts.append(command.epilog)
    return "\n\n".join(part for part in parts if part) + "\n"


def _options(command: click.Command) -> list[str]:
    rows = []
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            names = ", ".join([*parameter.opts, *parameter.secondary_opts])
            kind = "" if parameter.is_flag else f" {parameter.make_metavar(_CONTEXT)}"
            default = _default(parameter)
            text = " ".join((parameter.help or "").split())
            rows.append((f"`{names}{kind}`", " ".join(filter(None, (text, default)))))
    return [table(("Option", "Meaning"), rows)] if rows else []


_CONTEXT = click.Context(click.Command("x"))


def _default(option: click.Option) -> str:
    if option.is_flag or option.required or not option.show_default:
        return "Required." if option.required else ""
    return f"Default: `{option.default}`."


def exit_codes() -> str:
    """Exit codes of all commands."""
    from weibao import errors

    meaning: dict[int, tuple[str, str]] = {
        0: ("all well", "it did what was asked, and everything is good"),
        130: ("interrupted", "Ctrl-C; what was collected is recorded by the next run"),
    }
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.WeibaoError):
            text = (error.__doc__ or "").strip().rstrip(".")
            if error in errors.WeibaoError.__subclasses__():
                meaning[error.exit_code] = (
                    _CODE_NAMES[error.exit_code],
                    text[0].lower() + text[1:],
                )
    rows = [(f"`{code}`", *meaning[code]) for code in sorted(meaning)]
    special = [
        (f"`{name}`", _exit_sentence(command))
        for name, command in _all_commands()
        if "xit code" in (command.help or "")
    ]
    return (
        "\n\n".join(
            [
                MADE,
                "# Exit codes",
                "The same for every command, so that a script or a timer can tell what happened.",
                table(("Code", "Name", "Meaning"), rows),
                "With `--json`, an error is an object "
                '`{"error": {"code": …, "message": …, "exit_code": …}}` on standard output.',
                "Commands that say more:",
                table(("Command", "Exit codes"), special),
                _RUN_CODES,
            ]
        )
        + "\n"
    )


_CODE_NAMES = {1: "something failed", 2: "wrong input", 3: "refused", 4: "could not be checked"}


_RUN_CODES = """\
`weibao backup run` ends with 0 where every device has a good backup after the run, push and
second copy worked, and every notice was taken; with 4 where no device was tried; else
with 1. What needs a contract's key ends with 4 where the key is missing, and with 3 where
others may read it."""


def _all_commands() -> list[tuple[str, click.Command]]:
    from weibao.cli.app import root

    return [pair for pair in commands(root, "weibao") if not isinstance(pair[1], click.Group)]


def _exit_sentence(command: click.Command) -> str:
    words = " ".join(inspect.cleandoc(command.help or "").split())
    start = words.lower().index("exit code")
    return words[start].upper() + words[start + 1 :]
