"""The daily log: numbers that add up, differences first, nothing unchecked that looks good."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.files import replace
from weibao.domain.port_finding import PortFindingCode
from weibao.domain.port_record import PortOutcome, PortState
from weibao.domain.port_report import PortReport
from weibao.domain.reasons import Reason
from weibao.domain.records import RunState, Severity
from weibao.errors import FailedError
from weibao.i18n import LANGUAGES, Language
from weibao.reports.ports import (
    render_html,
    render_json,
    render_markdown,
    render_word,
    summarise,
    write_report,
)
from weibao.reports.ports.view import PortView

from .pages import Page
from .port_sample import (
    contract,
    finding,
    morning,
    reached,
    reading,
    report_of,
    routed,
    run,
    single,
)
from .port_sample_devices import MORNING, state
from .sample import sha

ORDER = ["record", "differences", "unread", "forwarding", "advice", "history", "devices", "legend",
         "run", "evidence", "verify", "sign"]  # fmt: skip
EVIL = "<script>alert(1)</script>\"'&`|</style></title>]]>--></svg>"
CODE = PortFindingCode


def html(report: PortReport, language: Language = "zh") -> str:
    return "".join(render_html(report, language))


def page(report: PortReport, language: Language = "zh") -> Page:
    return Page(html(report, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", [morning(), single(), routed()], ids=["many", "one", "routed"])
def test_it_is_well_formed_and_alone(report: PortReport, language: Language) -> None:
    text = html(report, language)
    read = Page(text)
    assert read.errors == []
    assert len(read.ids) == len(set(read.ids))
    assert not [name for _, name, _ in read.attributes if name in {"src", "srcset", "action"}]
    assert not re.search(r"https?://|@import|url\((?!#)", text)
    dead = [link for link in read.links if link.startswith("#") and link[1:] not in read.ids]
    assert dead == []
    assert [name for name in read.ids if name in ORDER] == ORDER


def test_totals_add_up() -> None:
    """JOB-10: what was not checked is a number of its own."""
    report = morning()
    read = page(report)
    devices = {k.split(".")[1]: n for k, n in read.totals.items() if k.startswith("device.")}
    ports = {k.split(".")[1]: n for k, n in read.totals.items() if k.startswith("port.")}
    assert devices == {"read": 5, "partly": 1, "failed": 1, "not_checked": 1}
    assert sum(ports.values()) == report.totals.ports.total == 301
    assert "5 + 1 + 1 + 1 = 8" in read.text
    assert "209 + 78 + 13 + 1 + 0 = 301" in read.text


def test_the_verdict_is_about_what_was_read() -> None:
    text = page(morning()).text
    assert "8 台设备中已读取 6 台；端口 301 个：连通 209，断开 78，关闭 13，未知 1。" in text
    assert "差异：新增 9 项，持续 10 项，消除 2 项，已接受 1 项。" in text
    assert "2 台设备未检查，其端口不计为正常。" in text
    assert "未全部检查" in text


def test_head_has_date_person_contract_and_numbers() -> None:
    """RPT-24: date, person; the recorder's login becomes the person's name."""
    text = page(morning()).text
    for said in ("2026-11-22", "刘洋", "PT-sdyy-20261122", "市第一人民医院", "周文涛",
                 "2026 年网络设备维保服务合同"):  # fmt: skip
        assert said in text


def test_new_ones_first_then_lasting_gone_and_waived() -> None:
    text = html(morning())
    parts = [text.index(f'found-table {name}"') for name in ("new", "lasting", "gone", "waived")]
    assert parts == sorted(parts)
    rows = page(morning()).tables["found-table new"]
    assert rows[0][0] == "严重"
    assert rows[0][4] == "门诊楼 2 层 弱电间 A-12"
    waived = page(morning()).tables["found-table waived"]
    assert waived[0][4] == "装修期间临时接入（至 2026-12-31）"
    lasting = page(morning()).tables["found-table lasting"]
    assert any("2026-11-10 07:00 或更早已 12 天" in row[3] for row in lasting)


def test_a_device_that_was_not_read_is_stale_and_in_no_total() -> None:
    text = html(morning())
    card = text[text.index('id="unread"') : text.index('id="forwarding"')]
    assert "MZ-3F-ACC-01" in card
    assert "最近一次读取于 2026-11-21 07:00" in card
    assert "当时的 1 项差异本次无法复核" in card
    assert "从未读取过" in card
    device = text[text.index('id="d7"') : text.index('id="d8"')]
    assert 'class="front stale"' in device
    assert 'class="old"' in device, "hatched"
    assert "不计为正常" in device
    assert 'href="#f-' not in device, "no finding of today on a picture of yesterday"
    assert "另有 30 个端口只有过时状态，未计入" in page(morning()).text


def test_everything_unread_is_no_pass() -> None:
    report = morning()
    rows = []
    for row in report.rows:
        why = Reason.of("no_answer", address="a", port="22", seconds="20")
        unread = reading(row.device, (), "failed", why)
        rows.append(row.model_copy(update={"reading": unread, "findings": ()}))
    dark = report_of(rows, [])
    text = page(dark).text
    assert "8 台设备均未能读取，没有任何端口得到检查。" in text
    states = {item.state for item in PortView(dark, "zh").items}
    assert states == {"not_checked", "manual"}
    assert "全部端口与期望一致" not in text


def test_an_empty_inventory_is_no_pass() -> None:
    text = page(report_of([], [], days=(), evidence=())).text
    assert "资产清单中没有设备，没有任何端口得到检查。" in text
    assert "全部正常" not in text
    assert "全部设备均已读取" not in text


def test_a_calm_day_is_good_but_not_what_nobody_looked_at() -> None:
    calm = single()
    text = page(calm).text
    assert "端口全部正常" in text
    states = {item.title: item.state for item in PortView(calm, "zh").items}
    assert states["交换机端口状态"] == "good"
    assert states["转发与路由"] == "not_checked"
    assert states["外网线路"] == "not_checked"
    assert states["水晶头与信息点、墙面插座"] == "manual"


def items_of(report: PortReport, *ports: PortState) -> dict[str, str]:
    """States of the items where ``report``'s only device shows these ports."""
    (row,) = report.rows
    read = row.reading.model_copy(update={"ports": ports})
    rows = [row.model_copy(update={"reading": read})]
    return {item.title: item.state for item in PortView(report_of(rows, []), "zh").items}


def test_errors_and_traffic_are_good_only_where_they_were_compared() -> None:
    """One port that tells its traffic, or counters read for the first time, are no pass."""
    report = single()
    ports = report.rows[0].reading.ports
    first = items_of(report, *ports)
    assert first["接触不良"] == first["传输线路质量"] == "not_checked"
    assert first["链路利用率"] == "good", "both uplinks tell their traffic"
    compared = [state.model_copy(update={"compared": True}) for state in ports]
    whole = items_of(report, *compared)
    assert whole["接触不良"] == whole["传输线路质量"] == "good"
    half = items_of(report, *ports[:12], *compared[12:])
    assert half["接触不良"] == half["传输线路质量"] == "partly"
    mute = ports[-1].port.model_copy(update={"in_rate": None, "out_rate": None})
    quiet = items_of(report, *ports[:-1], ports[-1].model_copy(update={"port": mute}))
    assert quiet["链路利用率"] == "partly"
    assert items_of(report, *ports[:-2])["链路利用率"] == "not_checked"
    vlan = state("Vlan-interface20")
    assert items_of(report, *compared, vlan)["接触不良"] == "good", "has no contacts"
    odd = state("GigabitEthernet1/0/48", oper="unknown")
    assert items_of(report, *ports, odd)["交换机端口状态"] == "partly"


def test_without_expectations_nothing_is_as_it_should_be() -> None:
    bare = single()
    rows = [row.model_copy(update={"expectations": {}}) for row in bare.rows]
    view = PortView(report_of(rows, []), "zh")
    assert view.verdict.level == "attention"
    assert "1 台设备尚未设定端口期望，只与上次比较。" in view.verdict.details


def test_a_part_that_was_read_makes_no_item_good() -> None:
    report = single()
    (row,) = report.rows
    other = row.model_copy(
        update={"device": "other", "reading": reading("other", (), "failed"), "expectations": {}}
    )
    states = {item.state for item in PortView(report_of([row, other], []), "zh").items}
    assert "good" not in states
    assert "partly" in states


def test_forwarding_and_reachability_are_shown() -> None:
    """PRT-02, PRT-08, CHK-NET-07, CHK-LIN-05."""
    text = page(routed()).text
    assert "未建立 (ExStart)" in text
    assert "已建立 (Established)" in text
    assert "846" in text
    assert "联通专线（外网线路）" in text
    assert "80% (1/5)" in text
    assert "设备的输出未能识别" in text
    states = {item.title: item.state for item in PortView(routed(), "zh").items}
    assert states["转发与路由"] == "found"
    assert states["外网线路"] == "found"
    assert states["连通性"] == "partly"
    assert "Not checked: the routing of no device was read." in page(morning(), "en").text


def test_a_test_without_a_result_is_told() -> None:
    """PRT-08: a line whose device was not read, or that no device tests, is no good line."""
    tests = [
        {"name": "电信专线", "target": "202.96.0.1", "line": True},
        {"name": "联通专线", "source": "MZ-9F-ACC-01", "target": "123.125.0.1", "line": True},
    ]
    profile = contract(ports={"reachability": tests})
    made = reached()[:1]
    report = single().model_copy(update={"contract": profile, "reached": made})
    states = {item.title: item.state for item in PortView(report, "zh").items}
    assert states["外网线路"] == "partly"
    text = page(report).text
    assert "资产清单中没有该设备" in text
    silent = report.model_copy(update={"reached": ()})
    states = {item.title: item.state for item in PortView(silent, "zh").items}
    assert states["外网线路"] == "not_checked"
    assert "本次未进行" in page(silent).text


def test_an_interrupted_run_is_not_complete() -> None:
    text = page(single().model_copy(update={"run": run(state=RunState.interrupted)})).text
    assert "检查被中断" in text
    assert "全部正常" not in text


def test_advice_says_what_to_do_busiest_link_first() -> None:
    """PRT-03."""
    view = PortView(morning(), "zh")
    busy = next(a for a in view.advice if a.title == "链路利用率过高")
    assert busy.expands
    assert "增加聚合成员" in busy.text
    assert "84%" in busy.places[0]
    assert [a.expands for a in view.advice] == sorted(
        (a.expands for a in view.advice), reverse=True
    )


def test_a_switch_without_free_ports_is_to_be_extended() -> None:
    (row,) = single().rows
    full = tuple(state(f"GigabitEthernet1/0/{n}") for n in range(1, 25))
    rows = [row.model_copy(update={"reading": reading(row.device, full), "expectations": {}})]
    (advice,) = PortView(report_of(rows, []), "zh").advice
    assert advice.title == "空闲端口不足"
    assert advice.places == ("MZ-1F-ACC-01：24 个端口中空闲 0 个",)


def test_each_port_tells_all_about_itself() -> None:
    text = html(morning())
    assert (
        "XGigabitEthernet0/0/49\n连通：管理 up / 运行 up\n速率、双工：10G 全双工\nVLAN：1 trunk\n"
        "对端：ZB-CORE-01 XGigabitEthernet1/0/1\n描述：TO-ZB-CORE-01\n光功率：Rx -5.2 dBm、"
    ) in text
    assert "GigabitEthernet0/0/13\n断开：管理 up / 运行 down\n原因：链路断开" in text
    assert "位置：收费窗口 3 一层大厅 1F-13" in text


def test_the_state_can_be_read_without_colour() -> None:
    text = html(morning())
    for name in ("up", "down", "shut", "unknown", "lost"):
        assert f'<symbol id="p-{name}"' in text
        assert f'href="#p-{name}"' in text
    shapes = re.findall(r'<symbol id="p-\w+".*?</symbol>', text)
    assert len({re.sub(r"var\([^)]*\)|id=\"[^\"]*\"", "", shape) for shape in shapes}) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_a_device_says_breaks_it(language: Language) -> None:
    (row,) = single().rows
    port = state(f"Gi1{EVIL}", description=EVIL, reason=EVIL, vlan=EVIL, mode=EVIL)
    socket = state("GigabitEthernet1/0/1", description=EVIL, native_status=EVIL)
    found = finding(CODE.port_vlan, Severity.warning, "sw", EVIL, expected=EVIL, actual=EVIL,
                    cuts_off=EVIL, waived="")  # fmt: skip
    bad = row.model_copy(
        update={"device": "sw", "title": EVIL, "site": EVIL, "address": EVIL, "expectations": {},
                "reading": reading("sw", (port, socket)), "findings": (found,)}
    )  # fmt: skip
    report = report_of([bad], [found], number=EVIL, recorder=EVIL, title={"zh": EVIL, "en": EVIL},
                       contract=contract(customer=EVIL, title=EVIL))  # fmt: skip
    text = html(report, language)
    assert "<script>alert" not in text
    assert Page(text).errors == []
    markdown = "".join(render_markdown(report, language))
    assert "<script>" not in markdown


def test_control_characters_are_shown() -> None:
    (row,) = single().rows
    port = state("GigabitEthernet1/0/1", description="a\x1b[31m\u202eb")
    odd = row.model_copy(update={"reading": reading(row.device, (port,))})
    text = html(report_of([odd], []))
    assert "\x1b" not in text
    assert "a␛[31m⟨U+202E⟩b" in text


def test_markdown_has_the_same_numbers() -> None:
    text = "".join(render_markdown(routed(), "zh"))
    assert "| 8 | 5 | 1 | 1 | 1 |" in text
    assert "| 301 | 209 | 78 | 13 | 1 |" in text
    assert "门诊楼 2 层 弱电间 A-12" in text
    assert "未建立" in text
    assert sha("ledger") in text
    assert text.count("GigabitEthernet1/0/41") >= 2


def test_word_has_the_same_words() -> None:
    docx = pytest.importorskip("docx")
    data = render_word(morning(), "zh")
    assert data == render_word(morning(), "zh"), "the same log gives the same bytes"
    word = docx.Document(io.BytesIO(data))
    text = "\n".join(p.text for p in word.paragraphs)
    cells = {c.text for t in word.tables for r in t.rows for c in r.cells}
    assert "8 台设备中已读取 6 台" in text
    assert "门诊楼 2 层 弱电间 A-12" in cells
    assert "▽ 断开 (链路断开)" in cells
    assert sha("MZ-1F-ACC-01display interface brief") in cells


def test_a_big_fleet_is_not_listed_port_by_port_in_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weibao.reports.ports.document._MOST_PORTS", 100)
    text = "".join(render_markdown(morning(), "en"))
    assert "331 ports are too many" in text
    assert "ge-0/0/11" not in text


def test_json_reads_back() -> None:
    for report in (routed(), single()):
        text = render_json(report)
        assert PortReport.model_validate_json(text) == report
        data = json.loads(text)
        assert data["schema_id"] == "weibao.report.ports/1"
        assert "admin_status" in data["rows"][0]["reading"]["ports"][0]["port"]


def test_all_files_are_written_and_the_page_last(tmp_path: Path) -> None:
    pytest.importorskip("docx")
    written: list[str] = []

    def write(path: Path, data: bytes) -> None:
        written.append(path.name)
        replace(path, data)

    paths = write_report(morning(), tmp_path / "new", "zh", write)
    assert written[-1] == "index.html"
    assert sorted(written) == [
        "index.en.html", "index.html", "report.docx", "report.en.docx", "report.en.md",
        "report.json", "report.md",
    ]  # fmt: skip
    assert {p.name for p in paths.others} == {"index.en.html", "report.en.md", "report.en.docx"}
    assert 'lang="zh-CN"' in paths.html.read_text(encoding="utf-8")

    def full(path: Path, data: bytes) -> None:
        if path.name == "report.md":
            raise FailedError("files.full", path=path, why="ENOSPC")
        replace(path, data)

    old = paths.html.read_bytes()
    with pytest.raises(FailedError):
        write_report(single(), tmp_path / "new", "zh", full)
    assert paths.html.read_bytes() == old


def test_half_a_character_is_written_as_something_visible(tmp_path: Path) -> None:
    (row,) = single().rows
    port = state("GigabitEthernet1/0/1", description="a\udcb0b")
    odd = report_of([row.model_copy(update={"reading": reading(row.device, (port,))})], [])
    paths = write_report(odd, tmp_path, "zh", replace)
    assert "a⟨U+DCB0⟩b" in paths.html.read_text(encoding="utf-8")
    assert "a⟨U+DCB0⟩b" in paths.json.read_text(encoding="utf-8")


def test_the_subject_and_the_summary_say_it_all() -> None:
    notice = summarise(morning(), "zh", "/var/reports/index.html")
    assert notice.subject == (
        "[维保] 市第一人民医院 端口日志 2026-11-22：6/8 台已读取，9 项新差异，10 项持续"
    )
    assert notice.failed
    first = notice.text.index("MZ-2F-ACC-01 Ten-GigabitEthernet1/0/26")
    assert first < notice.text.index("持续 (10)") < notice.text.index("未检查的设备 (2)")
    assert "影响 门诊楼 2 层 弱电间 A-12" in notice.text
    assert "/var/reports/index.html" in notice.text
    data = json.loads(json.dumps(notice.data))
    assert data["totals"]["ports"]["total"] == 301
    assert {"device": "FY-ACC-02", "outcome": "not_checked", "reason": "not_in_this_run"} in data[
        "devices"
    ]


def test_no_device_text_goes_out() -> None:
    """Descriptions, neighbours and raw lines stay in the log."""
    notice = summarise(morning(), "zh")
    sent = notice.text + notice.markdown + json.dumps(notice.data, ensure_ascii=False)
    for said in ("<weird>", "CT-2", "ZB-DC-SPINE-02", "sfpMismatch"):
        assert said not in sent


def _with(*found: Any, **changed: Any) -> PortReport:
    return report_of(single().rows, found, **({"new": tuple(range(len(found)))} | changed))


@pytest.mark.parametrize(
    ("report", "failed"),
    [
        (single(), False),
        (_with(finding(CODE.port_down, Severity.warning, "x", "y", reason="")), True),
        (_with(finding(CODE.command_refused, Severity.info, "x", command="c")), False),
        (_with(finding(CODE.port_down, Severity.serious, "x", "y", reason="", waived="ok")), False),
        (_with(finding(CODE.port_down, Severity.warning, "x", "y", reason=""), new=()), False),
        (_with(finding(CODE.port_down, Severity.serious, "x", "y", reason=""), new=()), True),
        (single().model_copy(update={"run": run(state=RunState.interrupted)}), True),
        (report_of([], [], days=()), True),
    ],
    ids=["calm", "new", "note", "waived", "lasting", "serious", "interrupted", "empty"],
)  # fmt: skip
def test_failed_means_that_someone_must_look(report: PortReport, failed: bool) -> None:
    assert summarise(report, "zh").failed is failed


def test_a_bad_morning_stays_short() -> None:
    found = [finding(CODE.port_down, Severity.warning, f"sw{n}", "Gi1", reason="")
             for n in range(300)]  # fmt: skip
    notice = summarise(_with(*found), "zh")
    assert "……另有 280 项" in notice.text
    assert len(notice.text) < 3000


def test_history_marks_days_on_which_devices_were_missing() -> None:
    text = html(morning())
    chart = text[text.index('<svg class="chart"') :]
    chart = chart[: chart.index("</svg>")]
    assert chart.count('class="short"') == 2
    assert "11-22" in chart
    assert len(re.findall(r'<rect class="up"', chart)) == 14
    assert '<svg class="chart"' not in html(single()), "one day is no history"


def test_a_day_without_ports_draws(tmp_path: Path) -> None:
    report = morning()
    empty = report.days[0].model_copy(
        update={"ports": report_of([], []).totals.ports, "findings": 0, "devices_read": 0}
    )
    assert Page(html(report.model_copy(update={"days": (empty, empty)}))).errors == []


def test_partly_read_devices_say_why() -> None:
    line = PortView(morning(), "zh").lines[4]
    assert line.outcome is PortOutcome.partly
    assert line.why == "设备拒绝了 show interfaces transceiver，3 行输出未能识别"


def test_times_are_of_the_contracts_zone() -> None:
    report = morning(contract=contract(time_zone="America/New_York"))
    assert "2026-11-21 18:00" in page(report).text
    assert MORNING.hour == 23
