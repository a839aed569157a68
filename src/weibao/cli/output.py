"""Showing: words on the terminal, or JSON alone on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from pydantic import BaseModel

from weibao.domain.reasons import Reason
from weibao.errors import WeibaoError
from weibao.i18n import Language, explain, messages, translate

__all__ = ["Output"]


_MANY = 200
_CONTROLS = {**dict.fromkeys((*range(32), *range(127, 160))), 9: " ", 10: " "}


class Output:
    """Where a command shows its result."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.json = False

    def say(self, key: str, /, **params: object) -> str:
        """A message in the user's language."""
        return translate(key, self.language, **params)

    def word(self, vocabulary: str, code: str) -> str:
        """What ``<vocabulary>.<code>`` says; a code that there is no word for."""
        key = f"{vocabulary}.{code}"
        return self.say(key) if key in messages() else code

    def reason(self, reason: Reason | None) -> str:
        """A reason in words, empty for none."""
        return explain(reason.code, reason.params, self.language) if reason else ""

    def line(self, text: str = "") -> None:
        """A line for people; nothing where JSON was asked for."""
        if not self.json:
            sys.stdout.write(text + "\n")

    def note(self, text: str) -> None:
        """A line on standard error: progress, hints."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def data(self, value: Any) -> None:
        """The result as JSON, where it was asked for."""
        if self.json:
            json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2)
            sys.stdout.write("\n")

    def error(self, error: WeibaoError) -> None:
        """An error, with what caused it."""
        text = error.say(self.language)
        if self.json:
            body = {"code": error.key, "message": text, "exit_code": error.exit_code}
            self.data({"error": body})
        self.note(f"weibao: {text}")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table whose columns fit their content; wide Chinese characters count double.

        In a file each row is one line. On a terminal long cells are folded, but where the rows
        are so many that folding them would take longer than reading what is in them.
        """
        if self.json:
            return
        cells = [[str(cell) for cell in row] for row in rows]
        if len(cells) > _MANY or not sys.stdout.isatty():
            sys.stdout.writelines(_lines([list(head), *cells]))
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for title in head:
            table.add_column(title, overflow="fold")
        for texts in cells:
            table.add_row(*texts)
        Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=False).print(table)

    def moment(self, moment: datetime | None, zone: tzinfo | None = None) -> str:
        """A time for the terminal: of ``zone``, else of the machine's, which is then named."""
        if moment is None:
            return "-"
        if zone is None:
            return moment.astimezone().isoformat(" ", "seconds")
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row on a line of its own, its cells below each other."""
    shown = [[cell.translate(_CONTROLS) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell + " " * (w - _width(cell)) for cell, w in cells).rstrip() + "\n"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def plain(value: Any) -> Any:
    """What ``json`` can write of models, times and the like."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)
