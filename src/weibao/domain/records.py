"""The records of a run: who did what to what, when, with which outcome (JOB-04)."""

from __future__ import annotations

from enum import StrEnum

from weibao.domain.base import Moment, Name, Sha256, Value
from weibao.domain.reasons import Reason

__all__ = [
    "PAPER_KINDS",
    "Access",
    "ConfigVersion",
    "EvidenceRecord",
    "Finding",
    "FindingCode",
    "LedgerHead",
    "LedgerRow",
    "Outcome",
    "Run",
    "RunState",
    "RunStep",
    "RunTarget",
    "Severity",
    "StepOutcome",
    "Trigger",
]


class Outcome(StrEnum):
    """What became of one device's backup (JOB-10: not_checked never counts as passed)."""

    archived = "archived"
    """Read, complete, and kept as a new version."""
    unchanged = "unchanged"
    """Read, complete, and equal to the last version."""
    refused = "refused"
    """Read, but not acceptable."""
    failed = "failed"
    """Could not be read."""
    not_checked = "not_checked"
    """Not tried."""

    @property
    def good(self) -> bool:
        """Whether the device has a proven current backup after the run."""
        return self in {Outcome.archived, Outcome.unchanged}


class Trigger(StrEnum):
    """Who started a run."""

    manual = "manual"
    schedule = "schedule"
    ansible = "ansible"
    """A plain ansible-playbook; its bundle was ingested afterwards."""


class RunState(StrEnum):
    """Where a run stands."""

    running = "running"
    finished = "finished"
    interrupted = "interrupted"
    """It was cut off; what it had collected was ingested, the rest is not checked."""


class StepOutcome(StrEnum):
    """How a step of a run ended."""

    ok = "ok"
    failed = "failed"
    skipped = "skipped"


class RunStep(Value):
    """One step with its time (操作步骤, 执行时间)."""

    name: Name
    started_at: Moment
    finished_at: Moment
    outcome: StepOutcome
    detail: Reason | None = None


class Run(Value):
    """One execution of a runbook."""

    id: Name
    job: Name
    runbook: str
    """``id@version`` of the runbook (操作方案)."""
    runbook_sha256: Sha256
    actor: str
    """The operator, as user@host."""
    trigger: Trigger
    authorisation: str
    """Under what leave it ran: a standing authorisation's reference, or ``read-only``."""
    change_ref: str = ""
    program: str
    """Name and version of the program."""
    started_at: Moment
    finished_at: Moment | None = None
    state: RunState = RunState.running
    targets: int
    """How many devices it was to reach."""


class RunTarget(Value):
    """What became of one device in one run."""

    run_id: Name
    device: Name
    contract: Name
    platform: str
    outcome: Outcome
    reason: Reason | None = None
    changed: bool = False
    sha256: str = ""
    """Of the archived text that stands for this device after the run, if any."""
    evidence: tuple[Sha256, ...] = ()
    warnings: tuple[Reason, ...] = ()
    attempts: int = 0
    seconds: float = 0.0
    at: Moment


class ConfigVersion(Value):
    """One archived version of a device's configuration (CFG-04)."""

    contract: Name
    device: Name
    number: int
    """1, 2, 3 … for each device."""
    platform: str
    run_id: Name
    operator: str
    command: str
    """How it was read (method)."""
    sha256: Sha256
    """Of the exact text."""
    content_sha256: Sha256
    """Of the text without noise: equal means no new version."""
    size: int
    """Bytes of the exact text."""
    collected_at: Moment
    restorable: bool = True
    hostname: str = ""
    lines_added: int = 0
    lines_removed: int = 0
    change_ref: str = ""
    full_path: str
    """Of the encrypted full text, relative to the contract's folder."""
    full_sha256: Sha256
    """Of that encrypted file."""
    startup_path: str = ""
    startup_sha256: str = ""
    """Of the encrypted startup configuration, where one was read: that of the full text where
    both say the same."""
    commit: str = ""
    """The archive's commit; empty until it is made."""


class Severity(StrEnum):
    """How much a finding matters."""

    info = "info"
    warning = "warning"
    serious = "serious"


class FindingCode(StrEnum):
    """What a run can find about a device or about itself."""

    unexplained_change = "unexplained_change"
    unsaved_change = "unsaved_change"
    hostname_changed = "hostname_changed"
    not_restorable = "not_restorable"
    overdue = "overdue"
    never_backed_up = "never_backed_up"
    telnet = "telnet"
    legacy_algorithms = "legacy_algorithms"
    startup_unreadable = "startup_unreadable"
    part_unreadable = "part_unreadable"
    host_key_unchecked = "host_key_unchecked"
    files_unreadable = "files_unreadable"
    files_left_out = "files_left_out"
    files_absent = "files_absent"
    files_unverified = "files_unverified"
    archive_failed = "archive_failed"
    single_copy = "single_copy"
    push_failed = "push_failed"
    second_copy = "second_copy"
    missed_run = "missed_run"
    interrupted_run = "interrupted_run"
    notify_failed = "notify_failed"
    address_shared = "address_shared"
    same_device = "same_device"
    clock_set_back = "clock_set_back"


class Finding(Value):
    """Something the customer or the engineer should know, with its evidence."""

    run_id: Name
    contract: Name
    device: str = ""
    """Empty where it is about the run."""
    code: FindingCode
    severity: Severity
    params: dict[str, str] = {}
    evidence: tuple[Sha256, ...] = ()
    at: Moment

    @property
    def reason(self) -> Reason:
        """Its words: entries ``reason.<code>`` of the message catalogue."""
        return Reason(code=self.code.value, params=self.params)


PAPER_KINDS = frozenset({"scan", "photo"})
"""Kinds of evidence that a person handed in: no text of a device, and nothing to redact."""


class EvidenceRecord(Value):
    """A piece of evidence in the store: what it is and where it came from."""

    contract: Name
    sha256: Sha256
    """Of the raw bytes; the piece's name."""
    stored_sha256: Sha256
    """Of the encrypted file, so that it can be checked without the key."""
    size: int
    device: Name
    kind: str
    command: str
    run_id: Name
    collected_at: Moment
    note: str = ""
    """How it is protected (``encrypted``), or what was taken out of it."""


class Access(Value):
    """Somebody read confidential text (CFG-10, SEC-15)."""

    contract: Name
    actor: str
    subject: str
    purpose: str
    at: Moment


class LedgerHead(Value):
    """The end of a chain: what cutting it off or rewriting it would change."""

    site: Name
    sequence: int
    hash: str


class LedgerRow(Value):
    """One state change; ``payload`` is the stored canonical text that the hash covers."""

    site: Name
    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    payload: str
    previous: str
    hash: str
