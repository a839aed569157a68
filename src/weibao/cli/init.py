"""``weibao init``."""

from __future__ import annotations

from pathlib import Path

import click

from weibao.cli.options import Call, command_options

__all__ = ["init"]


@click.command()
@click.argument("folder", default="")
@click.option("--name", default="", help="The estate's name (default: the folder's).")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Of comments, messages and reports.",
)
@click.option("--key-dir", "key_folder", default="", help="Where the encryption key is made.")
@command_options()
def init(call: Call, folder: str, name: str, language: str, key_folder: str) -> None:
    """Write a commented estate into FOLDER (new or empty); asks nothing."""
    from weibao.bootstrap.beginnings import make_estate

    out = call.out
    out.language = "en" if language == "en" else "zh"
    made = make_estate(
        Path(folder or call.estate), name=name, language=out.language, key_folder=key_folder
    )
    out.data(
        {
            "estate": str(made.folder),
            "name": made.name,
            "key": str(made.key),
            "vault_password": str(made.vault_password),
            "files": list(made.files),
        }
    )
    out.line(out.say("cli.init_made", folder=made.folder))
    for file in made.files:
        out.line(f"  {file}")
    out.line(out.say("cli.init_key", key=made.key))
    out.line(out.say("cli.init_vault", file=made.vault_password))
    out.line(out.say("cli.init_next", folder=made.folder))
