"""Leave is what signatures, digest and time say now; anything changed voids it (CHG-38)."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from change.gatehouse import DAY, HOSTS, Gatehouse
from weibao.domain.change import ApprovalChannel, Change, ChangeKind, ChangeState
from weibao.domain.change_digest import digest_of
from weibao.errors import InputError, RefusedError, UncheckedError
from weibao.i18n import messages
from weibao.services.counted_approvals import approval_problem
from weibao.services.leave import Purpose
from weibao.services.leave_parts import parts_now

pytestmark = pytest.mark.usefixtures("ssh_keygen")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Gatehouse:
    folder = tmp_path_factory.mktemp("leave")
    return Gatehouse.build(folder / "estate", folder / "private")


@pytest.fixture
def house(built: Gatehouse, tmp_path: Path) -> Gatehouse:
    """A copy that a test may spoil."""
    shutil.copytree(built.folder, tmp_path / "estate")
    return Gatehouse(tmp_path / "estate", built.private, number=built.number)


def test_with_all_approvals_it_is_given(house: Gatehouse) -> None:
    change = house.approved()
    found = house.ask(change).require()
    assert found.given
    assert found.until == change.window.end
    assert [a.person for a in found.approvals] == ["qian", "sun"]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("runbooks/write-note.yml", "For tests", "for tests", "runbook"),
        ("roles/write_note/tasks/main.yml", "0600", "0644", "estate/roles"),
        ("playbooks/write_note.yml", "quays", "all", "estate/playbooks"),
        ("ansible.cfg", "inventory = ", "inventory  = ", "estate/ansible.cfg"),
        ("inventory/hosts.yml", "north", "south", "host/quay-2/mooring"),
        ("inventory/hosts.yml", "quay-2:\n", "quay-2:\n          extra: 1\n", "host/quay-2/extra"),
        ("inventory/hosts.yml", "          mooring: north\n", "", "host/quay-2/mooring"),
        (
            "contracts/acme.yml",
            "side: customer\n",
            "side: customer\n      minimum: 2\n",
            "approval_chain",
        ),
    ],
)
def test_one_changed_byte_voids_it_and_is_named(
    house: Gatehouse, file: str, old: str, new: str, part: str
) -> None:
    change = house.approved()
    edit(house.folder / file, old, new)
    why = house.ask(change).why
    assert part in {reason.params.get("part") for reason in why}


def test_a_changed_password_of_the_connection_voids_nothing(house: Gatehouse) -> None:
    change = house.approved()
    edit(house.folder / "inventory/hosts.yml", "never-hashed", "another")
    assert house.codes(change) == set()


def test_a_platform_or_plugin_of_the_estate_shows_in_the_digest(house: Gatehouse) -> None:
    change = house.approved()
    (house.folder / "action_plugins").mkdir()
    (house.folder / "action_plugins" / "copy.py").write_text("")
    assert [r.params["part"] for r in house.ask(change).why] == ["estate/action_plugins"]


def _parts(house: Gatehouse, change: Change) -> set[str]:
    return {str(reason.params.get("part")) for reason in house.ask(change).why}


@pytest.mark.parametrize(
    ("run", "file", "part"),
    [
        ("ops/write_note.yml", "ops/write_note.yml", "estate/ops"),
        ("ops/write_note.yml", "ops/roles/mine/tasks/main.yml", "estate/ops"),
        ("write_note.yml", "write_note.yml", "estate/write_note.yml"),
        ("write_note.yml", "group_vars/all.yml", "estate/group_vars"),
        ("write_note.yml", "host_vars/quay-1.yml", "estate/host_vars"),
    ],
)
def test_a_playbook_is_covered_wherever_it_lies_in_the_estate(
    house: Gatehouse, run: str, file: str, part: str
) -> None:
    for name in (file, run):
        (house.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (house.folder / name).write_text("{}\n" if "_vars" in name else "[]\n")
    edit(house.folder / "runbooks/write-note.yml", "playbooks/write_note.yml", run)
    change = house.approved()
    assert _parts(house, change) == set()
    with (house.folder / file).open("a") as stream:
        stream.write("\n# another byte\n")
    assert part in _parts(house, change)


@pytest.mark.parametrize(
    "run", ["/tmp/write_note.yml", "../write_note.yml", "playbooks/../../x.yml", "~/x.yml"]
)
def test_a_playbook_outside_of_the_estate_is_none(house: Gatehouse, run: str) -> None:
    edit(house.folder / "runbooks/write-note.yml", "playbooks/write_note.yml", run)
    with pytest.raises(InputError, match=r"write-note\.yml"):
        house.planned()


def test_roles_and_collections_from_elsewhere_are_covered(
    house: Gatehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ansible.cfg or Ansible's own folder lead, too: one changed byte there voids it."""
    shared, home = tmp_path / "shared", tmp_path / "home"
    role = shared / "roles" / "common" / "tasks" / "main.yml"
    plugin = home / "plugins" / "filter" / "mine.py"
    books = shared / "ansible_collections" / "acme" / "ops" / "playbooks" / "note.yml"
    for file in (role, plugin, books):
        file.parent.mkdir(parents=True)
        file.write_text("# as it was\n")
    monkeypatch.setenv("ANSIBLE_HOME", str(home))
    paths = f"roles_path = roles:{shared}/roles\ncollections_path = {shared}"
    edit(house.folder / "ansible.cfg", "roles_path = roles", paths)
    edit(house.folder / "runbooks/write-note.yml", "playbooks/write_note.yml", "acme.ops.note")
    change = house.approved()
    assert _parts(house, change) == set()
    for file, folder in (
        (role, role.parents[2]),
        (plugin, home / "plugins"),
        (books, books.parents[1]),
    ):
        file.write_text("# as it is now\n")
        assert _parts(house, change) == {f"ansible{folder}"}
        file.write_text("# as it was\n")
    (tmp_path / "another" / "roles").mkdir(parents=True)  # empty: it brings nothing in
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "another"))
    assert _parts(house, change) == {f"ansible{home / 'plugins'}"}


def test_one_minute_or_one_variable_more_is_another_change(house: Gatehouse) -> None:
    change = house.approved()
    later = change.window.model_copy(update={"end": change.window.end + timedelta(minutes=1)})
    change = house.move(change, window=later)
    assert {"digest_changed", "leave_approval_missing", "signature_other_text"} <= house.codes(
        change
    )
    other = house.approved()
    other = house.move(other, variables={"note_text": "hellO"})
    assert "digest_changed" in house.codes(other)


def test_other_hosts_than_those_of_the_plan(house: Gatehouse) -> None:
    change = house.approved()
    three = house.devices([*HOSTS, "buoy-1"])
    assert house.codes(change, devices=three) == {"leave_other_host"}
    assert house.codes(change, devices=three[:1]) == {"leave_host_gone"}
    assert house.codes(change, devices=three[:1], whole=False) == set()
    assert "leave_no_host" in house.codes(change, devices=[], whole=False)


@pytest.mark.parametrize(
    ("shift", "codes"),
    [
        (-2 * DAY, {"leave_outside_window", "leave_clock_back"}),
        (-DAY - timedelta(minutes=1), {"leave_outside_window", "leave_clock_back"}),
        (DAY, {"leave_outside_window"}),
        (DAY - timedelta(seconds=1), set()),
    ],
)
def test_only_in_the_window(house: Gatehouse, shift: timedelta, codes: set[str]) -> None:
    change = house.approved()
    assert house.codes(change, now=house.now + shift) == codes


def test_the_way_back_is_open_after_the_window(house: Gatehouse) -> None:
    change = house.approved(state=ChangeState.paused)
    late = house.now + 2 * DAY
    assert house.codes(change, now=late, purpose=Purpose.back_out) == set()
    assert "leave_state" in house.codes(change, now=late)


def test_an_extension_is_signed_by_the_customer(house: Gatehouse) -> None:
    change = house.approved()
    until = change.window.end + DAY
    late = change.window.end + timedelta(hours=1)
    own = house.approval(change, "internal", "qian", decision="extend", window_end=until)
    change = house.move(change, [own])
    assert "leave_outside_window" in house.codes(change, now=late)
    signed = house.approval(change, "customer", "zhou", decision="extend", window_end=until)
    house.move(change, [signed])
    found = house.ask(change, now=late)
    assert (found.why, found.until) == ((), until)


def test_a_freeze_stops_it(house: Gatehouse) -> None:
    change = house.approved()
    emergency, _ = house.planned(
        kind=ChangeKind.emergency, verbal_approver="sun", fault="F-1", recorder=""
    )
    first = (house.now - DAY).date()
    edit(
        house.folder / "contracts/acme.yml",
        "change:\n",
        f"calendar: {{freezes: [{{title: 年终决算, first: {first}, last: {first + 3 * DAY}}}]}}\n"
        "change:\n",
    )
    assert house.codes(change) == {"leave_freeze"}
    assert house.codes(emergency) == set()
    edit(house.folder / "contracts/acme.yml", "last:", "emergencies: false, last:")
    assert house.codes(emergency) == {"leave_freeze"}


def test_an_emergency_names_who_said_yes(house: Gatehouse) -> None:
    change, _ = house.planned(kind=ChangeKind.emergency, verbal_approver="sun")
    assert house.codes(change) == {"leave_emergency_minimum"}


def test_a_standard_change_needs_a_standing_leave_that_is_valid_today(house: Gatehouse) -> None:
    change, _ = house.planned(kind=ChangeKind.standard)
    assert house.codes(change) == {"leave_not_standard"}
    day = house.now.date()
    leave = (
        "  standard:\n    - {runbook: write-note, version: '1.0', reference: R, approver: sun, "
        f"valid_from: {day - 9 * DAY}, valid_until: {day + 9 * DAY}}}\n  stages:\n"
    )
    edit(house.folder / "contracts/acme.yml", "  stages:\n", leave)
    assert house.codes(change) == set()
    old = str(day + 9 * DAY)
    edit(house.folder / "contracts/acme.yml", old, str(day - 3 * DAY))
    assert house.codes(change) == {"leave_not_standard"}


@pytest.mark.parametrize(
    ("stage", "person", "code"),
    [
        ("internal", "wang", "approval_concerned"),
        ("customer", "li", "approval_concerned"),
        ("internal", "zhao", "person_lacks_role"),
        ("customer", "sun", "approval_not_in_turn"),
        ("nobody", "qian", "approval_no_stage"),
        ("internal", "mallory", "person_unknown"),
    ],
)
def test_who_may_not_approve(house: Gatehouse, stage: str, person: str, code: str) -> None:
    """Requester, operator and recorder never, whatever their roles (ROL-30)."""
    change, _ = house.planned(state=ChangeState.internal_review)
    key = house.private / "qian"
    given = house.approval(change, stage, person, key=key, at=house.now)
    problem = approval_problem(house.parts, change, given, house.now)
    assert problem is not None
    assert problem.code == code


def test_nobody_counts_twice_nor_signs_for_another_day(house: Gatehouse) -> None:
    change, _ = house.planned(state=ChangeState.internal_review)
    first = house.approval(change, "internal", "qian", at=house.now)
    assert approval_problem(house.parts, change, first, house.now) is None
    change = house.move(change, [first])
    again = house.approval(change, "internal", "qian", at=house.now)
    problem = approval_problem(house.parts, change, again, house.now)
    assert problem is not None
    assert problem.code == "approval_twice"
    old = house.approval(change, "customer", "sun", at=house.now - DAY)
    problem = approval_problem(house.parts, change, old, house.now)
    assert problem is not None
    assert problem.code == "approval_not_now"


def test_an_approver_who_becomes_operator_is_none_any_more(house: Gatehouse) -> None:
    change = house.move(house.approved(), operator="qian")
    assert {"leave_approval_missing", "approval_concerned", "person_lacks_role"} <= house.codes(
        change
    )


def test_operator_and_recorder_are_two(house: Gatehouse) -> None:
    assert house.codes(house.move(house.approved(), recorder="li")) == {
        "crew_same_person",
    }
    assert house.codes(house.move(house.approved(), recorder="")) == {"crew_missing"}


def test_a_rejection_of_the_round_counts(house: Gatehouse) -> None:
    change = house.approved()
    house.move(change, [house.approval(change, "customer", "zhou", decision="reject")])
    assert house.codes(change) == {"leave_rejected"}


def test_a_consent_on_paper_is_signed_by_who_records_it(house: Gatehouse) -> None:
    change, _ = house.planned()
    change = house.move(change, [house.approval(change, "internal", "qian")])
    paper = {
        "channel": ApprovalChannel.paper,
        "recorded_by": "wang",
        "evidence": "a" * 64,
        "key": house.private / "wang",
    }
    for wrong, code in (
        ({"evidence": ""}, "approval_no_evidence"),
        ({"recorded_by": "li", "key": house.private / "li"}, "approval_recorder"),
        ({"key": house.private / "li"}, "signature_unknown_key"),
        ({"channel": ApprovalChannel.mail}, "approval_channel"),
    ):
        given = house.approval(change, "customer", "sun", **{**paper, **wrong}, at=house.now)
        problem = approval_problem(house.parts, change, given, house.now)
        assert problem is not None
        assert problem.code == code
    good = house.approval(change, "customer", "sun", **paper)
    assert house.codes(house.move(change, [good])) == set()


def test_a_plan_rewritten_in_the_database_does_not_fit(house: Gatehouse) -> None:
    change = house.approved()
    parts = house.parts
    plan = parts.records.change_plan(change.id, 1)
    assert plan is not None
    targets = [t.model_copy(update={"difference": "less"}) for t in plan.targets]
    now = parts_now(parts, change, targets, house.devices(), house.sources)
    assert digest_of(now) != change.digest
    assert digest_of(dict(reversed(plan.parts.items()))) == change.digest


def test_a_refusal_says_everything_in_both_languages(house: Gatehouse) -> None:
    change, _ = house.planned()
    with pytest.raises(RefusedError) as refused:
        house.ask(change, now=house.now + 3 * DAY).require()
    for language, words in (("zh", "批准的窗口"), ("en", "approved window")):
        said = refused.value.say(language)  # type: ignore[arg-type]
        assert words in said
        assert "reason." not in said
        assert said.count("\n- ") == 3


def test_all_reasons_have_words() -> None:
    codes = set()
    root = Path(__file__).parents[2] / "src" / "weibao"
    import re

    for name in ("domain/authority.py", "domain/change_digest.py", "services/leave.py"):
        codes |= set(re.findall(r'Reason\.of\(\s*"([a-z_]+)"', (root / name).read_text()))
    codes |= set(
        re.findall(r'Reason\.of\(\s*"([a-z_]+)"', (root / "bootstrap/gate.py").read_text())
    )
    assert len(codes) > 30
    assert {code for code in codes if f"reason.{code}" not in messages()} == set()


def seal(house: Gatehouse, text: str) -> str:
    """``text`` as ansible-vault writes it into a file of variables."""
    import subprocess
    import sys

    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-vault")), "encrypt_string", text],
        cwd=house.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace("\n", "\n            ")


def with_vault(house: Gatehouse) -> None:
    (house.folder / "vault-pass").write_text("open\n")
    edit(house.folder / "ansible.cfg", "[defaults]", "[defaults]\nvault_password_file = vault-pass")


def put_sealed(house: Gatehouse, old: str, text: str) -> str:
    new = f"quay-2:\n          snmp: {seal(house, text)}\n"
    edit(house.folder / "inventory/hosts.yml", old, new)
    return new


def test_an_encrypted_variable_counts_by_what_it_says(house: Gatehouse) -> None:
    with_vault(house)
    first = put_sealed(house, "quay-2:\n", "public")
    change = house.approved()
    again = put_sealed(house, first, "public")
    assert again != first
    assert house.codes(change) == set()
    put_sealed(house, again, "private")
    assert [r.params for r in house.ask(change).why] == [{"part": "host/quay-2/snmp"}]


def test_a_compiled_inventory_has_the_same_parts(house: Gatehouse) -> None:
    with_vault(house)
    put_sealed(house, "quay-2:\n", "public")
    workshop = house.workshop
    acme = workshop.estate.contract("acme")
    compiled = workshop.inventory.resolve(house.sources, "quay-2").compiled
    elsewhere = house.folder / "elsewhere.json"
    shutil.copy(compiled, elsewhere)
    digests = house.parts.digests
    one = house.devices(["quay-2"])
    parts = digests.host_parts(acme, one, house.sources)
    assert {"host/quay-2", "host/quay-2/snmp", "host/quay-2/mooring"} <= parts.keys()
    assert "host/quay-2/ansible_password" not in parts
    assert digests.host_parts(acme, one, (compiled,)) == parts
    assert digests.host_parts(acme, one, (str(elsewhere),)) == parts
    (Path(compiled).parent / "host_vars").mkdir()
    (Path(compiled).parent / "host_vars" / "quay-2.yml").write_text("mooring: south\n")
    beside = digests.host_parts(acme, one, (compiled,))
    assert beside["host/quay-2/mooring"] != parts["host/quay-2/mooring"]


def test_hashes_of_variables_need_the_contracts_key(house: Gatehouse) -> None:
    acme = house.workshop.estate.contract("acme")
    before = house.parts.digests.host_parts(acme, house.devices(), house.sources)
    Path(house.workshop.keys.path("acme")).unlink()
    with pytest.raises(UncheckedError):
        house.parts.digests.host_parts(acme, house.devices(), house.sources)
    house.workshop.keys.create("acme")
    after = house.parts.digests.host_parts(acme, house.devices(), house.sources)
    assert set(before.values()).isdisjoint(after.values())


def test_the_program_itself_is_covered(house: Gatehouse) -> None:
    from weibao.bootstrap.digests import digest_source

    parts = digest_source(house.workshop).program_parts()
    assert {"program/weibao", "library/ansible-core", "collection/roles/collect_configs"} <= (
        parts.keys()
    )
    assert {"collection/plugins/action", "collection/plugins/test"} <= parts.keys()
