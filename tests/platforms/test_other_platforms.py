"""What another platform printed, or another command, is no configuration (CFG-04)."""

from __future__ import annotations

from pathlib import Path

import pytest

from platforms.case_files import catalogue, whole
from weibao.domain.acceptance import judge
from weibao.domain.collection import ItemKind

RECORDINGS = Path(__file__).parents[3] / "shared" / "device-outputs"

ALIKE = {
    # The same make of software.
    ("cisco_s300", "eltex"),
    ("eltex", "cisco_s300"),
    ("huawei", "hp_comware"),
    ("hp_comware", "huawei"),
    # Their texts have no mark of their own, or had none in old releases.
    ("allied_telesis_awplus", "ruijie_os"),
    ("allied_telesis_awplus", "zte_zxros"),
    ("eltex", "frr"),
    ("eltex", "ruijie_os"),
    ("eltex", "zte_zxros"),
    ("frr", "ruijie_os"),
    ("frr", "zte_zxros"),
    ("ruijie_os", "zte_zxros"),
    ("zte_zxros", "ruijie_os"),
}
"""(whose text, which other platform may take it for its own)."""


@pytest.mark.parametrize("case", whole(), ids=str)
def test_the_text_of_another_platform_is_refused(case):
    taken = {
        platform_id
        for platform_id, platform in catalogue().items()
        if platform_id != case.platform_id and judge(case.bytes(), platform).accepted
    }
    assert {other for other in taken if (case.platform_id, other) not in ALIKE} == set()


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of real devices are not here")
@pytest.mark.parametrize("kind", [ItemKind.running, ItemKind.startup])
@pytest.mark.parametrize(
    "platform_id",
    [
        "allied_telesis_awplus",
        "arista_eos",
        "cisco_asa",
        "cisco_ios",
        "cisco_nxos",
        "cisco_s300",
        "cisco_xr",
        "dell_force10",
        "dell_os10",
        "eltex",
        "ruckus_fastiron",
    ],
)
def test_no_other_output_is_a_configuration(platform_id, kind):
    platform = catalogue()[platform_id]
    taken = [
        path.name
        for path in sorted(RECORDINGS.glob("*/*/*.raw"))
        if judge(path.read_bytes().replace(b"\r\n", b"\n"), platform, kind=kind).accepted
    ]
    assert taken == []
