"""The report prepared for showing: sections in reading order, words chosen, evidence numbered.

Renderers only lay out what stands here, so that HTML and Markdown say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from weibao.domain.records import EvidenceRecord, Finding, FindingCode, Outcome, Severity
from weibao.domain.report import BackupReport, ChangedDevice, DeviceRow
from weibao.i18n import Language
from weibao.reports.backup.verdict import BAD, verdict
from weibao.reports.run_steps import Step, shown_steps
from weibao.reports.words import Words, visible

__all__ = ["BackupView", "Change", "FindingGroup", "Line", "Piece", "Share", "Step", "Trouble"]

_ELSEWHERE = frozenset(
    {FindingCode.unexplained_change, FindingCode.overdue, FindingCode.never_backed_up}
)
"""Findings that have a section of their own."""

_WEIGHT = {Severity.serious: 0, Severity.warning: 1, Severity.info: 2}
_ORDER = tuple(FindingCode)


@dataclass(frozen=True, slots=True)
class Share:
    """One outcome's part of the whole, in percent of the bar's width."""

    outcome: Outcome
    count: int
    percent: float
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A numbered piece of evidence; ``record`` is None where only its name is known."""

    number: int
    sha256: str
    device: str
    record: EvidenceRecord | None


@dataclass(frozen=True, slots=True)
class Line:
    """One device in the words of the report."""

    row: DeviceRow
    number: int
    outcome: Outcome
    device: str
    platform: str
    place: str
    last_version: str
    last_at: str
    age: str
    took: str
    pieces: tuple[int, ...]
    marks: tuple[str, ...]
    """Names of findings about it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A device without a new backup, and what an engineer needs to act on it."""

    line: Line
    why: str
    since: str
    attempts: str
    took: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A changed configuration."""

    change: ChangedDevice
    line: Line | None
    device: str
    versions: str
    lines: int


@dataclass(frozen=True, slots=True)
class Noted:
    """One finding of a group."""

    device: str
    number: int
    """Of the device's row; 0 where it is about the run or not listed."""
    text: str
    pieces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one kind and severity."""

    code: FindingCode
    severity: Severity
    title: str
    advice: str
    whole_run: bool
    shared: str
    """What is said of all of them alike; then their own texts are empty."""
    noted: tuple[Noted, ...]


class BackupView:
    """A report in one language."""

    def __init__(self, report: BackupReport, language: Language) -> None:
        self.report = report
        self.words = Words(language, report.contract.time_zone)
        self.verdict = verdict(report, self.words)

    @property
    def title(self) -> str:
        """The exact title: the contract's own, the report's, or the usual one (RPT-01)."""
        language = self.words.language
        own = self.report.contract.report_titles.get("backup", "") if language == "zh" else ""
        return visible(own or self.report.title.get(language, "") or self.words("title"))

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """The five outcomes; one that occurs is never too thin to be seen."""
        totals = self.report.totals
        counts = {outcome: totals.count(outcome) for outcome in Outcome}
        thinnest = 0.8
        shown = {o: max(100 * n / totals.inventory, thinnest) for o, n in counts.items() if n}
        scale = 100 / sum(shown.values()) if shown else 0
        shares, start = [], 0.0
        for outcome, count in counts.items():
            width = shown.get(outcome, 0.0) * scale
            percent = 100 * count / totals.inventory if totals.inventory else 0.0
            shares.append(Share(outcome, count, percent, start, width))
            start += width
        return tuple(shares)

    # evidence

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All evidence, numbered in the order of the devices."""
        records = {record.sha256: record for record in self.report.evidence}
        owners: dict[str, str] = {}
        for row in self.report.rows:
            if row.target:
                for sha256 in row.target.evidence:
                    owners.setdefault(sha256, row.device)
        for finding in self.report.findings:
            for sha256 in finding.evidence:
                owners.setdefault(sha256, finding.device)
        for record in self.report.evidence:
            owners.setdefault(record.sha256, record.device)
        return tuple(
            Piece(number, sha256, visible(device), records.get(sha256))
            for number, (sha256, device) in enumerate(owners.items(), 1)
        )

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {piece.sha256: piece.number for piece in self.pieces}

    def _numbered(self, evidence: Iterable[str]) -> tuple[int, ...]:
        return tuple(self._numbers[sha256] for sha256 in dict.fromkeys(evidence))

    def kind(self, piece: Piece) -> str:
        """What the piece is, in words."""
        if piece.record is None:
            return ""
        return self.words.maybe(f"kind.{piece.record.kind}", visible(piece.record.kind))

    # devices

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every listed device, in the inventory's order."""
        return tuple(self._line(n, row) for n, row in enumerate(self.report.rows, 1))

    @cached_property
    def _by_device(self) -> dict[str, Line]:
        return {line.row.device: line for line in self.lines}

    def _line(self, number: int, row: DeviceRow) -> Line:
        words, target = self.words, row.target
        version = row.last_good_version
        codes = dict.fromkeys(finding.code for finding in row.findings)
        return Line(
            row=row,
            number=number,
            outcome=row.outcome,
            device=visible(row.device),
            platform=visible(self.report.platform_titles.get(row.platform, row.platform)),
            place=visible(" / ".join(part for part in (row.site, row.unit) if part)),
            last_version=words("version", n=version) if version is not None else "",
            last_at=words.moment(row.last_good_at) if row.last_good_at else "",
            age=words.age(row.age_hours) if row.age_hours is not None else "",
            took=words.duration(target.seconds) if target and target.attempts else "",
            pieces=self._numbered(target.evidence) if target else (),
            marks=tuple(words(f"finding.{code.value}") for code in codes),
        )

    @cached_property
    def troubles(self) -> tuple[Trouble, ...]:
        """Devices that were to be reached and have no new backup: failed, refused, not checked."""
        tried = (line for line in self.lines if line.row.target and line.outcome in BAD)
        return tuple(
            self._trouble(line) for line in sorted(tried, key=lambda line: BAD.index(line.outcome))
        )

    def _trouble(self, line: Line) -> Trouble:
        words, target = self.words, line.row.target
        assert target is not None  # noqa: S101 - chosen so by troubles
        return Trouble(
            line=line,
            why=words.reason(target.reason) or words("no_reason"),
            since=self.since(line),
            attempts=words.number("attempts", target.attempts) if target.attempts > 1 else "",
            took=words("took", time=line.took) if line.took else "",
            warnings=tuple(words.reason(warning) for warning in target.warnings),
        )

    def since(self, line: Line) -> str:
        """Since when the device has no good backup, and which is the last one."""
        words, row = self.words, line.row
        if row.last_good_at is None:
            return words("since.never")
        parts = [words("since", at=line.last_at, age=line.age)]
        if row.last_good_version is not None:
            parts.append(words("since.version", n=row.last_good_version))
        return words("sentence_gap").join(parts)

    @cached_property
    def outside(self) -> tuple[Line, ...]:
        """Listed devices that the run was not to reach."""
        return tuple(line for line in self.lines if line.row.target is None)

    @property
    def unlisted(self) -> int:
        """Devices of the inventory that have no row; they count as not checked."""
        return self.report.totals.inventory - len(self.report.rows)

    @cached_property
    def overdue(self) -> tuple[Line, ...]:
        """Overdue devices, the oldest backup first, before all those without any (CFG-07)."""
        late = (line for line in self.lines if line.row.overdue)
        return tuple(sorted(late, key=lambda line: -(line.row.age_hours or 1e12)))

    # changes

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Changes against an earlier version; those that no change record explains first."""
        words = self.words
        found = [
            Change(
                change=change,
                line=self._by_device.get(change.device),
                device=visible(change.device),
                versions=words("change.versions", old=change.previous, new=change.current),
                lines=change.diff.count("\n"),
            )
            for change in self.report.changes
            if change.previous is not None
        ]
        return tuple(sorted(found, key=lambda change: bool(change.change.change_ref)))

    @cached_property
    def firsts(self) -> tuple[tuple[str, int], ...]:
        """Devices archived for the first time, with the numbers of their rows."""
        return tuple(
            (visible(change.device), line.number if line else 0)
            for change in self.report.changes
            if change.previous is None
            for line in (self._by_device.get(change.device),)
        )

    # findings

    @cached_property
    def findings(self) -> tuple[FindingGroup, ...]:
        """Other findings: the serious first, those about the run before those of devices."""
        groups: dict[tuple[FindingCode, Severity, bool], list[Finding]] = {}
        for finding in self.report.findings:
            if finding.code not in _ELSEWHERE:
                key = (finding.code, finding.severity, not finding.device)
                groups.setdefault(key, []).append(finding)
        ordered = sorted(groups, key=lambda k: (_WEIGHT[k[1]], not k[2], _ORDER.index(k[0])))
        return tuple(self._group(*key, groups[key]) for key in ordered)

    def _group(
        self, code: FindingCode, severity: Severity, whole_run: bool, found: list[Finding]
    ) -> FindingGroup:
        noted = [self._noted(finding) for finding in found]
        texts = {item.text for item in noted}
        shared = texts.pop() if len(texts) == 1 else ""
        if shared:
            noted = [replace(item, text="") for item in noted]
        return FindingGroup(
            code=code,
            severity=severity,
            title=self.words(f"finding.{code.value}"),
            advice=self.words(f"finding.{code.value}.advice"),
            whole_run=whole_run,
            shared=shared,
            noted=tuple(noted),
        )

    def _noted(self, finding: Finding) -> Noted:
        line = self._by_device.get(finding.device)
        pieces = self._numbered(finding.evidence)
        if not pieces and line:
            pieces = line.pieces
        said = self.words.has_reason(finding.reason)
        return Noted(
            device=visible(finding.device) or self.words("finding.whole_run"),
            number=line.number if line else 0,
            text=self.words.reason(finding.reason) if said else _listed(finding.params),
            pieces=pieces,
        )

    # the run

    @property
    def duration(self) -> str:
        """How long the run took; empty while it runs."""
        run = self.report.run
        if run.finished_at is None:
            return ""
        return self.words.duration((run.finished_at - run.started_at).total_seconds())

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

    def steps(self) -> Iterator[Step]:
        """The run's steps with their times (JOB-04)."""
        return shown_steps(self.report.steps, self.report.step_titles, self.words)

    @property
    def authorisation(self) -> str:
        """Under what leave it ran."""
        given = self.report.run.authorisation
        return self.words.maybe(f"authorisation.{given}", visible(given))

    @property
    def zone(self) -> str:
        """The time zone with its offset at the run's start."""
        offset = self.words.offset(self.report.run.started_at)
        return self.words("zone", zone=self.words.zone_name, offset=offset)

    @property
    def zone_note(self) -> str:
        """Which zone the times are in."""
        return self.words("meta.zone", zone=self.zone)


def _listed(params: dict[str, str]) -> str:
    return visible(", ".join(f"{name}={value}" for name, value in params.items()))
