"""The report's model keeps its numbers honest and reads its own JSON."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from weibao.domain.records import Outcome
from weibao.domain.report import BackupReport, Totals
from weibao.reports.backup import render_json

from .sample import night


def test_json_round_trips() -> None:
    report = night()
    assert BackupReport.model_validate_json(render_json(report)) == report


def test_half_a_character_does_not_stop_the_json() -> None:
    report = night()
    broken = report.model_copy(
        update={"changes": (report.changes[0].model_copy(update={"diff": "+a\udc80b"}),)}
    )
    assert "a⟨U+DC80⟩b" in render_json(broken)


def test_totals_add_up_to_the_inventory() -> None:
    with pytest.raises(ValidationError, match="add up to 3"):
        Totals(inventory=4, targeted=3, archived=1, unchanged=1, refused=0, failed=1, not_checked=0)


def test_more_tried_than_targeted_is_refused() -> None:
    with pytest.raises(ValidationError, match="targeted"):
        Totals(inventory=2, targeted=1, archived=1, unchanged=1, refused=0, failed=0, not_checked=0)


def test_devices_without_an_outcome_are_not_checked() -> None:
    totals = Totals.of([Outcome.archived, Outcome.failed], inventory=5, targeted=2)
    assert (totals.not_checked, totals.good) == (3, 1)


def test_rows_must_fit_the_totals() -> None:
    rows = night().rows
    lying = Totals.of([Outcome.unchanged] * len(rows), inventory=len(rows), targeted=len(rows))
    with pytest.raises(ValidationError, match="the totals say"):
        night(totals=lying)
