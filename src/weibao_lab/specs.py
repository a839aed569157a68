"""What a simulated device is: its name, platform, credentials and place."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from weibao_lab.chance import chance
from weibao_lab.recording import Recording, read_recording

__all__ = ["PLATFORMS", "DeviceSpec", "default_specs", "recorded_spec"]

PLATFORMS: Final = (
    "huawei",
    "hp_comware",
    "ruijie_os",
    "cisco_ios",
    "cisco_nxos",
    "arista_eos",
    "juniper_junos",
)

_TAGS: Final = {
    "huawei": "hw",
    "hp_comware": "h3c",
    "ruijie_os": "rj",
    "cisco_ios": "ios",
    "cisco_nxos": "nx",
    "arista_eos": "eos",
    "juniper_junos": "jnp",
}
_SITES: Final = (
    ("hq", "云溪市政务服务中心"),
    ("br1", "云溪市第二人民医院"),
    ("br2", "云溪职业技术学院"),
    ("br3", "云溪水务集团"),
    ("br4", "云溪市不动产登记中心"),
    ("br5", "云溪市图书馆"),
)
# What a customer of this trade owns: mostly domestic access switches, some
# data-centre boxes. Every platform appears within the first nine devices.
_MIX: Final = (
    ("huawei", "core"),
    ("hp_comware", "acc"),
    ("ruijie_os", "acc"),
    ("cisco_ios", "dist"),
    ("cisco_nxos", "dc"),
    ("arista_eos", "dc"),
    ("juniper_junos", "dist"),
    ("huawei", "acc"),
    ("hp_comware", "core"),
    ("cisco_ios", "acc"),
    ("ruijie_os", "dist"),
)
_ENABLE_PLATFORMS: Final = frozenset({"ruijie_os", "cisco_ios", "arista_eos"})
_GBK_PLATFORMS: Final = frozenset({"huawei", "hp_comware"})
_PASSWORD_LETTERS: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class DeviceSpec:
    """One simulated device; everything it prints follows from these values."""

    name: str
    platform: str
    seed: int = 1
    username: str = "netops"
    password: str = field(default="Netops-2468", repr=False)
    enable_secret: str | None = field(default=None, repr=False)
    authorized_keys: tuple[str, ...] = ()
    keyboard_interactive: bool = False
    encoding: str = "utf-8"
    ports: int = 24
    site: str = "hq"
    unit: str = "云溪市政务服务中心"
    role: str = "acc"
    release: str = ""
    """A generation of the platform that behaves otherwise; ``8`` of ``huawei``."""
    recording: Recording | None = field(default=None, repr=False)
    """A session file that the device plays; then any platform will do."""

    def __post_init__(self) -> None:
        if self.recording is None and self.platform not in PLATFORMS:
            raise ValueError(f"unknown platform {self.platform!r}")
        if not self.name.isascii() or not self.name:
            raise ValueError(f"a device name must be ASCII: {self.name!r}")


def _password(rng: random.Random) -> str:
    letters = "".join(rng.choices(_PASSWORD_LETTERS, k=10))
    return f"{letters[:5]}-{letters[5:]}{rng.randrange(10)}"


def _specs(count: int, seed: int) -> Iterator[DeviceSpec]:
    numbers: Counter[str] = Counter()
    for index, (platform, role) in enumerate(islice(cycle(_MIX), count)):
        site, unit = _SITES[(index // 4) % len(_SITES)]
        stem = f"{site}-{role}-{_TAGS[platform]}"
        numbers[stem] += 1
        name = f"{stem}-{numbers[stem]:02d}"
        rng = chance("spec", seed, name)
        wants_enable = platform in _ENABLE_PLATFORMS and index % 3 != 2
        yield DeviceSpec(
            name=name,
            platform=platform,
            seed=seed,
            username=rng.choice(("netops", "weihu", "backup")),
            password=_password(rng),
            enable_secret=_password(rng) if wants_enable else None,
            keyboard_interactive=index % 5 == 4,
            encoding="gbk" if platform in _GBK_PLATFORMS and index % 2 else "utf-8",
            # Braces take three times the lines; a Junos switch stays small.
            ports=48 if role in {"dist", "dc"} and platform != "juniper_junos" else 24,
            site=site,
            unit=unit,
            role=role,
        )


def default_specs(count: int = 24, seed: int = 1) -> list[DeviceSpec]:
    """A mix of ``count`` devices over all platforms, the same for the same seed."""
    return list(_specs(count, seed))


def recorded_spec(path: Path) -> DeviceSpec:
    """A device that plays the session file ``path``; it is named as the file.

    Raises:
        LabError: it is no session file.
    """
    recording = read_recording(path)
    return DeviceSpec(
        name=path.name.removesuffix(".yml").removesuffix(".session"),
        platform=recording.platform,
        username=recording.username,
        password=recording.password,
        enable_secret=recording.enable_secret,
        encoding=recording.encoding,
        recording=recording,
    )
