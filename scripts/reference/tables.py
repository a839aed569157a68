"""What every page of the reference shares."""

from __future__ import annotations

__all__ = ["MADE", "table"]

MADE = "<!-- Made by scripts/generate_reference.py. Change the program, not this page. -->"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    shown = (" ".join(str(cell).split()).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(shown) + " |"
