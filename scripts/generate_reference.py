#!/usr/bin/env python3
"""Write docs/reference from the program itself, so that it cannot say anything else.

    python scripts/generate_reference.py            write the pages
    python scripts/generate_reference.py --check    exit code 1 where a page is stale

Sources: the click commands, the pydantic models and their docstrings, the platform files,
the message catalogues. No time and no machine's path is in a page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from reference import commands, lists, models

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every page of the reference, by its path below docs/reference."""
    return {
        "commands.md": commands.command_page(),
        "lab-commands.md": commands.lab_page(),
        "exit-codes.md": commands.exit_codes(),
        **models.model_pages(),
        "platforms.md": lists.platforms(),
        "inventory-variables.md": lists.variables(),
        "reasons.md": lists.reasons(),
        "findings.md": lists.findings(),
        **{f"schemas/{name}.json": text for name, text in models.schemas().items()},
    }


def stale() -> list[str]:
    """The pages that are missing or differ, and files that no page is of."""
    made = pages()
    found = [
        name
        for name, text in made.items()
        if not (REFERENCE / name).is_file()
        or (REFERENCE / name).read_text(encoding="utf-8") != text
    ]
    there = {str(p.relative_to(REFERENCE)) for p in REFERENCE.rglob("*") if p.is_file()}
    return sorted([*found, *(there - made.keys())])


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        for name in (old := stale()):
            print(f"stale: docs/reference/{name}")
        return 1 if old else 0
    for name, text in pages().items():
        path = REFERENCE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in stale():
        (REFERENCE / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
