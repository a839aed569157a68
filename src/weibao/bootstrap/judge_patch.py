"""What the action plugin ``judge_patch`` calls: one stage of patching, over all hosts of a play."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weibao.adapters.bundle import BundleWriter
from weibao.adapters.estate_lock import bundle_lock
from weibao.adapters.patch_records import FilePatchRecords
from weibao.adapters.program import PROGRAM, actor, new_run_id
from weibao.adapters.sealing import seal
from weibao.bootstrap.supplied import supplied_folder
from weibao.bootstrap.workshop import Workshop, open_workshop
from weibao.domain.collection import (
    BundleHeader,
    CollectedItem,
    CollectionStatus,
    DeviceCollection,
    ItemKind,
)
from weibao.domain.patch import HostPlan, PatchWishes
from weibao.domain.patch_facts import Facts, unpack
from weibao.domain.reasons import Reason
from weibao.errors import InputError
from weibao.i18n import Language, explain, translate
from weibao.services.patch.case import Case, Judged
from weibao.services.patch.health_stages import HEALTH_STAGES
from weibao.services.patch.judging import STAGES
from weibao.services.patch.way_back import BACK_STAGES

__all__ = ["Asked", "HostSaid", "judge_patch"]

_STAGES = {**STAGES, **BACK_STAGES, **HEALTH_STAGES}
_KEEPS = frozenset({"status", "plan", "gate", "record", "applied", "verify", "back_done"})
"""Stages whose facts are evidence."""


@dataclass(frozen=True)
class Asked:
    """What a task asks for."""

    estate: Path
    stage: str
    change: str = ""
    run_folder: str = ""
    keep: bool = True
    """Whether the facts are put into the run's bundle (once a run)."""


@dataclass(frozen=True)
class HostSaid:
    """What the play knows of a host."""

    contract: str
    address: str
    read: Mapping[str, Any] = field(repr=False)
    """The result of ``read_linux``."""
    said: Mapping[str, Mapping[str, Any]] = field(repr=False, default_factory=dict)
    """Results of other tasks, by their short name."""


def judge_patch(asked: Asked, hosts: Mapping[str, HostSaid]) -> dict[str, Any]:
    """Judge all hosts; what the task returns.

    Raises:
        InputError: the estate or the stage is wrong.
        FailedError: something cannot be kept.
        IntegrityError: what was kept was changed since.
    """
    if asked.stage not in _STAGES:
        raise InputError("patch.no_stage", stage=asked.stage, known=", ".join(sorted(_STAGES)))
    workshop = open_workshop(asked.estate)
    approved = _approved(workshop, asked.change)
    now = datetime.now(UTC)
    judged = {
        name: _judged(workshop, asked, name, said, approved.get(name), now)
        for name, said in hosts.items()
    }
    keeps = asked.keep and asked.stage in _KEEPS
    kept = _keep(workshop, asked, hosts, now) if keeps else {}
    devices = {n: _told(workshop, one, kept.get(n, "")) for n, one in judged.items()}
    return {"changed": False, "devices": devices}  # it is other tasks that change hosts


def _approved(workshop: Workshop, change_id: str) -> Mapping[str, HostPlan]:
    """By host what the change's plan says; the gate has seen to it that it is approved."""
    change = workshop.journal.change(change_id) if change_id else None
    plan = workshop.journal.change_plan(change_id, change.plan) if change and change.plan else None
    if plan is None:
        return {}
    return {t.device: HostPlan.model_validate(t.plan) for t in plan.targets if t.plan}


def _judged(
    workshop: Workshop,
    asked: Asked,
    device: str,
    host: HostSaid,
    plan: HostPlan | None,
    now: datetime,
) -> Judged:
    try:
        facts = unpack(str(host.read.get("packed") or "")) if host.read else Facts()
        wishes = PatchWishes.model_validate(_wishes(host.read.get("settings") or {}))
    except ValueError as error:
        return Judged((Reason.of("patch_facts_unreadable", detail=str(error)[:300]),))
    folder = workshop.estate.state / "changes" / (asked.change or "-") / "patch"
    case = Case(
        device=device,
        change=asked.change,
        now=now,
        wishes=wishes,
        facts=facts,
        said={name: _opened(result) for name, result in host.said.items()},
        plan=plan,
        records=FilePatchRecords(folder, lambda: workshop.keys.password(host.contract)),
        supplied=str(supplied_folder(workshop)),
    )
    return _STAGES[asked.stage](case)


def _wishes(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name in PatchWishes.model_fields}


def _opened(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """A module's result; a packed one is opened."""
    packed = result.get("packed")
    if not isinstance(packed, str):
        return result
    found = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found if isinstance(found, dict) else {}


def _told(workshop: Workshop, judged: Judged, evidence: str) -> dict[str, Any]:
    """What the runner, later tasks and people read of a host."""

    def words(reasons: tuple[Reason, ...]) -> list[str]:
        return [explain(r.code, r.params, workshop.language) for r in reasons]

    return {
        "status": "ok" if judged.ok else "failed",
        "changed": judged.changed,
        "reason": _one_line(words(judged.why), words(judged.notes), workshop.language),
        "codes": [reason.code for reason in (*judged.why, *judged.notes)],
        "difference": judged.difference,
        "plan": judged.plan.model_dump(mode="json") if judged.plan else {},
        "order": dict(judged.order) if judged.ok else {},
        "evidence": [evidence] if evidence else [],
    }


def _one_line(why: list[str], notes: list[str], language: Language) -> str:
    """What stands against a host, and apart from it what is only worth knowing."""
    said, besides = "; ".join(why), "; ".join(notes)
    if said and besides:
        return said + translate("patch.besides", language, notes=besides)
    return said or besides


def _keep(
    workshop: Workshop, asked: Asked, hosts: Mapping[str, HostSaid], now: datetime
) -> dict[str, str]:
    """The facts as evidence, in the run's bundle; by host its name."""
    runs = workshop.estate.state / "runs"
    folder = Path(asked.run_folder) if asked.run_folder else runs / new_run_id(now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / "bundle" / "manifest.jsonl").exists():
        return {}
    header = BundleHeader(
        run_id=folder.name,
        job=f"patch-{asked.stage}",
        actor=actor(),
        program=PROGRAM,
        created_at=now,
        devices=len(hosts),
    )
    kept: dict[str, str] = {}
    with bundle_lock(folder), BundleWriter(folder / "bundle", header) as bundle:
        for name, host in hosts.items():
            data = json.dumps(_opened(host.read), ensure_ascii=False, sort_keys=True).encode()
            sha256, sealed = seal(workshop.keys.password(host.contract), data)
            bundle.add_blob(sealed, sha256)
            bundle.add(_entry(name, host, sha256, len(data), now))
            kept[name] = sha256
    return kept


def _entry(name: str, host: HostSaid, sha256: str, size: int, now: datetime) -> DeviceCollection:
    item = CollectedItem(
        kind=ItemKind.facts,
        command="read_linux",
        sha256=sha256,
        size=size,
        collected_at=now,
        restorable=False,
    )
    return DeviceCollection(
        device=name,
        contract=host.contract,
        platform="linux",
        address=host.address,
        status=CollectionStatus.collected,
        items=(item,),
        attempts=1,
        started_at=now,
        finished_at=now,
    )
