"""``weibao runbook``: the runbooks of an estate, as documents, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weibao.cli import main

GOOD = """\
schema_version: 1
id: change-lamps
version: "2.0"
title: {zh: 更换指示灯, en: Change lamps}
purpose: {zh: 换灯, en: New lamps}
mutating: true
risk: medium
business_impact: {zh: 预计无业务中断, en: none expected}
contingency: {zh: 打电话, en: call}
steps:
  - name: keep
    title: {zh: 备份, en: Back up}
    phase: backup
    kind: builtin
    run: backup
  - name: lamp
    title: {zh: 换灯, en: Change}
    phase: implement
    kind: playbook
    run: weibao.core.backup_configs
  - name: undo
    title: {zh: 换回, en: Undo}
    phase: back_out
    kind: manual
    instruction: {zh: 装回旧灯, en: Put the old lamp back}
"""


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEIBAO_LANGUAGE", "zh")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "weibao.yml").write_text("schema_version: 1\nname: t\nkeys: ../keys\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(estate: Path, text: str = GOOD, name: str = "change-lamps.yml") -> Path:
    path = estate / "runbooks" / name
    path.write_text(text, encoding="utf-8")
    return path


def lint(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[tuple[str, int, str, str]]]:
    capsys.readouterr()
    code = main(["runbook", "lint", "--json"])
    found = json.loads(capsys.readouterr().out)["problems"]
    assert all(p["text"] and "{" not in p["text"] for p in found)
    return code, [(p["file"], p["line"], p["severity"], p["reason"]["code"]) for p in found]


def test_the_packaged_ones_need_no_estate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["runbook", "list", "--json"]) == 0
    found = {r["id"]: r for r in json.loads(capsys.readouterr().out)["runbooks"]}
    assert found["backup-configs"]["mutating"] is False
    assert found["backup-configs"]["own"] is False


def test_an_estates_own_goes_before_the_packaged_one(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(estate)
    assert main(["runbook", "list"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("change-lamps")]
    assert line.split() == ["change-lamps", "2.0", "更换指示灯", "变更", "中", "本单位"]


def test_shown_as_the_document_that_an_approver_reads(
    estate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(estate)
    assert main(["runbook", "show", "change-lamps"]) == 0
    shown = capsys.readouterr().out
    for words in ("操作方案", "应急方案", "回退方案", "装回旧灯", "打电话", "预计无业务中断"):
        assert words in shown
    assert main(["runbook", "show", "change-lamps", "--language", "en"]) == 0
    assert "Put the old lamp back" in capsys.readouterr().out


def test_written_as_files(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("docx")
    put(estate)
    arguments = ["runbook", "show", "change-lamps", "--html", "a.html", "--docx", "a.docx"]
    assert main(arguments) == 0
    assert "<h1>操作方案</h1>" in (estate / "a.html").read_text(encoding="utf-8")
    assert (estate / "a.docx").read_bytes()[:2] == b"PK"
    assert main(["runbook", "show", "change-lamps", "--html", "nowhere/a.html"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_contracts_own_title(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(estate)
    (estate / "contracts").mkdir()
    (estate / "contracts" / "bank.yml").write_text(
        "schema_version: 1\nid: bank\nreport_titles: {operation_plan: 《检修操作方案》}\n"
    )
    assert main(["runbook", "show", "change-lamps"]) == 0
    assert capsys.readouterr().out.startswith("《检修操作方案》")


def test_an_unknown_name_names_the_known_ones(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runbook", "show", "nothing"]) == 2
    assert "backup-configs" in capsys.readouterr().err


def test_a_good_one_has_no_problem(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(estate)
    code, found = lint(capsys)
    assert [p for p in found if "change-lamps" in p[0]] == []
    assert code == (2 if any(p[2] == "error" for p in found) else 0)


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("id: change-lamps", "id: other", 2, "runbook_id"),
        ("weibao.core.backup_configs", "weibao.core.backup_confgs", 20, "runbook_no_playbook_near"),
        ("weibao.core.backup_configs", "acme.lamps.change", 20, "runbook_no_playbook"),
        ("weibao.core.backup_configs", "playbooks/x.yml", 20, "runbook_no_playbook_file"),
        ("weibao.core.backup_configs", "backup_configs", 20, "runbook_no_fqcn"),
        ("run: backup\n", "run: backupp\n", 15, "runbook_builtin"),
        ("title: {zh: 换灯, en: Change}", "title: {zh: 换灯}", 17, "runbook_language"),
        ("contingency: {zh: 打电话, en: call}\n", "", 1, "runbook_no_contingency"),
        ("phase: implement", "phase: implment", 18, "field_choice"),
        ("mutating: true", "mutatng: true", 6, "field_unknown_near"),
        ("steps:", "steps: [", 10, "yaml_syntax"),
    ],
)
def test_what_is_wrong_is_said_by_line(
    estate: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: int, code: str
) -> None:
    assert old in GOOD
    put(estate, GOOD.replace(old, new))
    result, found = lint(capsys)
    assert result == 2
    mine = {(p[1], p[3]) for p in found if p[0] == "runbooks/change-lamps.yml"}
    if code == "yaml_syntax":
        assert code in {c for _, c in mine}
    else:
        assert (line, code) in mine


def test_a_playbook_of_the_estates_own(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(estate, GOOD.replace("weibao.core.backup_configs", "playbooks/lamps.yml"))
    (estate / "playbooks").mkdir()
    (estate / "playbooks" / "lamps.yml").write_text("[]\n")
    assert [p for p in lint(capsys)[1] if "change-lamps" in p[0]] == []


def test_warnings_do_not_fail(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace("business_impact: {zh: 预计无业务中断, en: none expected}\n", "")
    put(estate, text)
    put(estate, GOOD, "other.yaml")
    _, found = lint(capsys)
    mine = [(p[2], p[3]) for p in found if p[0].startswith("runbooks/")]
    assert mine == [("warning", "runbook_no_impact"), ("warning", "runbook_ending")]


def test_a_wrong_one_does_not_hide_the_others(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(estate, GOOD.replace("mutating: true", "mutating: perhaps"))
    assert main(["runbook", "list"]) == 2
    said = capsys.readouterr()
    assert "backup-configs" in said.out
    assert "runbooks/change-lamps.yml:6" in said.err


def test_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runbook", "schema"]) == 0
    assert "steps" in json.loads(capsys.readouterr().out)["properties"]
