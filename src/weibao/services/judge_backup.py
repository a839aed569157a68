"""From what was collected to what it is worth: one device at a time, offline.

A text is accepted only when it is complete for its platform (CFG-04); the last good
version stays the newest otherwise. Difference without a change record is a finding
(CFG-05), and so is a running configuration that was never saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from weibao.boundary import Bundle
from weibao.domain.acceptance import (
    Judgement,
    Limits,
    Previous,
    judge,
    normalise,
    startup_differs,
)
from weibao.domain.collection import CollectionStatus, DeviceCollection, ItemKind
from weibao.domain.difference import unified
from weibao.domain.platform import Platform
from weibao.domain.reasons import Reason
from weibao.domain.records import (
    ConfigVersion,
    EvidenceRecord,
    Finding,
    FindingCode,
    Outcome,
    Run,
    RunTarget,
    Severity,
)
from weibao.domain.redaction import redact
from weibao.domain.resolve_platform import with_variant
from weibao.domain.texts import decode
from weibao.errors import IntegrityError
from weibao.services.keep_bundle import adopted
from weibao.services.parts import Parts
from weibao.services.versions import stored

__all__ = ["DeviceVerdict", "Judge", "not_checked"]

_WARNINGS = {code.value: code for code in FindingCode}


@dataclass
class DeviceVerdict:
    """What a device's collection amounts to."""

    target: RunTarget
    version: ConfigVersion | None = None
    redacted: str = ""
    """The new version's redacted text."""
    findings: list[Finding] = field(default_factory=list)
    evidence: list[EvidenceRecord] = field(default_factory=list)
    hostname: str = ""
    """As the device prints it, where it was accepted."""


class Judge:
    """Judges the collections of one run against the last versions."""

    def __init__(
        self,
        parts: Parts,
        run: Run,
        bundle: Bundle,
        latest: Mapping[tuple[str, str], ConfigVersion],
        *,
        accept_shrunk: bool = False,
    ) -> None:
        self._parts = parts
        self._run = run
        self._bundle = bundle
        self._latest = latest
        self._texts: dict[str, bytes] = {}
        """Bytes of the entry that is being judged, by sha256."""
        self._unsaved: dict[tuple[str, str], bool] = {}
        """Of the same entry: whether the startup text differs from the running one."""
        self._limits = Limits(
            shrink_ratio=0.0 if accept_shrunk else parts.settings.backup.shrink_ratio
        )

    def verdict(self, entry: DeviceCollection) -> DeviceVerdict:
        """Judge one device; keeps its evidence and, where it is new, its full text.

        Raises:
            FailedError: evidence or archive cannot be written.
        """
        try:
            kept = list(adopted(self._parts, self._run, self._bundle, entry))
            self._unsaved.clear()
        except IntegrityError as error:
            reason = Reason(code=error.key, params={k: str(v) for k, v in error.params.items()})
            return DeviceVerdict(self._target(entry, Outcome.failed, reason))
        self._texts = {record.sha256: data for record, data in kept}
        verdict = self._judge(entry)
        verdict.evidence = [record for record, _ in kept]
        shas = tuple(self._texts)
        verdict.target = verdict.target.model_copy(update={"evidence": shas})
        verdict.findings += [f for w in entry.warnings if (f := self._warning(entry, w))]
        return verdict

    def _judge(self, entry: DeviceCollection) -> DeviceVerdict:
        if entry.status is not CollectionStatus.collected:
            failed = entry.status is CollectionStatus.failed
            outcome = Outcome.failed if failed else Outcome.not_checked
            return DeviceVerdict(self._target(entry, outcome, entry.reason))
        running = entry.item(ItemKind.running)
        platform = self._parts.platforms.get(entry.platform)
        if running is None or platform is None:
            reason = Reason.of("unknown_platform", platform=entry.platform)
            return DeviceVerdict(self._target(entry, Outcome.not_checked, reason))
        platform = with_variant(platform, running.variant)
        text = self._texts[running.sha256]
        last = self._latest.get((entry.contract, entry.device))
        judgement = judge(text, platform, previous=_previous(last), limits=self._limits)
        if not judgement.accepted:
            return DeviceVerdict(self._target(entry, Outcome.refused, judgement.reasons[0]))
        if last is not None and last.content_sha256 == judgement.content_sha256:
            target = self._target(entry, Outcome.unchanged, None, sha256=last.sha256)
            verdict = DeviceVerdict(target)
        elif self._is_cut(entry, platform, text, last):
            return DeviceVerdict(self._target(entry, Outcome.refused, Reason.of("cut_at_the_end")))
        else:
            verdict = self._archive(entry, platform, text, judgement, last)
        verdict.hostname = judgement.hostname
        self._add_findings(verdict, entry, platform, text, judgement, last)
        return verdict

    def _is_cut(
        self,
        entry: DeviceCollection,
        platform: Platform,
        text: bytes,
        last: ConfigVersion | None,
    ) -> bool:
        """Whether a text without an end mark is just the beginning of one that is known.

        Where the platform prints no end mark, a text that lacks nothing but the end of the
        last good version, or of the startup configuration read with it, is taken for cut.
        """
        rules = platform.configuration
        if rules.ends or rules.braces or not self._limits.shrink_ratio:
            return False
        begun = _lines(text, platform)
        known = []
        if last is not None:
            known.append(self._parts.texts(entry.contract).get(stored(last)))
        startup = entry.item(ItemKind.startup)
        if startup is not None:
            known.append(self._texts[startup.sha256])
        whole = [_lines(one, platform) for one in known]
        return any(len(begun) < len(one) and one[: len(begun)] == begun for one in whole)

    def _archive(
        self,
        entry: DeviceCollection,
        platform: Platform,
        text: bytes,
        judgement: Judgement,
        last: ConfigVersion | None,
    ) -> DeviceVerdict:
        running = entry.item(ItemKind.running)
        startup = entry.item(ItemKind.startup)
        assert running is not None  # noqa: S101 - the caller has read its text
        texts = self._parts.texts(entry.contract)
        number = last.number + 1 if last else 1
        full = texts.put(entry.device, number, "running", text)
        kept = None
        if startup is not None:
            # What says the same needs no second file; its exact bytes are evidence.
            unsaved = self._is_unsaved(entry, platform)
            raw = self._texts[startup.sha256]
            kept = texts.put(entry.device, number, "startup", raw) if unsaved else full
        tag = self._parts.tag(entry.contract)
        redacted = redact(decode(text, platform.encodings), platform, tag)
        added, removed = self._counts(entry, platform, redacted, last)
        version = ConfigVersion(
            contract=entry.contract,
            device=entry.device,
            number=number,
            platform=platform.id,
            run_id=self._run.id,
            operator=self._run.actor,
            command=running.command,
            sha256=running.sha256,
            content_sha256=judgement.content_sha256,
            size=len(text),
            collected_at=running.collected_at,
            restorable=running.restorable and judgement.restorable,
            hostname=judgement.hostname,
            lines_added=added,
            lines_removed=removed,
            change_ref=self._run.change_ref,
            full_path=full.path,
            full_sha256=full.sha256,
            startup_path=kept.path if kept else "",
            startup_sha256=kept.sha256 if kept else "",
        )
        target = self._target(entry, Outcome.archived, None, sha256=running.sha256, changed=True)
        return DeviceVerdict(target, version, redacted)

    def _counts(
        self,
        entry: DeviceCollection,
        platform: Platform,
        redacted: str,
        last: ConfigVersion | None,
    ) -> tuple[int, int]:
        if last is None or not last.commit:
            return 0, 0
        try:
            before = self._parts.archive(entry.contract).read(entry.device, last.commit)
        except IntegrityError:
            return 0, 0
        difference = unified(before, redacted, platform)
        return difference.added, difference.removed

    def _add_findings(
        self,
        verdict: DeviceVerdict,
        entry: DeviceCollection,
        platform: Platform,
        text: bytes,
        judgement: Judgement,
        last: ConfigVersion | None,
    ) -> None:
        version = verdict.version
        running = entry.item(ItemKind.running)
        add = verdict.findings.append
        if version and last and not version.change_ref:
            severity = self._parts.contracts[entry.contract].backup.change_without_reference
            params = {
                "version": str(version.number),
                "added": str(version.lines_added),
                "removed": str(version.lines_removed),
            }
            code = FindingCode.unexplained_change
            add(self._finding(entry, code, Severity(severity), params))
        if last and last.hostname and judgement.hostname and last.hostname != judgement.hostname:
            params = {"before": last.hostname, "now": judgement.hostname}
            add(self._finding(entry, FindingCode.hostname_changed, Severity.warning, params))
        # Which files of a host are missing is said by name.
        named = any(w.code == FindingCode.files_unreadable.value for w in entry.warnings)
        if running and not named and not (running.restorable and judgement.restorable):
            params = {"command": running.command}
            add(self._finding(entry, FindingCode.not_restorable, Severity.serious, params))
        if self._is_unsaved(entry, platform):
            add(self._finding(entry, FindingCode.unsaved_change, Severity.warning, {}))

    def _is_unsaved(self, entry: DeviceCollection, platform: Platform) -> bool:
        """Whether a startup configuration was read and says something else."""
        running, startup = entry.item(ItemKind.running), entry.item(ItemKind.startup)
        if running is None or startup is None:
            return False
        pair = running.sha256, startup.sha256
        if pair not in self._unsaved:
            one, other = (self._texts[sha256] for sha256 in pair)
            self._unsaved = {pair: startup_differs(one, other, platform)}
        return self._unsaved[pair]

    def _warning(self, entry: DeviceCollection, warning: Reason) -> Finding | None:
        code = _WARNINGS.get(warning.code)
        if code is None:
            return None
        # What is there and was not read is not proven.
        serious = code is FindingCode.files_unreadable
        severity = Severity.serious if serious else Severity.warning
        return self._finding(entry, code, severity, dict(warning.params))

    def _finding(
        self, entry: DeviceCollection, code: FindingCode, severity: Severity, params: dict[str, str]
    ) -> Finding:
        return Finding(
            run_id=self._run.id,
            contract=entry.contract,
            device=entry.device,
            code=code,
            severity=severity,
            params=params,
            evidence=tuple(dict.fromkeys(item.sha256 for item in entry.items)),
            at=entry.finished_at,
        )

    def _target(
        self,
        entry: DeviceCollection,
        outcome: Outcome,
        reason: Reason | None,
        *,
        sha256: str = "",
        changed: bool = False,
    ) -> RunTarget:
        last = self._latest.get((entry.contract, entry.device))
        seconds = (entry.finished_at - entry.started_at).total_seconds()
        return RunTarget(
            run_id=self._run.id,
            device=entry.device,
            contract=entry.contract,
            platform=entry.platform,
            outcome=outcome,
            reason=reason,
            changed=changed,
            sha256=sha256 or (last.sha256 if last else ""),
            warnings=entry.warnings,
            attempts=entry.attempts,
            seconds=round(max(seconds, 0.0), 3),
            at=entry.finished_at,
        )


def not_checked(run: Run, device: str, contract: str, reason: Reason, at: datetime) -> RunTarget:
    """The outcome of a device that nobody tried (JOB-10)."""
    return RunTarget(
        run_id=run.id,
        device=device,
        contract=contract,
        platform="",
        outcome=Outcome.not_checked,
        reason=reason,
        at=at,
    )


def _lines(text: bytes, platform: Platform) -> list[bytes]:
    return [line for line in normalise(text, platform).splitlines() if line.strip()]


def _previous(last: ConfigVersion | None) -> Previous | None:
    return Previous(size=last.size) if last else None
