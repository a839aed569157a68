"""Tables as people and their tools read them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from weibao.cli.options import start_language
from weibao.cli.output import Output


def test_in_a_file_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 60
    Output("zh").table(
        ["设备", "说明"], [("核心交换机", "a"), ("sw1", long), ("s\x1b[31m", "two\nlines\t.")]
    )
    assert capsys.readouterr().out.splitlines() == [
        "设备        说明",
        "核心交换机  a",
        f"sw1         {long}".rstrip(),
        "s[31m       two lines .",
    ]


def test_json_alone_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output("en")
    out.json = True
    out.table(["a"], [("b",)])
    assert capsys.readouterr().out == ""


def test_thousands_of_rows_take_a_moment(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"sw{n}", "华为", n, "reason " * 8) for n in range(5000)]
    start = time.process_time()
    Output("en").table(["device", "platform", "number", "reason"], rows)
    assert time.process_time() - start < 1
    assert len(capsys.readouterr().out.splitlines()) == 5001


@pytest.mark.parametrize("given", [["-C", "there"], ["ports", "parse", "--estate", "there"]])
def test_errors_speak_the_language_of_the_estate_that_is_meant(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEIBAO_LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)
    assert start_language(given) == "en"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "weibao.yml").write_text("name: x\nlanguage: zh  # 中文\n")
    assert start_language(given) == "zh"
    assert start_language([]) == "en"
    monkeypatch.setenv("WEIBAO_LANGUAGE", "en")
    assert start_language(given) == "en"


def test_a_time_is_of_the_contracts_zone_or_names_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        at = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
        assert Output("zh").moment(at, ZoneInfo("Asia/Shanghai")) == "2026-11-24 06:30:00"
        assert Output("zh").moment(at) == "2026-11-23 23:30:00+01:00"
        assert Output("zh").moment(None) == "-"
    finally:
        monkeypatch.undo()
        time.tzset()
