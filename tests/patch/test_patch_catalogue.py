"""The catalogue of updates (PAT-01): what is lacking, since when, where, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from weibao.domain.patch import PackageChange, PatchStatus
from weibao.domain.patch_catalogue import catalogue
from weibao.domain.reasons import Reason
from weibao.errors import UncheckedError
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


def test_where_nothing_was_ever_read_nothing_is_said_to_be_up_to_date() -> None:
    class Empty(History):
        states: dict[str, list[PatchStatus]] = {}

    with pytest.raises(UncheckedError):
        read_catalogue(Empty())
