"""Patch states are kept as history (PAT-09)."""

from __future__ import annotations

from patches_made import patch_state
from records_made import ACTOR, run

from weibao.adapters.journal import SqlJournal
from weibao.boundary.patch import PatchHistory


def test_states_are_read_back_newest_first(journal: SqlJournal) -> None:
    history: PatchHistory = journal
    journal.open_run(run())
    journal.open_run(run("r2"))
    old, new, other = patch_state("a"), patch_state("a", "r2", hours=5), patch_state("b", "r2")
    history.record_patch_states([old], ACTOR)
    history.record_patch_states([new, other], ACTOR)
    history.record_patch_states([new, other], ACTOR)
    assert history.patch_states("a") == [new, old]
    assert history.latest_patch_states() == [new, other]
    assert history.latest_patch_states("none") == []
    assert new.security == 1
    assert list(journal.verify()) == []
