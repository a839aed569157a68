"""A believable morning: switches of a hospital, every kind of finding and of outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from weibao.domain.contract import Contract, Person
from weibao.domain.port import (
    AdminStatus,
    Duplex,
    OperStatus,
)
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import WHOLE, DeviceReading, PortOutcome, PortState
from weibao.domain.port_report import (
    PortDay,
    PortDeviceRow,
    PortReport,
    PortTally,
    PortTotals,
    tally_of,
)
from weibao.domain.reasons import Reason
from weibao.domain.records import (
    EvidenceRecord,
    LedgerHead,
    Run,
    RunState,
    RunStep,
    Severity,
    StepOutcome,
    Trigger,
)
from weibao.domain.routing import (
    NeighbourState,
    Reached,
    RouteCount,
    RoutingNeighbour,
    RoutingReading,
)

from .port_sample_devices import DEVICES, MORNING, UNITS, access, uplinks
from .sample import sha

DAY = date(2026, 11, 22)
RUN = "20261122-070004-ports"
CODE = PortFindingCode
SERIOUS, WARNING, INFO = Severity.serious, Severity.warning, Severity.info


def finding(
    code: PortFindingCode, severity: Severity, device: str, port: str = "", *, days: float = 0,
    cuts_off: str = "", waived: str = "", at_least: bool = False, **params: str,
) -> PortFinding:  # fmt: skip
    return PortFinding(
        run_id=RUN,
        contract="sdyy",
        device=device,
        port=port,
        code=code,
        severity=severity,
        params={"port": port, **params} if port else params,
        since=MORNING - timedelta(days=days) if days else MORNING,
        at_least=at_least,
        cuts_off=cuts_off,
        waived=waived,
        waived_until="2026-12-31" if waived else "",
        at=MORNING + timedelta(seconds=20),
    )


def findings() -> list[PortFinding]:
    gi, xg, ten = "GigabitEthernet0/0/", "XGigabitEthernet0/0/", "Ten-GigabitEthernet1/0/"
    one, two, leaf, agg, yj, fy = (row[0] for row in DEVICES[:6])
    f = finding
    return [
        f(CODE.port_down, SERIOUS, two, f"{ten}26", cuts_off="门诊楼 2 层 弱电间 A-12",
          reason="transceiver_absent"),
        f(CODE.redundancy_lost, SERIOUS, two, f"{ten}26", name="门诊二层上联", down=f"{ten}26",
          up="1", total="2", cuts_off="内科门诊"),
        f(CODE.port_unexpected_up, SERIOUS, yj, "GigabitEthernet1/0/12", days=1, expected="closed"),
        f(CODE.port_duplex_mismatch, SERIOUS, agg, "xe-0/1/0", days=3, actual="full",
          other="FY-ACC-03 A1", other_duplex="half"),
        f(CODE.port_down, WARNING, one, f"{gi}13", cuts_off="收费窗口 3 一层大厅 1F-13",
          reason="link_down"),
        f(CODE.port_shut, WARNING, one, f"{gi}9", reason="administratively_down",
          cuts_off="自助机 2 一层大厅 1F-09"),
        f(CODE.port_busy, WARNING, one, f"{xg}49", days=6, percent="84", limit="70",
          direction="in"),
        f(CODE.port_busy, WARNING, one, f"{xg}50", days=6, percent="78", limit="70",
          direction="out"),
        f(CODE.port_errors, WARNING, one, f"{gi}22", days=2, kind="in_crc_errors", rate="420",
          budget="10"),
        f(CODE.port_flapping, WARNING, one, "GigabitEthernet1/0/30", changes="9",
          cuts_off="护士站 一层东 1F-78"),
        f(CODE.port_speed, WARNING, one, "GigabitEthernet1/0/18", days=12, expected="1G",
          actual="100M", at_least=True),
        f(CODE.port_duplex, WARNING, fy, "A3", days=30, expected="full", actual="half"),
        f(CODE.port_vlan, WARNING, two, "GigabitEthernet1/0/6", expected="20", actual="99"),
        f(CODE.port_neighbour_moved, WARNING, leaf, "Ethernet1/49", expected="ZB-DC-SPINE-01 E3/1",
          actual="ZB-DC-SPINE-02 E3/1"),
        f(CODE.port_unknown, WARNING, yj, "GigabitEthernet1/0/5", status="sfpMismatch"),
        f(CODE.port_missing, WARNING, leaf, "Ethernet1/60", days=1),
        f(CODE.port_went_down, WARNING, agg, "ge-0/0/9", reason=""),
        f(CODE.ports_not_understood, WARNING, yj, count="3", line="Po1  <weird> line"),
        f(CODE.command_refused, INFO, yj, command="show interfaces transceiver"),
        f(CODE.ports_without_baseline, INFO, fy),
        f(CODE.ports_stale, SERIOUS, "MZ-3F-ACC-01", since="2026-11-21T07:00+08:00"),
        f(CODE.ports_stale, SERIOUS, "FY-ACC-02", since=""),
        f(CODE.port_description, WARNING, two, "GigabitEthernet1/0/7", days=9, expected="CT-2",
          actual="old <b>CT</b>", waived="装修期间临时接入"),
    ]  # fmt: skip


NEW = {
    CODE.port_down, CODE.redundancy_lost, CODE.port_shut, CODE.port_flapping, CODE.port_vlan,
    CODE.port_neighbour_moved, CODE.port_unknown, CODE.port_went_down,
}  # fmt: skip


def reading(
    device: str, ports: Iterable[PortState], outcome: str = "read", reason: Reason | None = None,
    **more: Any,
) -> DeviceReading:  # fmt: skip
    values: dict[str, Any] = {
        "run_id": RUN, "contract": "sdyy", "device": device, "platform": "huawei",
        "at": MORNING + timedelta(seconds=20),
    }  # fmt: skip
    return DeviceReading(
        outcome=PortOutcome(outcome), reason=reason, ports=tuple(ports), **(values | more)
    )


def fitting(state: PortState, found: PortFinding | None) -> PortState:
    """The port as its finding says that it is."""
    if found is None:
        return state
    more: dict[str, Any] = {}
    if found.code in {CODE.port_down, CODE.port_went_down}:
        more = {"oper_status": OperStatus.down, "speed": None, "duplex": Duplex.unknown,
                "reason": found.params["reason"]}  # fmt: skip
    elif found.code is CODE.port_shut:
        more = {"admin_status": AdminStatus.down, "oper_status": OperStatus.down,
                "reason": "administratively_down"}  # fmt: skip
    elif found.code is not CODE.port_unknown:
        more = {"admin_status": AdminStatus.up, "oper_status": OperStatus.up, "reason": ""}
    port = state.port.model_copy(update=more)
    return state.model_copy(update={"port": port, "since": found.since, "at_least": False})


def expectations(
    ports: Iterable[PortState], place: str, found: Mapping[str, PortFinding] | None = None
) -> dict[str, PortExpectation]:
    said = {}
    for number, one in enumerate(ports):
        port = one.port
        known = (found or {}).get(port.name)
        if known is not None and known.cuts_off:
            said[port.name] = PortExpectation.model_validate(
                {"use": "used", "serves": known.cuts_off, "uplink": bool(port.neighbours)}
            )
        elif port.neighbours:
            said[port.name] = PortExpectation.model_validate({"use": "used", "uplink": True})
        elif port.vlan:
            said[port.name] = PortExpectation.model_validate(
                {"use": "used" if port.oper_status is OperStatus.up else "reserved",
                 "room": place, "outlet": f"1F-{number:02d}"}
            )  # fmt: skip
    return said


def row(index: int, found: list[PortFinding]) -> PortDeviceRow:
    name, title, site, unit, ports, outcome, reason, known = DEVICES[index]
    said = {f.port: f for f in reversed(found) if f.device == name and f.port}
    ports = [fitting(state, said.get(state.port.name)) for state in ports]
    good = outcome in {"read", "partly"}
    more: dict[str, Any] = {}
    if outcome == "partly":
        more = {"refused": ("show interfaces transceiver",), "unparsed_count": 3,
                "unparsed": ("Po1  <weird> line",)}  # fmt: skip
    own = tuple(f for f in found if f.device == name)
    last = None
    if known and not good:
        before = MORNING - timedelta(days=1)
        old = finding(CODE.port_down, WARNING, name, "GigabitEthernet1/0/3")
        last = reading(name, ports, run_id="20261121-070004-ports", at=before, findings=(old,))
    return PortDeviceRow(
        device=name,
        title=title,
        address=f"10.20.{10 + index}.{20 + index}",
        site=site,
        unit=unit,
        model="S5735-L48T4X" if index == 0 else "",
        reading=reading(name, ports if good else (), outcome, reason, findings=own, **more),
        last=last,
        expectations=expectations(ports, site, said) if good and index != 5 else {},
        findings=own,
    )


def totals(rows: Iterable[PortDeviceRow]) -> PortTotals:
    given = list(rows)
    counts = {o.value: sum(r.reading.outcome is o for r in given) for o in PortOutcome}
    read = tuple(s for r in given if r.reading.good for s in r.reading.ports)
    stale = sum(len(r.last.ports) for r in given if not r.reading.good and r.last)
    return PortTotals(inventory=len(given), **counts, ports=tally_of(read), stale_ports=stale)


def days(now: PortTally, count: int = 14) -> tuple[PortDay, ...]:
    made = []
    for back in range(count - 1, 0, -1):
        at = MORNING - timedelta(days=back)
        local = at.astimezone(ZoneInfo("Asia/Shanghai")).date()
        moved = min((back * 5) % 9, now.up)
        ports = PortTally(total=now.total, up=now.up - moved, down=now.down + moved,
                          shut=now.shut, unknown=now.unknown)  # fmt: skip
        made.append(
            PortDay(run_id=f"r{back}", day=local, at=at, ports=ports,
                    findings=6 + (back * 7) % 11, devices_read=7 if back == 4 else 8,
                    devices_total=8)
        )  # fmt: skip
    last = PortDay(run_id=RUN, day=DAY, at=MORNING, ports=now, findings=22,
                   devices_read=6, devices_total=8)  # fmt: skip
    return (*made, last)


def evidence(name: str) -> list[EvidenceRecord]:
    return [
        EvidenceRecord(
            contract="sdyy", sha256=sha(name + command), stored_sha256=sha("s" + name + command),
            size=4210 + len(name) * 31, device=name, kind="output", command=command, run_id=RUN,
            collected_at=MORNING + timedelta(seconds=15), note="encrypted",
        )
        for command in ("display interface brief", "display lldp neighbor brief")
    ]  # fmt: skip


def contract(**changed: Any) -> Contract:
    values: dict[str, Any] = {
        "id": "sdyy",
        "customer": "市第一人民医院",
        "provider": "恒通网络技术服务有限公司",
        "title": "2026 年网络设备维保服务合同",
        "project_manager": "周文涛",
        "people": (Person(id="liu", name="刘洋", roles=("recorder",), logins=("netops",)),),
    }
    return Contract(**(values | changed))


def run(**changed: Any) -> Run:
    values: dict[str, Any] = {
        "id": RUN, "job": "check-ports", "runbook": "check-ports@1.0",
        "runbook_sha256": sha("runbook"), "actor": "netops@ops-01", "trigger": Trigger.schedule,
        "authorisation": "SQ-2026-003", "program": "weibao 0.1.0", "started_at": MORNING,
        "finished_at": MORNING + timedelta(seconds=47), "state": RunState.finished,
        "targets": len(DEVICES),
    }  # fmt: skip
    return Run(**(values | changed))


def _steps() -> tuple[RunStep, ...]:
    at, steps = MORNING, []
    for name, seconds in (("inventory", 1.4), ("collect", 31.2), ("judge", 3.3), ("report", 1.4)):
        end = at + timedelta(seconds=seconds)
        steps.append(RunStep(name=name, started_at=at, finished_at=end, outcome=StepOutcome.ok))
        at = end
    return tuple(steps)


def report_of(
    rows: Iterable[PortDeviceRow], found: Iterable[PortFinding], **changed: Any
) -> PortReport:
    """A report whose numbers fit its rows."""
    given, listed = tuple(rows), tuple(found)
    sums = totals(given)
    values: dict[str, Any] = {
        "number": "PT-sdyy-20261122",
        "title": {"zh": "系统运行日志", "en": ""},
        "estate": "sdyy",
        "contract": contract(),
        "run": run(),
        "steps": _steps(),
        "generated_at": MORNING + timedelta(seconds=50),
        "recorder": "netops",
        "totals": sums,
        "rows": given,
        "findings": listed,
        "new": tuple(n for n, f in enumerate(listed) if f.code in NEW),
        "gone": (),
        "days": days(sums.ports),
        "evidence": tuple(e for r in given if r.reading.good for e in evidence(r.device)),
        "ledger": LedgerHead(site="main", sequence=2143, hash=sha("ledger")),
    }
    return PortReport(**(values | changed))


def morning(**changed: Any) -> PortReport:
    """Eight devices; ``changed`` replaces fields of the report."""
    found = findings()
    gone = (
        finding(CODE.port_down, WARNING, "MZ-1F-ACC-01", "GigabitEthernet1/0/41", days=4,
                reason="link_down", cuts_off="药房窗口 2"),
        finding(CODE.port_errors, WARNING, "ZB-DC-LEAF-01", "Ethernet1/7", days=8,
                kind="in_errors", rate="35", budget="10"),
    )  # fmt: skip
    rows = [row(index, found) for index in range(len(DEVICES))]
    return report_of(rows, found, **({"gone": gone} | changed))


def single() -> PortReport:
    """One switch on which everything is as it should be, on its first day."""
    ports = access("GigabitEthernet", 1, 24)
    ports += uplinks("Ten-GigabitEthernet", ("1/0/25", "1/0/26"), "ZB-CORE-01")
    name = "MZ-1F-ACC-01"
    only = PortDeviceRow(
        device=name, title="H3C Comware", address="10.20.10.20", site="门诊楼 1 层",
        unit="挂号收费处", reading=reading(name, ports), expectations=expectations(ports, "一层"),
    )  # fmt: skip
    tally = tally_of(tuple(ports))
    first = PortDay(run_id=RUN, day=DAY, at=MORNING, ports=tally, findings=0,
                    devices_read=1, devices_total=1)  # fmt: skip
    return report_of([only], [], days=(first,))


def fleet(count: int = 500) -> PortReport:
    """Many access switches of 48 ports and four uplinks, every tenth not read."""
    rows, found = [], []
    for number in range(count):
        name = f"ACC-{number:04d}"
        ports = access("GigabitEthernet", 1, 48, number)
        ports += uplinks("Ten-GigabitEthernet", ("1/0/49", "1/0/50"), f"AGG-{number // 20:02d}")
        own = []
        if number % 3 == 0:
            own.append(finding(CODE.port_down, WARNING, name, "GigabitEthernet1/0/13",
                               days=number % 9, reason="link_down",
                               cuts_off=f"{number} 室"))  # fmt: skip
        if number % 40 == 0:
            own.append(finding(CODE.port_busy, WARNING, name, "Ten-GigabitEthernet1/0/49", days=2,
                               percent="81", limit="70", direction="out"))  # fmt: skip
        bad = number % 10 == 9
        if bad:
            own = [finding(CODE.ports_stale, SERIOUS, name, since="2026-11-21T07:00+08:00")]
        found += own
        rows.append(
            PortDeviceRow(
                device=name, title="H3C Comware", address=f"10.9.{number // 200}.{number % 200}",
                site=f"{1 + number // 50} 号楼", unit=UNITS[number % 8],
                reading=reading(name, () if bad else ports, "failed" if bad else "read",
                                Reason.of("no_answer", address="10.9.0.1", port="22", seconds="20")
                                if bad else None, findings=tuple(own)),
                last=reading(name, ports, run_id="r1", at=MORNING - timedelta(days=1))
                if bad else None,
                expectations=expectations(ports, f"{number} 室"),
                findings=tuple(own),
            )
        )  # fmt: skip
    return report_of(rows, found)


def routing(*, down: bool = True) -> RoutingReading:
    """Of the core of the branch: one of three neighbours is down."""

    def neighbour(protocol: str, address: str, native: str, **more: Any) -> RoutingNeighbour:
        state = NeighbourState.down if native == "ExStart" else NeighbourState.up
        return RoutingNeighbour(
            protocol=protocol, address=address, native_state=native, state=state, **more
        )

    first = neighbour("ospf", "10.0.0.1", "Full", interface="xe-0/1/0", since="41d02h")
    second = neighbour("ospf", "10.0.0.2", "ExStart" if down else "Full", interface="xe-0/1/1")
    third = neighbour("bgp", "202.96.0.1", "Established", prefixes=812, since="12w")
    return RoutingReading(
        neighbours=(first, second, third),
        routes=(RouteCount(protocol="total", count=846), RouteCount(protocol="bgp", count=812),
                RouteCount(protocol="ospf", count=30), RouteCount(protocol="static", count=4)),
        asked=("show ospf neighbor", "show bgp summary", "show route summary"),
    )  # fmt: skip


def reached() -> tuple[Reached, ...]:
    """From here and from a device: good, lost, not made."""
    return (
        Reached(name="电信专线", source="controller", target="202.96.0.1", sent=5, received=5,
                rtt=4.2, line=True, at=MORNING),
        Reached(name="联通专线", source="controller", target="123.125.0.1", sent=5, received=1,
                rtt=180.4, line=True, at=MORNING),
        Reached(name="HIS 服务器", source="FY-AGG-01", target="10.1.1.10", sent=5, received=5,
                rtt=0.8, at=MORNING),
        Reached(name="PACS 归档", source="MZ-1F-ACC-01", target="10.1.1.20",
                trouble="not_understood", at=MORNING),
    )  # fmt: skip


def routed() -> PortReport:
    """The morning, with routing and reachability."""
    report = morning()
    rows = tuple(
        r.model_copy(update={"reading": r.reading.model_copy(update={"routing": routing()})})
        if r.device == "FY-AGG-01" else r
        for r in report.rows
    )  # fmt: skip
    more = (
        finding(CODE.routing_neighbour_down, SERIOUS, "FY-AGG-01", neighbour="ospf 10.0.0.2",
                state="ExStart", interface="xe-0/1/1"),
        finding(CODE.unreachable, SERIOUS, WHOLE, name="联通专线", source="controller",
                target="123.125.0.1", loss="80", rtt="180", cuts_off="互联网医院"),
        finding(CODE.reach_unchecked, WARNING, "MZ-1F-ACC-01", name="PACS 归档",
                source="MZ-1F-ACC-01", target="10.1.1.20", why="not_understood"),
    )  # fmt: skip
    found = (*more, *report.findings)
    return report_of(
        rows, found, reached=reached(), gone=report.gone,
        new=tuple(n for n, f in enumerate(found) if f.code in NEW or f in more),
    )  # fmt: skip
