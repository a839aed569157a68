"""The rules of patching, without any host: what is missing, planned, let through, worse."""

from __future__ import annotations

from typing import Any

from weibao.domain.patch import HostPlan, LeftOut, PackageChange, PatchWishes, Probe
from weibao.domain.patch_facts import Facts
from weibao.domain.patch_files import changed_files, their_files
from weibao.domain.patch_gate import (
    approved_differences,
    gate_problems,
    left_to_do,
    resumed_problems,
    space_problems,
)
from weibao.domain.patch_health import health_of, package_differences, worse
from weibao.domain.patch_missing import (
    choose,
    missing,
    newest,
    reboot_reasons,
    stale_units,
    status_of,
)
from weibao.domain.patch_plan import make_host_plan, plan_lines, resolved_of

UPGRADE = """\
Reading package lists...
The following packages have been kept back:
  linux-image-amd64 nginx
The following packages will be upgraded:
  libssl3 openssl
Inst libssl3 [3.0.15-1] (3.0.17-1 Debian:12.11/stable, Debian-Security:12/stable-security [amd64])
Inst openssl [3.0.15-1] (3.0.16-1 Debian:12.11/stable [amd64]) []
Conf libssl3 (3.0.17-1 Debian:12.11/stable [amd64])
"""
FULL = (
    UPGRADE
    + """\
Inst linux-image-6.1.0-37-amd64 (6.1.140-1 Debian:12.11/stable [amd64])
Inst linux-image-amd64 [6.1.137-1] (6.1.140-1 Debian:12.11/stable [amd64])
"""
)
MB = 1 << 20


def facts(**given: Any) -> Facts:
    known: dict[str, Any] = {
        "manager": "apt",
        "system": {"name": "Debian 12", "kernel": "6.1.0-35-amd64", "kernels": ["6.1.0-35-amd64"],
                   "boot_id": "a"},
        "packages": [["libssl3", "amd64", "3.0.15-1"], ["openssl", "amd64", "3.0.15-1"],
                     ["python3-apt", "amd64", "2.6.0"]],
        "held": ["nginx"],
        "updates": {"upgrade": {"out": UPGRADE}, "full": {"out": FULL}},
        "units": {"failed": [], "active": ["ssh.service", "user@0.service"], "known": True},
        "listening": ["tcp/0.0.0.0:22", "tcp/127.0.0.1:41234"],
        "disks": {"/": {"free": 5000 * MB, "device": 1}, "/var": {"free": 5000 * MB, "device": 1}},
        "clock": {"host": 100.0, "asked": 100.0},
    }  # fmt: skip
    return Facts.model_validate({**known, **given})


def plan(**given: Any) -> HostPlan:
    package = PackageChange(name="libssl3", arch="amd64", before="3.0.15-1", version="3.0.17-1")
    return HostPlan(manager="apt", packages=(package,), **given)


def codes(reasons: Any) -> list[str]:
    return [reason.code for reason in reasons]


def test_missing_is_what_apt_would_install_and_the_rest_is_left_out_with_a_reason() -> None:
    found, out = missing(facts())
    assert [(p.name, p.before, p.version, p.security) for p in found] == [
        ("libssl3", "3.0.15-1", "3.0.17-1", True),
        ("openssl", "3.0.15-1", "3.0.16-1", False),
    ]
    assert {left.name: left.reason.code for left in out} == {
        "linux-image-amd64": "patch_kept_back",
        "nginx": "patch_held",
    }


def test_a_list_that_could_not_be_fetched_is_never_up_to_date() -> None:
    state = status_of(
        facts(refresh={"rc": 100, "error": "Could not connect"}, updates={}),
        device="a", contract="default", run_id="r", at=_now(), evidence=(),
    )  # fmt: skip
    assert (state.checked, state.missing) == (False, ())
    assert state.problem is not None and state.problem.code == "patch_lists_unreadable"


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 11, 23, tzinfo=UTC)


def test_only_what_is_wanted_is_chosen() -> None:
    found, out = missing(facts())
    chosen, left = choose(found, out, PatchWishes(select="security"))
    assert [p.name for p in chosen] == ["libssl3"]
    assert ("openssl", "patch_no_security") in [(o.name, o.reason.code) for o in left]
    chosen, _ = choose(found, out, PatchWishes(exclude=("open*",)))
    assert [p.name for p in chosen] == ["libssl3"]
    chosen, _ = choose(found, out, PatchWishes(select="named", packages=("openssl",)))
    assert [p.name for p in chosen] == ["openssl"]


def resolved(earlier: bool | dict[str, str] = True, **more: Any) -> Any:
    digest = "0" * 64
    uri = f"'http://x/libssl3_3.0.17-1_amd64.deb' libssl3_3.0.17-1_amd64.deb 10 SHA256:{digest}\n"
    old = f"'http://x/libssl3_3.0.15-1_amd64.deb' libssl3_3.0.15-1_amd64.deb 9 SHA256:{digest}\n"
    said = {
        "install": {"out": "Inst libssl3 [3.0.15-1] (3.0.17-1 Debian:12/stable [amd64])\n"},
        "uris": {"out": uri},
        "earlier": earlier if isinstance(earlier, dict) else {"libssl3": old if earlier else ""},
        "details": "Package: libssl3\nVersion: 3.0.17-1\nInstalled-Size: 6000\n",
    }
    return resolved_of("apt", {**said, **more})


def test_the_plan_has_exact_files_for_the_way_there_and_back() -> None:
    chosen, _ = choose(*missing(facts()), PatchWishes(select="security"))
    left = (LeftOut(name="nginx", reason=facts_reason()),)
    made, against = make_host_plan(facts(), chosen, left, resolved(), PatchWishes())
    assert not against
    assert made.packages[0].file is not None and made.packages[0].file.sha256 == "0" * 64
    assert [(f.name, f.version) for f in made.earlier] == [("libssl3", "3.0.15-1")]
    assert made.packages[0].growth == 6000 * 1024 and made.download == 19
    assert plan_lines(made).startswith("libssl3 [amd64]: 3.0.15-1 -> 3.0.17-1  # security\n")


def facts_reason() -> Any:
    from weibao.domain.reasons import Reason

    return Reason.of("patch_held")


def test_the_plan_names_what_restarts_the_host_and_that_no_backup_is_made() -> None:
    bus = facts(services={"dbus.service": {"packages": ["libssl3"]}})
    made, _ = make_host_plan(bus, (), (), resolved(), PatchWishes())
    assert made.reboot
    assert "note: patch_reboot_for (libssl3)\n" in plan_lines(made)
    made, _ = make_host_plan(bus, (), (), resolved(), PatchWishes(reboot="never"))
    assert (made.reboot, made.notes) == (False, ())
    made, _ = make_host_plan(facts(), (), (), resolved(), PatchWishes(reboot="always"))
    assert made.reboot
    snapshot = PatchWishes(backup=False, snapshots=("/etc",))
    made, _ = make_host_plan(facts(), (), (), resolved(), snapshot)
    assert codes(made.notes) == ["patch_snapshot_only"]


def test_without_the_earlier_file_there_is_no_way_back_and_no_plan() -> None:
    chosen, _ = choose(*missing(facts()), PatchWishes(select="security"))
    _, against = make_host_plan(facts(), chosen, (), resolved(earlier=False), PatchWishes())
    assert codes(against) == ["patch_no_way_back"]
    _, against = make_host_plan(
        facts(), chosen, (), resolved(earlier=False), PatchWishes(need_way_back=False)
    )
    assert not against


def test_a_file_of_another_architecture_is_no_way_back() -> None:
    """Hosts with 32-bit libraries have both, of one name and one version."""
    chosen, _ = choose(*missing(facts()), PatchWishes(select="security"))
    old = f"'http://x/o' libssl3_3.0.15-1_i386.deb 9 SHA256:{'1' * 64}\n"
    _, against = make_host_plan(
        facts(), chosen, (), resolved(earlier={"libssl3": old}), PatchWishes()
    )
    assert codes(against) == ["patch_no_way_back"]


def test_an_upgrade_that_removes_or_changes_its_mind_is_refused() -> None:
    chosen, _ = choose(*missing(facts()), PatchWishes(select="security"))
    text = "Remv exim4 [4.96]\nInst libssl3 [3.0.15-1] (3.0.18-1 Debian:12/stable [amd64])\n"
    _, against = make_host_plan(
        facts(), chosen, (), resolved(install={"out": text}), PatchWishes(need_way_back=False)
    )
    assert {"patch_removes", "patch_unresolved"} <= set(codes(against))
    failed = resolved(install={"rc": 100, "err": "Version not found"})
    assert failed.problem is not None and failed.problem.code == "patch_unresolved"


def test_what_is_excluded_or_on_hold_is_not_drawn_in_by_another_package() -> None:
    """Resolving brings in what a chosen package needs, whatever was asked to stay."""
    text = (
        "Inst libssl3 [3.0.15-1] (3.0.17-1 Debian:12/stable [amd64])\n"
        "Inst linux-image-6.1.0-37-amd64 (6.1.140-1 Debian:12/stable [amd64])\n"
        "Inst nginx:i386 [1.1] (1.2 Debian:12/stable [i386])\n"
    )
    said = resolved(install={"out": text})
    wishes = PatchWishes(need_way_back=False, exclude=("linux-image-*",))
    _, against = make_host_plan(facts(), (), (), said, wishes)
    named = {reason.code: reason.params["packages"] for reason in against}
    assert named["patch_needs_excluded"] == "linux-image-6.1.0-37-amd64"
    assert named["patch_needs_held"] == "nginx:i386"
    free = facts(held=[])
    _, against = make_host_plan(free, (), (), said, PatchWishes(need_way_back=False))
    assert codes(against) == ["patch_no_file"]


def test_the_gate_names_everything_that_stands_against_it() -> None:
    assert gate_problems(facts(), plan(), PatchWishes()) == ()
    bad = facts(
        clock={"host": 200.0, "asked": 100.0},
        lock="12 apt-get",
        broken="half installed",
        units={"failed": ["a.service", "b.service"], "known": True},
        probes=[Probe(name="page", kind="http", ok=False, said="refused").model_dump()],
    )
    assert codes(gate_problems(bad, plan(), PatchWishes(known_failed=("b.service",)))) == [
        "patch_clock_off", "patch_locked", "patch_database_broken", "patch_units_failed",
        "patch_probe_failed",
    ]  # fmt: skip
    assert codes(gate_problems(facts(units=None), plan(), PatchWishes())) == ["patch_not_read"]


def test_room_is_counted_once_for_each_file_system() -> None:
    big = plan().model_copy(
        update={"packages": (plan().packages[0].model_copy(update={"growth": 400 * MB}),)}
    )
    full = {"/": {"free": 500 * MB, "device": 1}, "/usr": {"free": 500 * MB, "device": 1}}
    assert codes(space_problems(facts(disks=full), big, PatchWishes())) == ["patch_no_space"]
    assert not space_problems(facts(disks=full), plan(), PatchWishes())


def test_all_that_comes_to_lie_on_one_file_system_is_added_up() -> None:
    package = plan().packages[0].model_copy(update={"growth": 300 * MB, "size": 200 * MB})
    made = plan().model_copy(update={"packages": (package,)})
    one = {path: {"free": 600 * MB, "device": 1} for path in ("/", "/var", "/var/lib")}
    assert codes(space_problems(facts(disks=one), made, PatchWishes())) == ["patch_no_space"]
    two = {**one, "/var": {"free": 600 * MB, "device": 2}, "/var/lib": {"free": 1, "device": 2}}
    assert not space_problems(facts(disks=two), made, PatchWishes())


def test_room_is_wanted_where_packages_are_laid_ready() -> None:
    package = plan().packages[0].model_copy(update={"size": 200 * MB})
    made = plan().model_copy(update={"packages": (package,)})
    disks = {path: {"free": 5000 * MB, "device": 1} for path in ("/", "/var", "/var/lib")}
    assert not space_problems(facts(disks=disks), made, PatchWishes())
    disks["/var/lib/weibao"] = {"free": 300 * MB, "device": 2}
    found = space_problems(facts(disks=disks), made, PatchWishes())
    assert [(r.code, r.params["path"]) for r in found] == [("patch_no_space", "/var/lib/weibao")]


def test_a_file_system_that_is_full_of_files_is_full() -> None:
    def disks(inodes: int, all_inodes: int) -> dict[str, Any]:
        disk = {"free": 5000 * MB, "device": 1, "inodes": inodes, "all_inodes": all_inodes}
        return {"/": disk, "/var": disk}

    full = facts(disks=disks(500, 100_000))
    assert codes(space_problems(full, plan(), PatchWishes())) == ["patch_no_inodes"]
    assert not space_problems(facts(disks=disks(9000, 100_000)), plan(), PatchWishes())
    assert not space_problems(facts(disks=disks(0, 0)), plan(), PatchWishes())  # has no such limit


def test_a_package_that_is_neither_as_planned_nor_as_approved_stops_the_host() -> None:
    assert not approved_differences(facts(), plan())
    done = facts(packages=[["libssl3", "amd64", "3.0.17-1"]])
    assert not approved_differences(done, plan())
    other = facts(packages=[["libssl3", "amd64", "3.0.16-1"]])
    assert codes(approved_differences(other, plan())) == ["patch_changed_meanwhile"]


def test_worse_is_what_was_well_and_is_not() -> None:
    before = health_of(facts(probes=[Probe(name="page", kind="http").model_dump()]))
    assert "user@0.service" not in before.active
    assert worse(before, before) == ()
    after = health_of(
        facts(
            units={"failed": ["ssh.service"], "active": ["new.service"], "known": True},
            listening=["tcp/0.0.0.0:8080"],
            probes=[Probe(name="page", kind="http", ok=False).model_dump()],
            log=[{"unit": "kernel", "priority": 2, "message": "disk 12 died at 0xabc"}],
        )
    )
    assert codes(worse(before, after)) == [
        "patch_units_now_failed", "patch_ports_gone", "patch_probe_now_failed", "patch_log_lines",
    ]  # fmt: skip


def test_two_probes_of_one_name_do_not_hide_each_other() -> None:
    """A probe without a name is named after its kind."""

    def reading(*well: bool) -> Any:
        probes = [Probe(name="http", kind="http", ok=ok).model_dump() for ok in well]
        return health_of(facts(probes=probes))

    for after in ((False, True), (True, False), (True,)):
        assert codes(worse(reading(True, True), reading(*after))) == ["patch_probe_now_failed"]
    assert worse(reading(False, True), reading(True, True)) == ()
    assert worse(reading(False, True), reading(False, True)) == ()


def test_a_systemd_that_says_nothing_is_not_all_well() -> None:
    silent = facts(system={"systemd": True}, units={"known": False})
    assert codes(gate_problems(silent, plan(), PatchWishes())) == ["patch_not_read"]
    assert codes(gate_problems(facts(log=None), plan(), PatchWishes())) == ["patch_not_read"]
    none = facts(system={"systemd": False}, units={"known": False})
    assert gate_problems(none, plan(), PatchWishes()) == ()


def test_a_log_line_that_was_there_before_with_other_numbers_is_not_new() -> None:
    def reading(message: str) -> Any:
        return health_of(facts(log=[{"unit": "a", "priority": 2, "message": message}]))

    assert worse(reading("job 12 failed at 0xdead"), reading("job 13 failed at 0xbeef")) == ()


def test_a_service_that_is_started_again_and_again_does_worse() -> None:
    """Between two crashes it is active, and its port may listen."""

    def reading(times: int, age: float, boot: str = "a") -> Any:
        units = {"active": ["web.service"], "known": True, "starts": {"web.service": [times, age]}}
        system = {"boot_id": boot, "systemd": True}
        return health_of(facts(units=units, system=system))

    calm, looping = reading(0, 900), reading(1, 3)
    assert codes(worse(calm, looping)) == ["patch_units_restless"]
    assert codes(worse(reading(5, 900), reading(2, 900))) == ["patch_units_restless"]
    assert codes(worse(calm, reading(2, 900))) == ["patch_units_restless"]
    assert worse(looping, reading(4, 2)) == ()  # it did so before
    assert worse(reading(5, 100), reading(5, 900)) == ()
    # While the host starts, for something was not there yet, and well since.
    assert worse(calm, reading(1, 30, boot="b")) == ()
    assert worse(reading(3, 900), reading(4, 30, boot="b")) == ()
    assert worse(reading(3, 900), reading(2, 30, boot="b")) == ()
    assert codes(worse(calm, reading(4, 30, boot="b"))) == ["patch_units_restless"]


def test_ports_of_udp_and_high_ports_are_compared() -> None:
    def gone(before: list[str], after: list[str]) -> list[str]:
        found = worse(health_of(facts(listening=before)), health_of(facts(listening=after)))
        return [port for reason in found for port in str(reason.params["ports"]).split(", ")]

    assert gone(["udp/0.0.0.0:161"], []) == ["udp/0.0.0.0:161"]
    assert gone(["udp/0.0.0.0:50123", "udp/0.0.0.0:833"], []) == []  # chosen by chance
    assert gone(["tcp/0.0.0.0:50013"], []) == ["tcp/0.0.0.0:50013"]
    assert gone(["tcp/0.0.0.0:50013"], ["tcp/0.0.0.0:44001"]) == []
    assert gone(["tcp/127.0.0.1:50013", "tcp/[::1]:50013"], []) == []


def test_a_log_that_is_too_long_to_be_read_is_not_well() -> None:
    before, after = health_of(facts()), health_of(facts(log_cut=True))
    assert codes(worse(before, after)) == ["patch_log_cut"]
    assert worse(after, before) == ()


def test_packages_are_exactly_those_of_before_with_the_approved_changes() -> None:
    before = facts().versions
    rest = [["python3-apt", "amd64", "2.6.0"]]
    both = [["libssl3", "amd64", "3.0.17-1"], ["openssl", "amd64", "3.0.15-1"], *rest]
    good = facts(packages=both)
    assert package_differences(before, good.versions, plan()) == ()
    both = [["libssl3", "amd64", "3.0.17-1"], ["openssl", "amd64", "3.0.16-1"], *rest]
    more = facts(packages=both)
    found = package_differences(before, more.versions, plan())
    assert [(r.params["package"], r.params["found"]) for r in found] == [("openssl", "3.0.16-1")]


def test_a_package_of_another_architecture_is_compared_for_itself() -> None:
    both = [["libssl3", "amd64", "3.0.15-1"], ["libssl3", "i386", "3.0.15-1"]]
    before = facts(packages=both).versions
    one = facts(packages=both[:1])
    found = package_differences(before, one.versions, HostPlan())
    assert [(r.params["package"], r.params["found"]) for r in found] == [("libssl3:i386", "-")]
    half = facts(packages=[["libssl3", "amd64", "3.0.17-1"], both[1]])
    foreign = PackageChange(name="libssl3:i386", arch="i386", before="3.0.15-1", version="3.0.17-1")
    approved = plan().model_copy(update={"packages": (*plan().packages, foreign)})
    found = package_differences(before, half.versions, approved)
    assert [r.params["package"] for r in found] == ["libssl3:i386"]
    assert left_to_do(half, approved.packages) == (foreign,)
    gone = approved_differences(one, approved)
    assert [(r.params["package"], r.params["now"]) for r in gone] == [("libssl3:i386", "-")]


def test_a_package_that_comes_to_fit_every_host_is_still_the_same_one() -> None:
    before = facts(packages=[["tool", "amd64", "1"]])
    after = facts(packages=[["tool", "all", "2"]])
    for arch, here, there in (("all", before, after), ("amd64", after, before)):
        new = min(there.versions["tool"])
        package = PackageChange(name="tool", arch=arch, before="x", version=new)
        made = HostPlan(packages=(package,))
        assert package_differences(here.versions, there.versions, made) == ()
        assert package.installed(here.versions) == min(here.versions["tool"])


def test_files_that_change_by_themselves_do_not_count() -> None:
    before = {"/etc/ld.so.cache": "1", "/etc/passwd": "1", "/etc/gone": "1"}
    assert changed_files(before, {"/etc/ld.so.cache": "2", "/etc/passwd": "2"}) == (
        "/etc/gone", "/etc/passwd",
    )  # fmt: skip


def test_what_people_changed_is_told_from_what_the_patch_changed() -> None:
    before = {"/etc": "folder:0755:0:0", "/etc/a": "1", "/etc/b": "1", "/etc/shadow": "1"}
    started = {"/etc/a": "by hand"}
    patched = {**before, "/etc/a": "by hand", "/etc/b": "2", "/etc/shadow": "2", "/etc/n": "2"}
    settled = {path: patched[path] for path in ("/etc/a", "/etc/b", "/etc/shadow", "/etc/n")}
    assert their_files(before, started, None, patched) == {"/etc/a": "by hand"}
    assert their_files(before, started, settled, patched) == {"/etc/a": "by hand"}
    # A patch that was not found well: once people may have changed passwords, these stay.
    late = their_files(before, started, None, patched, is_late=True)
    assert late == {"/etc/a": "by hand", "/etc/shadow": "2"}
    later = {**patched, "/etc/b": "3", "/etc/c": "3", "/etc/shadow": "3",
             "/etc/d": "folder:0755:0:0", "/etc/d/e": "3"}  # fmt: skip
    # Accounts and passwords of people stay; a file of the patch goes back, whatever became of it.
    assert [*their_files(before, started, settled, later)] == [
        "/etc/a", "/etc/c", "/etc/d", "/etc/d/e", "/etc/shadow",
    ]  # fmt: skip


def test_without_a_backup_only_snapshots_of_everything_let_a_host_through() -> None:
    def against(**wishes: Any) -> list[str]:
        return codes(gate_problems(facts(), plan(), PatchWishes(**wishes)))

    data = ("/srv/app",)
    assert against(backup=False) == ["patch_unprotected"]
    assert against(backup=False, snapshots=data) == ["patch_unprotected"]
    assert against(backup=False, snapshots=("/et",)) == ["patch_unprotected"]
    assert against(backup=False, snapshots=("/etc/",)) == []
    assert against(backup=False, snapshots=("/etc",), backup_paths=data) == ["patch_unprotected"]
    assert against(backup=False, snapshots=("/",), backup_paths=data) == []


def test_a_host_is_looked_at_again_before_a_resumed_run_goes_on() -> None:
    failed = {"units": {"failed": ["db.service"], "known": True}}
    wrong = {"clock": {"host": 200.0, "asked": 100.0}}
    two = plan().model_copy(
        update={
            "packages": (*plan().packages, PackageChange(name="openssl", before="3.0.15-1",
                                                         version="3.0.16-1")),
        }
    )  # fmt: skip
    assert codes(resumed_problems(facts(**failed), two, PatchWishes())) == ["patch_units_failed"]
    half = {"packages": [["libssl3", "amd64", "3.0.17-1"], ["openssl", "amd64", "3.0.15-1"]]}
    assert resumed_problems(facts(**failed, **half), two, PatchWishes()) == ()
    found = resumed_problems(facts(**failed, **half, **wrong), two, PatchWishes())
    assert codes(found) == ["patch_clock_off"]
    assert resumed_problems(facts(lock="12 apt-get"), two, PatchWishes()) == ()


def test_kernels_are_compared_by_their_numbers() -> None:
    assert newest(["6.1.0-9-amd64", "6.1.0-35-amd64", "5.10.0-40-amd64"]) == "6.1.0-35-amd64"
    system = {"kernel": "6.1.0-9-amd64", "kernels": ["6.1.0-9-amd64", "6.1.0-35-amd64"]}
    assert codes(reboot_reasons(facts(system=system))) == ["patch_kernel_older"]
    assert not reboot_reasons(facts(system={**system, "container": "lxc"}))


def test_a_service_that_runs_replaced_code_is_found() -> None:
    services = {
        "a.service": {"packages": ["libssl3"], "started": 10.0},
        "b.service": {"packages": ["libssl3"], "started": 99.0},
        "c.service": {"packages": ["zlib1g"], "started": 10.0, "deleted": ["/usr/lib/x.so"]},
    }
    found = facts(services=services)
    assert stale_units(found, ["libssl3"], since=50.0) == ("a.service", "c.service")
