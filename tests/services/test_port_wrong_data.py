"""What is written or answered wrong is the trouble of those whom it concerns (PRT-01..PRT-10)."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.nights import Answer
from services.port_days import OSPF, PEERS, Days, found, table
from weibao.adapters.ports import reader
from weibao.adapters.ports.port_files import packaged_readings
from weibao.bootstrap import open_workshop
from weibao.domain.port_expectation import PortBaseline
from weibao.domain.port_report import PortReport
from weibao.domain.reasons import Reason
from weibao.domain.records import Trigger
from weibao.errors import InputError
from weibao.i18n import explain
from weibao.reports.ports.checks import check_items
from weibao.reports.ports.words import PortWords
from weibao.services.ports.check import PortResult
from weibao.services.recover import recover


def test_an_unknown_role_is_named(days: Days) -> None:
    own = PortBaseline.model_validate({"ports": {"Gi0/0/1": {"role": "uplink"}}})
    days.inventory.devices[0] = days.inventory.devices[0].model_copy(update={"ports": own})
    with pytest.raises(InputError, match=r"sw1.*uplink"):
        days.check({"sw1": table("up"), "sw2": table("up")})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("device: sw1\nports: {Gi0/0/1: used\n", "sw1.yml:"),
        ("device: sw1\nports:\n  Gi0/0/1: {role: uplnk}\n", "uplnk"),
        ("device: sw2\n", "sw2"),
    ],
)
def test_a_wrong_file_holds_up_nobody_else(days: Days, text: str, names: str) -> None:
    """A typo is told of its own device: the morning, the others, and the night go on."""
    days.accept(days.check({"sw1": table("up", "up"), "sw2": table("up")}))
    path = days.folder / "ports" / "default" / "sw1.yml"
    right = path.read_text()
    bad = {"sw1": table("down", "up"), "sw2": table("down")}
    before = days.check(bad)
    assert found(before) == {("sw1", "1", "port_down"), ("sw2", "1", "port_down")}

    path.write_text(text)
    runs = len(days.parts.journal.runs(limit=99))
    with pytest.raises(InputError, match=names):
        days.check(bad)
    assert len(days.parts.journal.runs(limit=99)) == runs, "nothing was begun"
    assert not days.parts.journal.unfinished_runs()

    result = days.check(bad, trigger=Trigger.schedule)
    assert result.exit_code == 1
    assert result.run.state.value == "finished"
    assert found(result) == {("sw1", "", "expectations_wrong"), ("sw2", "1", "port_down")}
    (told,) = (f for f in result.findings if f.code.value == "expectations_wrong")
    assert (told.severity.value, names in told.params["detail"]) == ("serious", True)
    report = json.loads((result.reports[0].folder / "report.json").read_text())
    assert "gone" not in report, "what was not as expected may still be so"
    text_of = (result.reports[0].folder / "report.md").read_text()
    assert "No expectations" not in text_of

    days.runner.cut_after = 1
    with pytest.raises(KeyboardInterrupt):
        days.check(bad, trigger=Trigger.schedule)
    days.runner.cut_after = None
    parts = dataclasses.replace(days.parts, finishers=open_workshop(days.folder).parts().finishers)
    (done,) = recover(parts, days.inventory.devices)
    assert done.run.job == "check-ports"
    assert days.run({}).run.state.value == "finished"

    path.write_text(right)
    assert found(days.check(bad)) == found(before)


def test_a_wrong_file_is_told_of_a_device_that_is_not_read(days: Days) -> None:
    days.accept(days.check({"sw1": table("up"), "sw2": table("up")}))
    (days.folder / "ports" / "default" / "sw1.yml").write_text("{")
    dark = Answer(platform="huawei", reason=Reason.of("refused"))
    result = days.check({"sw1": dark, "sw2": table("up")}, trigger=Trigger.schedule)
    assert found(result) == {("sw1", "", "expectations_wrong"), ("sw1", "", "ports_stale")}


def test_no_item_of_the_log_is_good_where_a_device_is_not_compared(days: Days) -> None:
    both = {"sw1": table("up"), "sw2": table("up")}
    days.accept(days.check(both))

    def links(result: PortResult) -> str:
        text = (result.reports[0].folder / "report.json").read_text()
        words = PortWords("en", "UTC")
        items = check_items(PortReport.model_validate_json(text), words)
        return next(item.state for item in items if item.title == words.say("item.links"))

    assert links(days.check(both)) == "good"
    (days.folder / "ports" / "default" / "sw1.yml").write_text("{")
    assert links(days.check(both, trigger=Trigger.schedule)) == "partly"


@pytest.mark.parametrize("name", ["ports.yml", "routing.yml"])
def test_a_platforms_wrong_data_is_its_devices_trouble(days: Days, name: str) -> None:
    days.accept(days.check({"sw1": table("up"), "sw2": table("up")}))
    shutil.copytree(packaged_readings() / "huawei", days.folder / "port_readings" / "huawei")
    (days.folder / "port_readings" / "huawei" / name).write_text("platform: [\n")
    days.reopen()
    both = {"sw1": table("up"), "sw2": table("up")}
    runs = len(days.parts.journal.runs(limit=99))
    with pytest.raises(InputError, match=name):
        days.check(both)
    assert len(days.parts.journal.runs(limit=99)) == runs
    result = days.check(both, trigger=Trigger.schedule)
    assert (result.exit_code, result.run.state.value) == (4, "finished")
    assert found(result) == {("sw1", "", "ports_stale"), ("sw2", "", "ports_stale")}
    for reading in result.readings:
        assert reading.reason is not None
        assert reading.reason.code == "ports_data_wrong", "and no snapshot that is skipped"
        assert name in reading.reason.params["detail"]


def test_data_that_breaks_only_when_it_is_used_is_one_devices_trouble(tmp_path: Path) -> None:
    """A template of another encoding, a ping without its place: the model takes both."""
    days = Days(tmp_path, {"sw1": "acme", "sw2": "acme"}, contracts="""\
ports:
  reachability:
    - {name: telecom, source: sw2, target: 192.0.2.9, line: true}
""")  # fmt: skip
    folder = days.folder / "port_readings" / "huawei"
    shutil.copytree(packaged_readings() / "huawei", folder)
    routing = (folder / "routing.yml").read_text().replace("{to}", "{host}")
    (folder / "routing.yml").write_text(routing)
    (folder / "routing_ospf.textfsm").write_bytes("Value 邻居 (.*)".encode("gb18030"))
    days.reopen()
    asked = table("up")
    asked.outputs = {**asked.outputs, OSPF: PEERS}
    for trigger in (Trigger.manual, Trigger.schedule):
        result = days.check({"sw1": asked, "sw2": table("up")}, trigger=trigger)
        assert result.run.state.value == "finished"
        codes = {r.device: r.reason and r.reason.code for r in result.readings}
        # What was understood before the template came up stays.
        assert codes == {"sw1": "ports.senseless", "sw2": "internal_error"}
        outcomes = {r.device: r.outcome.value for r in result.readings}
        assert outcomes == {"sw1": "partly", "sw2": "failed"}
    assert ("sw2", "", "reach_unchecked") in found(result)


def test_what_makes_no_sense_is_one_devices_trouble(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever converting it raises: the others are read all the same (JOB-01)."""
    understood = reader.assemble

    def refuses(rules: Any, outputs: Any) -> Any:
        outputs = list(outputs)
        if any("absurd" in line for each in outputs for line in each.text):
            raise OverflowError("cannot convert float infinity to integer")
        return understood(rules, outputs)

    monkeypatch.setattr(reader, "assemble", refuses)
    odd = table("up")
    odd.outputs = {name: text + "absurd\n" for name, text in odd.outputs.items()}
    result = days.check({"sw1": odd, "sw2": table("up")})
    by_name = {r.device: r for r in result.readings}
    assert by_name["sw2"].outcome.value == "read"
    assert by_name["sw1"].outcome.value == "failed"
    assert by_name["sw1"].reason is not None
    assert "infinity" in explain(by_name["sw1"].reason.code, by_name["sw1"].reason.params, "zh")
    assert result.exit_code == 1
