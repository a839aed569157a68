"""A bundle's one door into the records; going through it twice changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weibao.boundary import OutcomeBatch, StoredText
from weibao.domain.collection import DeviceCollection
from weibao.domain.reasons import Reason
from weibao.domain.records import ConfigVersion, Finding, FindingCode, Run, RunTarget, Severity
from weibao.errors import FailedError, IntegrityError, WeibaoError
from weibao.services.ahead import Ahead
from weibao.services.judge_backup import DeviceVerdict, Judge, not_checked
from weibao.services.parts import Parts
from weibao.services.steps import Steps
from weibao.services.targets import load_targets
from weibao.services.twins import Twins
from weibao.services.versions import all_stored, say

__all__ = ["Ingested", "commit_versions", "ingest", "judges_of"]

_BATCH = 100


@dataclass
class Ingested:
    """What a bundle brought."""

    targets: list[RunTarget] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    versions: list[ConfigVersion] = field(default_factory=list)


def judges_of(parts: Parts, run: Run, *, accept_shrunk: bool = False) -> Callable[[], Judge]:
    """Makes judges of the run's bundle, by the versions that are the last good ones now."""
    bundle = parts.bundle(parts.runs / run.id / "bundle")
    latest = parts.journal.latest_versions()
    return lambda: Judge(parts, run, bundle, latest, accept_shrunk=accept_shrunk)


def ingest(parts: Parts, run: Run, steps: Steps, *, why: Reason, ahead: Ahead) -> Ingested:
    """Judge the run's bundle, record it, and archive what is new.

    Devices that the bundle does not mention are recorded as not checked, because of
    ``why``. What is recorded already (an earlier, interrupted ingestion) is left.
    """
    found = Ingested(targets=list(parts.journal.targets(run.id)))
    spool = _Spool(parts.runs / run.id / "redacted")
    try:
        with steps.step("accept"):
            _accept(parts, run, found, spool, ahead, why=why)
        _archive(parts, run, found, spool, steps)
        _push(parts, run, found, steps)
        _second_copies(parts, run, found, steps)
    finally:
        spool.close()
    return found


def _accept(
    parts: Parts, run: Run, found: Ingested, spool: _Spool, ahead: Ahead, *, why: Reason
) -> None:
    folder = parts.runs / run.id
    known = {t.device for t in found.targets}
    with parts.bundle_lock(folder):
        bundle = parts.bundle(folder / "bundle")
        twins = Twins()
        entries = (e for e in bundle.entries() if e.device not in known)
        try:
            for batch in _batches(entries):
                verdicts = [ahead.verdict(entry) for entry in batch]
                known |= {v.target.device for v in verdicts}
                _record(parts, run, found, spool, verdicts)
                twins.see(verdicts)
        except IntegrityError as error:
            # A manifest that is missing or damaged: what stands behind it was not checked.
            if bundle.begun:
                why = Reason(code=error.key, params=_text(error))
    now = parts.clock.now()
    if same := twins.findings(run.id, now):
        parts.journal.record(run.id, OutcomeBatch(findings=same), run.actor)
        found.findings += same
    missing = [
        not_checked(run, planned.device, planned.contract, why, now)
        for planned in load_targets(folder)
        if planned.device not in known
    ]
    if missing:
        parts.journal.record(run.id, OutcomeBatch(targets=tuple(missing)), run.actor)
        found.targets += missing


def _batches(entries: Iterator[DeviceCollection]) -> Iterator[list[DeviceCollection]]:
    """In batches; what stands before a damaged line comes before its error."""
    batch: list[DeviceCollection] = []
    try:
        for entry in entries:
            batch.append(entry)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
    except IntegrityError:
        yield batch
        raise
    yield batch


def _record(
    parts: Parts, run: Run, found: Ingested, spool: _Spool, verdicts: list[DeviceVerdict]
) -> None:
    versions = [v.version for v in verdicts if v.version]
    for verdict in verdicts:
        if verdict.version:
            spool.put(verdict.version, verdict.redacted)
    batch = OutcomeBatch(
        targets=tuple(v.target for v in verdicts),
        versions=tuple(versions),
        findings=tuple(f for v in verdicts for f in v.findings),
        evidence=tuple(e for v in verdicts for e in v.evidence),
    )
    parts.journal.record(run.id, batch, run.actor)
    found.targets += batch.targets
    found.findings += batch.findings
    found.versions += versions


def commit_versions(
    parts: Parts,
    run: Run,
    versions: list[ConfigVersion],
    texts: Mapping[tuple[str, str, int], str],
    *,
    rebuilt: bool = False,
) -> None:
    """One archive commit a contract, with the ledger's head in it."""
    for contract in sorted({v.contract for v in versions}):
        mine = {v.device: v for v in versions if v.contract == contract}
        if not rebuilt:
            check_archive(parts, contract)
        chosen = _Texts({d: (contract, d, v.number) for d, v in mine.items()}, texts)
        commit = parts.archive(contract).commit(
            chosen,
            run_id=run.id,
            author=run.actor,
            subject=f"{run.job}: {len(mine)}",
            change_ref=run.change_ref,
            ledger=parts.journal.head(),
            at=parts.clock.now().isoformat(),
        )
        keys = [(contract, v.device, v.number) for v in mine.values()]
        now = parts.clock.now()
        parts.journal.set_commit(keys, commit, now, run.actor, rebuilt=rebuilt)


def check_archive(parts: Parts, contract: str) -> None:
    """What is recorded to be committed is there: a quiet night too notices a lost archive.

    Raises:
        IntegrityError: the archive is damaged, or gone and to be rebuilt.
    """
    if not parts.archive(contract).is_empty():
        return
    if any(v.commit and v.contract == contract for v in parts.journal.all_versions()):
        folder = parts.runs.parent / "contracts" / contract / "archive"
        raise IntegrityError("archive.lost", contract=contract, folder=folder)


def _archive(parts: Parts, run: Run, found: Ingested, spool: _Spool, steps: Steps) -> None:
    """Commit; versions that cannot be committed now are safe, and committed by the next run."""
    with steps.step("archive") as step:
        for contract in _contracts(found):
            mine = [v for v in found.versions if v.contract == contract]
            try:
                if mine:
                    commit_versions(parts, run, mine, spool)
                else:
                    check_archive(parts, contract)
            except FailedError as error:
                step.failed(Reason(code=error.key, params=_text(error)))
                detail = error.say(parts.settings.language)
                _find(parts, run, found, contract, FindingCode.archive_failed, {"detail": detail})


def _push(parts: Parts, run: Run, found: Ingested, steps: Steps) -> None:
    settings = parts.settings.archive
    if not settings.remote:
        return
    with steps.step("push") as step:
        for contract in _contracts(found):
            remote = _remote(parts, settings.remote.replace("{contract}", contract))
            try:
                parts.archive(contract).push(remote, settings.push_timeout)
            except FailedError as error:
                why = Reason(code=error.key, params=_text(error))
                step.failed(why)
                detail = error.say(parts.settings.language)
                _find(parts, run, found, contract, FindingCode.push_failed, {"detail": detail})


def _remote(parts: Parts, remote: str) -> str:
    """A URL as it is; a path counts from the estate's folder, as everywhere in the settings."""
    is_path = "://" not in remote and ":" not in remote.partition("/")[0]
    return str(parts.estate / Path(remote).expanduser()) if is_path else remote


def _second_copies(parts: Parts, run: Run, found: Ingested, steps: Steps) -> None:
    """Each new version stands in both places and is the same there (CFG-11)."""
    if not parts.settings.archive.second_copy:
        for contract in _contracts(found):
            _find(parts, run, found, contract, FindingCode.single_copy, {}, Severity.info)
        return
    with steps.step("second-copy") as step:
        for contract in _contracts(found):
            texts = parts.texts(contract)
            bad = 0
            detail = ""
            for kept in _to_copy(parts, contract):
                trouble = texts.check_second(kept, repair=True)
                if trouble is not None:
                    bad += 1
                    detail = say(trouble, parts.settings.language)
            if bad:
                params = {"count": str(bad), "detail": detail}
                step.failed(Reason(code="second_copy", params=params))
                _find(parts, run, found, contract, FindingCode.second_copy, params)


def _to_copy(parts: Parts, contract: str) -> Iterator[StoredText]:
    """What is to be looked at in the second place: the newest texts.

    Where one of an earlier night is not there, the place is new or has lost files: then
    all that are missing follow. ``verify`` looks at every one of them.
    """
    texts = parts.texts(contract)
    incomplete = False
    for version in parts.journal.latest_versions(contract).values():
        for kept in all_stored(version):
            incomplete = incomplete or not Path(texts.second_path_of(kept)).exists()
            yield kept
    if incomplete:
        for version in parts.journal.all_versions():
            for kept in all_stored(version):
                missing = not Path(texts.second_path_of(kept)).exists()
                if version.contract == contract and missing:
                    yield kept


def _find(
    parts: Parts,
    run: Run,
    found: Ingested,
    contract: str,
    code: FindingCode,
    params: dict[str, str],
    severity: Severity = Severity.serious,
) -> None:
    finding = Finding(
        run_id=run.id,
        contract=contract,
        code=code,
        severity=severity,
        params=params,
        at=parts.clock.now(),
    )
    parts.journal.record(run.id, OutcomeBatch(findings=(finding,)), run.actor)
    found.findings.append(finding)


def _contracts(found: Ingested) -> list[str]:
    return sorted({t.contract for t in found.targets})


def _text(error: WeibaoError) -> dict[str, str]:
    return {k: str(v) for k, v in error.params.items()}


class _Texts(Mapping[str, str]):
    """Device → redacted text, read from the spool only when asked for."""

    def __init__(
        self,
        keys: Mapping[str, tuple[str, str, int]],
        texts: Mapping[tuple[str, str, int], str],
    ) -> None:
        self._keys = keys
        self._texts = texts

    def __getitem__(self, device: str) -> str:
        return self._texts[self._keys[device]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class _Spool(Mapping[tuple[str, str, int], str]):
    """Redacted texts between judging and committing, on disk instead of in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str, int], Path] = {}

    def put(self, version: ConfigVersion, text: str) -> None:
        """Keep a text until the commit."""
        path = self._folder / f"{len(self._files)}.txt"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise FailedError("files.unwritable", path=path, detail=error.strerror) from error
        self._files[version.contract, version.device, version.number] = path

    def close(self) -> None:
        """Drop all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __getitem__(self, key: tuple[str, str, int]) -> str:
        with self._files[key].open(encoding="utf-8", newline="") as stream:
            return stream.read()

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
