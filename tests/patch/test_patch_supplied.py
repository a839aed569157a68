"""Packages that the customer supplies: kept, looked at for viruses, installed as approved."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.change_sample import planned
from weibao.adapters.clock import SystemClock
from weibao.adapters.supplied_files import FolderSuppliedFiles
from weibao.adapters.virus_scanner import CommandScanner
from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.settings import VirusCheckSettings
from weibao.errors import InputError, RefusedError
from weibao.reports.change import DocumentKind, compose, render_html
from weibao.services.patch.supplied import Intake, take_in

from .booted import Booted, run
from .packages import Repository, tool
from .patching import PatchFlow

SCANNER = """\
#!/bin/sh
case "$1" in --version) echo "Scanner 1.0/27000"; exit 0 ;; esac
if grep -rq {mark} "$1"; then echo "$1: Test.Mark FOUND"; exit 1; fi
echo "$1: OK"
"""
ORIGIN = "customer's USB stick 12, handed over by Liu"


def scanner(folder: Path, mark: str = "EVIL") -> list[str]:
    """A program that finds a word."""
    path = folder / "scan"
    path.write_text(SCANNER.format(mark=mark))
    path.chmod(0o755)
    return [str(path)]


def as_it_is(_file: Path, _folder: Path) -> str:
    """Nothing is in it."""
    return ""


def settings(*command: str, version: tuple[str, ...] = ()) -> VirusCheckSettings:
    return VirusCheckSettings(command=(*command, "{file}"), version=version)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("exit 0", "clean"),
        ('echo "x: Eicar FOUND"; exit 1', "found"),
        ("exit 1", "found"),
        ('echo "x: Heuristics.Limits.Exceeded.MaxFileSize FOUND"; exit 1', "not_checked"),
        ('echo "x: Heuristics.Limits.Exceeded FOUND"; echo "x: Eicar FOUND"; exit 1', "found"),
        ("echo database missing >&2; exit 2", "not_checked"),
        ("kill -9 $$", "not_checked"),
    ],
)
def test_only_a_scanner_that_says_so_makes_a_file_clean(
    tmp_path: Path, script: str, state: str
) -> None:
    found = CommandScanner(settings("sh", "-c", script), SystemClock(), unpack=as_it_is).check(
        tmp_path / "x"
    )
    assert found.state == state


def test_a_scanner_that_is_not_there_has_checked_nothing(tmp_path: Path) -> None:
    found = CommandScanner(settings("no-such-scanner"), SystemClock()).check(tmp_path / "x")
    assert (found.state, found.tool) == ("not_checked", "")
    assert "no-such-scanner" in found.said
    nothing = CommandScanner(VirusCheckSettings(command=()), SystemClock()).check(tmp_path / "x")
    assert nothing.state == "not_checked"


def intake(tmp_path: Path, *, checked_only: bool = False, scan: bool = True) -> Intake:
    program = scanner(tmp_path) if scan else ["no-such-scanner"]
    look = CommandScanner(settings(*program), SystemClock())
    return Intake(FolderSuppliedFiles(tmp_path / "kept"), look, SystemClock(), checked_only)


def package(tmp_path: Path, mark: str = "good") -> Path:
    """A compressed .deb, in which no mark is seen from outside."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb not installed")
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (tree / "payload").write_text(mark)
    fields = ("Package: x", "Version: 1", "Architecture: all", "Maintainer: x <x@x.invalid>")
    (tree / "DEBIAN" / "control").write_text("\n".join((*fields, "Description: x", "")))
    path = tmp_path / "客户 代理.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(path))
    return path


def test_what_is_in_a_package_is_looked_at_and_what_cannot_be_is_not_checked(
    tmp_path: Path,
) -> None:
    """ClamAV alone calls every .deb clean, whatever is in it."""
    path = package(tmp_path, "EVIL")
    assert b"EVIL" not in path.read_bytes()
    look = CommandScanner(settings(*scanner(tmp_path)), SystemClock())
    assert look.check(path).state == "found"
    assert look.check(package(tmp_path)).state == "clean"
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"!<arch>\ndebian-binary   ")
    assert look.check(broken).state == "not_checked"


def test_what_is_in_an_rpm_and_its_scripts_are_looked_at(tmp_path: Path) -> None:
    lacking = [t for t in ("rpmbuild", "rpm2archive", "rpm") if shutil.which(t) is None]
    if lacking:
        pytest.skip(f"{lacking} not installed")
    for where in ("%install\nmkdir -p %{buildroot}/opt\necho EVIL > %{buildroot}/opt/x\n"
                  "%files\n/opt/x\n", "%files\n%post\necho EVIL\n"):  # fmt: skip
        spec = tmp_path / "x.spec"
        head = "Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n"
        spec.write_text(f"{head}%description\nx\n{where}")
        run("rpmbuild", "-bb", "-D", f"_topdir {tmp_path}/rpm", "-D", "_binary_payload w9.gzdio",
            str(spec))  # fmt: skip
        built = next((tmp_path / "rpm").rglob("x-1-1.noarch.rpm"))
        look = CommandScanner(settings(*scanner(tmp_path)), SystemClock())
        assert look.check(built).state == "found"
        built.unlink()


def test_a_file_is_kept_with_its_hash_and_its_origin(tmp_path: Path) -> None:
    path = package(tmp_path)
    (file,) = take_in(intake(tmp_path), [path], origin=ORIGIN, actor="wang.pm")
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (file.original, file.origin, file.virus.state) == ("客户 代理.deb", ORIGIN, "clean")
    assert (tmp_path / "kept" / file.place).read_bytes() == path.read_bytes()


def test_what_is_no_package_or_of_unknown_origin_or_infected_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="origin"):
        take_in(intake(tmp_path), [package(tmp_path)], origin=" ", actor="wang.pm")
    text = tmp_path / "x.deb"
    text.write_text("no package")
    with pytest.raises(InputError, match="is no"):
        take_in(intake(tmp_path), [text], origin=ORIGIN, actor="wang.pm")
    with pytest.raises(RefusedError, match="FOUND"):
        take_in(intake(tmp_path), [package(tmp_path, "EVIL")], origin=ORIGIN, actor="wang.pm")
    unchecked = intake(tmp_path, checked_only=True, scan=False)
    with pytest.raises(RefusedError, match="no-such-scanner"):
        take_in(unchecked, [package(tmp_path)], origin=ORIGIN, actor="wang.pm")


@pytest.mark.parametrize("kind", [DocumentKind.patch_plan, DocumentKind.patch_summary])
def test_both_documents_show_where_it_comes_from_and_that_it_was_not_checked(
    tmp_path: Path, kind: DocumentKind
) -> None:
    import dataclasses

    (file,) = take_in(
        intake(tmp_path, scan=False), [package(tmp_path)], origin=ORIGIN, actor="wang.pm"
    )
    papers: Any = planned()
    made = HostPlan(manager="apt", packages=(PackageChange(name="agent", version="2.0"),))
    targets = tuple(
        t.model_copy(update={"plan": made.model_dump(mode="json")}) for t in papers.plan.targets
    )
    variables = {"patch_linux_supplied": [file.model_dump(mode="json")]}
    papers = dataclasses.replace(
        papers,
        change=papers.change.model_copy(update={"variables": variables}),
        plan=papers.plan.model_copy(update={"targets": targets}),
    )
    page = render_html(compose(kind, papers, "zh"))
    for word in ("客户提供的软件包", "客户 代理.deb", file.sha256, "USB stick 12", "未检查"):
        assert word in page, word
    assert "未发现病毒" not in page


def agent(folder: Path, version: str, *, name: str = "wb-agent", depends: str = "") -> Path:
    """What a customer brings: a package that no repository has."""
    folder.mkdir(exist_ok=True)
    built = tool(name, version, depends=depends).build(folder)
    return built.rename(folder / f"agent {version}.deb")


def given(estate: PatchFlow, *paths: Path, option: str = "--file") -> list[str]:
    return [word for path in paths for word in (option, str(path))] + ["--origin", ORIGIN]


def test_a_customers_package_is_installed_as_approved_and_taken_back(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository, tmp_path: Path
) -> None:
    """PAT-13: with what it needs, then its next version, back to the one before, then away."""
    web1 = lab.hosts["web1"]
    before = web1.packages()
    estate = flow("web1")
    one = agent(tmp_path / "brought", "1.0", depends="wb-new")
    first, targets = estate.planned(*given(estate, one))
    digest = hashlib.sha256(one.read_bytes()).hexdigest()
    assert (
        f"(new) -> 1.0  # supplied by the customer, sha256 {digest}"
        in (targets["web1"]["difference"])
    )
    change = estate.data("show", first)["change"]
    (record,) = change["variables"]["patch_linux_supplied"]
    assert (record["origin"], record["virus"]["state"]) == (ORIGIN, "not_checked")
    assert web1.packages() == before
    estate.consented(first)
    one.unlink()  # what was taken in counts
    estate.start(first)
    assert web1.packages() == {**before, "wb-agent": "1.0", "wb-new": "1.0"}

    two = agent(tmp_path / "brought", "2.0", depends="wb-new")
    second, targets = estate.planned(*given(estate, two))
    assert targets["web1"]["checked"], targets  # version 1.0 still lies on the host
    estate.consented(second)
    estate.start(second)
    assert web1.packages()["wb-agent"] == "2.0"
    estate.change("back-out", second, "--why", "test", who="li.op")
    assert web1.packages() == {**before, "wb-agent": "1.0", "wb-new": "1.0"}
    assert web1.file("/usr/share/wb-agent/v").read_text() == "1.0"
    estate.change("back-out", first, "--why", "test", who="li.op")
    assert web1.packages() == before
    assert not list(web1.file("/tmp").glob("weibao-*"))
    estate.weibao("verify")


def test_without_the_earlier_version_there_is_no_way_back_until_it_is_brought(
    flow: Callable[..., PatchFlow], lab: Booted, tmp_path: Path
) -> None:
    web2 = lab.hosts["web2"]
    old, new = (agent(tmp_path / "brought", version) for version in ("1.0", "2.0"))
    web2.file("/root/old.deb").write_bytes(old.read_bytes())
    web2.ssh("dpkg -i /root/old.deb && rm /root/old.deb")
    before = web2.packages()
    estate = flow("web2")
    _, targets = estate.planned(*given(estate, new), fails=1)
    assert "wb-agent=1.0" in targets["web2"]["problem"]
    number, _ = estate.planned(*given(estate, new), "--earlier", str(old))
    estate.consented(number)
    estate.start(number)
    assert web2.packages() == {**before, "wb-agent": "2.0"}
    estate.change("back-out", number, "--why", "test", who="li.op")
    assert web2.packages() == before


def test_another_file_than_the_approved_one_is_not_installed(
    flow: Callable[..., PatchFlow], lab: Booted, tmp_path: Path
) -> None:
    """Somebody puts another package in the place of the one that was taken in."""
    db1 = lab.hosts["db1"]
    before = db1.packages()
    estate = flow("db1")
    number, _ = estate.planned(*given(estate, agent(tmp_path / "brought", "1.0")))
    estate.consented(number)
    kept = next((estate.folder / "var" / "supplied").glob("*/*.deb"))
    other = agent(tmp_path / "other", "1.0", depends="wb-lib")
    kept.chmod(0o600)
    kept.write_bytes(other.read_bytes())
    said = estate.start(number, "aborted")
    assert "sha256" in said
    assert db1.packages() == before


def test_an_infected_file_makes_no_change(
    flow: Callable[..., PatchFlow], lab: Booted, tmp_path: Path
) -> None:
    estate = flow("web1")
    path = agent(tmp_path / "brought", "1.0")
    check = {"command": [*scanner(tmp_path, "wb-agent"), "{file}"]}
    with (estate.folder / "weibao.yml").open("a") as stream:
        stream.write(f"\nvirus_check: {json.dumps(check)}\n")
    done = estate.weibao(
        "patch", "plan", "--limit", "web1", "--window", estate.window(), "--as", "wang.pm",
        *given(estate, path), fails=3,
    )  # fmt: skip
    assert "Test.Mark" in done.stderr
    assert estate.data("list")["changes"] == []
