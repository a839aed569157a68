"""One lab for all tests of the lab; every test leaves its devices healthy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("asyncssh", reason="the lab needs asyncssh")

from weibao_lab import PLATFORMS, DeviceHandle, DeviceSpec, Lab


def specs() -> list[DeviceSpec]:
    """One device of each platform; those that know ``enable`` have a secret."""
    made = []
    for platform in PLATFORMS:
        made.append(
            DeviceSpec(
                name="t-" + platform.replace("_", "-"),
                platform=platform,
                username="weihu",
                password="Right-0000",
                enable_secret=(
                    "Enable-1111" if platform in {"cisco_ios", "ruijie_os", "arista_eos"} else None
                ),
                encoding="gbk" if platform in {"huawei", "hp_comware"} else "utf-8",
            )
        )
    return made


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab.start(specs(), telnet=True, minute_seconds=0.2) as running:
        yield running


@pytest.fixture(params=PLATFORMS)
def device(lab: Lab, request: pytest.FixtureRequest) -> Iterator[DeviceHandle]:
    handle = lab.devices["t-" + request.param.replace("_", "-")]
    yield handle
    handle.clear_faults()


@pytest.fixture
def ios(lab: Lab) -> Iterator[DeviceHandle]:
    handle = lab.devices["t-cisco-ios"]
    yield handle
    handle.clear_faults()


@pytest.fixture
def huawei(lab: Lab) -> Iterator[DeviceHandle]:
    handle = lab.devices["t-huawei"]
    yield handle
    handle.clear_faults()


@pytest.fixture
def junos(lab: Lab) -> Iterator[DeviceHandle]:
    handle = lab.devices["t-juniper-junos"]
    yield handle
    handle.clear_faults()
