"""Patching real hosts, judged from outside: dpkg's own records, boot ids, checksums."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .booted import Booted
from .packages import Package, Repository, tool
from .patching import PASSWORD, PatchFlow


def test_from_what_is_missing_to_patched(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """PAT-09, PAT-22: exactly the approved versions, and nothing else."""
    lab.hosts["web1"].ssh("apt-mark auto wb-lib")
    estate = flow("web1", "web2", runbook={"two_person": True})
    before = {name: lab.hosts[name].packages() for name in ("web1", "web2")}
    found = estate.status()
    names = {p["name"]: p for p in found["web1"]["missing"]}
    assert names["wb-tool"]["before"] == "1.0" and names["wb-tool"]["version"] == "2.0"
    assert found["web1"]["security"] == 1 and names["wb-tool"]["security"]
    assert not names["wb-lib"]["security"]

    number, targets = estate.planned("--package", "wb-web", "--package", "wb-tool")
    assert "wb-new [all]: (new) -> 1.0" in targets["web1"]["difference"]
    assert "restart: wb-web.service" in targets["web1"]["difference"]
    assert {n: h.packages() for n, h in lab.hosts.items() if n in before} == before
    estate.consented(number)
    said = estate.carried_out(number)
    assert estate.state(number) == "verified", said
    for name, was in before.items():
        now = lab.hosts[name].packages()
        wanted = {**was, "wb-web": "2.0", "wb-tool": "2.0", "wb-lib": "2.0", "wb-new": "1.0"}
        assert now == wanted
        assert (
            lab.hosts[name]
            .ssh(
                'python3 -c "import urllib.request as u; '
                "print(u.urlopen('http://127.0.0.1:8080').read().decode())\""
            )
            .stdout.strip()
            == "version 2.0"
        )
    marked = lab.hosts["web1"].ssh("apt-mark showauto").stdout.split()
    assert {"wb-lib", "wb-new"} <= {*marked} and not {"wb-web", "wb-tool"} & {*marked}
    state = b"".join(p.read_bytes() for p in (estate.folder / "state").rglob("*") if p.is_file()
                     and p.parent.name != "cache")  # fmt: skip
    assert PASSWORD.encode() not in state + said.encode()
    estate.weibao("verify")


def test_what_is_on_hold_is_said_and_left_alone(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    estate = flow("web1")
    lab.hosts["web1"].ssh("apt-mark hold wb-tool")
    held = lab.hosts["web1"].ssh("apt-mark showhold").stdout.split()
    found = estate.status()["web1"]
    assert found["held"] == held == ["wb-tool"]
    assert "wb-tool" not in [package["name"] for package in found["missing"]]


def test_the_kernel_that_runs_stays_on_the_way_back_and_is_told(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """Everything else goes back; the host does not count as brought back."""
    web2 = lab.hosts["web2"]
    kernel = web2.ssh("uname -r").stdout.strip()
    image = f"linux-image-{kernel.lower().replace('_', '-')}"
    if image != f"linux-image-{kernel}":
        pytest.skip(f"no package can be named for the kernel {kernel}")
    pool.add(tool("wb-meta", "1.0"))
    web2.ssh("apt-get -q update && apt-get -q -y install wb-meta")
    pool.add(tool(image, "1.0"), tool("wb-meta", "2.0", depends=image))
    before = web2.packages()
    estate = flow("web2")
    number, targets = estate.planned("--package", "wb-meta")
    assert f"{image} [all]: (new) -> 1.0" in targets["web2"]["difference"]
    estate.consented(number)
    estate.start(number)
    said = estate.change("back-out", number, "--why", "test", who="li.op", fails=None)
    assert web2.packages() == {**before, image: "1.0"}
    assert estate.steps(number)["web2", "back-out"] == "failed"
    assert image in said and kernel in said and estate.state(number) != "rolled_back"
    for file in [*pool.folder.glob("main/wb-meta_*"), *pool.folder.glob(f"main/{image}_*")]:
        pool.remove(file.name)


def test_a_library_of_two_architectures_is_patched_as_one_and_goes_back(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """Both are of one version or neither can be installed, and each needs its own way back."""
    web1 = lab.hosts["web1"]
    arches = web1.ssh("dpkg --print-architecture").stdout.strip(), "armhf"
    name = "libwb-multi"

    def built(version: str) -> list[Package]:
        return [
            Package(name, version, {f"/usr/lib/{arch}/wb": version}, arch=arch) for arch in arches
        ]

    pool.add(*built("1.0"))
    web1.ssh(
        f"dpkg --add-architecture armhf && apt-get -q update && "
        f"apt-get -q -y install {name} {name}:armhf"
    )
    pool.add(*built("2.0"))

    def versions() -> dict[str, str]:
        form = "${Architecture} ${Version}\\n"
        rows = web1.ssh(f"dpkg-query -W -f '{form}' {name}").stdout.split()
        return dict(zip(rows[::2], rows[1::2], strict=True))

    assert versions() == dict.fromkeys(arches, "1.0")
    web1.ssh(f"apt-mark auto {name}:armhf")
    estate = flow("web1")
    assert {p["name"] for p in estate.status()["web1"]["missing"]} >= {name, f"{name}:armhf"}
    number, targets = estate.planned("--package", name)
    assert targets["web1"]["checked"], targets
    assert len(targets["web1"]["plan"]["earlier"]) == len(arches)
    estate.consented(number)
    estate.start(number)
    assert versions() == dict.fromkeys(arches, "2.0")
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert versions() == dict.fromkeys(arches, "1.0")
    marked = web1.ssh(f"apt-mark showauto {name} {name}:armhf").stdout.split()
    assert marked == [f"{name}:armhf"]
    for file in pool.folder.glob(f"main/{name}_*"):
        pool.remove(file.name)
