"""``weibao init``."""

from __future__ import annotations

from pathlib import Path

import click

from weibao.cli.options import Call, command_options

__all__ = ["init"]


@click.command()
@click.argument("folder", default=".")
@click.option("--name", default="", help="The estate's name (default: the folder's).")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--key-dir", "key_folder", default="", help="Where the encryption key is made.")
@command_options()
def init(call: Call, folder: str, name: str, language: str, key_folder: str) -> None:
    """Write a commented estate into FOLDER (new or empty); asks nothing."""
    from weibao.bootstrap import init_estate

    call.out.language = "zh" if language == "zh" else "en"
    done = init_estate(
        Path(folder), name=name, language=call.out.language, key_folder=key_folder
    )
    call.out.data(done)
    for text in done["said"]:
        call.out.line(text)
