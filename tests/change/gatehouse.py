"""An estate with people, real keys and a runbook that writes a note on two local hosts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from weibao.bootstrap.gate import leave_parts
from weibao.bootstrap.workshop import Workshop, open_workshop
from weibao.boundary.changes import DigestSource
from weibao.domain.approval_statement import NAMESPACE, statement
from weibao.domain.change import (
    Approval,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangePlan,
    ChangeState,
    ChangeStep,
    PlannedTarget,
    StepState,
    Window,
)
from weibao.domain.change_digest import digest_of
from weibao.domain.inventory import Device
from weibao.services.leave import Leave, Purpose, leave
from weibao.services.leave_parts import LeaveParts, parts_now

DATA = Path(__file__).with_name("data") / "gatehouse"
PEOPLE = ("wang", "li", "zhao", "qian", "sun", "zhou")
HOSTS = ("quay-1", "quay-2")
DAY = timedelta(days=1)


def make_key(folder: Path, name: str) -> Path:
    path = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


class _EstateOnly:
    """A digest source that says nothing of the program."""

    def __init__(self, real: DigestSource) -> None:
        self._real = real
        self.runbook_part = real.runbook_part
        self.host_parts = real.host_parts
        self.playbook_parts = real.playbook_parts

    def program_parts(self) -> dict[str, str]:
        parts = self._real.program_parts()
        return {
            name: value for name, value in parts.items() if name.startswith(("estate/", "ansible/"))
        }


@dataclass
class Gatehouse:
    """One estate, and how far its change is to be brought."""

    folder: Path
    private: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    number: int = 0
    whole: bool = False

    @classmethod
    def build(cls, folder: Path, private: Path) -> Gatehouse:
        shutil.copytree(DATA, folder)
        (folder / "notes").mkdir()
        private.mkdir(exist_ok=True)
        for name in PEOPLE:
            make_key(private, name)
        house = cls(folder, private)
        house.write_signers({name: public(private / name) for name in PEOPLE})
        house.workshop.keys.create("acme")
        return house

    @property
    def signers(self) -> Path:
        return self.folder / "contracts" / "acme.allowed_signers"

    def write_signers(self, keys: dict[str, str], options: str = "") -> None:
        lines = [f"{name} {options}{key}\n" for name, key in keys.items()]
        self.signers.write_text("".join(lines))
        self.signers.chmod(0o644)

    @property
    def workshop(self) -> Workshop:
        return open_workshop(self.folder)

    @property
    def parts(self) -> LeaveParts:
        """Without the program's own files, unless Ansible plays too: they may be edited now."""
        parts = leave_parts(self.workshop)
        return parts if self.whole else replace(parts, digests=_EstateOnly(parts.digests))

    @property
    def sources(self) -> tuple[str, ...]:
        return open_workshop(self.folder).sources

    def devices(self, names: Sequence[str] = HOSTS) -> list[Device]:
        return [Device(name=name, contract="acme") for name in names]

    def planned(self, **fields: Any) -> tuple[Change, ChangePlan]:
        """A new change with its plan, recorded; its state is what ``fields`` say."""
        self.number += 1
        base: dict[str, Any] = {
            "id": f"CHG-{self.number:03d}",
            "contract": "acme",
            "kind": ChangeKind.normal,
            "runbook": "write-note",
            "runbook_version": "1.0",
            "title": "a note",
            "limit": "quays",
            "variables": {"note_text": "hello"},
            "window": Window(start=self.now - DAY, end=self.now + DAY),
            "requester": "wang",
            "operator": "li",
            "recorder": "zhao",
            "created_at": self.now - DAY,
            "updated_at": self.now - DAY,
        }
        draft = Change(**{**base, **{k: v for k, v in fields.items() if k != "state"}})
        targets = tuple(
            PlannedTarget(
                device=name, wave=i, estimate=60, back_out_estimate=60, difference=f"+{name}"
            )
            for i, name in enumerate(HOSTS)
        )
        parts = self.parts
        now = parts_now(parts, draft, targets, self.devices(), self.sources)
        plan = ChangePlan(
            change=draft.id,
            number=1,
            made_at=self.now - DAY,
            digest=digest_of(now),
            parts=now,
            targets=targets,
            estimate=60,
            back_out_estimate=60,
        )
        change = draft.model_copy(
            update={
                "plan": 1,
                "digest": plan.digest,
                "round": 1,
                "state": fields.get("state", ChangeState.running),
            }
        )
        with self.workshop.journal as journal:
            journal.add_change(draft, self._event(draft, 1, "new", draft.state))
            moved = self._event(change, 2, "plan", draft.state)
            journal.move_change(change, moved, expected=draft.state, plan=plan)
        return change, plan

    def _event(self, change: Change, number: int, action: str, before: ChangeState) -> ChangeEvent:
        return ChangeEvent(
            change=change.id,
            number=number,
            at=self.now - DAY + timedelta(minutes=number),
            actor="test",
            action=action,
            state_before=before,
            state=change.state,
        )

    def move(self, change: Change, approvals: Sequence[Approval] = (), **fields: Any) -> Change:
        with self.workshop.journal as journal:
            number = len(journal.change_events(change.id)) + 1
            moved = change.model_copy(update=fields)
            event = self._event(moved, number, "note", change.state)
            journal.move_change(moved, event, expected=change.state, approvals=approvals)
        return moved

    def approval(self, change: Change, stage: str, person: str, **fields: Any) -> Approval:
        """Signed with the person's own key, or as ``key`` and ``namespace`` say."""
        key = fields.pop("key", self.private / person)
        namespace = fields.pop("namespace", NAMESPACE)
        estate = fields.pop("estate", "gatehouse")
        base: dict[str, Any] = {
            "change": change.id,
            "round": change.round,
            "stage": stage,
            "person": person,
            "digest": change.digest,
            "window_end": change.window.end,
            "at": self.now - timedelta(hours=1),
        }
        approval = Approval(**{**base, **fields})
        text = statement(estate, change, approval)
        signature = self.parts.signatures.sign(key, namespace, text)
        return approval.model_copy(update={"statement": text, "signature": signature})

    def approved(self, **fields: Any) -> Change:
        """A change with both approvals."""
        change, _ = self.planned(**fields)
        both = [self.approval(change, "internal", "qian")]
        both.append(self.approval(change, "customer", "sun"))
        return self.move(change, both)

    def begin(self, change: Change, step: str = "write", devices: Sequence[str] = HOSTS) -> None:
        """Journal the step as begun, as the runner does."""
        phase = "back_out" if step == "erase" else "implement"
        rows = [
            ChangeStep(
                change=change.id,
                wave=HOSTS.index(device),
                phase=phase,
                step=step,
                device=device,
                state=StepState.begun,
                actor="li",
                started_at=self.now,
            )
            for device in devices
        ]
        with self.workshop.journal as journal:
            journal.record_change_steps(rows)

    def ask(self, change: Change, **fields: Any) -> Leave:
        asked: dict[str, Any] = {
            "now": self.now,
            "devices": self.devices(),
            "sources": self.sources,
            "purpose": Purpose.work,
        }
        return leave(self.parts, change.id, **{**asked, **fields})

    def codes(self, change: Change, **fields: Any) -> set[str]:
        return {reason.code for reason in self.ask(change, **fields).why}

    # Ansible itself

    def play(
        self,
        change: Change | None,
        *options: str,
        playbook: str = "playbooks/write_note.yml",
        variables: dict[str, Any] | None = None,
        env: dict[str, str] | None = None,
        step: str = "write",
        cwd: Path | None = None,
    ) -> Played:
        """Run ``ansible-playbook`` in the estate, or in ``cwd``."""
        for note in (self.folder / "notes").iterdir():
            note.unlink()
        given: dict[str, Any] = {"weibao_estate": str(self.folder), "note_text": "hello"}
        if change is not None:
            given |= {"weibao_change": change.id, "weibao_step": step}
        given |= variables or {}
        extra = self.private / "extra.json"
        extra.write_text(json.dumps({k: v for k, v in given.items() if v is not None}))
        python = Path(sys.executable)
        done = subprocess.run(
            [str(python.with_name("ansible-playbook")), "-e", f"@{extra}", *options, playbook],
            cwd=cwd or self.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
                "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
                "ANSIBLE_HOME": str(self.private / "ansible"),
                "PATH": f"{python.parent}:{os.environ['PATH']}",
                "LC_ALL": "C.UTF-8",
                "PWD": str(self.folder),
                **(env or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        notes = sorted(path.stem for path in (self.folder / "notes").iterdir())
        return Played(done.returncode, done.stdout + done.stderr, tuple(notes))


@dataclass(frozen=True)
class Played:
    """What became of it."""

    code: int
    said: str
    notes: tuple[str, ...]


__all__ = ["DAY", "HOSTS", "Gatehouse", "Played", "make_key", "public", "replace"]
