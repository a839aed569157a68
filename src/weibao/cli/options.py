"""What every command takes, and the estate that it works on."""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weibao.cli.output import Output
from weibao.errors import InputError
from weibao.i18n import Language, default_language

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from weibao.bootstrap import Workshop

__all__ = ["Call", "command_options", "limit_option"]

_GLANCE = 65536
"""Characters of a settings file that are looked at before it is read properly."""
_LANGUAGE = re.compile(r"""^language:\s*["']?(zh|en)\b""", re.MULTILINE)
_PROMPTS = frozenset({"prompt", "prompt_ask_vault_pass"})

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Call:
    """One call of the command: its common options, and where to show what."""

    estate: Path
    sources: tuple[str, ...]
    vault_options: tuple[str, ...]
    out: Output

    @functools.cached_property
    def workshop(self) -> Workshop:
        """The opened estate.

        Raises:
            InputError: there is none, or a file of it is wrong.
        """
        from weibao.bootstrap import open_workshop

        workshop = open_workshop(self.estate, self.sources, self.vault_options)
        self.out.language = workshop.language
        return workshop

    def zone(self, contract: str) -> ZoneInfo | None:
        """The contract's time zone; None where the estate has no such contract any more."""
        from zoneinfo import ZoneInfo

        found = self.workshop.estate.contracts.get(contract)
        return ZoneInfo(found.time_zone) if found else None

    @property
    def language(self) -> Language:
        """Of messages."""
        return self.out.language


def command_options(*, shows: bool = True) -> Callable[[F], F]:
    """``-C``, ``-i``, the vault options and, where it shows something, ``--json``."""

    def decorate(function: F) -> F:
        @click.option(
            "-C",
            "--estate",
            "estate",
            metavar="ESTATE",
            help="Folder of the estate (default: here).",
        )
        @click.option(
            "-i",
            "--inventory",
            "sources",
            multiple=True,
            metavar="INVENTORY",
            help="Inventory, as Ansible takes it (default: the estate's).",
        )
        @click.option(
            "--vault-password-file",
            "--vault-pass-file",
            "vault_files",
            multiple=True,
            metavar="FILE",
            help="File with an Ansible Vault password.",
        )
        @click.option(
            "--vault-id",
            "vault_ids",
            multiple=True,
            metavar="LABEL@FILE",
            help="Ansible Vault identity.",
        )
        @functools.wraps(function)
        def wrapped(
            estate: str | None,
            sources: tuple[str, ...],
            vault_files: tuple[str, ...],
            vault_ids: tuple[str, ...],
            **rest: Any,
        ) -> Any:
            common = click.get_current_context().find_root().obj or {}
            for given in (*vault_files, *(n.rpartition("@")[2] for n in vault_ids if "@" in n)):
                if given not in _PROMPTS and not Path(given).is_file():
                    raise InputError("cli.no_vault_file", file=given)
            for name in vault_ids:
                if name.rpartition("@")[2] in _PROMPTS:
                    raise InputError("cli.vault_prompt", name=name)
            vault = [
                w for f in vault_files for w in ("--vault-password-file", str(Path(f).absolute()))
            ]
            vault += [word for name in vault_ids for word in ("--vault-id", name)]
            out: Output = common["out"]
            out.json = bool(rest.pop("as_json", False))
            call = Call(
                estate=Path(estate or common.get("estate") or "."),
                sources=sources or common.get("sources") or (),
                vault_options=tuple(vault),
                out=out,
            )
            return function(call, **rest)

        if shows:
            wrapped = click.option(
                "--json",
                "as_json",
                is_flag=True,
                help="Print JSON, and nothing else, on standard output.",
            )(wrapped)
        return wrapped  # type: ignore[return-value]

    return decorate


def limit_option(function: F) -> F:
    """``--limit PATTERN``, as Ansible has it."""
    return click.option(
        "-l",
        "--limit",
        default="",
        metavar="PATTERN",
        help="Only hosts that the Ansible pattern selects.",
    )(function)


def start_language(given: Sequence[str]) -> Language:
    """Before the estate is opened: what its settings file says, if it can be seen at a glance.

    Errors of the command line itself so have the language of the estate that is meant.
    """
    if os.environ.get("WEIBAO_LANGUAGE"):
        return default_language()
    folder = "."
    for option, value in itertools.pairwise(given):
        if option in {"-C", "--estate"}:
            folder = value
    try:
        with (Path(folder) / "weibao.yml").open(encoding="utf-8", errors="replace") as file:
            found = _LANGUAGE.search(file.read(_GLANCE))
    except (OSError, ValueError):
        found = None
    if found is None:
        return default_language()
    return "zh" if found[1] == "zh" else "en"
