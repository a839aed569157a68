"""What the documents of a change are made of, and the words that all of them use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from weibao.domain.change import Approval, Change, ChangeEvent, ChangePlan, ChangeStep
from weibao.domain.change_fields import CHANGE_FIELDS
from weibao.domain.contract import Contract
from weibao.domain.patch_health import Before
from weibao.domain.runbook import Runbook
from weibao.i18n import Language, messages, translate
from weibao.reports.change.document import Document, Fact, Facts, Section, Text
from weibao.reports.words import Words

__all__ = ["Desk", "DocumentKind", "Papers", "Phrases"]


class DocumentKind(StrEnum):
    """Which document; also the key of its title in ``Contract.report_titles``."""

    operation_plan = "operation_plan"
    """操作方案 with 应急方案 (RPT-21)."""
    maintenance_application = "maintenance_application"
    """维护申请 (RPT-19)."""
    change_plan = "change_plan"
    """变更计划 (RPT-20)."""
    change_record = "change_record"
    """变更记录 (RPT-20)."""
    patch_plan = "patch_plan"
    """补丁、微码升级计划和步骤 (RPT-30)."""
    patch_summary = "patch_summary"
    """补丁、微码升级总结报告 (RPT-31)."""


@dataclass(frozen=True)
class Papers:
    """The records that documents are written from (RPT-01)."""

    contract: Contract
    runbook: Runbook
    now: datetime
    """When the document is issued."""
    change: Change | None = None
    """None: the runbook alone, as an operation plan."""
    plan: ChangePlan | None = None
    approvals: tuple[Approval, ...] = ()
    events: tuple[ChangeEvent, ...] = ()
    steps: tuple[ChangeStep, ...] = ()
    kept: Mapping[str, Before] = field(default_factory=dict)
    """Of patching, by host: what it was when its work began, and its backup."""
    restarted: Mapping[str, bool] = field(default_factory=dict)
    """Whether a host was restarted, where that is known."""


class Phrases(Words):
    """Words of the documents: entries ``document.<key>``, and times in the contract's zone."""

    def say(self, key: str, **params: object) -> str:
        """The text of ``document.<key>``."""
        return translate(f"document.{key}", self.language, **params)

    def label(self, kind: str, name: str) -> str:
        """The word for one of a set, or its own name where the catalogue has none."""
        key = f"document.{kind}.{name}"
        return translate(key, self.language) if key in messages() else name

    def own(self, texts: dict[str, str]) -> str:
        """A text that data give in both languages; the other one where this is missing."""
        return texts.get(self.language) or next(iter(texts.values()), "")

    @staticmethod
    def sentence(text: str) -> str:
        """``text`` beginning with a capital."""
        return text[:1].upper() + text[1:]

    def span(self, start: datetime, end: datetime) -> str:
        """From, to."""
        same = self.day(start) == self.day(end)
        closing = self.local(end).strftime("%H:%M") if same else self.moment(end)
        return self.say("span", start=self.moment(start), end=closing)


class Desk:
    """Papers in one language, with what every document says alike."""

    def __init__(self, papers: Papers, language: Language) -> None:
        self.papers = papers
        self.w = Phrases(language, papers.contract.time_zone)

    @property
    def change(self) -> Change:
        """The change that the document is about.

        Raises:
            ValueError: the papers hold none.
        """
        if self.papers.change is None:
            raise ValueError("this document is about a change")
        return self.papers.change

    def person(self, name: str) -> str:
        """As documents show a person; a dash for nobody."""
        if not name:
            return "—"
        found = self.papers.contract.person(name)
        return found.name if found else name

    def field(self, name: str, *, wide: bool = True, otherwise: str = "") -> Fact:
        """A field of the application; ``otherwise`` where nothing is said."""
        change = self.papers.change
        text = (change.fields.get(name, "").strip() if change else "") or otherwise
        missing = not text
        shown = self.w.say("not_stated") if missing else text
        return Fact(self.w.label("field", name), shown, wide, "warning" if missing else "")

    def more_fields(self) -> tuple[Fact, ...]:
        """Fields of the application that no document knows."""
        given = self.change.fields
        return tuple(Fact(n, t, True) for n, t in given.items() if n not in CHANGE_FIELDS and t)

    @property
    def purpose(self) -> str:
        """CHG-01, where the application does not say its own."""
        return self.w.own(self.papers.runbook.purpose)

    @property
    def impact(self) -> str:
        """CHG-49, where the application does not say its own."""
        return self.w.own(self.papers.runbook.business_impact)

    @property
    def risk(self) -> str:
        """CHG-09, where the application does not say its own."""
        return self.w.label("risk", self.papers.runbook.risk)

    @property
    def window(self) -> str:
        """The change's window, with its length."""
        window = self.change.window
        seconds = (window.end - window.start).total_seconds()
        span = self.w.span(window.start, window.end)
        return self.w.say("span_long", span=span, duration=self.w.duration(seconds))

    def document(
        self,
        kind: DocumentKind,
        subtitle: str,
        sections: list[Section],
        banner: Text | None = None,
    ) -> Document:
        """A document with the head that all share."""
        papers, w = self.papers, self.w
        # A title that nobody wrote is the runbook's, in the language of whoever applied.
        if papers.change is not None and subtitle in papers.runbook.title.values():
            subtitle = w.own(papers.runbook.title)
        own = papers.contract.report_titles.get(kind.value, "") if w.language == "zh" else ""
        reference = f"{papers.runbook.id} {papers.runbook.version}"
        zone = w("zone", zone=w.zone_name, offset=w.offset(papers.now))
        return Document(
            kind=kind.value,
            language=w.language,
            title=own or w.say(f"title.{kind.value}"),
            subtitle=subtitle,
            number=papers.change.id if papers.change else reference,
            customer=papers.contract.customer,
            head=Facts(self._head(reference)),
            banner=banner,
            sections=tuple(sections),
            footer=w.say("footer", zone=zone, issued=w.moment(papers.now)),
        )

    def _head(self, reference: str) -> tuple[Fact, ...]:
        contract, change, w = self.papers.contract, self.papers.change, self.w
        return (
            Fact(w.say("head.number"), change.id if change else reference),
            Fact(w.say("head.version"), self._version()),
            Fact(w.say("head.customer"), contract.customer or "—"),
            Fact(w.say("head.provider"), contract.provider or "—"),
            Fact(w.say("head.contract"), contract.title or contract.id),
            Fact(w.say("head.runbook"), reference),
            Fact(w.say("head.author"), self.person(change.requester) if change else "—"),
            Fact(w.say("head.reviewer"), contract.project_manager or "—"),
        )

    def _version(self) -> str:
        change, w = self.papers.change, self.w
        if change is None:
            return self.papers.runbook.version
        return w.say("head.version_of", round=change.round, plan=change.plan)
