"""Nights over an estate: outcomes, versions, findings, and what an interruption leaves."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from weibao.adapters.clock import SystemClock
from weibao.domain.reasons import Reason
from weibao.domain.records import Outcome, RunState, Trigger
from weibao.errors import InputError, RefusedError, UncheckedError
from weibao.services.backup_run import BackupRequest, run_backup
from weibao.services.backup_status import backup_status
from weibao.services.read_backup import diff, export, grep, history, show
from weibao.services.rebuild_archive import rebuild_archive
from weibao.services.recover import recover
from weibao.services.targets import save_targets
from weibao.services.verify import verify

from .nights import Answer, Night, config, nexus


def outcomes(result):
    return {t.device: t.outcome.value for t in result.targets}


def sound(night: Night) -> bool:
    parts = night.parts
    found = verify(
        parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
    )
    assert found.passed, (found.problems, found.unchecked)
    return True


@pytest.fixture
def night(tmp_path):
    return Night(tmp_path, {"sw1": "default", "sw2": "default", "sw3": "default"})


def test_first_night_archives_and_the_second_knows_what_did_not_change(night):
    text = config("sw1")
    first = night.run({n: Answer(config(n)) for n in ("sw1", "sw2", "sw3")})
    assert set(outcomes(first).values()) == {"archived"}
    assert first.exit_code == 0
    commit = night.parts.archive("default")._head()
    clocked = text.replace(b"02:00:00", b"03:11:42").replace(b"1234 bytes", b"1235 bytes")
    second = night.run(
        {"sw1": Answer(clocked), "sw2": Answer(config("sw2")), "sw3": Answer(config("sw3"))}
    )
    assert set(outcomes(second).values()) == {"unchanged"}
    assert night.parts.archive("default")._head() == commit
    _, exported = export(night.parts, "sw1", "me@test")
    assert exported == text
    sha = next(t.sha256 for t in second.targets if t.device == "sw1")
    assert sha == history(night.parts, "sw1")[0].sha256
    assert sound(night)


def test_a_change_is_a_version_with_a_difference_and_a_finding_unless_explained(night):
    night.run({"sw1": Answer(config("sw1"))}, limit="sw1")
    changed = config("sw1", "ip route 0.0.0.0 0.0.0.0 192.0.2.254")
    result = night.run({"sw1": Answer(changed)}, limit="sw1")
    assert outcomes(result) == {"sw1": "archived"}
    assert "unexplained_change" in night.codes(result, "sw1")
    before, after, text = diff(night.parts, "sw1")
    assert (before.number, after.number) == (1, 2)
    assert "+ip route 0.0.0.0 0.0.0.0 192.0.2.254" in text
    approved = config("sw1", "ip route 0.0.0.0 0.0.0.0 192.0.2.1")
    result = night.run({"sw1": Answer(approved)}, limit="sw1", change_ref="CHG-7")
    assert "unexplained_change" not in night.codes(result, "sw1")
    log = subprocess.run(
        ["git", "-C", str(night.parts.archive("default").folder), "log", "-1", "--format=%B%an"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "CHG-7" in log and result.run.id in log and "Weibao-Ledger:" in log


def test_what_is_refused_stays_as_evidence_and_the_last_good_version_stays_newest(night):
    good = config("sw1")
    night.run({"sw1": Answer(good)}, limit="sw1")
    for broken in (good[: len(good) // 2], b"", b"% Invalid input detected at '^' marker.\n"):
        result = night.run({"sw1": Answer(broken)}, limit="sw1")
        assert outcomes(result) == {"sw1": "refused"}
        assert result.exit_code == 1
        target = result.targets[0]
        assert target.reason is not None
        assert night.parts.evidence.get("default", target.evidence[0]) == broken
    _, exported = export(night.parts, "sw1", "me@test")
    assert exported == good
    assert sound(night)


def test_a_text_that_shrank_beyond_belief_is_refused_until_somebody_accepts_it(night):
    night.run({"sw1": Answer(config("sw1", *[f"vlan {n}" for n in range(2, 900)]))}, limit="sw1")
    small = Answer(config("sw1"))
    result = night.run({"sw1": small}, limit="sw1")
    assert result.targets[0].reason.code == "shrunk"
    assert outcomes(night.run({"sw1": small}, limit="sw1", accept_shrunk=True)) == {
        "sw1": "archived"
    }


def test_findings_of_a_device(night):
    night.run({"sw1": Answer(config("sw1"), config("sw1"))}, limit="sw1")
    result = night.run(
        {
            "sw1": Answer(
                config("renamed"),
                config("sw1"),
                restorable=False,
                warnings=(Reason.of("telnet"), Reason.of("host_key_unchecked")),
            )
        },
        limit="sw1",
    )
    assert night.codes(result, "sw1") >= {
        "hostname_changed",
        "unsaved_change",
        "not_restorable",
        "telnet",
        "host_key_unchecked",
        "unexplained_change",
    }
    row = backup_status(night.parts, night.inventory.devices)[0]
    assert (row.unsaved_change, row.restorable, row.last_proven_restore) == (True, False, None)


def test_a_startup_that_says_the_same_needs_no_file_and_is_exported_byte_for_byte(night):
    running = config("sw1")
    startup = b"Using 4711 out of 65536 bytes\n" + running
    night.run({"sw1": Answer(running, startup)}, limit="sw1")
    version, text = export(night.parts, "sw1", "me@test", startup=True)
    assert text == startup
    assert version.startup_path == version.full_path
    assert backup_status(night.parts, night.inventory.devices)[0].unsaved_change is False
    assert sound(night)
    night.run({"sw1": Answer(config("sw1", "vlan 9"), startup)}, limit="sw1")
    version, text = export(night.parts, "sw1", "me@test", startup=True)
    assert text == startup
    assert version.startup_path.endswith(".startup.vault")
    assert sound(night)


def test_no_startup_configuration_is_no_failure(night):
    result = night.run({"sw1": Answer(config("sw1"), None)}, limit="sw1")
    assert result.exit_code == 0
    row = backup_status(night.parts, night.inventory.devices)[0]
    assert row.unsaved_change is None


def test_totals_add_up_to_the_inventory_and_what_was_not_tried_is_not_checked(night):
    refused = Reason.of("auth_failed", user="ops")
    result = night.run({"sw1": Answer(config("sw1")), "sw2": Answer(reason=refused)})
    assert outcomes(result) == {"sw1": "archived", "sw2": "failed", "sw3": "not_checked"}
    report = json.loads((result.reports[0].folder / "report.json").read_text())
    totals = report["totals"]
    assert totals["inventory"] == 3
    assert sum(totals[o.value] for o in Outcome) == 3
    assert totals["not_checked"] == 1
    assert {"never_backed_up"} <= night.codes(result, "sw2")


def test_when_ansible_cannot_run_nothing_passes(night):
    from weibao.boundary.runner import PlaybookResult

    night.runner.result = PlaybookResult(4, "boom")
    result = night.run({})
    assert set(outcomes(result).values()) == {"not_checked"}
    assert result.exit_code == 4
    assert {t.reason.code for t in result.targets} == {"playbook_failed"}


def test_an_interrupted_run_is_finished_by_the_next(night):
    night.runner.cut_after = 2
    with pytest.raises(KeyboardInterrupt):
        night.run({n: Answer(config(n)) for n in ("sw1", "sw2", "sw3")})
    night.runner.cut_after = None
    done = recover(night.parts, night.inventory.devices)
    assert [r.run.state for r in done] == [RunState.interrupted]
    assert outcomes(done[0]) == {"sw1": "archived", "sw2": "archived", "sw3": "not_checked"}
    assert "interrupted_run" in night.codes(done[0])
    assert recover(night.parts, night.inventory.devices) == []
    assert sound(night)


def test_a_bundle_of_plain_ansible_enters_by_the_same_door(night):
    folder = night.parts.runs / "20261122T020000Z-abcd"
    folder.mkdir(parents=True)
    night.runner.answers = {"sw1": Answer(config("sw1"))}
    night.runner.run("", inventory="", limit=("sw1",), variables={}, folder=folder)
    done = recover(night.parts, night.inventory.devices)
    assert done[0].run.trigger is Trigger.ansible
    assert outcomes(done[0]) == {"sw1": "archived"}
    assert recover(night.parts, night.inventory.devices) == []
    assert sound(night)


def test_an_archive_that_cannot_be_written_is_a_finding_and_made_up_later(night):
    night.run({"sw1": Answer(config("sw1"))}, limit="sw1")
    archive = night.parts.archive("default").folder
    archive.rename(archive.with_name("aside"))
    archive.write_text("in the way")
    changed = Answer(config("sw1", "vlan 7"))
    result = night.run({"sw1": changed}, limit="sw1")
    assert "archive_failed" in night.codes(result)
    assert result.exit_code == 1
    assert export(night.parts, "sw1", "me@test")[1] == changed.running
    archive.unlink()
    archive.with_name("aside").rename(archive)
    result = night.run({"sw1": changed}, limit="sw1")
    recover(night.parts)
    assert result.exit_code == 0
    assert "vlan 7" in show(night.parts, "sw1")
    assert sound(night)


def test_a_lost_archive_is_rebuilt_from_the_encrypted_texts(night):
    for number in range(3):
        night.run({n: Answer(config(n, f"vlan {number + 2}")) for n in ("sw1", "sw2", "sw3")})
    with pytest.raises(RefusedError):
        rebuild_archive(night.parts, "default", "me@test")
    shutil.rmtree(night.parts.archive("default").folder)
    assert rebuild_archive(night.parts, "default", "me@test") == 9
    assert "+vlan 4" in diff(night.parts, "sw2")[2]
    assert sound(night)


def test_secrets_stay_out_of_everything_that_is_not_encrypted(night):
    canary = "CanaryPa55word"
    night.run({n: Answer(config(n, secret=canary)) for n in ("sw1", "sw2", "sw3")})
    night.run({n: Answer(config(n, secret=canary + "2")) for n in ("sw1", "sw2", "sw3")})
    for path in night.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert canary not in show(night.parts, "sw1")
    assert canary not in diff(night.parts, "sw1")[2]
    assert "<secret:" in diff(night.parts, "sw1")[2]
    assert list(grep(night.parts, canary)) == []
    assert export(night.parts, "sw1", "me@test")[1].count(canary.encode()) == 1
    assert night.parts.journal.accesses()[0].actor == "me@test"


def test_contracts_are_apart(tmp_path):
    night = Night(tmp_path, {"alpha-sw": "alpha", "beta-sw": "beta"})
    result = night.run({n: Answer(config(n)) for n in ("alpha-sw", "beta-sw")})
    assert {r.contract for r in result.reports} == {"alpha", "beta"}
    for report in result.reports:
        other = "beta-sw" if report.contract == "alpha" else "alpha-sw"
        for file in report.folder.iterdir():
            assert other not in file.read_text(encoding="utf-8")
    assert night.parts.archive("alpha").devices() == ["alpha-sw"]
    keys = {night.workshop.keys.password(c) for c in ("alpha", "beta")}
    assert len(keys) == 2
    assert sound(night)


def test_the_second_copy_is_checked_and_a_lost_one_is_named_and_written_again(tmp_path):
    second = tmp_path / "nas"
    second.mkdir()
    night = Night(tmp_path, {"sw1": "default"}, settings=f"archive:\n  second_copy: {second}")
    result = night.run({"sw1": Answer(config("sw1"))})
    assert result.exit_code == 0
    assert "single_copy" not in night.codes(result)
    copies = list(second.rglob("*.vault"))
    assert len(copies) == 1
    copies[0].unlink()
    night.run({"sw1": Answer(config("sw1"))})
    assert copies[0].exists()
    assert sound(night)


def test_a_failed_push_is_reported_and_fails_the_run(tmp_path):
    remote = f"file://{tmp_path}/nowhere.git"
    night = Night(tmp_path, {"sw1": "default"}, settings=f"archive:\n  remote: {remote}")
    result = night.run({"sw1": Answer(config("sw1"))})
    assert outcomes(result) == {"sw1": "archived"}
    assert "push_failed" in night.codes(result)
    assert result.exit_code == 1


def test_a_scheduled_run_needs_the_standing_authorisation_that_a_contract_demands(tmp_path):
    demand = "require_standing_authorisation: true\n"
    night = Night(tmp_path, {"sw1": "strict"}, contracts=demand)
    with pytest.raises(RefusedError) as error:
        night.run({"sw1": Answer(config("sw1"))}, trigger=Trigger.schedule)
    assert error.value.key == "backup.no_standing_authorisation"
    assert night.parts.journal.runs() == []
    assert night.run({"sw1": Answer(config("sw1"))}).exit_code == 0


def test_an_old_version_is_overdue_and_says_so(night):
    night.run({"sw1": Answer(config("sw1"))}, limit="sw1")
    night.clock.at += timedelta(hours=30)
    result = night.run({"sw1": Answer(reason=Reason.of("no_answer"))}, limit="sw1")
    assert "overdue" in night.codes(result, "sw1")
    row = backup_status(night.parts, night.inventory.devices)[0]
    assert row.overdue and row.age_hours > 26
    assert row.last_outcome == "failed"


def test_unknown_devices_and_versions_are_wrong_input(night):
    night.run({"sw1": Answer(config("sw1"))}, limit="sw1")
    with pytest.raises(InputError):
        history(night.parts, "sw9")
    with pytest.raises(InputError):
        show(night.parts, "sw1", number=9)
    with pytest.raises(InputError):
        export(night.parts, "sw1", "me@test", startup=True)


def test_the_system_clock_is_aware():
    assert SystemClock().now().tzinfo is not None


def test_an_inventory_without_devices_is_wrong_input_and_no_pass(night):
    night.inventory.devices = []
    with pytest.raises(InputError) as error:
        night.run({})
    assert error.value.key == "backup.no_devices"
    assert night.parts.journal.runs() == []


def test_a_damaged_line_of_a_bundle_loses_no_device_before_it(night):
    folder = night.parts.runs / "20261122T020000Z-abcd"
    folder.mkdir(parents=True)
    night.runner.answers = {n: Answer(config(n)) for n in ("sw1", "sw2", "sw3")}
    limit = ("sw1", "sw2", "sw3")
    night.runner.run("", inventory="", limit=limit, variables={}, folder=folder)
    save_targets(folder, night.inventory.devices)
    manifest = folder / "bundle" / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join([*lines[:2], b"{damaged}\n", *lines[3:]]))
    done = recover(night.parts, night.inventory.devices)[0]
    assert outcomes(done) == {"sw1": "archived", "sw2": "not_checked", "sw3": "not_checked"}
    assert {t.reason.code for t in done.targets if t.reason} == {"bundle.damaged"}
    assert sound(night)


def test_a_second_place_that_is_set_later_gets_everything(tmp_path):
    night = Night(tmp_path, {"sw1": "default"})
    night.run({"sw1": Answer(config("sw1"), config("sw1", "vlan 9"))})
    night.run({"sw1": Answer(config("sw1", "vlan 2"), config("sw1"))})
    second = tmp_path / "nas"
    second.mkdir()
    settings = night.folder / "weibao.yml"
    settings.write_text(settings.read_text() + f"\narchive:\n  second_copy: {second}\n")
    night.reopen()
    night.run({"sw1": Answer(config("sw1", "vlan 2"), config("sw1"))})
    assert len(list(second.rglob("*.vault"))) == 4
    assert sound(night)


def test_a_further_contract_gets_a_key_and_a_lost_one_is_never_replaced(tmp_path):
    night = Night(tmp_path, {"sw1": "city"})
    key = Path(night.workshop.keys.path("city"))
    key.unlink()
    made = []
    night.runner.answers = {"sw1": Answer(config("sw1"))}
    request = BackupRequest(actor="ops@test", sources=())
    run_backup(night.parts, request, key_made=lambda *said: made.append(said))
    assert made == [("city", str(key))]
    key.rename(key.with_name("lost"))
    with pytest.raises(UncheckedError):
        run_backup(night.parts, request, key_made=lambda *said: made.append(said))
    assert not key.exists()
    assert len(made) == 1


def test_a_remote_given_as_a_path_counts_from_the_estate(tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    night = Night(tmp_path, {"sw1": "default"}, settings="archive:\n  remote: ../remote.git")
    assert "push_failed" not in night.codes(night.run({"sw1": Answer(config("sw1"))}))
    log = subprocess.run(
        ["git", "-C", str(remote), "log", "--oneline", "main"], capture_output=True, check=True
    )
    assert log.stdout.count(b"\n") == 1


def test_a_step_that_reached_the_runbooks_time_limit_says_so(night):
    from weibao.boundary.runner import PlaybookResult

    night.runner.result = PlaybookResult(254, "", timed_out=True)
    result = night.run({"sw1": Answer(config("sw1"))})
    assert outcomes(result) == {"sw1": "archived", "sw2": "not_checked", "sw3": "not_checked"}
    reasons = {t.device: t.reason.code for t in result.targets if t.reason}
    assert reasons == {"sw2": "step_time_limit", "sw3": "step_time_limit"}


def test_a_report_that_was_not_issued_any_more_is_issued_by_the_next_run(night):
    publish = night.parts.publish

    def killed(report):
        raise KeyboardInterrupt

    night.parts = dataclasses.replace(night.parts, publish=killed)
    with pytest.raises(KeyboardInterrupt):
        night.run({"sw1": Answer(config("sw1"))}, limit="sw1")
    night.parts = dataclasses.replace(night.parts, publish=publish)
    assert night.parts.journal.ledger_of("report.issued") == []
    recover(night.parts, night.inventory.devices)
    assert len(night.parts.journal.ledger_of("report.issued", 9)) == 1
    recover(night.parts, night.inventory.devices)
    assert len(night.parts.journal.ledger_of("report.issued", 9)) == 1
    assert sound(night)


def test_an_error_text_that_repeats_a_secret_is_shown_without_it(night):
    canary = "CanaryErr0rLine"
    error = f"% Invalid input detected: enable secret {canary}\n".encode()
    result = night.run({"sw1": Answer(error)}, limit="sw1")
    assert result.targets[0].reason.code == "error_text"
    assert "Invalid input" in result.targets[0].reason.params["line"]
    for path in night.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path


def test_a_text_without_an_end_mark_that_only_lost_its_end_is_refused(night):
    whole = nexus("  access-class MGMT in", "boot nxos bootflash:/nxos.bin", "logging server x")
    cut = nexus()
    on = {"platform": "cisco_nxos"}
    assert outcomes(night.run({"sw1": Answer(whole, **on)}, limit="sw1")) == {"sw1": "archived"}
    result = night.run({"sw1": Answer(cut, **on)}, limit="sw1")
    assert result.targets[0].reason.code == "cut_at_the_end"
    assert export(night.parts, "sw1", "me@test")[1] == whole
    first = night.run({"sw2": Answer(cut, whole, **on)}, limit="sw2")
    assert outcomes(first) == {"sw2": "refused"}
    longer = Answer(nexus("  access-class MGMT in", "logging server y"), **on)
    assert outcomes(night.run({"sw1": longer}, limit="sw1")) == {"sw1": "archived"}
    accepted = night.run({"sw1": Answer(cut, **on)}, limit="sw1", accept_shrunk=True)
    assert outcomes(accepted) == {"sw1": "archived"}
