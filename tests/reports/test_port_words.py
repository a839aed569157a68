"""Every word of the log exists in both languages, and every finding has its sentence."""

from __future__ import annotations

import re
import string
from importlib import resources
from pathlib import Path

import pytest
import yaml

from weibao.domain.port import PortCounters
from weibao.domain.port_expectation import PortUse
from weibao.domain.port_finding import PLACES, PortFindingCode
from weibao.domain.port_record import PortOutcome
from weibao.domain.port_report import PortStanding
from weibao.domain.records import Severity
from weibao.i18n import LANGUAGES, Language, messages
from weibao.reports.ports import render_html, render_markdown, summarise
from weibao.reports.ports.words import PortWords

from .port_sample import contract, finding, morning, routed, single

OWN = {k: t for k, t in messages().items() if k.startswith(("port_report.", "port_word."))}
HAN = re.compile("[一-鿿]")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", OWN)
def test_each_text_is_in_both_languages(key: str) -> None:
    texts = OWN[key]
    assert set(texts) == set(LANGUAGES)
    assert all(texts.values())
    assert places(texts["zh"]) == places(texts["en"])
    assert not HAN.search(texts["en"])


@pytest.mark.parametrize("code", PortFindingCode)
def test_each_finding_has_sentence_title_and_advice(code: PortFindingCode) -> None:
    texts = messages()[f"reason.{code}"]
    for language in LANGUAGES:
        assert places(texts[language]) <= {re.split(r"[!:]", p)[0] for p in PLACES[code]}
    assert f"port_report.finding.{code}" in OWN
    assert f"port_report.advice.{code}" in OWN


@pytest.mark.parametrize(
    "key",
    [
        *(f"port_report.standing.{x}" for x in PortStanding),
        *(f"port_report.standing.{x}.means" for x in PortStanding),
        *(f"port_report.outcome.{x}" for x in PortOutcome),
        *(f"port_word.kind.{x}" for x in PortCounters.model_fields if "errors" in x),
        *(f"port_word.expected.{x}" for x in PortUse if x is not PortUse.ignored),
    ],
)
def test_each_value_has_words(key: str) -> None:
    assert key in OWN


def reasons_of_the_platforms() -> set[str]:
    """Codes that the data of the platforms give as reasons."""
    folder = Path(str(resources.files("weibao").joinpath("port_readings")))

    def walk(node: object) -> set[str]:
        if isinstance(node, dict):
            own = node.get("reason")
            found = {own} if isinstance(own, str) and "match" in node else set()
            return found.union(*(walk(each) for each in node.values()))
        if isinstance(node, list):
            return set().union(*(walk(each) for each in node))
        return set()

    files = folder.glob("*/ports.yml")
    return set().union(*(walk(yaml.safe_load(f.read_text(encoding="utf-8"))) for f in files))


def test_each_reason_that_a_platform_gives_has_words() -> None:
    """A new code in ``port_readings`` needs ``port_word.reason.<code>`` in port_findings.yml."""
    given = reasons_of_the_platforms()
    assert given
    assert sorted(r for r in given if f"port_word.reason.{r}" not in OWN) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", [morning(), single(), routed()], ids=["many", "one", "routed"])
def test_no_text_is_missing_where_it_is_used(report: object, language: Language) -> None:
    notice = summarise(report, language)  # type: ignore[arg-type]
    for text in (
        re.sub(r"(?s)<(style|script)>.*?</\1>", "", "".join(render_html(report, language))),  # type: ignore[arg-type]
        "".join(render_markdown(report, language)),  # type: ignore[arg-type]
        notice.subject + notice.text + notice.markdown,
    ):
        assert not re.search(r"\b(port_report|port_word|reason|report)\.[a-z_]+", text)
        assert not re.search(r"\{\w+\}", re.sub(r'data-shown="[^"]*"', "", text))


def test_the_english_page_has_chinese_only_in_names() -> None:
    bare = contract(customer="", provider="", title="", project_manager="", people=())
    report = morning(contract=bare, title={})
    page = re.sub(r"(?s)<style>.*?</style>", "", "".join(render_html(report, "en")))
    names = {part for row in report.rows for part in (row.site, row.unit)}
    names |= {f.cuts_off for f in (*report.findings, *report.gone)}
    names |= {f.waived for f in report.findings}
    names |= {s.port.description for row in report.rows for s in row.reading.ports}
    names |= {e.room for row in report.rows for e in row.expectations.values()}
    names |= {value for f in report.findings for value in f.params.values()}
    names |= {e.serves for row in report.rows for e in row.expectations.values()}
    names |= {s.port.description for row in report.rows if row.last for s in row.last.ports}
    for name in sorted(names - {""}, key=len, reverse=True):
        page = page.replace(name, "")
    assert not HAN.findall(page)


def test_codes_in_a_sentence_are_words() -> None:
    words = PortWords("zh", "Asia/Shanghai")
    code, warning = PortFindingCode, Severity.warning

    def said(name: PortFindingCode, **params: str) -> str:
        return words.finding(finding(name, warning, "sw1", "Gi1", **params))

    assert said(code.port_down, reason="transceiver_absent") == "应在用，但未连通（未插光模块）"
    assert said(code.port_down, reason="") == "应在用，但未连通（设备未给出原因）"
    assert said(code.port_unexpected_up, expected="closed") == "应为关闭端口，却已连通"
    assert said(code.port_duplex, expected="full", actual="half") == "双工应为全双工，实为半双工"
    assert said(code.ports_stale, since="") == "本次未能读取；最近一次读取：从未"
    stale = said(code.ports_stale, since="2026-11-21T23:00+00:00")
    assert stale.endswith("2026-11-22 07:00")


def test_what_a_device_says_is_shown_as_it_says_it() -> None:
    words = PortWords("zh", "UTC")
    said = words.finding(
        finding(PortFindingCode.port_unknown, Severity.warning, "sw1", "Gi1", status="x\x1b[31m")
    )
    assert "x␛[31m" in said
    assert words.why("never_heard_of") == "never heard of"
