"""Showing: words on the terminal, or JSON alone on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from weibao.domain.reasons import Reason
from weibao.errors import WeibaoError
from weibao.i18n import Language, explain, translate

__all__ = ["Output"]


class Output:
    """Where a command shows its result."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.json = False

    def say(self, key: str, /, **params: object) -> str:
        """A message in the user's language."""
        return translate(key, self.language, **params)

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
        """A table whose columns fit their content; wide Chinese characters count double."""
        if self.json:
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for title in head:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*[str(cell) for cell in row])
        width = None if sys.stdout.isatty() else 240
        console = Console(
            file=sys.stdout, width=width, highlight=False, markup=False, soft_wrap=False
        )
        console.print(table)

    def moment(self, moment: datetime | None) -> str:
        """A time in the machine's zone, for the terminal."""
        return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "-"


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
