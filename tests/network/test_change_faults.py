"""What goes wrong with a change: it ends in a known state, or is said loudly to be in none."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weibao.adapters.network.change_pool import change_devices
from weibao.adapters.network.change_state import Phase, States
from weibao.domain.change_outcome import ChangeResult as R
from weibao.domain.change_rules import SafetyKind
from weibao.domain.collection import BundleHeader
from weibao.i18n import explain

from .change_lab import LINES, NEW, PASSWORD, same
from .conftest import endpoint

ARCHIVE = ["archive", " path flash:arch"]


def lifeline(device) -> tuple[str, list[str]]:
    """A text without which nobody reaches the device, and lines that take it away."""
    if device.platform == "juniper_junos":
        return "unit 100 {", ["delete interfaces irb unit 100"]
    text = device.render_running().decode(device.spec.encoding)
    name = next(
        line
        for line in text.split("\n")
        if line.lower().startswith(("interface vlan100", "interface vlanif100"))
        or line.lower().startswith("interface vlan-interface100")
        or line.lower().startswith("interface vlan 100")
    )
    section = text.split(name + "\n", 1)[1]
    address = next(line for line in section.split("\n") if "ip address" in line)
    word = "undo" if device.platform in {"huawei", "hp_comware"} else "no"
    return f"\n{address}\n", [name, f"{address[:1]}{word} {address.strip()}"]


@pytest.mark.parametrize(
    ("kind", "safety"),
    [
        ("juniper_junos", SafetyKind.commit_confirmed),
        ("arista_eos", SafetyKind.session_timer),
        ("hp_comware", SafetyKind.revert_timer),
        ("cisco_ios", SafetyKind.revert_timer),
        ("huawei8", SafetyKind.commit_trial),
    ],
)
def test_a_device_that_is_lost_by_the_change_goes_back_by_itself(change_one, changer, kind, safety):
    device = change_one(kind)
    if kind == "cisco_ios":
        device.configure(ARCHIVE)
        device.save()
    text, lines = lifeline(device)
    before = device.render_running()
    device.reachable_while(text)
    outcome = changer.one("apply", device, lines=lines)
    assert outcome.result is R.backed_out, changer.text(outcome, "transcript").decode()
    assert outcome.safety is safety
    assert outcome.touched
    assert same(device, device.render_running(), before)
    assert not device.pending


@pytest.mark.parametrize("kind", ["huawei", "ruijie_os"])
def test_without_a_way_back_a_lost_device_is_said_loudly(change_one, changer, kind):
    device = change_one(kind)
    text, lines = lifeline(device)
    device.reachable_while(text)
    outcome = changer.one("apply", device, lines=lines, patience=1.5)
    assert outcome.result is R.unknown_state
    assert not outcome.ok
    assert outcome.by_hand.code == "change_by_hand_unreachable"
    assert "状态不明" in explain(outcome.by_hand.code, outcome.by_hand.params, "zh")
    assert "change_without_safety" in {w.code for w in outcome.warnings}
    # Nothing is begun on top of it; once somebody made it reachable, it goes back.
    again = changer.one("apply", device, lines=LINES[kind], patience=0.5)
    assert again.result in {R.refused, R.failed} and not again.touched
    device.reachable_while("")
    blocked = changer.one("apply", device, lines=LINES[kind])
    assert (blocked.result, blocked.reason.code) == (R.refused, "change_unfinished")
    assert changer.one("back_out", device).result is R.backed_out
    assert text.encode() in device.render_running()


@pytest.mark.parametrize("kind", ["huawei", "ruijie_os"])
def test_a_scheduled_restart_is_the_way_back_where_it_is_allowed(change_one, changer, kind):
    device = change_one(kind)
    text, lines = lifeline(device)
    before = device.render_running()
    device.reachable_while(text)
    restarts = device.restarts
    outcome = changer.one("apply", device, lines=lines, reboot_ok=True)
    assert outcome.result is R.backed_out
    assert outcome.safety is SafetyKind.scheduled_reload
    assert device.restarts == restarts + 1
    assert same(device, device.render_running(), before)


def test_a_restart_is_called_off_once_the_change_is_good(change_one, changer):
    device = change_one("huawei")
    outcome = changer.one("apply", device, lines=LINES["huawei"], reboot_ok=True)
    assert outcome.result is R.changed and outcome.safety is SafetyKind.scheduled_reload
    assert not device.pending


def test_unsaved_changes_of_others_forbid_a_restart(change_one, changer):
    device = change_one("huawei")
    device.configure(["ntp-service unicast-server 10.8.8.8"])
    wishes = {"reboot_ok": True, "need_safety": True}
    outcome = changer.one("apply", device, lines=LINES["huawei"], **wishes)
    assert outcome.result is R.failed and outcome.reason.code == "change_no_safety"
    assert {"change_no_reload", "change_unsaved_before"} <= {w.code for w in outcome.warnings}
    assert NEW.encode() not in device.render_running()


def test_a_way_back_that_was_approved_and_is_refused_stops_the_change(change_one, changer):
    device = change_one("hp_comware")
    device.set_fault(old_release=True)
    lines = LINES["hp_comware"]
    foretold = changer.one("check", device, lines=lines)
    assert foretold.safety is SafetyKind.revert_timer
    approved = f"# safety: revert_timer\n{foretold.difference.diff}"
    outcome = changer.one("apply", device, lines=lines, approved=approved)
    assert (outcome.result, outcome.reason.code) == (R.failed, "change_no_safety")
    assert NEW.encode() not in device.render_running()
    # Without it, where that was said and approved.
    again = changer.one("check", device, lines=lines, avoid=("revert_timer",))
    assert again.safety is None
    wanted = {"approved": again.difference.diff, "avoid": ("revert_timer",)}
    assert changer.one("apply", device, lines=lines, **wanted).result is R.changed


def test_a_device_that_is_not_reached_is_not_touched(change_one, changer):
    device = change_one("cisco_ios")
    device.set_fault(mute_tcp=True)
    outcome = changer.one("apply", device, lines=LINES["cisco_ios"])
    assert (outcome.result, outcome.reason.code) == (R.failed, "no_answer")
    assert not outcome.touched


def test_a_text_that_breaks_off_is_no_ground_for_a_change(change_one, changer):
    device = change_one("huawei")
    device.set_fault(missing_end=True)
    outcome = changer.one("apply", device, lines=LINES["huawei"])
    assert outcome.result is R.failed and outcome.reason.code == "change_unreadable"
    assert not outcome.touched


@pytest.mark.parametrize(
    "line", ["reboot", "quit", "reset saved-configuration", "save", "return", "display version"]
)
def test_lines_that_leave_restart_or_erase_are_never_sent(change_one, changer, line):
    device = change_one("huawei")
    sent = len(device.log.commands)
    outcome = changer.one("apply", device, lines=[*LINES["huawei"], line])
    assert (outcome.result, outcome.reason.code) == (R.refused, "change_line_forbidden")
    assert all("system" not in c.line for c in device.log.commands[sent:])


def test_a_difference_that_nobody_approved_is_not_applied(change_one, changer):
    device = change_one("huawei")
    approved = changer.one("check", device, lines=LINES["huawei"]).difference.diff
    device.configure(["interface GigabitEthernet0/0/3", " description somebody-else"])
    outcome = changer.one("apply", device, lines=LINES["huawei"], approved=approved)
    assert (outcome.result, outcome.reason.code) == (R.refused, "change_not_as_approved")
    assert not outcome.touched
    anew = changer.one("check", device, lines=LINES["huawei"]).difference.diff
    assert changer.one("apply", device, lines=LINES["huawei"], approved=anew).ok


@pytest.mark.parametrize("kind", ["huawei", "juniper_junos"])
def test_where_nobody_waits_any_more_the_rest_is_not_sent(change_one, changer, kind):
    device = change_one(kind)
    before = device.render_running()
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    outcome = changer.one("apply", device, lines=LINES[kind], stop=stop)
    assert outcome.result in {R.backed_out, R.failed}
    assert outcome.reason.code == "change_interrupted"
    assert same(device, device.render_running(), before)


SECRETS = {
    "huawei": (
        ["snmp-agent community read cipher Abc-Secret-77"],
        ["aaa", " local-user weihu2 password irreversible-cipher Zx9-Secret-88"],
    ),
    "cisco_ios": (
        ["snmp-server community Abc-Secret-77 RO"],
        ["username weihu2 secret Zx9-Secret-88"],
    ),
    "juniper_junos": (
        ['set snmp community "Abc-Secret-77" authorization read-only'],
        ['set system radius-server 10.9.9.9 secret "Zx9-Secret-88"'],
    ),
}


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_secrets_of_lines_are_in_no_result_and_in_no_file_but_encrypted(change_one, changer, kind):
    device = change_one(kind)
    lines = [line for part in SECRETS[kind] for line in part]
    outcomes = [changer.one(mode, device, lines=lines) for mode in ("check", "apply", "verify")]
    wrong = "set system nonsense Abc-Secret-77" if kind == "juniper_junos" else "nonsense"
    outcomes.append(changer.one("apply", device, lines=[*lines[:1], wrong]))
    assert [o.result for o in outcomes[:3]] == [R.would_change, R.changed, R.verified], outcomes[1]
    said = "".join(outcome.model_dump_json() for outcome in outcomes)
    files = b"".join(path.read_bytes() for path in changer.folder.rglob("*") if path.is_file())
    for secret in ("Abc-Secret-77", "Zx9-Secret-88"):
        assert secret not in said
        assert secret.encode() not in files
    # The evidence holds everything that was sent, encrypted.
    assert b"Abc-Secret-77" in changer.text(outcomes[1], "transcript")


def test_a_process_that_is_killed_leaves_a_way_back(change_one, changer):
    device = change_one("huawei")
    before = device.render_running()
    device.set_fault(command_latency=0.25)
    job = changer.job("apply", [device], lines=LINES["huawei"])
    command = [sys.executable, "-m", "weibao.adapters.network.change_worker"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    worker.stdin.write(job.dump().encode() + b"\n")
    worker.stdin.flush()
    until = time.monotonic() + 30
    while NEW.encode() not in device.render_running() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    device.clear_faults()
    state = States(Path(job.states), {"default": PASSWORD}).load(device.name)
    assert state is not None and state.phase is Phase.entering
    blocked = changer.one("apply", device, lines=LINES["huawei"])
    assert blocked.reason.code == "change_unfinished"
    assert changer.one("back_out", device).result is R.backed_out
    assert same(device, device.render_running(), before)


def test_the_pool_writes_the_bundle_and_survives_its_process(change_one, changer):
    device = change_one("cisco_ios")
    job = changer.job("check", [device], lines=LINES["cisco_ios"])
    header = BundleHeader(
        run_id="r",
        job="change-check",
        actor="a@b",
        program="p",
        created_at="2026-01-05T00:00:00+08:00",
        devices=1,
    )
    found = change_devices(header, job)
    assert [outcome.result for outcome in found] == [R.would_change]
    manifest = (Path(job.base.bundle) / "manifest.jsonl").read_text().splitlines()
    assert json.loads(manifest[-1]) == {"end": True, "devices": 1}
    kinds = {item["kind"] for item in json.loads(manifest[1])["items"]}
    assert kinds == {"before", "transcript"}


def test_a_platform_without_the_section_is_refused_in_clear_words(change_one, changer):
    device = change_one("huawei")
    outcome = changer.one(
        "check", device, lines=["x"], endpoint=endpoint(device, network_os="mikrotik")
    )
    assert (outcome.result, outcome.reason.code) == (R.refused, "change_not_supported")
    unknown = changer.one("check", device, lines=["x"], endpoint=endpoint(device, network_os=""))
    assert unknown.reason.code == "change_platform_unknown"
    with contextlib.suppress(KeyError):
        assert explain(outcome.reason.code, outcome.reason.params, "zh")
