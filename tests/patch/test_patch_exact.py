"""Exactly what was approved: kernels that are added, locks, hashes, marks, security (PAT-09)."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import pytest

from weibao.domain.apt_text import kept_back, phased
from weibao.domain.debian_version import sort_key
from weibao.domain.patch import HostPlan, PackageChange, PackageFile, PatchWishes
from weibao.domain.patch_gate import approved_differences, gate_problems, held_packages, left_to_do
from weibao.domain.patch_health import package_differences
from weibao.domain.patch_missing import choose, missing
from weibao.domain.patch_plan import make_host_plan, plan_lines, resolved_of
from weibao.domain.patch_traces import saved

from .judged import case, codes, judge
from .judged import facts as judged_facts
from .test_patch_rules import facts

OLD, RUNNING, NEW = "5.14.0-1.el9", "5.14.0-2.el9", "5.14.0-3.el9"
KERNEL = PackageChange(
    name="kernel-core", arch="x86_64", version=NEW, beside=(OLD, RUNNING),
    file=PackageFile(name="kernel-core", arch="x86_64", version=NEW, uri="http://x/k.rpm",
                     file="k.rpm", sha256="0" * 64),
)  # fmt: skip


def kernels(*versions: str, **given: Any) -> Any:
    rows = [["kernel-core", "x86_64", version] for version in versions]
    return judged_facts(manager="dnf", packages=rows, **given)


def row(name: str, version: str, **more: Any) -> dict[str, Any]:
    known = {"name": name, "arch": "x86_64", "version": version, "sha256": "0" * 64,
             "uri": f"http://x/{name}-{version}.rpm", "size": 10, "before": ""}  # fmt: skip
    return {**known, **more}


def of_dnf(**said: Any) -> Any:
    return facts(manager="dnf", held=[], updates={"dnf": {"error": "", **said}})


def test_a_kernel_of_dnf_is_an_addition() -> None:
    """The record is what is installed, every version of it."""
    had = kernels(OLD, RUNNING)
    made = HostPlan(manager="dnf", packages=(KERNEL,))
    assert approved_differences(had, made) == ()
    assert left_to_do(had, made.packages) == (KERNEL,)
    after = kernels(OLD, RUNNING, NEW)
    assert left_to_do(after, made.packages) == ()
    assert package_differences(had.versions, after.versions, made) == ()
    for wrong in ((RUNNING, NEW), (OLD, RUNNING), (OLD, RUNNING, NEW, "5.14.0-4.el9")):
        (found,) = package_differences(had.versions, kernels(*wrong).versions, made)
        assert found.params["found"] == ", ".join(sorted(wrong))
    meanwhile = kernels(OLD, RUNNING, "5.14.0-9.el9")
    assert [r.code for r in approved_differences(meanwhile, made)] == ["patch_changed_meanwhile"]


def test_a_kernel_is_wanted_though_it_replaces_none_and_needs_no_file_of_before() -> None:
    found, out = missing(of_dnf(upgrades=[row("kernel-core", NEW, beside=[OLD, RUNNING])]))
    chosen, _ = choose(found, out, PatchWishes())
    assert [package.nevra for package in chosen] == [f"kernel-core-{NEW}.x86_64"]
    said = {"dnf": {"resolved": [row("kernel-core", NEW, beside=[OLD, RUNNING])]}}
    made, against = make_host_plan(of_dnf(), chosen, (), resolved_of("dnf", said), PatchWishes())
    assert not against
    assert f"(new) -> {NEW}  # beside {OLD}, {RUNNING}\n" in plan_lines(made)


def test_the_way_back_removes_exactly_the_new_kernel() -> None:
    made = HostPlan(manager="dnf", packages=(KERNEL,))
    had = kernels(OLD, RUNNING)
    order = judge("back_order", case(kernels(OLD, RUNNING, NEW), made, had)).order
    assert (order["remove"], order["install"], order["files"]) == (
        [f"kernel-core-{NEW}.x86_64"], [], [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("manager", "name", "version", "kernel"),
    [
        ("dnf", "kernel-core", NEW, f"{NEW}.x86_64"),
        ("dnf", "kernel-modules-core", NEW, f"{NEW}.x86_64+debug"),
        ("apt", "linux-image-6.1.0-37-amd64", "6.1.140-1", "6.1.0-37-amd64"),
        ("apt", "linux-modules-extra-6.8.0-45-generic", "6.8.0-45.45", "6.8.0-45-generic"),
    ],
)
def test_the_kernel_that_runs_is_not_removed_under_itself(
    manager: str, name: str, version: str, kernel: str
) -> None:
    package = PackageChange(name=name, arch="x86_64", version=version)
    other = PackageChange(name="linux-image-6.1.0-3-amd64", arch="x86_64", version="1")
    made = HostPlan(manager=manager, packages=(package, other))
    rows = [[p.name, p.arch, p.version] for p in made.packages]
    had = judged_facts(packages=[], system={"boot_id": "a", "kernel": "before"})
    system = {"boot_id": "b", "kernel": kernel}
    now = judged_facts(manager=manager, packages=rows, system=system)
    asked = case(now, made, had)
    order = judge("back_order", asked).order
    assert len(order["remove"]) == 1 and "6.1.0-3" in order["remove"][0]
    assert judge("back_applied", asked).order["reboot"] is False
    left = judged_facts(manager=manager, packages=rows[:1], system=system)
    done = judge("back_done", case(left, made, had))
    assert codes(done)[0] == "patch_kernel_stays"
    assert (done.why[0].params["kernel"], done.why[0].params["earlier"]) == (kernel, "before")


def test_two_architectures_are_two_packages_of_dnf() -> None:
    rows = [row("glibc", "2", before="1", arch=arch) for arch in ("i686", "x86_64")]
    chosen, _ = choose(*missing(of_dnf(upgrades=rows)), PatchWishes())
    assert [p.named_for("dnf") for p in chosen] == ["glibc-2.i686", "glibc-2.x86_64"]
    earlier = [row("glibc", "1", arch="x86_64")]
    said = resolved_of("dnf", {"dnf": {"resolved": rows[1:], "earlier": earlier}})
    _, against = make_host_plan(of_dnf(), chosen, (), said, PatchWishes())
    assert [(r.code, r.params["detail"]) for r in against] == [("patch_unresolved", "glibc")]
    both = judged_facts(manager="dnf", packages=[["glibc", a, "1"] for a in ("i686", "x86_64")])
    now = judged_facts(manager="dnf", packages=[["glibc", "i686", "1"], ["glibc", "x86_64", "2"]])
    files = tuple(
        PackageFile(name="glibc", arch=a, version="1", file=a) for a in ("i686", "x86_64")
    )
    made = HostPlan(manager="dnf", packages=chosen, earlier=files)
    order = judge("back_order", case(now, made, both)).order
    assert [file.rpartition("/")[2] for file in order["files"]] == ["x86_64"]


def test_what_is_locked_is_listed_and_left_out_and_never_passed_over() -> None:
    kept = [row("bash", "6", held=True), row("dep", "2", held=False)]
    _, out = missing(of_dnf(kept=kept))
    assert [(o.name, o.version, o.reason.code) for o in out] == [
        ("bash.x86_64", "6", "patch_held"), ("dep.x86_64", "2", "patch_kept_back"),
    ]  # fmt: skip
    locked = kernels(OLD, RUNNING, held=["kernel-core"])
    made = HostPlan(manager="dnf", packages=(KERNEL,))
    assert [r.code for r in held_packages(locked, made)] == ["patch_needs_held"]
    for stage in ("gate", "order"):  # locked since the plan was made
        assert "patch_needs_held" in codes(judge(stage, case(locked, made, locked)))
    done = kernels(OLD, RUNNING, NEW, held=["kernel-core"])
    assert held_packages(done, made) == ()


def test_a_file_that_nothing_proves_is_refused_and_one_by_its_signature_named() -> None:
    chosen, _ = choose(*missing(of_dnf(upgrades=[row("a", "2", before="1")])), PatchWishes())
    for old, new, signed, expected in (
        ("0" * 64, "", False, ["patch_no_digest"]),
        ("", "0" * 64, False, ["patch_no_digest"]),
        ("", "", True, []),
    ):
        rows = [row("a", "2", before="1", sha256=new, signed=signed)]
        earlier = [row("a", "1", sha256=old, signed=signed)]
        said = resolved_of("dnf", {"dnf": {"resolved": rows, "earlier": earlier}})
        made, against = make_host_plan(of_dnf(), chosen, (), said, PatchWishes())
        assert [reason.code for reason in against] == expected
        assert ("note: patch_by_signature (a)" in plan_lines(made)) is signed


def test_what_came_by_itself_is_marked_so_again() -> None:
    def package(name: str, before: str = "1", **more: Any) -> PackageChange:
        return PackageChange(name=name, before=before, version="2", **{"arch": "amd64", **more})

    made = HostPlan(manager="apt", packages=(
        package("asked"), package("auto"), package("fits", arch="all"), package("lib:i386"),
        package("lib"), package("new", before=""), package("theirs", before="", supplied=True),
    ))  # fmt: skip
    rows = [[n, "amd64", "1"] for n in ("asked", "auto", "lib")]
    rows += [["fits", "all", "1"], ["lib", "i386", "1"]]
    auto = [["auto", "amd64"], ["fits", "amd64"], ["lib", "i386"]]
    had = judged_facts(packages=rows, auto=auto)
    rows = [[p.plain[0], p.arch if p.name != "lib:i386" else "i386", "2"] for p in made.packages]
    after = judged_facts(packages=rows, auto=[["auto", "amd64"]])
    order = judge("applied", case(after, made, had)).order
    assert list(order["automatic"]) == ["fits", "lib:i386", "new"]
    marked = [["auto", "amd64"], ["fits", "amd64"], ["lib", "i386"], ["new", "amd64"]]
    order = judge("applied", case(judged_facts(packages=rows, auto=marked), made, had)).order
    assert (list(order["automatic"]), order["left"]) == ([], False)
    of_dnf = made.model_copy(update={"manager": "dnf"})  # it keeps its marks by itself
    assert judge("applied", case(after, of_dnf, had)).order["automatic"] == []
    back = judge("back_order", case(after, made, had)).order
    assert back["automatic"] == ["auto", "fits", "lib:i386"]
    assert back["remove"] == ["new", "theirs"]


@pytest.mark.parametrize(("manager", "repaired"), [("apt", True), ("dnf", False)])
def test_only_what_dpkg_left_half_done_is_finished_first(manager: str, repaired: bool) -> None:
    tool = PackageChange(name="wb-tool", arch="amd64", before="1", version="2")
    now = judged_facts(manager=manager, broken="cut off")
    made = HostPlan(manager=manager, packages=(tool,))
    order = judge("order", case(now, made, now)).order
    assert order.get("repair", False) is repaired


def test_two_versions_that_a_killed_rpm_left_are_mended_both_ways() -> None:
    """What is to come counts as not there, and is installed as it always would be."""
    files = {
        version: PackageFile(name="wr", arch="noarch", version=version, file=f"wr-{version}.rpm")
        for version in ("1:1-1", "1:2-1")
    }
    both = PackageChange(name="wr", arch="noarch", before="1:1-1", version="1:2-1",
                         file=files["1:2-1"])  # fmt: skip
    made = HostPlan(manager="dnf", packages=(both,), earlier=(files["1:1-1"],))
    was = judged_facts(manager="dnf", packages=[["wr", "noarch", "1:1-1"]])
    rows = [["wr", "noarch", version] for version in files]
    now = judged_facts(manager="dnf", packages=rows, broken="twice: wr wr")
    forward = judge("order", case(now, made, was)).order
    assert (forward["repair"], forward["twice"]) == (True, ["wr-2-1.noarch"])
    assert [f.rpartition("/")[2] for f in forward["files"]] == ["wr-1:2-1.rpm"]
    back = judge("back_order", case(now, made, was)).order
    assert back["twice"] == ["wr-1-1.noarch"]
    assert [f.rpartition("/")[2] for f in back["files"]] == ["wr-1:1-1.rpm"]
    assert judge("back_order", case(was, made, was)).order == {"needed": False}


def test_an_edited_file_that_rpm_laid_aside_is_put_back(tmp_path: Path) -> None:
    lib = PackageChange(name="libssl3", arch="amd64", before="1", version="2")
    now = judged_facts(leftovers=["/etc/a.conf.rpmsave", "/etc/b.conf.rpmnew"])
    order = judge("applied", case(now, HostPlan(packages=(lib,)))).order
    assert order["saved"] == ["/etc/a.conf.rpmsave"]
    # rpm writes over an older one; a reading of an earlier version does not know what was in it.
    old = {"/etc/a.conf.rpmsave": "old", "/etc/b.conf.rpmsave": "same"}
    new = {**old, "/etc/a.conf.rpmsave": "new", "/etc/c.conf.rpmorig": "mine"}
    assert saved(old, new) == ("/etc/a.conf.rpmsave", "/etc/c.conf.rpmorig")
    assert saved(judged_facts(leftovers=[*old]).leftovers, new) == ("/etc/c.conf.rpmorig",)
    module = importlib.import_module("ansible_collections.weibao.core.plugins.modules.put_in_force")
    edited, place = tmp_path / "a.conf.rpmsave", tmp_path / "a.conf"
    edited.write_text("edited")
    edited.chmod(0o640)
    assert module.put_back(str(edited)) == ""  # the package brings none any more
    assert edited.read_text() == "edited"
    for text in ("theirs", "theirs once more"):
        edited.write_text("edited")
        edited.chmod(0o640)
        place.unlink(missing_ok=True)
        place.write_text(text)
        assert module.put_back(str(edited)) == str(place)
        assert (place.read_text(), place.stat().st_mode & 0o777) == ("edited", 0o640)
        assert text in {beside.read_text() for beside in tmp_path.glob("a.conf.rpmnew*")}
        assert not edited.exists()
    assert module.put_back(str(edited)) == ""
    assert len([*tmp_path.glob("a.conf.rpmnew*")]) == 2  # none is lost
    strange = os.fsdecode(b"caf\xe9")  # no UTF-8
    for name in (strange, strange + ".rpmsave"):
        (tmp_path / name).write_text(name[4:])
    assert module.put_back(f"{tmp_path}/caf\\xe9.rpmsave") == f"{tmp_path}/caf\\xe9"
    assert (tmp_path / strange).read_text() == ".rpmsave"


def test_an_edited_file_that_is_not_in_force_is_never_told_as_kept() -> None:
    """That is what rpm's .rpmsave means."""
    lib = PackageChange(name="libssl3", arch="amd64", before="1", version="2")
    now = judged_facts(leftovers=["/etc/a.conf.rpmsave", "/etc/b.conf.rpmnew"])
    judged = judge("verify", case(now, HostPlan(packages=(lib,))))
    told = {note.code: note.params["files"] for note in judged.notes}
    assert told == {
        "patch_conffiles_kept": "/etc/b.conf.rpmnew",
        "patch_conffiles_replaced": "/etc/a.conf.rpmsave",
    }


UPDATES = "Inst a [1-1] (1-3 Ubuntu:22.04/jammy-updates [amd64])\n"


@pytest.mark.parametrize(
    ("version", "security"), [("1-2", True), ("1-3", True), ("1-1", False), ("1-4", False)]
)
def test_a_fix_that_something_newer_took_the_place_of_is_still_a_security_update(
    version: str, security: bool
) -> None:
    """Ubuntu's -updates holds what -security fixed, often in a newer version."""
    said = (
        " a | 1-3 | http://archive.ubuntu.com/ubuntu jammy-updates/main amd64 Packages\n"
        f" a | {version} | http://security.ubuntu.com/ubuntu jammy-security/main amd64 Packages\n"
    )
    updates = {"upgrade": {"out": UPDATES}, "full": {"out": UPDATES}, "sources": {"out": said}}
    ((package,), _) = missing(facts(updates=updates))
    assert package.security is security


def test_what_a_distribution_hands_out_by_and_by_is_left_out_and_said_so() -> None:
    text = "The following upgrades have been deferred due to phasing:\n  a b\n" + UPDATES
    assert (phased(text), kept_back(text)) == (("a", "b"), ())
    _, out = missing(facts(updates={"upgrade": {"out": text}, "full": {"out": UPDATES}}))
    assert {(left.name, left.reason.code) for left in out} == {("b", "patch_phased")}


def test_versions_sort_as_dpkg_sorts_them() -> None:
    """Tried against apt's own comparison with 600000 random pairs; these are the corners."""
    row = ["0~", "0", "1.0~rc1-1", "1.0", "1.0-1~deb12u1", "1.0-1", "1.0-1+b1", "1.0-1.1",
           "1.0a", "1.0+dfsg", "1.10", "1:0"]  # fmt: skip
    mixed = row[::2] + row[1::2]
    assert sorted(mixed, key=sort_key) == row
    assert sort_key("1.0") == sort_key("0:1.0-0")


def test_without_python3_apt_a_host_is_not_touched() -> None:
    """Ansible would install it first, which nobody approved."""
    none = facts(packages=[["libssl3", "amd64", "3.0.15-1"]])
    found = [reason.code for reason in gate_problems(none, HostPlan(), PatchWishes())]
    assert found == ["patch_no_python_apt"]
