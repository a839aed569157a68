"""The catalogue of updates (PAT-01): what is lacking, since when, where, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.journal import SqlJournal
from weibao.adapters.notice_files import read_notices
from weibao.cli import main
from weibao.domain.patch import PackageChange, PatchStatus
from weibao.domain.patch_catalogue import catalogue, noticed
from weibao.domain.reasons import Reason
from weibao.errors import InputError, UncheckedError
from weibao.services.patch.catalogue import read_catalogue

DAY = datetime(2026, 11, 1, tzinfo=UTC)
SSL = PackageChange(name="libssl3", before="3.0.15", version="3.0.17", security=True)
SSL_16 = SSL.model_copy(update={"version": "3.0.16"})
BASH = PackageChange(name="bash", before="5.1", version="5.2", source="Debian")


def state(device: str, day: int, *missing: PackageChange, **more: Any) -> PatchStatus:
    return PatchStatus(
        device=device, run_id=f"r{day}", at=DAY + timedelta(days=day), missing=missing, **more
    )


def unchecked(device: str, day: int) -> PatchStatus:
    return state(device, day, checked=False, problem=Reason.of("patch_no_packages"))


def test_an_update_is_found_when_this_very_version_first_lacked() -> None:
    web1 = [state("web1", 9, SSL), state("web1", 7, SSL), state("web1", 3, SSL_16)]
    web2 = [state("web2", 8, SSL, BASH), state("web2", 2, BASH), state("web2", 1)]
    ssl, bash = catalogue([web1, web2])
    assert (ssl.product, ssl.version, ssl.recommendation) == ("libssl3", "3.0.17", "soon")
    assert ssl.found_at == DAY + timedelta(days=7)
    assert [(a.device, a.installed, a.since.day) for a in ssl.assets] == [
        ("web1", "3.0.15", 8),
        ("web2", "3.0.15", 9),
    ]
    assert (bash.product, bash.recommendation, bash.found_at.day) == ("bash", "next_window", 3)


def test_what_was_installed_leaves_the_catalogue_and_what_was_not_checked_does_not() -> None:
    assert catalogue([[state("web1", 9), state("web1", 7, SSL)]]) == ()
    (ssl,) = catalogue([[unchecked("web1", 9), state("web1", 7, SSL), unchecked("web1", 6),
                         state("web1", 5, SSL)]])  # fmt: skip
    assert ssl.found_at.day == 6
    assert catalogue([[unchecked("web1", 9)]]) == ()


class History:
    """Two hosts, the second of which could not be checked last time."""

    states = {
        "web1": [state("web1", 9, SSL, BASH)],
        "web2": [unchecked("web2", 9), state("web2", 2, BASH)],
    }

    def latest_patch_states(self, contract: str = "") -> list[PatchStatus]:
        return [states[0] for states in self.states.values()]

    def patch_states(self, device: str, contract: str = "", limit: int = 50) -> list[PatchStatus]:
        return self.states[device]

    def record_patch_states(self, states: Any, actor: str) -> None:
        raise AssertionError


def test_what_is_asked_for_is_shown_and_who_was_not_checked_is_named() -> None:
    def found(**asked: Any) -> list[str]:
        entries, hosts = read_catalogue(History(), **asked)
        assert hosts == ("web2",)
        return [entry.product for entry in entries]

    assert found() == ["libssl3", "bash"]
    assert found(since=DAY + timedelta(days=5)) == ["libssl3"]
    assert found(security=True) == ["libssl3"]
    assert found(product="ba*") == ["bash"]


class Empty(History):
    states: dict[str, list[PatchStatus]] = {}


def test_where_nothing_was_ever_read_nothing_is_said_to_be_up_to_date() -> None:
    with pytest.raises(UncheckedError):
        read_catalogue(Empty())


NOTICE = """
vendor: Huawei
product: VRP S5735
version: V200R022
found_on: 2026-11-06
security: true
advisory: huawei-sa-20261105
affects: "huawei:&access"
installed: {sw1: V200R019}
recommendation: {zh: 随下次巡检升级}
"""


def test_a_vendors_notice_is_listed_until_it_is_dealt_with(tmp_path: Path) -> None:
    folder = tmp_path / "notices"
    folder.mkdir()
    (folder / "vrp.yml").write_text(NOTICE)
    (folder / "old.yml").write_text(NOTICE + "done_on: 2026-11-09\n")
    ((name, notice),) = read_notices(tmp_path).items()
    assert (name, notice.affects) == ("notices/vrp.yml", "huawei:&access")
    entry = noticed(notice, ["sw2", "sw1"], DAY + timedelta(days=5))
    assert [(a.device, a.installed) for a in entry.assets] == [("sw1", "V200R019"), ("sw2", "")]
    entries, _ = read_catalogue(History(), [entry])
    assert [e.product for e in entries] == ["libssl3", "VRP S5735", "bash"]
    assert read_catalogue(Empty(), [entry])[1] == ("*",)  # no host was ever read
    entries, _ = read_catalogue(History(), [entry], product="VRP*", security=True)
    assert [(e.vendor, e.advisory, e.advice["zh"]) for e in entries] == [
        ("Huawei", "huawei-sa-20261105", "随下次巡检升级")
    ]


def test_a_wrong_notice_names_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "vrp.yml").write_text(NOTICE.replace("affects", "effects"))
    with pytest.raises(InputError, match=r"notices/vrp\.yml"):
        read_notices(tmp_path)


def test_each_reading_ends_in_a_conclusion() -> None:
    """PAT-02: whether an upgrade is needed is said in so many words; not checked is no answer."""
    found = [state("a", 1, SSL, BASH), state("a", 1, BASH), state("a", 1), unchecked("a", 1)]
    assert [s.conclusion for s in found] == ["soon", "next_window", "none", "not_checked"]


def estate_with(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new one, in which the command is called."""
    estate = tmp_path / "estate"
    estate.mkdir()
    monkeypatch.chdir(estate)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["init", "."]) == 0
    (estate / "inventory" / "hosts.yml").write_text(f"all: {{hosts: {{{host}: {{}}}}}}\n")
    return estate


def test_a_notice_is_shown_with_the_day_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Days are those of the estate's zone, in --since and in the table."""
    estate = estate_with("sw1", tmp_path, monkeypatch)
    (estate / "notices").mkdir()
    (estate / "notices" / "vrp.yml").write_text(NOTICE.replace("huawei:&access", "sw1"))
    for since, shown in (("2026-11-06", True), ("2026-11-07", False)):
        capsys.readouterr()
        assert main(["patch", "catalogue", "--since", since]) == 4  # no host was ever read
        assert ("2026-11-06" in capsys.readouterr().out) is shown
    (estate / "notices" / "vrp.yml").write_text(NOTICE.replace("huawei:&access", "nobody"))
    assert main(["patch", "catalogue"]) == 2
    assert "notices/vrp.yml" in capsys.readouterr().err


def test_recorded_states_say_who_was_not_checked_and_when_by_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    estate = estate_with("web1", tmp_path, monkeypatch)
    (estate / "contracts" / "default.yml").write_text("id: default\ntime_zone: Pacific/Auckland\n")
    for words, code in (("--recorded", 4), ("--history=web1", 0), ("--history=nosuch", 2)):
        capsys.readouterr()
        assert main(["patch", "status", words]) == code, words
    assert "nosuch" in capsys.readouterr().err
    states = {name: [state(name, 9)] for name in ("web1", "web2")}

    def latest(_journal: SqlJournal) -> list[PatchStatus]:
        return [found[0] for found in states.values()]

    monkeypatch.setattr(SqlJournal, "latest_patch_states", latest)
    assert main(["patch", "status", "--recorded"]) == 0
    assert "2026-11-10 13:00:00 " in capsys.readouterr().out
    states["web2"] = [unchecked("web2", 9)]
    assert main(["patch", "status", "--recorded"]) == 4
