"""What goes wrong with a device's API: logins, certificates, lines, answers that never end."""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.network import bounded_http
from weibao.adapters.network.job import NapalmLogin
from weibao_lab import Lab

from .api_devices import (
    ADDRESS,
    Authority,
    api_of,
    dripping,
    dropped,
    endless,
    endless_chunks,
    page_of_html,
    silent,
)
from .napalm_switch import BOTH, SECRET, Switch, hello


@BOTH
def test_a_refused_password_is_asked_once_and_never_shown(name: str, switch: Any) -> None:
    found: Switch = switch(name)
    attempt = found.attempt(password="Falsch-und-geheim")
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == "auth_failed" and not attempt.trouble.may_pass
    assert len(found.api.logins) == 1
    assert "Falsch-und-geheim" not in found.told(attempt)


@BOTH
def test_a_password_that_is_refused_in_the_middle_is_not_asked_again(
    name: str, switch: Any
) -> None:
    """Every question carries it: a dozen of them would lock the account."""
    found: Switch = switch(name)
    found.api.broken["*"] = lambda handler: (
        handler.answer(200, hello(name))
        if len(handler.api.logins) == 1
        else handler.answer(401, b"Unable to authenticate user")
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "auth_failed"
    assert len(found.api.logins) == 2


def test_an_enable_secret_that_the_device_says_back_is_not_shown(switch: Any) -> None:
    found: Switch = switch("eos-1")
    attempt = found.attempt(enable_secret="Falsch-Enable-3")
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = found.told(attempt)
    assert "Falsch-Enable-3" not in words and "enable" in words


def test_a_password_in_a_librarys_words_is_not_shown(switch: Any) -> None:
    found: Switch = switch("nxos-1")
    login = f"netops:{SECRET}"
    token = base64.b64encode(login.encode()).decode()
    body = f"url http://{login}@10.0.0.1/ins, Basic {token}, {login!r}"
    error = {"id": 1, "error": {"code": -1, "message": "x", "data": {"msg": body}}}
    found.api.broken["show hostname"] = lambda handler: handler.answer(
        200, json.dumps(error).encode()
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = found.told(attempt)
    assert token not in words and "10.0.0.1" in words


@BOTH
def test_no_password_goes_to_a_device_whose_certificate_nobody_knows(
    name: str, switch: Any, authority: Authority, tmp_path: Path, api_pair: Lab
) -> None:
    found: Switch = switch(name)
    # The system's own authorities do not know it; another one did not sign it; it has no such name.
    stranger = Authority(tmp_path)
    with api_of(api_pair.devices[name], authority.device("10.9.9.9")) as other:
        for login in (
            NapalmLogin(port=found.api.port),
            NapalmLogin(port=found.api.port, ca_file=str(stranger.file)),
            NapalmLogin(port=other.port, ca_file=found.ca),
        ):
            attempt = found.attempt(napalm=login)
            assert attempt.trouble is not None
            assert attempt.trouble.reason.code == "certificate_untrusted", attempt.trouble.reason
            assert not attempt.trouble.may_pass
        assert not found.api.logins and not other.logins
    # Only where the inventory says so, and that is told.
    unchecked = found.attempt(napalm=NapalmLogin(port=found.api.port, verify=False))
    assert unchecked.trouble is None
    assert "certificate_unchecked" in [warning.code for warning in unchecked.warnings]
    missing = found.attempt(napalm=NapalmLogin(port=found.api.port, ca_file="/no/such/ca.pem"))
    assert missing.trouble is not None and missing.trouble.reason.code == "variable_error"


@BOTH
def test_plain_http_only_where_the_inventory_says_so(name: str, switch: Any) -> None:
    found: Switch = switch(name, plain=True)
    refused = found.attempt()
    assert refused.trouble is not None and refused.trouble.reason.code == "no_tls"
    assert not found.api.logins
    plain = found.attempt(napalm=NapalmLogin("http", found.api.port))
    assert plain.trouble is None
    assert "api_in_clear" in [warning.code for warning in plain.warnings]


@BOTH
@pytest.mark.parametrize(
    ("fault", "code"),
    [(silent, "silent"), (dropped, "dropped"), (page_of_html, "napalm_error")],
)
def test_an_api_that_does_not_answer(name: str, fault: Any, code: str, switch: Any) -> None:
    found: Switch = switch(name)
    found.api.broken["*"] = fault
    before = time.monotonic()
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == code
    assert attempt.trouble.may_pass is (code != "napalm_error")
    assert time.monotonic() - before < 12
    found.told(attempt)


@BOTH
def test_an_answer_that_drips_for_ever_ends_at_the_devices_time_limit(
    name: str, switch: Any
) -> None:
    found: Switch = switch(name)
    found.api.broken["show interfaces" if name == "eos-1" else "show interface"] = dripping
    before = time.monotonic()
    attempt = found.attempt(seconds=2.5)
    assert attempt.trouble is not None and attempt.trouble.reason.code == "time_limit"
    assert time.monotonic() - before < 5


@BOTH
@pytest.mark.parametrize("fault", [endless, endless_chunks])
def test_an_answer_that_pours_for_ever_does_not_fill_the_memory(
    name: str, fault: Any, switch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "MOST_BYTES", 4_000_000)
    found: Switch = switch(name)
    command = "show lldp neighbors detail" if name == "eos-1" else "show interface status"
    found.api.broken[command] = fault
    attempt = found.attempt()
    assert attempt.trouble is None
    refused = [w.params["command"] for w in attempt.warnings if w.code == "command_refused"]
    assert command in refused
    found.api.broken["*"] = fault
    whole = found.attempt()
    assert whole.trouble is not None and whole.trouble.reason.code == "endless_answer"


def test_one_answer_that_is_cut_off_is_no_refusal(switch: Any) -> None:
    found: Switch = switch("eos-1")
    found.api.broken["show lldp neighbors detail"] = dropped
    attempt = found.attempt()
    assert attempt.trouble is None
    without = {w.params["command"]: w.code for w in attempt.warnings if "command" in w.params}
    assert without["show lldp neighbors detail"] == "command_unanswered"
    assert without["napalm eos get_lldp_neighbors_detail (dropped)"] == "command_unanswered"


def test_a_device_that_dies_in_the_middle_is_not_asked_all_the_rest(switch: Any) -> None:
    found: Switch = switch("eos-1")
    found.api.broken["*"] = lambda handler: (
        handler.answer(200, hello("eos-1")) if len(handler.api.asked) == 1 else dropped(handler)
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "dropped"
    assert attempt.trouble.may_pass
    assert len(found.api.asked) == 3


def test_nobody_listens(switch: Any) -> None:
    found: Switch = switch("eos-1")
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        attempt = found.attempt(napalm=NapalmLogin(port=free.getsockname()[1], ca_file=found.ca))
    assert attempt.trouble is not None and attempt.trouble.reason.code == "api_refused"
    assert "eAPI" in found.told(attempt)
