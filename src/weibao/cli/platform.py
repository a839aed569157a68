"""``weibao platform``."""

from __future__ import annotations

import click

from weibao.cli.options import Call, command_options
from weibao.cli.platform_sessions import record, try_

__all__ = ["platform"]


@click.group()
def platform() -> None:
    """Network operating systems that can be read."""


@platform.command("list")
@command_options()
def list_(call: Call) -> None:
    """List the platforms, their names, and on what each was tried."""
    from weibao.adapters.estate_files import SETTINGS_FILE
    from weibao.adapters.platform_files import load_platforms
    from weibao.domain.resolve_platform import resolve

    has_estate = (call.estate / SETTINGS_FILE).is_file()
    known = call.workshop.platforms if has_estate else load_platforms([])
    rows = [
        {
            "id": p.id,
            "title": p.title,
            "vendor": p.vendor,
            "netmiko": p.netmiko,
            "names": sorted(n for n in set(p.all_names()) if resolve(known, n) is p),
            "tried_on": [t.value for t in p.tried_on],
        }
        for p in known.values()
    ]
    call.out.data({"platforms": rows})
    head = [call.out.say(f"cli.head.{k}") for k in ("platform", "title", "tried_on", "names")]
    call.out.table(
        head,
        [
            (
                r["id"],
                r["title"],
                ", ".join(map(str, r["tried_on"])),
                ", ".join(map(str, r["names"])),
            )
            for r in rows
        ],
    )


platform.add_command(record)
platform.add_command(try_)
