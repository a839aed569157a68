"""States, actions, stages, steps and roles are named in words; what is typed is beside them."""

from __future__ import annotations

import re

import pytest

from weibao.domain.authority import OPERATORS, RECORDERS
from weibao.domain.change import (
    ApprovalChannel,
    ChangeAction,
    ChangeKind,
    ChangeState,
    StepState,
    legal_actions,
    legal_commands,
)
from weibao.domain.change_digest import differences
from weibao.domain.change_fields import CHANGE_FIELDS
from weibao.domain.contract import ChangeTerms
from weibao.i18n import LANGUAGES, explain, messages, translate

CODES = {
    "change.state": set(ChangeState),
    "change.role": {
        "requester", "operator", "author", *OPERATORS, *RECORDERS,
        *(stage.role for stage in ChangeTerms().stages),
    },
    "change.minimum": {"fault", "verbal_approver"},
    "change.none": {"-"},
    "change.place": {"-"},
    "change.part": {
        "runbook", "back_out", "application", "approval_chain", "limit", "targets", "waves",
        "window/start", "window/end",
    },
    "document.action": {
        *ChangeAction, "edit", "extend", "attend", "confirm", "answer", "note", "backfill",
        "going_back", "back_out_failed", "follow_up", "denied", "plan_cut_off",
    },
    "document.channel": set(ApprovalChannel),
    "document.field": set(CHANGE_FIELDS),
    "document.kind_of_change": set(ChangeKind),
    "document.step_state": set(StepState),
}  # fmt: skip
SPEC = re.compile(r"\{(\w+):@([\w.]+)\+?\}")


@pytest.mark.parametrize("vocabulary", sorted(CODES))
def test_every_code_has_its_word(vocabulary: str) -> None:
    missing = {code for code in CODES[vocabulary] if f"{vocabulary}.{code}" not in messages()}
    assert missing == set()


def test_texts_ask_only_for_vocabularies_that_there_are() -> None:
    asked = {
        vocabulary
        for texts in messages().values()
        for text in texts.values()
        for _, vocabulary in SPEC.findall(text)
    }
    assert asked
    assert asked <= set(CODES)


@pytest.mark.parametrize("state", ChangeState)
def test_a_refusal_says_states_and_actions_in_words(state: ChangeState) -> None:
    legal = legal_commands(state)
    said = {
        language: translate(
            "change.illegal", language, change="CHG-1", state=state.value, action="start",
            legal=legal,
        )
        for language in LANGUAGES
    }  # fmt: skip
    assert "_" not in said["zh"] + said["en"]
    assert f"“{translate(f'change.state.{state.value}', 'zh')}”" in said["zh"]
    assert "“开始实施（start）”" in said["zh"]
    assert ("现在可以：无。" in said["zh"]) == (legal == "-")
    assert ("what is: nothing any more." in said["en"]) == (legal == "-")


def test_what_there_is_no_command_for_is_not_offered() -> None:
    assert legal_actions(ChangeState.draft) == ("plan", "submit", "start", "withdraw")
    assert legal_actions(ChangeState.closed) == ()


def test_what_there_is_a_command_for_is_offered_as_it_is_typed() -> None:
    draft = ChangeState.draft
    assert legal_commands(draft, ChangeKind.normal) == "plan, submit, withdraw, edit"
    assert legal_commands(draft, ChangeKind.emergency) == "plan, start, withdraw, edit"
    assert legal_commands(ChangeState.verified) == "back-out, close"
    assert legal_commands(ChangeState.backfill) == "back-out, backfill, close"
    assert legal_commands(ChangeState.documents_updated) == "close"
    assert legal_commands(ChangeState.rejected) == "withdraw"


def test_titles_come_with_what_users_named() -> None:
    params = {"wave": 1, "count": 3, "step": "apply", "step_zh": "下发配置", "step_en": "Apply it"}
    assert explain("change_step", params, "zh") == "第 1 批：下发配置（3 台）"
    assert explain("change_step", params, "en") == "wave 1: Apply it (3)"
    old = {"wave": 1, "count": 3, "step": "apply"}  # as it was recorded before
    assert explain("change_step", old, "zh") == "第 1 批：apply（3 台）"


def test_a_code_without_a_word_stays_one() -> None:
    found = explain("person_lacks_role", {"person": "li", "role": "night_watch, recorder"}, "zh")
    assert found == "li 不具备所需的角色（night_watch、确认记录人（recorder））。"
    assert explain("person_lacks_role", {"person": "li"}, "zh").endswith("{'person': 'li'}")


def test_what_of_a_draft_differs_was_planned_and_not_approved() -> None:
    (planned,) = differences({"application": "1"}, {"application": "2"}, approved=False)
    assert explain(planned.code, planned.params, "zh") == "“申请内容”与计划时不同，须重新计划。"
    (approved,) = differences({"window/end": "1"}, {"window/end": "2"})
    assert explain(approved.code, approved.params, "zh") == "“窗口结束时间”与批准时不同。"
    (own,) = differences({"host/a/x": "1"}, {})
    assert explain(own.code, own.params, "en") == "host/a/x is gone since the approval."
