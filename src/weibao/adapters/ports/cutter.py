"""TextFSM that tells which lines it did not understand, and where each value stood."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import textfsm
from textfsm.parser import TextFSMError, TextFSMTemplateError

from weibao.domain.port_rows import Row

__all__ = ["Cutter", "TextFSMTemplateError"]


_REST = "_REST"
_SCREEN = 78
"""A line that is as long was broken where the screen ended, a shorter one between two words."""


class Cutter(textfsm.TextFSM):  # type: ignore[misc]
    """One template. ``Error`` in it means *not understood*, and the rest is read all the same.

    What a value ``X_REST`` finds is the rest of the last record's ``X``, on a line of its own.
    """

    def __init__(self, template: str) -> None:
        """``template``: a TextFSM template's text.

        Raises:
            TextFSMTemplateError: it is none.
        """
        self._cur_state: Any
        self._cur_state_name: str | None
        super().__init__(io.StringIO(template))
        self._named = {value.name: value for value in self.values}
        self._columns = self.header

    def cut(self, lines: Iterable[tuple[int, str]]) -> tuple[list[Row], list[tuple[int, str]]]:
        """Records of numbered lines, and the lines that no rule took (but for empty ones)."""
        self.Reset()
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        unparsed: list[tuple[int, str]] = []
        before = ""
        for number, line in lines:
            self._line = number
            self._before = len(before.rstrip())
            before = line
            if not self._took(line) and line.strip():
                unparsed.append((number, line))
            if self._cur_state_name in ("End", "EOF"):
                break
        if self._cur_state_name != "End" and "EOF" not in self.states:
            self._AppendRecord()
        return self._rows, unparsed

    def _took(self, line: str) -> bool:
        """As TextFSM does it; a rule that only goes on (``Continue``) takes no line
        unless it finds a value in it.
        """
        took = False
        for rule in self._cur_state:
            matched = rule.regex_obj.match(line)
            if not matched:
                continue
            if rule.line_op == "Error":
                return False
            groups = matched.groupdict()
            for name in groups:
                self._AssignVar(matched, name)
            if self._Operations(rule, line):
                if rule.new_state:
                    if rule.new_state not in ("End", "EOF"):
                        self._cur_state = self.states[rule.new_state]
                    self._cur_state_name = rule.new_state
                return True
            took = took or any(groups.values())
        return took

    def _AssignVar(self, matched: Any, value: str) -> None:
        named = self._named.get(value)
        if value.endswith(_REST):
            self._go_on(value.removesuffix(_REST), matched.group(value) or "")
        elif named is not None:
            named.AssignVar(matched.group(value))
            self._at[value] = self._line

    def _go_on(self, column: str, rest: str) -> None:
        if rest and self._rows:
            last = self._rows[-1]
            text = str(last.cells.get(column, ""))
            blank = "" if self._before >= _SCREEN else " "
            cells = {**last.cells, column: (text + blank + rest).strip()}
            self._rows[-1] = Row(cells, last.lines)

    def _AppendRecord(self) -> None:
        before = len(self._result)
        try:
            super()._AppendRecord()
        except TextFSMError:
            self._ClearRecord()
        if len(self._result) > before:
            cells = dict(zip(self._columns, self._result.pop(), strict=True))
            self._rows.append(Row(cells, dict(self._at)))
