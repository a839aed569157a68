"""A lab's device that plays a session file, read over SSH and Telnet."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from weibao.adapters.network.collect import Collector, without_preamble
from weibao.adapters.network.job import Endpoint, Job, Limits
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.session_files import read_session
from weibao.domain.replay import replayed_bytes
from weibao_lab import Lab
from weibao_lab.errors import LabError
from weibao_lab.specs import recorded_spec

CASE = Path(__file__).parents[1] / "platforms/cases/cisco_asa/asa9-5506.session.yml"
LIMITS = Limits(connect=5, login=5, silence=5, device=30)


@pytest.fixture(scope="module")
def lab():
    with Lab.start([recorded_spec(CASE)], telnet=True) as running:
        yield running


def read(device, protocol: str) -> dict[str, bytes]:
    kept: dict[str, bytes] = {}

    def keep(_contract: str, data: bytes) -> str:
        kept[sha256 := hashlib.sha256(data).hexdigest()] = data
        return sha256

    job = Job(
        bundle="",
        known_hosts="no-such-folder/known_hosts",
        platform_folders=(),
        passwords={},
        threads=1,
        limits=LIMITS,
        endpoints=(),
        host_key_checking=False,
    )
    endpoint = Endpoint(
        device=device.name,
        contract="default",
        address=device.host,
        port=device.port if protocol == "ssh" else device.telnet_port,
        network_os=device.platform,
        protocol=protocol,
        username=device.username,
        password=device.password,
        enable_secret=device.enable_secret or "",
    )
    attempt = Collector(job, load_platforms(), keep).attempt(endpoint, time.monotonic() + 30)
    if attempt.trouble is not None:
        return {attempt.trouble.reason.code: b""}
    return {item.kind.value: kept[item.sha256] for item in attempt.items}


@pytest.mark.parametrize("protocol", ["ssh", "telnet"])
@pytest.mark.parametrize("faults", [{}, {"ignore_no_paging": True}])
def test_it_is_read_to_the_character(lab, protocol, faults):
    device = lab.devices["asa9-5506"]
    device.set_fault(**faults)
    session = read_session(CASE)
    platform = load_platforms()[session.platform]
    try:
        texts = read(device, protocol)
    finally:
        device.clear_faults()
    expected = replayed_bytes(session, session.expect.command)
    assert texts["running"] == without_preamble(expected, platform)


def test_its_faults_are_those_of_other_devices(lab):
    device = lab.devices["asa9-5506"]
    device.set_fault(cut_after_bytes=300)
    try:
        assert "dropped" in read(device, "ssh")
    finally:
        device.clear_faults()


def test_a_file_that_is_no_session_is_named(tmp_path):
    path = tmp_path / "x.session.yml"
    path.write_text("about: nothing\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"x\.session\.yml"):
        recorded_spec(path)
