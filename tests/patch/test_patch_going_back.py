"""What is decided on the way back, without any host."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from weibao.domain.patch import HostPlan, PackageChange

from .judged import LIB, NOW, backed_up, case, codes, facts, judge, replace_files


def test_a_new_package_that_is_not_whole_is_taken_away_and_never_passed_over() -> None:
    fresh = PackageChange(name="wb-new", arch="amd64", version="2")
    made = HostPlan(manager="apt", packages=(LIB, fresh))
    half = facts(unfinished=[["wb-new", "amd64", "2"]], broken="wb-new is only half configured")
    order = judge("back_order", case(half, made)).order
    assert (order["halves"], order["remove"]) == (["wb-new"], [])
    assert order["install"] == ["libssl3=1"]
    back = facts(packages=[["libssl3", "amd64", "1"]], broken="wb-new is only half configured")
    assert codes(judge("back_done", case(back, made))) == ["patch_database_broken"]
    assert "patch_database_broken" in codes(judge("verify", case(half, made)))


WAS = {"/etc": "folder:0755:0:0", "/etc/app.conf": "old", "/etc/hosts": "old"}


def going_back(made: HostPlan, *readings: dict[str, str], **progress: Any) -> tuple[Any, ...]:
    """The orders and the end of a way back that reads these files in turn."""
    was = facts(packages=[["libssl3", "amd64", "1"]], files=WAS)
    first = case(facts(files=readings[0]), made, was)
    kept = backed_up(first)
    kept.said = dict(progress)
    judged = [judge("back_order", first)]
    for stage, files in zip(("back_files", "back_done"), readings[1:], strict=True):
        again = replace(
            first, facts=facts(packages=[["libssl3", "amd64", "1"]], files=files), records=kept
        )
        judged.append(judge(stage, again))
    return tuple(judged)


def test_only_files_that_the_patch_changed_go_back_and_they_are_named() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    settled = {"/etc/app.conf": "new", "/etc/added": "new"}
    now = {**WAS, **settled, "/etc/hosts": "edited", "/etc/users.own": "mine"}
    back = {**now, "/etc/app.conf": "old"}
    del back["/etc/added"]
    _, files, done = going_back(made, now, now, back, begun=True, settled=settled)
    assert files.order["files"] == {"/etc/app.conf": "old"}
    assert files.order["removed"] == ["/etc/added"]
    assert done.ok, done.why
    told = {reason.code: reason.params["files"] for reason in done.notes}
    assert told == {
        "patch_files_put_back": "/etc/app.conf",
        "patch_files_taken": "/etc/added",
        "patch_files_theirs": "/etc/hosts, /etc/users.own",
    }
    stays = going_back(made, now, now, now, begun=True, settled=settled)[-1]
    assert [(r.code, r.params["files"]) for r in stays.why] == [
        ("patch_files_differ", "/etc/app.conf, /etc/added")
    ]


def test_what_others_wrote_is_kept_before_the_packages_scripts_can_touch_it() -> None:
    """rpm lays an edited file aside when its package goes back; a purge deletes it."""
    made = HostPlan(manager="dnf", packages=(LIB,))
    now = {**WAS, "/etc/hosts": "edited", "/etc/new.conf": "edited"}
    settled = {"/etc/new.conf": "of the package"}
    spoilt = {**WAS, "/etc/hosts": "of the package"}
    order, files, done = going_back(
        made, now, spoilt, {**WAS, "/etc/hosts": "edited"}, begun=True, settled=settled
    )
    assert order.order["keep"] == ["/etc/hosts"]
    assert order.order["theirs"].startswith("/var/lib/weibao/patch/C/theirs-")
    assert files.order["folders"]["theirs"] == order.order["theirs"]
    assert files.order["theirs"] == {"/etc/hosts": "edited"} and done.ok
    *_, left = going_back(made, now, spoilt, spoilt, begun=True, settled=settled)
    assert codes(left)[0] == "patch_files_differ"
    assert left.why[0].params["files"] == "/etc/hosts"


def test_a_file_that_others_had_removed_is_removed_again() -> None:
    made = HostPlan(manager="dnf", packages=(LIB,))
    now = {name: known for name, known in WAS.items() if name != "/etc/hosts"}
    order, files, done = going_back(made, now, WAS, now, begun=True, settled={})
    assert (order.order["keep"], files.order["removed"]) == ([], ["/etc/hosts"]) and done.ok


def test_what_changed_between_the_backup_and_the_patch_is_what_goes_back() -> None:
    """It is in no backup: the runner was killed in between, and somebody edited a file."""
    made = HostPlan(manager="dnf", packages=(LIB,))
    was = facts(manager="dnf", packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(replace_files(was, {**WAS, "/etc/app.conf": "by hand"}), made, was)
    order = judge("order", asked).order
    assert order["keep"] == ["/etc/app.conf"]
    backed_up(asked)
    patched = replace_files(facts(), {**WAS, "/etc/app.conf": "new", "/etc/hosts": "new"})
    judge("back_order", replace(asked, facts=patched))
    now = replace_files(was, {**WAS, "/etc/app.conf": "new", "/etc/hosts": "new"})
    back = judge("back_files", replace(asked, facts=now)).order
    assert back["started"] == {"/etc/app.conf": "by hand"}
    assert back["files"] == {"/etc/hosts": "old"}
    assert back["folders"]["started"] == order["kept"]
    assert not judge("back_done", replace(asked, facts=was)).ok
    now = replace_files(was, {**WAS, "/etc/app.conf": "by hand"})
    assert judge("back_done", replace(asked, facts=now)).ok


def test_what_went_back_with_a_snapshot_is_told_as_that() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(replace_files(facts(), {**WAS, "/etc/hosts": "mine"}), made, was)
    kept: Any = asked.records
    kept.said = {"begun": True, "settled": {}}
    judge("back_order", asked)
    assert codes(judge("back_done", replace(asked, facts=was))) == ["patch_files_went_too"]


def test_what_was_kept_is_what_goes_back_though_it_changed_once_more() -> None:
    """Between the reading and the copy; nor does a kill before the installation freeze it."""
    made = HostPlan(manager="dnf", packages=(LIB,))
    was = facts(manager="dnf", packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(replace_files(was, {**WAS, "/etc/hosts": "V1"}), made, was)
    kept = backed_up(asked)
    assert judge("order", asked).order["keep"] == ["/etc/hosts"]
    resumed = replace(asked, facts=replace_files(was, {**WAS, "/etc/hosts": "V2"}))
    assert judge("order", resumed).order["keep"] == ["/etc/hosts"]
    assert kept.said["started"] == {"/etc/hosts": "V2"}
    installed = facts(manager="dnf", files={**WAS, "/etc/hosts": "V3"})
    judge("applied", replace(asked, facts=installed, said={"kept": {"kept": {"/etc/hosts": "V3"}}}))
    assert kept.said["started"] == {"/etc/hosts": "V3"}
    judge("order", replace(asked, facts=replace_files(installed, {**WAS, "/etc/hosts": "new"})))
    assert kept.said["started"] == {"/etc/hosts": "V3"}  # by now it may be the patch's


def test_what_the_operator_mends_between_two_tries_of_the_way_back_stays() -> None:
    made = HostPlan(manager="dnf", packages=(LIB,))
    was = facts(manager="dnf", packages=[["libssl3", "amd64", "1"]], files=WAS,
                units={"known": True, "active": ["web.service"]})  # fmt: skip
    there = {**WAS, "/etc/hosts": "theirs"}
    asked = case(facts(manager="dnf", files=there), made, was)
    kept = backed_up(asked)
    kept.said = {"begun": True, "refused": [], "settled": {}}
    first = judge("back_order", asked).order
    packages = {"packages": [["libssl3", "amd64", "1"]], "manager": "dnf"}
    down = facts(**packages, files=there)  # the service is not back: it is tried again
    assert judge("back_files", replace(asked, facts=down)).order["theirs"] == {}
    assert codes(judge("back_done", replace(asked, facts=down)))[0] == "patch_units_gone"
    mended = {**there, "/etc/hosts": "mended"}
    again = replace(asked, facts=facts(**packages, files=mended), now=NOW + timedelta(hours=1))
    second = judge("back_order", again).order
    assert second["keep"] == first["keep"] and second["theirs"] != first["theirs"]
    assert judge("back_files", again).order["theirs"] == {}
    up = was.model_copy(update={"files": mended})
    assert judge("back_done", replace(asked, facts=up)).ok


def test_a_folder_that_others_write_in_comes_back_with_its_mode() -> None:
    """A purge removes it with all that is in it."""
    made = HostPlan(manager="apt", packages=(LIB,))
    ours = {"/etc/new": "folder:0700:0:0"}
    there = {**WAS, **ours, "/etc/new/local.conf": "theirs"}
    _, files, done = going_back(made, there, WAS, there, begun=True, settled=ours)
    assert files.order["theirs"] == {**ours, "/etc/new/local.conf": "theirs"} and done.ok


def test_what_others_installed_on_a_host_that_was_refused_stays() -> None:
    """Though it is what was approved: their update was quicker, and nothing of ours was begun."""
    tool = PackageChange(name="wb-tool", arch="amd64", before="1", version="2")
    made = HostPlan(manager="dnf", packages=(LIB, tool))
    rows = [["libssl3", "amd64", "1"], ["wb-tool", "amd64", "1"]]
    now = [["libssl3", "amd64", "2"], rows[1]]
    asked = case(
        facts(packages=now, files={**WAS, "/etc/hosts": "edited"}, held=["wb-tool"]),
        made,
        facts(packages=rows, files=WAS),
    )
    assert not judge("order", asked).ok
    assert judge("back_order", asked).order == {"needed": False}
    done = judge("back_done", asked)
    assert done.ok and codes(done) == ["patch_untouched", "patch_files_theirs"]


def test_nothing_goes_back_where_somebody_brought_it_further_since() -> None:
    """Another change, perhaps, which still counts as verified."""
    made = HostPlan(manager="apt", packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(facts(packages=[["libssl3", "amd64", "3"]], files=WAS), made, was)
    kept: Any = asked.records
    kept.said = {"begun": True}
    refused = judge("back_order", asked)
    assert codes(refused) == ["patch_changed_since"]
    assert refused.why[0].params["packages"] == "libssl3 3"
    assert codes(judge("back_done", asked)) == ["patch_changed_since"]
    assert judge("back_order", replace(asked, facts=facts(files=WAS))).order["needed"]
    assert judge("back_done", replace(asked, facts=was)).ok


def test_a_way_back_that_was_proven_is_proven_once_more() -> None:
    """The runner may die before it has recorded what was found."""
    made = HostPlan(manager="apt", packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(replace_files(facts(), {**WAS, "/etc/hosts": "mine"}), made, was)
    kept: Any = asked.records
    kept.said = {"begun": True, "settled": {}}
    judge("back_order", asked)
    back = replace(asked, facts=replace_files(was, {**WAS, "/etc/hosts": "mine"}))
    assert judge("back_done", back).ok
    assert judge("back_order", back).order == {"needed": False}
    assert judge("back_files", back).order["files"] == {}
    assert judge("back_done", back).ok
    ruined = replace(asked, facts=facts(packages=[], broken="x", files={**WAS, "/etc/a": "new"}))
    judge("back_order", ruined)
    assert {"patch_database_broken", "patch_files_differ"} <= {*codes(judge("back_done", ruined))}


def test_services_run_with_the_configuration_that_came_back_last() -> None:
    """The packages' own scripts have started them again before."""
    made = HostPlan(manager="apt", packages=(LIB,), restarts=("web.service", "gone.service"))
    was = facts(packages=[["libssl3", "amd64", "1"]])
    owned = {"packages": ["dash"], "started": 99, "owner": "libssl3"}
    now = facts(services={"web.service": {"packages": ["libssl3"], "started": 99},
                          "script.service": owned,
                          "dump.service": {"packages": ["dash"], "started": 99, "owner": "dump"},
                          "web@7.service": {"packages": ["libssl3"], "started": 99},
                          "other.service": {"packages": ["libssl3"], "started": 40},
                          "dbus.service": {"packages": ["dash"], "started": 99}})  # fmt: skip
    asked = case(now, made, was)
    kept: Any = asked.records
    kept.said = {"back_since": 90.0, "back_boot": "a"}
    order = judge("back_applied", asked).order
    assert (order["reload"], order["restart"]) == (False, [])
    kept.said = {**kept.said, "put_back": ["/etc/app.conf"]}
    order = judge("back_applied", asked).order
    assert (order["reload"], order["restart"]) == (True, ["script.service", "web.service"])
    laid = facts(services=now.services, leftovers=["/etc/app.conf.rpmsave"])
    order = judge("applied", case(laid, made, was)).order
    assert order["reload"] is True and order["restart"] == ["web.service"]
    early = was.model_copy(update={"system": was.system.model_copy(update={"uptime": 90.0})})
    order = judge("applied", case(laid, made, early)).order
    assert order["restart"] == ["script.service", "web.service"]


def test_folders_of_configuration_that_are_not_those_of_the_record_are_no_measure() -> None:
    """What is not read any more would count as gone."""
    made = HostPlan(manager="dnf", packages=(LIB,))
    was = facts(manager="dnf", packages=[["libssl3", "amd64", "1"]], files=WAS)
    asked = case(was, made, was, config_paths=["/etc/app"])
    kept: Any = asked.records
    assert judge("order", asked).ok  # of a record that does not say it
    kept.keep_before(kept.before("web1").model_copy(update={"paths": ("/etc",)}))
    assert codes(judge("order", asked)) == ["patch_other_paths"]
    assert judge("expect", asked).order["paths"] == ["/etc"]


def test_the_mode_of_a_folder_is_part_of_what_the_host_was() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    now = {**WAS, "/etc": "folder:0700:0:0"}
    _, files, done = going_back(made, now, now, now, begun=True)
    assert files.order["files"] == {"/etc": "folder:0755:0:0"}
    assert codes(done)[0] == "patch_files_differ"


def test_a_host_that_the_patch_did_not_reach_keeps_its_files() -> None:
    """Refused when it was to be installed: what somebody edited since the backup stays."""
    made = HostPlan(manager="apt", packages=(LIB,))
    now = {**WAS, "/etc/hosts": "edited"}
    was = facts(packages=[["libssl3", "amd64", "1"]], files=now)
    order = judge("back_order", case(was, made))
    assert order.order == {"needed": False} and codes(order) == ["patch_untouched"]


def test_what_others_did_to_a_host_that_the_patch_did_not_reach_is_not_undone() -> None:
    """They installed another version, and a service fails; its illness is no fault of the patch."""
    made = HostPlan(manager="apt", packages=(LIB,))
    units = {"known": True, "failed": ["db.service"]}
    now = case(facts(packages=[["libssl3", "amd64", "1.5"]], units=units), made,
               facts(packages=[["libssl3", "amd64", "1"]], files=WAS))  # fmt: skip
    assert judge("back_order", now).order == {"needed": False}
    done = judge("back_done", now)
    assert done.ok and codes(done) == ["patch_untouched", "patch_files_theirs"]
    # Where it is the approved version, it came with this patch.
    reached = case(facts(), made, facts(packages=[["libssl3", "amd64", "1"]]))
    assert judge("back_order", reached).order["install"] == ["libssl3=1"]


def test_how_often_a_service_ended_before_the_way_back_is_over() -> None:
    """systemd goes on counting where it is restarted between two of its crashes."""
    made = HostPlan(manager="apt", packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]])

    def back(age: float) -> list[str]:
        units = {"known": True, "starts": {"web.service": [7, age]}}
        now = facts(packages=[["libssl3", "amd64", "1"]], units=units)
        return codes(judge("back_done", case(now, made, was)))

    assert back(12) == []
    assert back(4) == ["patch_units_restless"]


def test_packages_on_hold_are_said_before_anything_goes_back() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    asked = case(facts(held=["libssl3"]), made)
    order = judge("back_order", asked)
    assert codes(order) == ["patch_back_held"] and not order.order
    assert codes(judge("back_done", asked)) == ["patch_back_held"]
    free = replace(asked, facts=facts())
    assert judge("back_order", free).order["install"] == ["libssl3=1"]
    done = replace(asked, facts=facts(packages=[["libssl3", "amd64", "1"]]))
    assert judge("back_done", done).ok


def test_packages_of_others_that_a_way_back_took_are_told() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    asked = case(facts(), made)
    asked.records.keep_progress("web1", {"begun": True})
    for own in (["removed", "all", "1"], ["own", "all", "1"]):  # refused, and begun once more
        judge(
            "back_order",
            replace(asked, facts=facts(packages=[["libssl3", "amd64", "2"], own])),
        )
    back = replace(asked, facts=facts(packages=[["libssl3", "amd64", "1"]]))
    judge("back_order", back)  # begun once more: what was lost meanwhile is not forgotten
    done = judge("back_done", back)
    assert [(r.code, r.params["packages"]) for r in done.why] == [("patch_others_lost", "own 1")]


def test_what_others_installed_and_upgraded_since_stays_and_is_named() -> None:
    """A host that is otherwise what it was is not called unproven for that."""
    rows = [["libssl3", "amd64", "1"], ["bash", "amd64", "1"], ["kernel", "x86_64", "1"]]
    later = [["bash", "amd64", "2"], ["kernel", "x86_64", "1"], ["kernel", "x86_64", "2"],
             ["own", "all", "1"]]  # fmt: skip
    asked = case(facts(packages=[["libssl3", "amd64", "2"], *later]),
                 HostPlan(manager="dnf", packages=(LIB,)), facts(packages=rows))  # fmt: skip
    asked.records.keep_progress("web1", {"begun": True})
    judge("back_order", asked)
    done = judge("back_done", replace(asked, facts=facts(packages=[rows[0], *later])))
    assert done.ok and codes(done) == ["patch_packages_theirs"]
    assert done.notes[0].params["packages"] == "bash 2, kernel 2, own 1"
    judge("back_order", asked)
    cut = judge("back_done", replace(asked, facts=facts(packages=[rows[0], *later[:3]])))
    assert codes(cut)[0] == "patch_others_lost"
    judge("back_order", asked)
    cut = judge("back_done", replace(asked, facts=facts(packages=later)))
    assert codes(cut)[0] == "patch_package_differs"


def test_what_had_been_removed_and_had_left_its_data_is_not_purged() -> None:
    names = ("rest", "fresh", "half", "cut")
    new = tuple(PackageChange(name=name, arch="all", version="2") for name in names)
    made = HostPlan(manager="apt", packages=(LIB, *new))
    was = facts(packages=[["libssl3", "amd64", "1"]], residual=[["rest", "all"]])
    rows = [["libssl3", "amd64", "2"], ["rest", "all", "2"], ["fresh", "all", "2"]]
    now = facts(packages=rows, unfinished=[["half", "all", "2"]], residual=[["cut", "all"]])
    order = judge("back_order", case(now, made, was)).order
    assert (order["remove"], order["halves"]) == (["fresh", "rest"], ["half"])
    assert order["purge"] == ["cut", "fresh", "half"]


def test_marks_of_apt_are_what_they_were_and_holds_since_are_told() -> None:
    made = HostPlan(manager="apt", packages=(LIB,))
    was = facts(packages=[["libssl3", "amd64", "1"]], auto=[["libssl3", "amd64"]])
    asked = case(facts(), made, was)
    assert judge("back_order", asked).order["automatic"] == ["libssl3"]
    manual = replace(asked, facts=facts(packages=[["libssl3", "amd64", "1"]]))
    assert codes(judge("back_done", manual)) == ["patch_marks_differ"]
    same = replace(asked, facts=was)
    assert judge("back_done", same).ok
    marked = case(was.model_copy(update={"packages": facts().packages}), made,
                  facts(packages=[["libssl3", "amd64", "1"]]))  # fmt: skip
    assert judge("back_order", marked).order["manual"] == ["libssl3"]
    before = asked.records.before("web1")
    assert before is not None
    asked.records.keep_before(before.model_copy(update={"held": ()}))
    held = replace(asked, facts=was.model_copy(update={"held": ("libssl3", "other")}))
    told = judge("back_done", held)
    assert told.ok
    assert [(r.code, r.params["packages"]) for r in told.notes] == [
        ("patch_holds_differ", "libssl3")
    ]
