"""Values for the journal's tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from weibao.boundary.journal import OutcomeBatch
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
    Trigger,
)

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
ACTOR = "王工@跳板机"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def run(name: str = "r1", at: datetime = START, **changes: object) -> Run:
    fields: dict[str, object] = {
        "id": name,
        "job": "backup-configs",
        "runbook": "backup-configs@1",
        "runbook_sha256": sha("runbook"),
        "actor": ACTOR,
        "trigger": Trigger.schedule,
        "authorisation": "长期授权-2026-01",
        "program": "weibao 0.1.0",
        "started_at": at,
        "targets": 3,
    }
    return Run.model_validate({**fields, **changes})


def target(device: str, run_id: str = "r1", **changes: object) -> RunTarget:
    fields: dict[str, object] = {
        "run_id": run_id,
        "device": device,
        "contract": "default",
        "platform": "huawei_vrp",
        "outcome": Outcome.archived,
        "changed": True,
        "sha256": sha(device),
        "evidence": (sha(device),),
        "warnings": (Reason.of("telnet", port=23),),
        "attempts": 1,
        "seconds": 1.25,
        "at": START + timedelta(minutes=1),
    }
    return RunTarget.model_validate({**fields, **changes})


def version(device: str, number: int = 1, run_id: str = "r1", **changes: object) -> ConfigVersion:
    fields: dict[str, object] = {
        "contract": "default",
        "device": device,
        "number": number,
        "platform": "huawei_vrp",
        "run_id": run_id,
        "operator": ACTOR,
        "command": "display current-configuration",
        "sha256": sha(device),
        "content_sha256": sha(device + "content"),
        "size": 1234,
        "collected_at": START + timedelta(seconds=number),
        "hostname": "核心-1",
        "full_path": f"full/{device}/{number}.vault",
        "full_sha256": sha(device + "full"),
    }
    return ConfigVersion.model_validate({**fields, **changes})


def piece(device: str, run_id: str = "r1", **changes: object) -> EvidenceRecord:
    fields: dict[str, object] = {
        "contract": "default",
        "sha256": sha(device),
        "stored_sha256": sha(device + "stored"),
        "size": 1234,
        "device": device,
        "kind": "running",
        "command": "display current-configuration",
        "run_id": run_id,
        "collected_at": START,
        "note": "encrypted",
    }
    return EvidenceRecord.model_validate({**fields, **changes})


def finding(device: str, run_id: str = "r1", **changes: object) -> Finding:
    fields: dict[str, object] = {
        "run_id": run_id,
        "contract": "default",
        "device": device,
        "code": FindingCode.unexplained_change,
        "severity": Severity.warning,
        "params": {"added": "3", "说明": "核心→汇聚 “接口”"},
        "evidence": (sha(device),),
        "at": START,
    }
    return Finding.model_validate({**fields, **changes})


def batch(*devices: str, run_id: str = "r1", number: int = 1) -> OutcomeBatch:
    return OutcomeBatch(
        targets=tuple(target(d, run_id) for d in devices),
        versions=tuple(version(d, number, run_id) for d in devices),
        findings=tuple(finding(d, run_id) for d in devices),
        evidence=tuple(piece(d, run_id) for d in devices),
    )
