"""A lab of simulated switches, and a collector that reads it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from weibao.adapters.network.collect import Attempt, Collector
from weibao.adapters.network.job import Endpoint, Job, Limits
from weibao.adapters.platform_files import load_platforms
from weibao_lab import DeviceSpec, Lab

from .change_lab import MINUTE, Changer

LIMITS = Limits(connect=1.5, login=2, silence=2, device=40, retries=1, retry_wait=0.1)
PLATFORMS = (
    "arista_eos",
    "cisco_ios",
    "cisco_nxos",
    "hp_comware",
    "huawei",
    "juniper_junos",
    "ruijie_os",
)


def job(**changes) -> Job:
    base = {
        "bundle": "",
        "known_hosts": "no-such-folder/known_hosts",
        "platform_folders": (),
        "passwords": {"default": "x" * 43},
        "threads": 8,
        "limits": LIMITS,
        "endpoints": (),
        "host_key_checking": False,
    }
    return Job(**{**base, **changes})


def endpoint(device, **changes) -> Endpoint:
    base = {
        "device": device.name,
        "contract": "default",
        "address": device.host,
        "port": device.port,
        "network_os": device.platform,
        "username": device.username,
        "password": device.password,
        "enable_secret": device.enable_secret or "",
    }
    return Endpoint(**{**base, **changes})


class Reader:
    """Reads single devices and keeps what was read by its sha256."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, _contract: str, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.kept[sha256] = data
        return sha256

    def read(self, device, *, seconds: float = 40, **changes) -> Attempt:
        collector = Collector(job(), load_platforms(), self.keep)
        return collector.attempt(endpoint(device, **changes), time.monotonic() + seconds)

    def text(self, attempt: Attempt, kind: str) -> bytes | None:
        return next((self.kept[i.sha256] for i in attempt.items if i.kind.value == kind), None)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start(Lab.default_specs(count=14, seed=3)) as running:
        yield running


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def one(lab) -> Iterator[Callable]:
    """The lab's first device of a platform, healthy again afterwards."""
    used = []

    def pick(platform: str):
        device = next(d for d in lab.devices.values() if d.platform == platform)
        used.append(device)
        return device

    yield pick
    for device in used:
        device.clear_faults()


@pytest.fixture(scope="module")
def change_lab():
    specs = [*Lab.default_specs(count=7, seed=3), DeviceSpec("dc-ce-01", "huawei", release="8")]
    with Lab.start(specs, minute_seconds=MINUTE) as running:
        yield running


@pytest.fixture
def change_one(change_lab):
    used = []

    def pick(kind: str):
        platform = kind.removesuffix("8")
        release = "8" if kind.endswith("8") else ""
        device = next(
            d
            for d in change_lab.devices.values()
            if d.platform == platform and d.spec.release == release
        )
        used.append((device, device.render_running()))
        device.save()
        return device

    yield pick
    for device, before in used:
        device.clear_faults()
        device.reachable_while("")
        device.replace_running(before)
        device.save()


@pytest.fixture
def changer(tmp_path):
    return Changer(tmp_path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Signs the certificates of APIs."""
    from .api_devices import Authority

    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def api_pair() -> Iterator[Lab]:
    """An Arista and a Nexus, for drivers that may not be installed."""
    from .napalm_switch import SECRET, installed

    installed()
    specs = [
        DeviceSpec("eos-1", "arista_eos", seed=4, enable_secret="Enable-Geheim-2"),
        DeviceSpec("nxos-1", "cisco_nxos", seed=4, password=SECRET),
    ]
    with Lab.start(specs) as running:
        yield running


@pytest.fixture
def switch(api_pair, authority) -> Iterator[Callable]:
    """One of them at an API of its own, in TLS or ``plain``."""
    from .api_devices import ADDRESS, api_of
    from .napalm_switch import Switch

    with ExitStack() as stack:

        def make(name: str, *, plain: bool = False) -> Switch:
            tls = None if plain else authority.device(ADDRESS)
            api = stack.enter_context(api_of(api_pair.devices[name], tls))
            return Switch(api, str(authority.file), Reader())

        yield make
