"""``weibao schema``."""

from __future__ import annotations

import json

import click

from weibao.cli.options import Call, command_options

__all__ = ["schema"]


@click.command()
@click.argument("name", required=False, default="")
@command_options()
def schema(call: Call, name: str) -> None:
    """Print the JSON Schema of a file that a user may write; without NAME, list them."""
    from weibao.adapters.estate_files import schemas
    from weibao.errors import InputError

    known = schemas()
    if not name:
        call.out.data({"schemas": sorted(known)})
        for each in sorted(known):
            call.out.line(each)
        return
    if name not in known:
        raise InputError("cli.no_schema", name=name, known=", ".join(sorted(known)))
    call.out.json = True
    call.out.data(json.loads(json.dumps(known[name])))
