"""What a day's reading does not show is kept of the days before (PRT-01, PRT-07, PRT-10)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.nights import Answer
from services.port_days import BRIEF, HEAD, LLDP, OSPF, PEERS, Days, found, table
from weibao.adapters.ports.reader import TextPortReader
from weibao.domain.port_expectation import PortBaseline
from weibao.domain.port_record import UNPARSED_KEPT, DeviceReading
from weibao.domain.port_report import tally_of_readings
from weibao.domain.reasons import Reason
from weibao.errors import RefusedError
from weibao.services.ports.accepting import replace_baseline
from weibao.services.ports.check import PortResult
from weibao.services.ports.history import port_history

DETAIL = "display interface"


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path, {"sw1": "default"})


def only(result: PortResult) -> DeviceReading:
    (reading,) = result.readings
    return reading


def codes(result: PortResult) -> set[str]:
    return {f.code.value for f in result.findings} - {"ports_without_baseline"}


def report(result: PortResult) -> dict[str, object]:
    return json.loads((result.reports[0].folder / "report.json").read_text())


def test_unknown_words_are_a_finding_and_not_a_success(days: Days) -> None:
    days.accept(days.check({"sw1": table("up", "down")}))
    strange = table("up", "odd")
    for _ in range(2):
        result = days.check({"sw1": strange})
        assert only(result).outcome.value == "partly"
        (told,) = (f for f in result.findings if f.code.value == "status_words_unknown")
        assert told.params["count"] == "2", "of the link and of the protocol"
        assert '"odd"' in told.params["words"]
        assert result.exit_code == 1
    assert "status_words_unknown" in {f["code"] for f in report(result)["findings"]}


def test_a_partly_read_device_is_no_success(days: Days) -> None:
    """Until it answers again, or somebody accepts that it does not."""
    whole = table("up")
    whole.outputs = {**whole.outputs, "display eth-trunk": ""}
    days.accept(days.check({"sw1": whole}))
    less = table("up")
    less.warnings = (Reason.of("command_refused", command="display eth-trunk"),)
    for _ in range(2):
        result = days.check({"sw1": less})
        assert only(result).outcome.value == "partly"
        assert codes(result) == {"ports_partly", "command_refused"}
        (told,) = (f for f in result.findings if f.code.value == "ports_partly")
        assert "display eth-trunk" in told.params["what"]
        assert result.exit_code == 1
    days.accept(result)
    assert days.check({"sw1": less}).exit_code == 0


def test_a_command_that_the_program_asks_no_more_is_not_missed(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version asks otherwise: the second reading after it is as whole as before."""
    more = table("up", "up")
    more.outputs = {**more.outputs, "display eth-trunk": "", LLDP: ""}
    days.accept(days.check({"sw1": more}))
    asks = TextPortReader.asks
    monkeypatch.setattr(
        TextPortReader, "asks", lambda self, command: command != LLDP and asks(self, command)
    )
    brief = only(days.check({"sw1": table("up", "up")}))
    assert (brief.outcome.value, brief.had) == ("read", ("display eth-trunk",))
    more.outputs = {**table("up").outputs, "display eth-trunk": ""}
    assert only(days.check({"sw1": more})).had == ()
    assert {"port_missing", "ports_lost"} <= codes(days.check({"sw1": more}))


def test_tests_of_the_controller_are_no_device_that_was_read(tmp_path: Path) -> None:
    folder = Days(tmp_path, {"sw1": "acme"}, contracts="""\
ports:
  reachability:
    - {name: here, target: 127.0.0.1, count: 1}
""")  # fmt: skip
    dark = Answer(platform="huawei", reason=Reason.of("connection_refused"))
    result = folder.check({"sw1": dark})
    assert {r.device for r in result.readings} == {"sw1", "-"}
    assert result.exit_code == 4


def test_lost_ports_are_counted_and_told_each_day(days: Days) -> None:
    """A stack member of which most ports were down takes them out of the table."""
    days.accept(days.check({"sw1": table("down", "down", "down", "down")}))
    gone_on = None
    for _ in range(3):
        result = days.check({"sw1": table("down", "down")})
        (told,) = (f for f in result.findings if f.code.value == "ports_lost")
        assert (told.params["count"], told.params["total"]) == ("2", "4")
        assert "GigabitEthernet0/0/3" in told.params["names"]
        gone_on = gone_on or told.since
        assert told.since == gone_on
        assert result.exit_code == 1
        ports = report(result)["totals"]["ports"]
        assert (ports["total"], ports["down"], ports["lost"]) == (4, 2, 2)
        runs = days.ports.records.port_runs("default")
        run = next(each for each in runs if each.run_id == result.run.id)
        assert (run.ports.total, run.ports.down, run.ports.lost) == (4, 2, 2)
    half = table("down", "down")
    half.outputs = {BRIEF: half.outputs[BRIEF] + "what is this\n"}
    half = days.check({"sw1": half})
    assert "ports_lost" in codes(half), "half a table does not say that they are back"
    assert "ports_lost" not in {f["code"] for f in report(half).get("gone", ())}
    back = days.check({"sw1": table("down", "down", "down", "down")})
    assert codes(back) == set()
    assert tally_of_readings(back.readings).lost == 0
    days.check({"sw1": table("down", "down")})
    days.accept(days.check({"sw1": table("down", "down")}))
    after = days.check({"sw1": table("down", "down")})
    assert (codes(after), after.exit_code) == (set(), 0)
    assert only(after).lost == ()


def test_half_a_table_is_not_half_a_device(days: Days) -> None:
    """Ports that are not seen count as unknown, and keep since when they are as they are."""
    first = days.check({"sw1": table("up", "up")})
    since = only(first).ports[1].since
    half = table("up")
    half.outputs = {BRIEF: half.outputs[BRIEF] + "what is this\n"}
    result = days.check({"sw1": half})
    assert "ports_lost" not in codes(result)
    tally = tally_of_readings(result.readings)
    assert (tally.total, tally.up, tally.unknown, tally.lost) == (2, 1, 1, 0)
    whole = only(days.check({"sw1": table("up", "up")}))
    assert [state.since for state in whole.ports] == [since, since]
    assert whole.unseen == ()


def test_a_brief_check_forgets_no_counters(days: Days) -> None:
    def counted(errors: int) -> Answer:
        answer = table("up")
        answer.outputs = {
            DETAIL: "GigabitEthernet0/0/1 current state : UP\n"
            "Line protocol current state : UP\n"
            "Input:  100 packets, 100 bytes\n"
            f"  CRC:                          {errors},  Giants:                         0\n"
        }
        return answer

    days.check({"sw1": counted(5)})
    head = "Interface                   PHY   Protocol  Description\n"
    short = Answer(
        platform="huawei",
        outputs={"display interface description": f"{head}GE0/0/1  up  up  desk\n"},
    )
    for _ in range(2):
        between = only(days.check({"sw1": short})).ports[0]
        assert between.stale is not None
        assert between.stale.counters.in_crc_errors == 5
    result = days.check({"sw1": counted(5000)})
    (told,) = (f for f in result.findings if f.code.value == "port_errors")
    # Over the three days since they were counted.
    assert told.params["rate"] == str(round(4995 / 72))
    assert only(result).ports[0].stale is None


def test_a_brief_check_forgets_no_routing_neighbour(days: Days) -> None:
    full = table("up")
    full.outputs = {**full.outputs, OSPF: PEERS}
    none = table("up")
    none.outputs = {**none.outputs, OSPF: PEERS.splitlines(keepends=True)[0]}
    days.accept(days.check({"sw1": full}))
    brief = days.check({"sw1": table("up")})
    assert only(brief).stale_routing is not None
    assert "routing_neighbour_down" in codes(days.check({"sw1": none}))
    # Known to be down, and not looked at since.
    between = days.check({"sw1": table("up")})
    assert "routing_neighbour_unknown" in codes(between)
    assert "routing_neighbour_down" in codes(days.check({"sw1": none}))


def test_an_expectation_that_means_no_port_is_told(days: Days) -> None:
    said = {"GE0/0/1": "used", "GE1/0/1-2": "closed", "XGE*": {"speed": "10G"}, "GE0/0/7": "used"}
    made = PortBaseline.model_validate({"device": "sw1", "ports": said})
    days.ports.baselines.write("default", made)
    result = days.check({"sw1": table("up")})
    (told,) = (f for f in result.findings if f.code.value == "expectation_unmatched")
    assert told.params["patterns"] == "GE1/0/1-2, XGE*"
    assert told.severity.value == "info"
    assert "port_missing" in codes(result)


def test_a_record_keeps_the_first_of_what_was_not_understood(days: Days) -> None:
    rows = "".join(f"GigabitEthernet0/0/{n} {'o' * 900} up 0% 0% 0 0\n" for n in range(300))
    lines = "".join(f"what is {'x' * 900} {n}\n" for n in range(300))
    odd = Answer(platform="huawei", outputs={BRIEF: HEAD + rows + lines, OSPF: PEERS + lines})
    result = days.check({"sw1": odd})
    reading = only(result)
    assert reading.routing is not None
    assert (reading.unparsed_count, reading.words_unknown) == (300, 300)
    assert reading.routing.lines_unparsed == 300
    for kept in (reading.unparsed, reading.unknown_words, reading.routing.unparsed):
        assert len(kept) == UNPARSED_KEPT
    assert len(reading.model_dump_json(include={"unparsed", "unknown_words", "routing"})) < 60_000
    assert ("sw1", "", "status_words_unknown") in found(result)


def test_the_history_calls_no_port_absent_that_half_a_table_did_not_show(days: Days) -> None:
    half = table("up")
    half.outputs = {BRIEF: half.outputs[BRIEF] + "what is this\n"}
    for answer in (table("up", "up"), half, table("up"), half, table("up", "up")):
        days.check({"sw1": answer})
    readings = list(days.ports.records.port_history("default", "sw1"))
    second = readings[0].ports[1].port.name
    said = [span.status for span in port_history(readings, second)]
    assert said == ["up/up", "unread", "absent", "up/up"], "what is lost stays lost"
    without = [r.model_copy(update={"unseen": ()}) for r in readings]  # of an earlier version
    assert [s.status for s in port_history(without, second)][:2] == ["up/up", "unread"]
    assert {s.status for s in port_history(readings, "GE9/9/9")} == {"absent"}


def test_what_somebody_writes_while_a_reading_is_accepted_is_not_lost(days: Days) -> None:
    first = days.check({"sw1": table("up", "up")})
    days.accept(first)
    old = days.ports.baselines.read("default", "sw1")
    assert old is not None
    path = Path(replace_baseline(days.ports, "default", old, old))
    path.write_text(path.read_text().replace(": used", ": ignored"))
    written = path.read_text()
    with pytest.raises(RefusedError, match="sw1"):
        replace_baseline(days.ports, "default", old, old)
    with pytest.raises(RefusedError, match="sw1"):
        replace_baseline(days.ports, "default", None, old)
    assert path.read_text() == written


def test_who_accepts_an_old_reading_accepts_nothing_that_came_after_it(days: Days) -> None:
    """``ports baseline accept --run`` of the day before a card failed."""
    whole, half = table("down", "down"), table("down")
    old = days.check({"sw1": whole}, run_id="20261123T060000Z-ffff")
    bad = days.check({"sw1": half}, run_id="20261124T060000Z-0000")
    assert "ports_lost" in codes(bad)
    days.accept(old)
    result = days.check({"sw1": half}, run_id="20261125T060000Z-0000")
    assert "ports_lost" in codes(result)
    days.accept(result)
    assert codes(days.check({"sw1": half}, run_id="20261126T060000Z-0000")) == set()
