"""A report in a few lines, for mail and chats: as text, and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from weibao.boundary.notify import Notice
from weibao.domain.records import RunState
from weibao.domain.run_report import RunReport
from weibao.reports.verdict import Verdict
from weibao.reports.words import Words, visible

__all__ = ["MOST", "NoticePart", "Telling", "escape", "notice_of"]

MOST = 20
"""Entries of a list; the rest is counted."""
_LONGEST = 200
"""Characters of what is said of one entry."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&!$])")


def escape(text: str) -> str:
    """``text`` as plain words in a line or a table's cell, whatever it contains."""
    line = " ".join(visible(text).split())
    marked = _SPECIAL.sub(r"\\\1", line)
    return re.sub(r"^([-+=])", r"\\\1", re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", marked))


@dataclass(frozen=True, slots=True)
class NoticePart:
    """A list with its title."""

    title: str
    entries: Sequence[tuple[str, str]]
    """A name, and what is said of it."""
    count: int
    """Of all, where ``entries`` are the first of them."""


@dataclass(frozen=True)
class Telling:
    """What both forms are made of."""

    title: str
    sentence: str
    details: Sequence[str]
    parts: Sequence[NoticePart]
    end: Sequence[str]
    colon: str
    more: Callable[[int], str]
    """Says that so many are left out."""

    def text(self) -> str:
        """For mail."""

        def line(name: str, said: str) -> str:
            return f"  {name}{self.colon}{said}" if name else f"  {said}"

        lines = [self.title, self.sentence, *self.details]
        for part in self.parts:
            lines += ["", part.title, *self._entries(part, line)]
        return "\n".join([*lines, "", *self.end]) + "\n"

    def markdown(self) -> str:
        """For chats."""

        def line(name: str, said: str) -> str:
            if not name:
                return f"- {escape(said)}"
            return f"- **{escape(name)}**{self.colon}{escape(said)}"

        lines = [f"### {escape(self.title)}", "", f"**{escape(self.sentence)}**", ""]
        lines += [escape(detail) for detail in self.details]
        for part in self.parts:
            lines += ["", f"#### {part.title}", "", *self._entries(part, line)]
        return "\n".join([*lines, "", *(escape(text) for text in self.end)]) + "\n"

    def _entries(self, part: NoticePart, line: Callable[[str, str], str]) -> Iterable[str]:
        shown = part.entries[:MOST]
        yield from (line(name, _short(said)) for name, said in shown)
        if (left := part.count - len(shown)) > 0:
            yield line("", self.more(left))


class Viewed(Protocol):
    """A report of a run in one language, as far as a notice needs it."""

    @property
    def report(self) -> RunReport: ...
    @property
    def words(self) -> Words: ...
    @property
    def title(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def zone_note(self) -> str: ...


def notice_of(
    view: Viewed,
    say: Callable[..., str],
    parts: Iterable[NoticePart],
    *,
    counts: Sequence[str],
    failed: bool,
    data: Mapping[str, object],
    where: str,
) -> Notice:
    """The notice of a report.

    ``say`` gives the report's own words (``summary.subject``, ``summary.where``); ``counts``
    stand in the subject; ``data`` is what the report has beside what all have; ``where`` is
    the path or address of the whole report.
    """
    words, report = view.words, view.report
    end = [words("summary.number", number=report.number, run=report.run.id)]
    if where:
        end.append(f"{say('summary.where')}{words('colon')}{where}")
    told = Telling(
        title=view.title,
        sentence=view.verdict.sentence,
        details=view.verdict.details,
        parts=[part for part in parts if part.count],
        end=[*end, view.zone_note],
        colon=words("colon"),
        more=lambda left: words("summary.more", n=left),
    )
    interrupted = report.run.state is RunState.interrupted
    customer = visible(report.contract.customer)
    subject = say(
        "summary.subject",
        tag=words("summary.tag"),
        customer=f"{customer} " if customer else "",
        day=words.day(report.run.started_at),
        counts=words("verdict.join").join(
            [*counts, *([words("summary.interrupted")] if interrupted else [])]
        ),
    )
    common = {
        "number": report.number,
        "run": report.run.id,
        "state": report.run.state.value,
        "contract": report.contract.id,
        "started_at": report.run.started_at.isoformat(),
        "verdict": view.verdict.sentence,
        "report": where,
    }
    return Notice(
        subject=" ".join(subject.split()),
        text=told.text(),
        markdown=told.markdown(),
        failed=failed,
        data={**common, **data},
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
