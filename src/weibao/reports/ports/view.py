"""The log prepared for showing: words chosen, ports placed, evidence numbered.

Renderers only lay out what stands here, so that HTML, Word and Markdown say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding
from weibao.domain.port_record import PortOutcome, PortState
from weibao.domain.port_report import (
    PortDeviceRow,
    PortReport,
    PortStanding,
    PortTally,
    standing_of,
    tally_of_readings,
)
from weibao.domain.records import EvidenceRecord, Severity
from weibao.i18n import Language
from weibao.reports.change.document import Block
from weibao.reports.ports.advice import Advice, suggestions
from weibao.reports.ports.checks import check_items
from weibao.reports.ports.differences import OF_DEVICES, differences
from weibao.reports.ports.forwarding import forwarding_blocks
from weibao.reports.ports.front import Front, front
from weibao.reports.ports.items import CheckItem
from weibao.reports.ports.verdict import verdict
from weibao.reports.ports.words import PortWords
from weibao.reports.run_steps import Step, shown_steps
from weibao.reports.words import visible

__all__ = ["Difference", "Line", "Mark", "Piece", "PortView", "Shown"]

_WEIGHT = {Severity.serious: 0, Severity.warning: 1, Severity.info: 2}


@dataclass(frozen=True, slots=True)
class Piece:
    """A numbered piece of evidence."""

    number: int
    record: EvidenceRecord


@dataclass(frozen=True, slots=True)
class Mark:
    """What was found about one port."""

    level: str
    """``serious``, ``warning``, ``info`` or ``waived``: the gravest of them."""
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A port in words."""

    name: str
    standing: PortStanding
    admin: str
    oper: str
    why: str
    link: str
    vlan: str
    neighbour: str
    description: str
    place: str
    since: str
    optical: str
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Line:
    """One device in the words of the log."""

    row: PortDeviceRow
    number: int
    device: str
    title: str
    place: str
    why: str
    """Why it was not, or only partly read."""
    ports: tuple[PortState, ...]
    """Of this run; of the last good one where ``stale``."""
    tally: PortTally
    stale: bool
    last_at: str
    """When it was last read, where this run did not."""
    open_before: int
    """Findings of then that nobody could look at again."""
    found: int
    """Findings of this run that are not waived."""
    level: str
    """The gravest of them; empty for none."""
    pieces: tuple[int, ...]

    @property
    def outcome(self) -> PortOutcome:
        """What became of its reading."""
        return self.row.reading.outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding in words."""

    finding: PortFinding
    number: int
    """Of the device's line; 0 where it has none."""
    device: str
    port: str
    title: str
    text: str
    since: str
    lasts: str
    cuts_off: str
    waived: str


class PortView:
    """A report in one language."""

    def __init__(self, report: PortReport, language: Language) -> None:
        self.report = report
        self.words = PortWords(language, report.contract.time_zone)
        self.differences = differences(report)
        self.verdict = verdict(report, self.differences, self.words)

    @property
    def title(self) -> str:
        """The exact title: the report's, or the usual one (RPT-01)."""
        return visible(self.report.title.get(self.words.language, "") or self.words.say("title"))

    # devices

    @cached_property
    def fronts(self) -> tuple[Front, ...]:
        """The devices' fronts, in the order of the lines."""
        return tuple(front(line.ports, _uplinks(line.row)) for line in self.lines)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every device, in the inventory's order."""
        return tuple(self._line(n, row) for n, row in enumerate(self.report.rows, 1))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The numbers of the lines by device."""
        return {line.row.device: line.number for line in self.lines}

    @cached_property
    def unread(self) -> tuple[Line, ...]:
        """Devices whose ports nobody saw in this run."""
        return tuple(line for line in self.lines if not line.row.reading.good)

    def _line(self, number: int, row: PortDeviceRow) -> Line:
        reading = row.reading
        stale = not reading.good and row.last is not None
        ports = reading.ports if reading.good else row.last.ports if row.last else ()
        found = [f for f in row.findings if not f.waived and f.code not in OF_DEVICES]
        gravest = min((f.severity for f in found), key=_WEIGHT.__getitem__, default=None)
        return Line(
            row=row,
            number=number,
            device=visible(row.device),
            title=visible(" ".join(part for part in (row.title, row.model) if part)),
            place=visible(" / ".join(part for part in (row.site, row.unit) if part)),
            why=self.words.reason(reading.reason) or self.words.partly(reading),
            ports=ports,
            tally=tally_of_readings([reading if reading.good else row.last or reading]),
            stale=stale,
            last_at=self.words.moment(row.last.at) if stale and row.last else "",
            open_before=sum(not f.waived for f in row.last.findings) if stale and row.last else 0,
            found=len(found),
            level=gravest.value if gravest else "",
            pieces=self._pieces_of.get(row.device, ()),
        )

    # ports

    def marks(self, line: Line) -> dict[str, Mark]:
        """What was found about the ports of a device, by name; nothing where it is stale."""
        found: dict[str, list[PortFinding]] = {}
        for finding in line.row.findings:
            if finding.port:
                found.setdefault(finding.port, []).append(finding)
        return {port: self._mark(findings) for port, findings in found.items()}

    def _mark(self, findings: list[PortFinding]) -> Mark:
        open_ones = [finding for finding in findings if not finding.waived]
        level = "waived"
        if open_ones:
            level = min((f.severity for f in open_ones), key=_WEIGHT.__getitem__).value
        codes = dict.fromkeys(finding.code for finding in open_ones or findings)
        return Mark(level, tuple(self.words.title(code) for code in codes))

    def port(self, state: PortState, said: PortExpectation | None, mark: Mark | None) -> Shown:
        """A port in words."""
        words, port = self.words, state.port
        standing = standing_of(port)
        return Shown(
            name=visible(port.name),
            standing=standing,
            admin=port.admin_status.value,
            oper=port.oper_status.value,
            why="" if standing is PortStanding.up and not port.reason else self._why(state),
            link=words.link(port),
            vlan=words.vlan(port),
            neighbour=words.neighbours(port),
            description=visible(port.description),
            place=words.place(said),
            since=words.since(state.since, at_least=state.at_least),
            optical=words.optical(port.optical),
            mark=mark,
        )

    def _why(self, state: PortState) -> str:
        port = state.port
        if port.reason:
            return self.words.why(port.reason)
        if standing_of(port) is PortStanding.unknown:
            return visible(port.native_status)
        return ""

    # findings

    def shown(self, findings: tuple[PortFinding, ...]) -> Iterator[Difference]:
        """Findings in words."""
        words, until = self.words, self.report.run.started_at
        for f in findings:
            lasts = ""
            if f.since is not None and f.since < until:
                lasts = words.age((until - f.since).total_seconds() / 3600)
            yield Difference(
                finding=f,
                number=self.numbers.get(f.device, 0),
                device=words.device(f),
                port=visible(f.port),
                title=words.title(f.code),
                text=words.finding(f),
                since=words.since(f.since, at_least=f.at_least),
                lasts=lasts,
                cuts_off=visible(f.cuts_off),
                waived=words.say("waived", why=visible(f.waived), until=f.waived_until)
                if f.waived
                else "",
            )

    @cached_property
    def items(self) -> tuple[CheckItem, ...]:
        """The lines of the day's record."""
        return check_items(self.report, self.words)

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """What to do."""
        return suggestions(self.report, self.fronts, self.words)

    # evidence and the run

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All evidence, numbered in the order of the devices."""
        places = {row.device: place for place, row in enumerate(self.report.rows)}
        ordered = sorted(
            self.report.evidence, key=lambda e: (places.get(e.device, len(places)), e.collected_at)
        )
        return tuple(Piece(number, record) for number, record in enumerate(ordered, 1))

    @cached_property
    def _pieces_of(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for piece in self.pieces:
            device = piece.record.device
            found[device] = (*found.get(device, ()), piece.number)
        return found

    @property
    def period(self) -> str:
        """From when to when."""
        run, words = self.report.run, self.words
        start = words.moment(run.started_at)
        if run.finished_at is None:
            return words("meta.still_running", start=start)
        same_day = words.day(run.started_at) == words.day(run.finished_at)
        end = words.moment(run.finished_at)
        return words("meta.period_value", start=start, end=end[11:] if same_day else end)

    @property
    def recorder(self) -> str:
        """Who keeps the log (记录人): a person of the contract by name or login, else as given."""
        given, people = self.report.recorder, self.report.contract.people
        known = next((p for p in people if given in {p.id, p.name, *p.logins}), None)
        return visible(known.name if known else given)

    @property
    def authorisation(self) -> str:
        """Under what leave it ran."""
        given = self.report.run.authorisation
        return self.words.maybe(f"authorisation.{given}", visible(given))

    def head(self) -> tuple[tuple[str, str], ...]:
        """What stands at the head of the log (RPT-24): labels and their texts."""
        report, words = self.report, self.words
        contract = report.contract
        return (
            (words.say("day"), words.day(report.run.started_at)),
            (words.say("recorder"), self.recorder or "—"),
            (words("meta.number"), visible(report.number)),
            (words.say("period"), self.period),
            (words("meta.version"), words("meta.version_value", n=report.version)),
            (words("sign.reviewer"), visible(contract.project_manager) or "—"),
            (words("meta.customer"), visible(contract.customer) or "—"),
            (words("meta.provider"), visible(contract.provider) or "—"),
            (words("meta.contract"), visible(contract.title or contract.id)),
        )

    def run_facts(self) -> tuple[tuple[str, str], ...]:
        """How the readings came about: labels and their texts."""
        run, words = self.report.run, self.words
        return (
            (words("run.id"), visible(run.id)),
            (words("run.operator"), visible(run.actor)),
            (words("meta.trigger"), words(f"trigger.{run.trigger.value}")),
            (words("meta.runbook"), visible(run.runbook)),
            (words("meta.authorisation"), self.authorisation),
            (words("run.state"), words(f"run.state.{run.state.value}")),
            (words("meta.change"), visible(run.change_ref) or "—"),
            (words("meta.generated"), words.moment(self.report.generated_at)),
            (words("run.estate"), visible(self.report.estate)),
        )

    def steps(self) -> Iterator[Step]:
        """The run's steps with their times (JOB-04)."""
        return shown_steps(self.report.steps, self.report.step_titles, self.words)

    def part(self, name: str) -> tuple[PortFinding, ...]:
        """The findings that are ``new``, ``lasting``, ``gone`` or ``waived``."""
        return {
            "new": self.differences.new,
            "lasting": self.differences.lasting,
            "gone": self.differences.gone,
            "waived": self.differences.waived,
        }[name]

    def counts(self, tally: PortTally) -> str:
        """``连通 18，断开 4，关闭 2，未知 0``."""
        parts = (f"{self.words.standing(s)} {getattr(tally, s.value)}" for s in tally.told())
        return self.words("verdict.join").join(parts)

    @property
    def forwarding(self) -> tuple[Block, ...]:
        """Its section."""
        return forwarding_blocks(self.report, self.words)

    @property
    def zone_note(self) -> str:
        """Which zone the times are in."""
        offset = self.words.offset(self.report.run.started_at)
        return self.words(
            "meta.zone", zone=self.words("zone", zone=self.words.zone_name, offset=offset)
        )


def _uplinks(row: PortDeviceRow) -> set[str]:
    return {name for name, said in row.expectations.items() if said.uplink}
