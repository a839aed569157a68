"""What is decided between two tasks of a patch window, without any host."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

from weibao.bootstrap.judge_patch import _one_line
from weibao.domain.patch import HostPlan
from weibao.domain.patch_missing import unknown_everywhere
from weibao.services.patch.case import Judged

from .judged import LIB, case, codes, facts, judge


def test_a_host_restarts_only_where_the_approver_was_shown_so() -> None:
    """A package's script may ask for a restart that no plan can foresee."""
    asks = facts(reboot={"required": True, "packages": ["libssl3"]})
    for wishes in ("if_needed", "always"):
        shown = case(asks, HostPlan(packages=(LIB,), reboot=True), reboot=wishes)
        assert judge("applied", shown).order["reboot"] is True
        hidden = judge("applied", case(asks, HostPlan(packages=(LIB,)), reboot=wishes))
        assert hidden.order["reboot"] is False
        assert codes(hidden) == ["patch_reboot_pending"]
    verified = judge("verify", case(asks, HostPlan(packages=(LIB,))))
    assert verified.ok and codes(verified) == ["patch_reboot_pending"]


def test_no_patch_where_nothing_holds_what_it_was() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    for stage in ("gate", "prepare", "record", "order"):
        now = facts(packages=[["libssl3", "amd64", "1"]])
        found = judge(stage, case(now, made, backup=False))
        assert "patch_unprotected" in codes(found), stage
        assert not found.ok
    missing = case(facts(), made, backup=False, snapshots=("/etc",))
    assert "patch_no_snapshot" in codes(judge("record", missing))


def test_only_services_that_the_approver_was_shown_are_restarted() -> None:
    """Others may run old code since an update of long ago; they are named."""
    services = {
        "web.service": {"packages": ["libssl3"], "deleted": ["/usr/lib/a.so"], "started": 1},
        "old.service": {"packages": ["zlib1g"], "deleted": ["/usr/lib/z.so"], "started": 1},
        "init.scope": {"packages": ["zlib1g"], "deleted": ["/usr/lib/z.so"], "started": 1},
    }
    made = HostPlan(manager="apt", packages=(LIB,), restarts=("web.service",))
    order = judge("applied", case(facts(services=services), made)).order
    assert (order["restart"], order["reexec"]) == (["web.service"], False)
    now = facts(services={"old.service": services["old.service"]})
    verified = judge("verify", case(now, made))
    assert verified.ok
    assert [(r.code, r.params["units"]) for r in verified.notes] == [
        ("patch_stale_left", "old.service")
    ]
    was = facts(
        packages=[["libssl3", "amd64", "1"]], units={"known": True, "active": ["db.service"]}
    )
    back = judge("back_applied", case(facts(services=services), made, was)).order
    assert back["restart"] == ["db.service", "web.service"]


def test_the_log_counts_since_the_host_was_read_before() -> None:
    was = facts(packages=[["libssl3", "amd64", "1"]], clock={"host": 1234.5})
    order = judge("expect", case(facts(), HostPlan(packages=(LIB,)), was)).order
    assert order["since"] == 1234.5


def test_a_clock_that_follows_no_time_source_is_told() -> None:
    was = facts(packages=[["libssl3", "amd64", "1"], ["python3-apt", "amd64", "2"]])
    for said, notes in (("yes", []), ("no", ["patch_clock_not_in_step"]), ("", [])):
        now = was.model_copy(update={"clock": was.clock.model_copy(update={"synchronised": said})})
        judged = judge("gate", case(now, HostPlan(manager="apt", packages=(LIB,))))
        assert judged.ok and codes(judged) == notes


def test_why_nothing_was_installed_is_said_and_not_only_that_it_was_not() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    old = [["libssl3", "amd64", "1"], ["python3-apt", "amd64", "1"]]
    ill = facts(packages=old, units={"known": True, "failed": ["db.service"]})
    asked = case(ill, made, facts(packages=old))
    assert codes(judge("order", asked)) == ["patch_units_failed"]
    told = judge("applied", replace(asked, facts=facts(packages=old)))
    assert [(r.code, r.params) for r in told.why] == [
        ("patch_units_failed", {"units": "db.service"})
    ]
    again = replace(asked, facts=facts(packages=old))
    assert judge("order", again).ok
    assert codes(judge("applied", again)) == ["patch_package_differs"]


def planned(*names: str) -> Judged:
    packages = [["libssl3", "amd64", "1"], ["bash", "amd64", "5"], ["libc6", "i386", "2"]]
    now = facts(packages=packages, updates={"upgrade": {}, "full": {}})
    asked = case(now, HostPlan(), select="named", packages=names)
    return judge("plan", asked)


def test_a_name_that_no_package_has_stands_in_the_plan() -> None:
    """A typo would go through two approvals, as a host that lacks nothing."""
    known = planned("bash", "lib*", "bash:amd64", "libc6.i386")
    assert known.plan is not None and not known.plan.left_out and not known.difference
    typo = planned("bash", "nosuchpkg", "wb-*")
    assert typo.ok and typo.plan is not None
    assert [(o.name, o.reason.code) for o in typo.plan.left_out] == [
        ("nosuchpkg", "patch_unknown_name"),
        ("wb-*", "patch_unknown_name"),
    ]
    assert "left out: nosuchpkg (patch_unknown_name)" in typo.difference
    elsewhere = planned("nosuchpkg", "bash")
    assert elsewhere.plan is not None
    assert unknown_everywhere([typo.plan, elsewhere.plan]) == ("nosuchpkg",)
    assert unknown_everywhere([typo.plan, known.plan]) == ()


def test_what_is_only_worth_knowing_is_told_apart_from_what_stands_against_a_host() -> None:
    assert _one_line(["held: a", "b"], ["clock"], "en") == "held: a; b (besides: clock)"
    assert _one_line([], ["clock"], "zh") == "clock"
    assert _one_line(["held"], [], "zh") == "held"


def test_the_gate_names_what_others_upgraded_since_the_plan() -> None:
    """It is in order, and it is not this change that installed it."""
    made = HostPlan(packages=(LIB,))
    first = case(facts(), made)
    first.records._before = None  # type: ignore[attr-defined]
    found = judge("gate", first)
    named = [r.params for r in found.notes if r.code == "patch_already_there"]
    assert named == [{"packages": "libssl3 2"}]
    assert "patch_already_there" not in codes(judge("gate", case(facts(), made)))


def test_the_backup_that_the_way_back_goes_to_is_named() -> None:
    """Where the step is done again, it is still the snapshot of the first time."""
    made = HostPlan(packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]], log=[])
    said = {"staged": {}, "backed_up": {"snapshot": "abc", "files": 12, "bytes": 3}}
    first = dataclasses.replace(case(was, made), said=said)
    first.records._before = None  # type: ignore[attr-defined]
    again = dataclasses.replace(first, said={**said, "backed_up": {"snapshot": "def"}})
    for asked in (first, again):
        found = judge("record", asked)
        assert found.ok, found.why
        named = [r.params for r in found.notes if r.code == "patch_backed_up"]
        assert named == [{"snapshot": "abc", "files": "12"}]
