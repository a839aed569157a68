"""Ansible touches nothing without leave, whatever is tried; real ansible-playbook (JOB-02)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from change.gatehouse import HOSTS, Gatehouse
from weibao.adapters.digest_source import collection_folders
from weibao.domain.change import Approval, Change, ChangeState, Window

pytestmark = pytest.mark.usefixtures("ssh_keygen")

BOTH = tuple(HOSTS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Gatehouse:
    folder = tmp_path_factory.mktemp("gate")
    return Gatehouse.build(folder / "estate", folder / "private")


@pytest.fixture
def house(built: Gatehouse, tmp_path: Path) -> Gatehouse:
    shutil.copytree(built.folder, tmp_path / "estate")
    return Gatehouse(tmp_path / "estate", built.private, number=built.number, whole=True)


@pytest.fixture(scope="module")
def standing(
    built: Gatehouse, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Gatehouse, Change]:
    """A change that is running, for attempts that spoil nothing; it is let through as it is."""
    folder = tmp_path_factory.mktemp("standing") / "estate"
    shutil.copytree(built.folder, folder)
    house = Gatehouse(folder, built.private, whole=True)
    change = running(house)
    played = house.play(change)
    assert (played.code, played.notes) == (0, BOTH), played.said
    return house, change


def running(house: Gatehouse, **fields: Any) -> Change:
    change = house.approved(**fields)
    house.begin(change)
    return change


def test_what_was_approved_runs_and_its_way_back(house: Gatehouse) -> None:
    change = running(house)
    played = house.play(change)
    assert (played.code, played.notes) == (0, BOTH), played.said
    one = house.play(change, "--limit", "quay-2")
    assert one.notes == ("quay-2",), one.said
    with house.workshop.journal as journal:
        ended = [s.model_copy(update={"state": "done"}) for s in journal.change_steps(change.id)]
        journal.record_change_steps(ended)
    again = house.play(change)
    assert again.notes == ()
    assert "no step is recorded as begun" in again.said
    late = Window(start=change.window.start, end=house.now)
    assert late.end < change.window.end
    house.begin(change, "erase")
    back = house.play(change, playbook="playbooks/erase_note.yml", step="erase")
    assert back.code == 0, back.said


def test_check_mode_needs_no_leave_and_changes_nothing(house: Gatehouse) -> None:
    played = house.play(None, "--check")
    assert (played.code, played.notes) == (0, ()), played.said
    assert "changed=1" in played.said


def test_a_play_that_says_check_mode_false_still_only_checks(house: Gatehouse) -> None:
    (house.folder / "mine.yml").write_text(
        "- hosts: quays\n  gather_facts: false\n  check_mode: false\n  roles: [write_note]\n"
    )
    played = house.play(None, "--check", playbook="mine.yml")
    assert (played.code, played.notes) == (0, ()), played.said


Spoil = Callable[[Gatehouse, Change], None]


def _edit(file: str, old: str, new: str) -> Spoil:
    def spoil(house: Gatehouse, _change: Change) -> None:
        text = (house.folder / file).read_text()
        assert old in text
        (house.folder / file).write_text(text.replace(old, new))

    return spoil


def _move(**fields: Any) -> Spoil:
    return lambda house, change: (house.move(change, **fields), None)[1]


def _signers(options: str) -> Spoil:
    def spoil(house: Gatehouse, _change: Change) -> None:
        lines = house.signers.read_text().splitlines()
        said = [line.replace(" ssh-", f" {options} ssh-", 1) for line in lines]
        house.signers.write_text("\n".join(said) + "\n")

    return spoil


def _revoke(house: Gatehouse, _change: Change) -> None:
    key = (house.private / "sun.pub").read_text()
    (house.folder / "contracts" / "acme.revoked_keys").write_text(key)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_edit("runbooks/write-note.yml", "For tests", "for tests"), "runbook is not as"),
        (_edit("roles/write_note/tasks/main.yml", "0600", "0644"), "estate/roles is not as"),
        (_edit("inventory/hosts.yml", "north", "south"), "host/quay-2/mooring is not as"),
        (_move(state=ChangeState.paused), "the change is paused"),
        (_move(variables={"note_text": "other"}), "note_text"),
        (_revoke, "key of sun is revoked"),
        (_signers('valid-before="20200101"'), "had expired"),
        (_signers('namespaces="git"'), "another purpose"),
        (_move(operator="wang"), "needed here"),
    ],
)
def test_what_is_not_as_approved_is_not_done(house: Gatehouse, spoil: Spoil, words: str) -> None:
    if words == "needed here":  # the operator is the recorder's colleague without that role
        spoil = _move(operator="zhou")
    change = running(house)
    spoil(house, change)
    played = house.play(change)
    assert played.code != 0
    assert played.notes == ()
    assert words in " ".join(played.said.split()), played.said


def test_outside_of_its_window(house: Gatehouse) -> None:
    window = Window(start=house.now - timedelta(days=2), end=house.now - timedelta(seconds=5))
    change = running(house, window=window)
    played = house.play(change)
    assert played.notes == ()
    assert "not in the approved window" in " ".join(played.said.split())


def test_signatures_from_elsewhere(house: Gatehouse) -> None:
    """Of another change, an earlier round, another purpose, another estate, another person."""
    first = house.approved()
    change, _ = house.planned()
    earlier = change.model_copy(update={"round": 0})
    good = house.approval(change, "customer", "sun")
    of_first = house.approval(first, "internal", "qian")
    forged: list[Approval] = [
        of_first.model_copy(update={"change": change.id, "digest": change.digest}),
        house.approval(earlier, "internal", "qian").model_copy(update={"round": 1}),
        house.approval(change, "internal", "qian", namespace="file"),
        house.approval(change, "internal", "qian", estate="elsewhere"),
        house.approval(change, "internal", "qian", key=house.private / "li"),
        house.approval(change, "internal", "wang"),
    ]
    for one in forged:
        again, _ = house.planned(id=f"CHG-F{house.number}")
        own = one.model_copy(update={"change": again.id, "digest": again.digest})
        house.move(again, [own, good.model_copy(update={"change": again.id})])
        assert "leave_approval_missing" in house.codes(again)
    change = house.move(change, [of_first.model_copy(update={"change": change.id}), good])
    house.begin(change)
    played = house.play(change)
    assert played.notes == ()
    assert "not for this change" in " ".join(played.said.split())


OWN_PLAY = """
- hosts: {hosts}
  gather_facts: false
  ignore_errors: true
  vars: {vars}
  tasks:
    - ansible.builtin.include_role: {{name: write_note}}
"""


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (["--start-at-task", "Write the note"], {}, "did not pass the gate"),
        (["--skip-tags", "gate"], {}, "did not pass the gate"),
        (["--tags", "nothing,always"], {}, ""),
        ([], {"write_note_text": "evil"}, "write_note_text of the command line is none"),
        ([], {"inventory_hostname": "quay-1"}, "inventory_hostname of the command line"),
        (["--check"], {}, ""),
        ([], {"ansible_check_mode": True}, "ansible_check_mode of the command line is none"),
        ([], {"note_text": "evil"}, "note_text of the command line is not what was approved"),
        ([], {"note_text": None}, "note_text"),
        ([], {"gate": {"given": True}, "result": "ok"}, "none of the change's"),
        ([], {"weibao_step": "erase"}, "no step is recorded as begun"),
        ([], {"weibao_change": "CHG-999"}, "CHG-999"),
        ([], {"weibao_change": ""}, "no change is named"),
        (["-c", "local"], {}, "connection"),
    ],
)
def test_the_command_line_opens_nothing(
    standing: tuple[Gatehouse, Change], options: list[str], variables: dict[str, Any], words: str
) -> None:
    house, change = standing
    played = house.play(change, *options, variables=variables)
    assert played.notes == (), played.said
    assert words in " ".join(played.said.split()), played.said


@pytest.mark.parametrize(
    "play",
    [
        OWN_PLAY.format(hosts="quays", vars="{}"),
        OWN_PLAY.format(hosts="quays", vars="{write_note_text: evil, ansible_check_mode: true}"),
        OWN_PLAY.format(hosts="others", vars="{inventory_hostname: quay-1}"),
    ],
)
def test_a_play_of_ones_own_opens_nothing(standing: tuple[Gatehouse, Change], play: str) -> None:
    house, change = standing
    (house.folder / "mine.yml").write_text(play)
    played = house.play(change, playbook="mine.yml")
    assert played.notes == (), played.said
    assert "is no step of runbook" in " ".join(played.said.split()), played.said


def test_hosts_and_inventories_that_were_not_approved(
    standing: tuple[Gatehouse, Change],
) -> None:
    house, change = standing
    other = house.folder / "other.yml"
    text = (house.folder / "inventory/hosts.yml").read_text()
    other.write_text(text.replace("        buoy-1:", "").replace("quay-2:", "buoy-1:"))
    played = house.play(change, "-i", str(other))
    assert played.notes == ()
    assert "buoy-1 is not in the approved plan" in " ".join(played.said.split())
    other.write_text(text.replace('/notes"', '/./notes"'))
    played = house.play(change, "-i", str(other))
    assert played.notes == ()
    assert "host/quay-1/note_folder is not as" in " ".join(played.said.split())


def test_code_from_elsewhere_and_settings_from_elsewhere(
    standing: tuple[Gatehouse, Change],
) -> None:
    house, change = standing
    config = house.private / "ansible.cfg"
    shutil.copy(house.folder / "ansible.cfg", config)
    env = {"ANSIBLE_CONFIG": str(config), "ANSIBLE_ROLES_PATH": str(house.folder / "roles")}
    played = house.play(change, "-i", "inventory", env={**env, "ANSIBLE_ACTION_PLUGINS": "/x"})
    assert played.notes == ()
    said = " ".join(played.said.split())
    for name in ("ANSIBLE_ACTION_PLUGINS", "ANSIBLE_ROLES_PATH"):
        assert f"{name} makes Ansible load code" in said
    assert "instead of the estate's ansible.cfg" in said


def test_a_playbook_of_the_same_name_elsewhere(
    standing: tuple[Gatehouse, Change], tmp_path: Path
) -> None:
    """Ansible reads it where it was started, whatever estate and PWD say."""
    house, change = standing
    (tmp_path / "playbooks").mkdir()
    play = OWN_PLAY.format(hosts="quays", vars="{write_note_text: evil}")
    (tmp_path / "playbooks" / "write_note.yml").write_text(play)
    for env in ({}, {"ANSIBLE_ROLES_PATH": str(house.folder / "roles")}):
        played = house.play(change, "-i", str(house.folder / "inventory"), cwd=tmp_path, env=env)
        assert played.notes == (), played.said
        assert "is no step of runbook" in " ".join(played.said.split()), played.said


def test_a_collection_of_ones_own_around_the_real_plugins(
    standing: tuple[Gatehouse, Change], tmp_path: Path
) -> None:
    house, change = standing
    core = tmp_path / "ansible_collections" / "weibao" / "core"
    core.mkdir(parents=True)
    for name, folder in collection_folders().items():
        if name != "playbooks":
            (core / name).symlink_to(folder)
    (core / "playbooks").mkdir()
    played = house.play(change, env={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})
    assert played.notes == (), played.said
    assert "not this program's own weibao.core" in " ".join(played.said.split()), played.said


@pytest.mark.parametrize(
    ("options", "env", "word"),
    [
        (["--ssh-common-args", "-o HostName=192.0.2.1"], {}, "ssh_common_args"),
        (["--ssh-extra-args", "-p 2222"], {}, "ssh_extra_args"),
        (["-u", "somebody"], {}, "remote_user"),
        ([], {"ANSIBLE_SSH_ARGS": "-o HostName=192.0.2.1"}, "ANSIBLE_SSH_ARGS"),
        ([], {"ANSIBLE_REMOTE_PORT": "2222"}, "ANSIBLE_REMOTE_PORT"),
        (["--become"], {}, "become"),
        ([], {"ANSIBLE_BECOME": "1"}, "ANSIBLE_BECOME"),
        ([], {"ANSIBLE_SUDO_EXE": "/tmp/sudo"}, "ANSIBLE_SUDO_EXE"),
        ([], {"ANSIBLE_SSH_CONTROL_PATH": "/tmp/other"}, "ANSIBLE_SSH_CONTROL_PATH"),
        ([], {"ANSIBLE_PYTHON_INTERPRETER": "/tmp/python"}, "ANSIBLE_PYTHON_INTERPRETER"),
        ([], {"ANSIBLE_HASH_BEHAVIOUR": "merge"}, "ANSIBLE_HASH_BEHAVIOUR"),
        ([], {"ANSIBLE_SKIP_TAGS": "gate"}, "did not pass the gate"),
    ],
)
def test_another_way_to_the_host(
    standing: tuple[Gatehouse, Change], options: list[str], env: dict[str, str], word: str
) -> None:
    """The inventory's addresses are what was approved; nothing beside it leads elsewhere."""
    house, change = standing
    played = house.play(change, *options, env=env)
    assert played.notes == (), played.said
    assert word in played.said


def test_what_changes_no_way_is_let_through(standing: tuple[Gatehouse, Change]) -> None:
    house, change = standing
    env = {"ANSIBLE_PYTHON_INTERPRETER": "auto_silent", "ANSIBLE_NOCOWS": "1"}
    assert house.play(change, env=env).notes == BOTH


def test_plugins_in_a_home_of_ones_own(standing: tuple[Gatehouse, Change], tmp_path: Path) -> None:
    """Ansible takes them from there without being told to."""
    house, change = standing
    for name in ("ANSIBLE_HOME", "HOME"):
        plugins = tmp_path / name / (".ansible" if name == "HOME" else "") / "plugins" / "vars"
        plugins.mkdir(parents=True)
        (plugins / "mine.py").write_text("")
        env = {"ANSIBLE_HOME": ""} if name == "HOME" else {}
        played = house.play(change, env={**env, name: str(tmp_path / name)})
        assert played.notes == (), played.said
        assert f"ansible{plugins.parent} was added" in " ".join(played.said.split()), played.said


def test_a_ticket_of_ones_own_is_refused(house: Gatehouse) -> None:
    """Also one that was good for another ansible-playbook."""
    change = running(house)
    assert house.play(change).notes == BOTH
    (ticket,) = (house.folder / "var" / "gate").glob("*.json")
    data = json.loads(ticket.read_text())
    (house.folder / "mine.yml").write_text(
        "- hosts: quays\n  gather_facts: false\n  tasks:\n"
        f"    - ansible.builtin.shell: 'cp ../ticket var/gate/$PPID-{change.id}.json; :'\n"
        "      delegate_to: localhost\n"
        "    - ansible.builtin.command: python3 forge.py\n"
        "    - ansible.builtin.include_role: {name: write_note, tasks_from: block}\n"
    )
    role = house.folder / "roles/write_note/tasks"
    whole = (role / "main.yml").read_text()
    (role / "block.yml").write_text("- name: Everything" + whole.split("- name: Everything")[1])
    for forge in (
        data,
        {**data, "ticket": data["ticket"].replace("quay-1", "quay-9")},
        {"ticket": "{}", "mac": ""},
    ):
        (house.folder / "forge.py").write_text(
            "import json, os, pathlib\n"
            f"data = {forge!r}\n"
            "here = pathlib.Path(f'/proc/{os.getppid()}')\n"
            "pid = os.getpid()\n"
            "while True:\n"
            "    text = pathlib.Path(f'/proc/{pid}/stat').read_text()\n"
            "    pid = int(text.rpartition(')')[2].split()[1])\n"
            "    if pid <= 1: break\n"
            f"    name = f'var/gate/{{pid}}-{change.id}.json'\n"
            "    pathlib.Path(name).write_text(json.dumps(data))\n"
        )
        played = house.play(change, playbook="mine.yml")
        assert played.notes == (), played.said
        said = " ".join(played.said.split())
        assert "belongs to another run" in said or "was not written by the gate" in said, said
