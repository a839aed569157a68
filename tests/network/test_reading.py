"""What is read is what the device printed, or the reason why not."""

from __future__ import annotations

import pytest

from weibao.adapters.platform_files import load_platforms
from weibao.domain.acceptance import judge

from .conftest import PLATFORMS


def printed(device, attempt) -> bytes:
    """What the device says that it sent; Junos ends an answer with an empty line of its own."""
    command = next(item.command for item in attempt.items if item.kind.value == "running")
    tail = b"\n" if device.platform == "juniper_junos" else b""
    return device.last_sent[command] + tail


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_character_is_read(one, reader, platform):
    device = one(platform)
    attempt = reader.read(device)
    assert attempt.trouble is None
    assert reader.text(attempt, "running") == printed(device, attempt)
    assert judge(reader.text(attempt, "running"), load_platforms()[platform]).accepted


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pager_that_cannot_be_switched_off_is_answered_and_leaves_nothing(one, reader, platform):
    device = one(platform)
    device.set_fault(ignore_no_paging=True)
    attempt = reader.read(device)
    assert attempt.trouble is None
    assert reader.text(attempt, "running") == printed(device, attempt)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_platform_is_recognised_where_the_inventory_does_not_say(one, reader, platform):
    device = one(platform)
    attempt = reader.read(device, network_os="")
    assert attempt.trouble is None
    assert attempt.platform == platform
    assert reader.text(attempt, "running") == printed(device, attempt)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_configuration_mode_is_ever_entered(one, reader, platform):
    device = one(platform)
    reader.read(device)
    words = {"configure", "conf", "config", "system-view", "sys", "edit"}
    said = [command.line.split() for command in device.log.commands]
    assert said
    assert not [line for line in said if line and line[0] in words]
    assert {command.mode for command in device.log.commands} <= {
        "user",
        "exec",
        "enable",
        "oper",
        "privileged",
        "operational",
        "view",
    }


@pytest.mark.parametrize("platform", ["huawei", "cisco_ios", "cisco_nxos", "juniper_junos"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"mute_tcp": True}, "no_answer"),
        ({"lines_busy": True}, "lines_busy"),
        ({"refuse_login": True}, "auth_failed"),
        ({"hang_at_login": True}, "login_hangs"),
        ({"cut_after_bytes": 3000}, "dropped"),
        ({"hang_in_output": True}, "silent"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_what_cannot_be_read_is_named(one, reader, platform, fault, code):
    device = one(platform)
    device.set_fault(**fault)
    attempt = reader.read(device)
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == code
    assert reader.text(attempt, "running") is None


def test_what_had_arrived_before_a_cut_is_kept(one, reader):
    device = one("huawei")
    device.set_fault(cut_after_bytes=3000)
    attempt = reader.read(device)
    partial = reader.text(attempt, "partial")
    assert partial is not None
    assert device.render_running()[:2000] in partial


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "fault",
    [
        {"half_configuration": True},
        {"error_instead": True},
        {"unauthorised": True},
        {"empty_answer": True},
        {"garbage": True},
        {"syslog_in_middle": "both"},
        {"missing_end": True},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_is_read_broken_is_refused_afterwards(one, reader, platform, fault):
    if platform in {"cisco_nxos"} and "missing_end" in fault:
        return  # has no end mark
    device = one(platform)
    device.set_fault(**fault)
    attempt = reader.read(device)
    assert attempt.trouble is None, attempt.trouble.reason
    verdict = judge(reader.text(attempt, "running"), load_platforms()[platform])
    assert not verdict.accepted


def test_a_silent_and_slow_device_is_waited_for(one, reader):
    device = one("cisco_ios")
    device.set_fault(silence_seconds=1.0, command_latency=0.05, print_seconds=0.5)
    attempt = reader.read(device)
    assert reader.text(attempt, "running") == printed(device, attempt)


def test_a_slow_line_is_waited_for(one, reader):
    device = one("ruijie_os")
    device.set_fault(bytes_per_second=4000)
    attempt = reader.read(device)
    assert reader.text(attempt, "running") == printed(device, attempt)


def test_a_refused_password_is_tried_once(one, reader):
    device = one("hp_comware")
    before = len(device.log.logins)
    attempt = reader.read(device, password="not-the-password")
    assert attempt.trouble.reason.code == "auth_failed"
    assert not attempt.trouble.may_pass
    assert len(device.log.logins) == before + 1


def test_a_wrong_enable_secret_is_named(lab, reader):
    device = next(d for d in lab.devices.values() if d.enable_secret)
    attempt = reader.read(device, enable_secret="not-the-secret")
    assert attempt.trouble.reason.code == "enable_failed"
    attempt = reader.read(device, enable_secret="")
    assert attempt.trouble.reason.code == "enable_secret_missing"


def test_old_algorithms_are_named_and_used_only_where_allowed(one, reader):
    device = one("huawei")
    device.set_fault(old_algorithms=True)
    attempt = reader.read(device)
    assert attempt.trouble.reason.code == "legacy_algorithms_needed"
    assert "diffie-hellman-group14-sha1" in attempt.trouble.reason.params["algorithms"]
    attempt = reader.read(device, legacy=("*",))
    assert attempt.trouble is None
    warning = next(w for w in attempt.warnings if w.code == "legacy_algorithms")
    assert "diffie-hellman-group14-sha1" in warning.params["algorithms"]
    device.clear_faults()
    assert "legacy_algorithms" not in {w.code for w in reader.read(device, legacy=("*",)).warnings}


def test_an_unknown_platform_is_not_tried(one, reader):
    device = one("huawei")
    before = len(device.log.logins)
    attempt = reader.read(device, network_os="acme_os")
    assert attempt.trouble.reason.code == "unknown_platform"
    assert len(device.log.logins) == before


def test_a_closed_port_and_a_wrong_name(one, reader):
    device = one("huawei")
    assert reader.read(device, port=1).trouble.reason.code == "connection_refused"
    unknown = reader.read(device, address="no-such-host.invalid")
    assert unknown.trouble.reason.code == "name_unknown"


@pytest.mark.parametrize("platform", ["cisco_nxos", "cisco_ios", "juniper_junos"])
def test_a_long_silence_before_the_text_spoils_nothing(one, reader, platform):
    device = one(platform)
    device.set_fault(silence_seconds=1.5)
    attempt = reader.read(device)
    assert attempt.trouble is None
    assert reader.text(attempt, "running") == printed(device, attempt)


def test_no_credentials_at_all_is_said_and_keys_of_ones_own_are_tried(
    one, reader, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    attempt = reader.read(one("huawei"), password="")
    assert attempt.trouble.reason.code == "no_credentials"
