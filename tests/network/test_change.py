"""A change on each kind of device: said before, proven after, saved, and undone."""

from __future__ import annotations

import pytest

from weibao.adapters.platform_files import load_platforms
from weibao.domain.acceptance import startup_differs
from weibao.domain.change_outcome import ChangeResult as R

from .change_lab import LINES, NEW, same

KINDS = sorted(LINES)
STAGED = {"huawei8", "juniper_junos", "arista_eos"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_foretold_done_proven_saved_and_undone(change_one, changer, kind):
    device = change_one(kind)
    before = device.render_running()
    platform = load_platforms()[device.platform]

    foretold = changer.one("check", device, lines=LINES[kind])
    assert foretold.result is R.would_change
    assert NEW in foretold.difference.diff
    assert same(device, device.render_running(), before)

    done = changer.one("apply", device, lines=LINES[kind])
    assert done.result is R.changed, (done.reason, changer.text(done, "transcript").decode())
    assert done.saved and done.as_foretold
    assert NEW in done.difference.diff
    assert NEW.encode() in device.render_running()
    startup = device.render_startup()
    assert NEW.encode() in startup
    assert not startup_differs(device.render_running(), startup, platform)
    assert same(device, changer.text(done, "before"), before)
    assert not device.pending
    assert not [name for name in device.files if device.platform != "arista_eos"]

    assert changer.one("verify", device, lines=LINES[kind]).result is R.verified

    back = changer.one("back_out", device)
    assert back.result is R.backed_out and back.saved
    again = device.render_running()
    assert same(device, again, before) or "change_other_order" in {w.code for w in back.warnings}
    assert NEW.encode() not in again + device.render_startup()
    lost = changer.one("verify", device, lines=LINES[kind])
    assert lost.result is R.not_verified


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_so_already_is_not_sent_again(change_one, changer, kind):
    device = change_one(kind)
    changer.one("apply", device, lines=LINES[kind])
    changed = device.render_running()
    again = changer.one("apply", device, lines=LINES[kind])
    assert again.result is R.unchanged and not again.touched
    assert same(device, device.render_running(), changed)
    # The way back of the run still leads to before its first change.
    assert changer.one("back_out", device).result is R.backed_out
    assert NEW.encode() not in device.render_running()


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_line_in_the_middle_undoes_what_came_before_it(change_one, changer, kind):
    device = change_one(kind)
    before = device.render_running()
    wrong = "set nonsense here" if kind == "juniper_junos" else "nonsense here"
    first, *rest = LINES[kind]
    lines = [first, wrong, *rest] if kind == "juniper_junos" else [*LINES[kind], wrong]
    outcome = changer.one("apply", device, lines=lines)
    assert outcome.result is (R.failed if kind in STAGED else R.backed_out)
    assert outcome.reason.code == "change_line_not_taken"
    assert "nonsense" in outcome.reason.params["line"]
    assert same(device, device.render_running(), before)
    assert not device.pending


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_cut_in_the_middle_ends_in_the_earlier_configuration(change_one, changer, kind):
    device = change_one(kind)
    before = device.render_running()
    device.set_fault(cut_after_config_lines=2, sessions=1)
    outcome = changer.one("apply", device, lines=LINES[kind])
    assert outcome.result in {R.failed, R.backed_out}
    assert outcome.reason.code == "dropped"
    assert same(device, device.render_running(), before)
    assert not device.pending


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_that_cannot_be_saved_is_undone(change_one, changer, kind):
    if kind == "juniper_junos":
        pytest.skip("what Junos commits is saved")
    device = change_one(kind)
    before = device.render_running()
    device.set_fault(save_fails=True)
    outcome = changer.one("apply", device, lines=LINES[kind])
    assert outcome.result is R.backed_out
    assert outcome.reason.code == "change_not_saved"
    back = {w.code for w in outcome.warnings}
    assert same(device, device.render_running(), before) or "change_other_order" in back


def test_several_devices_at_once(change_lab, changer):
    devices = [d for d in change_lab.devices.values() if not d.spec.release][:7]
    found = changer.all("check", devices, lines=["nonsense"])
    assert set(found) == {device.name for device in devices}
