"""Filling a platform's template with the values of one device."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from weibao_lab.chance import chance
from weibao_lab.configs.secrets import conceal
from weibao_lab.configs.shapes import SHAPES, Shape

if TYPE_CHECKING:
    from weibao_lab.specs import DeviceSpec

__all__ = ["generate_body"]

_FIELD: Final = re.compile(r"\{\{([a-z0-9_]+(?::[A-Za-z0-9_-]+)*)\}\}")

_VLANS: Final[tuple[tuple[int, str, str], ...]] = (
    (10, "OFFICE", "办公网"),
    (20, "VOICE", "IP电话"),
    (30, "WIFI-STAFF", "员工无线"),
    (31, "WIFI-GUEST", "访客无线"),
    (40, "CCTV", "视频监控"),
    (50, "PRINTER", "打印机"),
    (60, "SERVER", "业务服务器"),
    (70, "DOOR", "门禁"),
    (80, "FINANCE", "财务专网"),
    (100, "MGMT", "设备管理"),
    (999, "UNUSED", "停用端口"),
)
_PLACES: Final = ("一楼大厅", "二楼201室", "三楼会议室", "四楼机房", "财务科", "人事科", "门诊窗口")
_THINGS: Final = ("AP", "打印机", "摄像头", "工位", "IP电话", "门禁控制器", "终端")
_ENGLISH: Final = (
    "to-AP-{n:02d}",
    "PC room {n}",
    "printer-2F-{n}",
    "camera {n} gate",
    "reception desk",
    "server-rack{n} eth0",
    "UPS-{n} card",
)


@dataclass(frozen=True)
class _Profile:
    """What the random generator decided about a device."""

    spec: DeviceSpec
    shape: Shape
    rng: random.Random
    third_octet: int
    host_octet: int


def _profile(spec: DeviceSpec) -> _Profile:
    rng = chance("config", spec.platform, spec.name, spec.seed)
    return _Profile(spec, SHAPES[spec.platform], rng, rng.randrange(1, 250), rng.randrange(2, 250))


def _text(profile: _Profile, number: int) -> str:
    rng = profile.rng
    if rng.random() < 0.35:
        return rng.choice(_PLACES) + rng.choice(_THINGS)
    return rng.choice(_ENGLISH).format(n=number)


def _port(profile: _Profile, number: int) -> str:
    spec, shape, rng = profile.spec, profile.shape, profile.rng
    name = shape.port_name(number, spec.ports)
    carried = [item for item in _VLANS if item[0] != 999]
    if number > spec.ports - 4:
        chosen = sorted(rng.sample(carried, k=rng.randrange(3, len(carried))))
        if number > spec.ports - 2:
            return shape.unused.format(name=name)
        ids = [str(item[0]) for item in chosen]
        return shape.trunk.format(
            name=name,
            text=f"UPLINK-{number - spec.ports + 4} 核心交换机上联",
            vlans=" ".join(ids),
            vlans_comma=",".join(ids),
            vlan_names=" ".join(item[1] for item in chosen),
        )
    if rng.random() < 0.2:
        return shape.unused.format(name=name)
    vlan = rng.choice(carried)
    return shape.access.format(
        name=name, text=_text(profile, number), vlan=vlan[0], vlan_name=vlan[1]
    )


def _ports(profile: _Profile) -> str:
    return "".join(_port(profile, number) for number in range(1, profile.spec.ports + 1))


def _vlans(profile: _Profile) -> str:
    return "".join(
        profile.shape.vlan.format(id=number, name=name, text=text) for number, name, text in _VLANS
    )


def _values(profile: _Profile) -> dict[str, str]:
    spec = profile.spec
    # On one device in two the banner holds a line that looks like the prompt
    # of a device, as operators do write ("you are on core-sw-00#").
    trap = {"huawei": "<core-sw-00>", "hp_comware": "<core-sw-00>"}.get(
        spec.platform, "core-sw-00#"
    )
    if profile.rng.random() < 0.5:
        trap = "*" * 20
    return {
        "hostname": spec.name,
        "username": spec.username,
        "site": spec.site,
        "unit": spec.unit,
        "octet": str(profile.third_octet),
        "host": str(profile.host_octet),
        "trap": trap,
        "model": profile.shape.model,
        "vlan_ids": " ".join(str(item[0]) for item in _VLANS),
        "clock_period": str(17179800 + profile.rng.randrange(90)),
    }


@cache
def _template(platform: str) -> str:
    folder = resources.files("weibao_lab.configs") / "templates"
    return (folder / f"{platform}.conf").read_text(encoding="utf-8")


def generate_body(spec: DeviceSpec) -> str:
    """The configuration of a device without its changing header and end mark."""
    profile = _profile(spec)
    values = _values(profile)
    blocks: dict[str, Callable[[_Profile], str]] = {"ports": _ports, "vlans": _vlans}

    def fill(found: re.Match[str]) -> str:
        key, *rest = found.group(1).split(":")
        if key == "secret":
            return conceal(rest[0], spec.name, spec.seed, *rest[1:])
        if key in blocks:
            return blocks[key](profile).rstrip("\n")
        return values[key]

    text = _FIELD.sub(fill, _template(spec.platform))
    if spec.enable_secret is None:
        text = re.sub(r"^enable (?:secret|password) .*\n", "", text, flags=re.M)
    return text
