"""A ticket holds for one process, command line, host and time, while the change runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from change.gatehouse import HOSTS, Gatehouse
from weibao.adapters.ansible_command import Command
from weibao.adapters.digest_source import collection_folders
from weibao.adapters.gate_ticket import Process, TicketBox
from weibao.bootstrap import gate
from weibao.domain.change import ChangeState
from weibao.errors import RefusedError, UncheckedError

pytestmark = pytest.mark.usefixtures("ssh_keygen")


@pytest.fixture
def house(tmp_path: Path) -> Gatehouse:
    return Gatehouse.build(tmp_path / "estate", tmp_path / "private")


def command(house: Gatehouse, **fields: object) -> Command:
    given = Command(
        playbooks=("playbooks/write_note.yml",),
        inventory=house.sources,
        extra={"weibao_estate": str(house.folder), "note_text": "hello"},
        check=False,
        partial=(),
        environment=(),
        config=str(house.folder / "ansible.cfg"),
        vault_options=(),
        folder=house.folder,
        collection=collection_folders()["plugins"].parent,
    )
    return replace(given, **fields)


def test_a_ticket_holds_for_what_it_says(house: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.whole = True
    change = house.approved()
    house.begin(change)
    now = datetime.now(UTC)
    ticket = gate.check(house.folder, change.id, HOSTS, now, command=command(house))
    box = TicketBox(house.folder / "var", house.folder / "keys")
    box.put(ticket)
    print_ = command(house).fingerprint
    hour = timedelta(hours=1)
    assert ticket.problem("quay-1", print_, now) == ""
    assert ticket.problem("buoy-1", print_, now) == "other_host"
    assert ticket.problem("quay-1", "f" * 64, now) == "other_command"
    assert ticket.problem("quay-1", print_, now - hour) == "other_time"
    assert ticket.problem("quay-1", print_, change.window.end) == "other_time"
    other = replace(ticket, process=Process(1, "0"))
    assert other.problem("quay-1", print_, now) == "other_process"

    monkeypatch.setattr(gate, "ansible_command", lambda: command(house))
    assert gate.let_through("quay-1", change.id)
    change = house.move(change, state=ChangeState.paused)
    (seen,) = (house.folder / "var" / "gate").glob("*.seen")
    seen.unlink()  # it counts for two seconds
    assert gate.let_through("quay-1", change.id)  # the step has begun, and is ended
    with pytest.raises(RefusedError, match="paused"):
        gate.require(house.folder, change.id, HOSTS)
    house.move(change, state=ChangeState.aborted)
    seen.unlink()
    with pytest.raises(RefusedError, match="aborted"):
        gate.let_through("quay-1", change.id)

    (house.folder / "keys" / "gate.ticket-key").chmod(0o644)
    with pytest.raises(RefusedError):
        box.find(change.id)
    (house.folder / "keys" / "gate.ticket-key").unlink()
    with pytest.raises(UncheckedError):
        box.find(change.id)


def test_a_plugin_that_changes_devices_asks_by_itself(
    house: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.whole = True
    change = house.approved()
    house.begin(change, devices=HOSTS[:1])
    monkeypatch.setattr(gate, "ansible_command", lambda: command(house))
    gate.require(house.folder, change.id, HOSTS[:1])
    with pytest.raises(RefusedError, match="no step is recorded as begun"):
        gate.require(house.folder, change.id, HOSTS)
    with pytest.raises(RefusedError, match="not this program's own"):
        gate.require(house.folder, change.id, HOSTS[:1], plugin=house.folder / "gate.py")
    monkeypatch.setattr(gate, "ansible_command", lambda: command(house, check=True))
    with pytest.raises(RefusedError, match="--check"):
        gate.require(house.folder, change.id, HOSTS[:1])
    elsewhere = {"weibao_estate": str(house.private), "note_text": "hello"}
    monkeypatch.setattr(gate, "ansible_command", lambda: command(house, extra=elsewhere))
    with pytest.raises(RefusedError):
        gate.require(house.folder, change.id, HOSTS[:1])
