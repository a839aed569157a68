"""A believable night: 24 devices of a hospital, every outcome and every kind of finding."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from weibao.domain.contract import Contract
from weibao.domain.reasons import Reason
from weibao.domain.records import (
    EvidenceRecord,
    Finding,
    FindingCode,
    LedgerHead,
    Outcome,
    Run,
    RunState,
    RunStep,
    RunTarget,
    Severity,
    StepOutcome,
    Trigger,
)
from weibao.domain.report import BackupReport, ChangedDevice, DeviceRow, Totals

NIGHT = datetime(2026, 11, 21, 18, 0, 4, tzinfo=UTC)
"""02:00:04 of 22 November in Shanghai."""
RUN = "20261122-020004-backup"

PLATFORMS = {
    "huawei": ("Huawei VRP", "display current-configuration"),
    "hp_comware": ("H3C Comware", "display current-configuration"),
    "ruijie_os": ("Ruijie RGOS", "show running-config"),
    "cisco_ios": ("Cisco IOS", "show running-config"),
    "cisco_nxos": ("Cisco NX-OS", "show running-config"),
    "arista_eos": ("Arista EOS", "show running-config"),
    "juniper_junos": ("Juniper Junos", "show configuration | display set"),
}

# name, platform, site, unit, outcome, reason, last version, days since the last good one
A, U, R, F, N = (
    Outcome.archived,
    Outcome.unchanged,
    Outcome.refused,
    Outcome.failed,
    Outcome.not_checked,
)
DEVICES: list[tuple[str, str, str, str, Outcome, Reason | None, int | None, float]] = [
    ("ZB-CORE-01", "huawei", "总院机房", "信息科", A, None, 13, 0),
    ("ZB-CORE-02", "huawei", "总院机房", "信息科", U, None, 9, 0),
    ("ZB-FW-SW-01", "hp_comware", "总院机房", "信息科", U, None, 4, 0),
    ("ZB-DC-LEAF-01", "cisco_nxos", "总院机房", "信息科", A, None, 22, 0),
    ("ZB-DC-LEAF-02", "cisco_nxos", "总院机房", "信息科", U, None, 21, 0),
    ("ZB-DC-SPINE-01", "arista_eos", "总院机房", "信息科", U, None, 7, 0),
    ("ZB-DC-SPINE-02", "arista_eos", "总院机房", "信息科", U, None, 7, 0),
    ("MZ-1F-ACC-01", "ruijie_os", "门诊楼 1 层", "挂号收费处", U, None, 3, 0),
    ("MZ-2F-ACC-01", "ruijie_os", "门诊楼 2 层", "内科门诊", A, None, 5, 0),
    ("MZ-3F-ACC-01", "ruijie_os", "门诊楼 3 层", "口腔科", F,
     Reason.of("auth_failed", user="backup"), 3, 3.0),
    ("MZ-4F-ACC-01", "ruijie_os", "门诊楼 4 层", "眼科", U, None, 3, 0),
    ("ZY-A-ACC-01", "hp_comware", "住院楼 A 座", "心血管内科", U, None, 6, 0),
    ("ZY-A-ACC-02", "hp_comware", "住院楼 A 座", "神经外科", R,
     Reason.of("truncated_no_end", lines="118"), 6, 1.0),
    ("ZY-A-ACC-03", "hp_comware", "住院楼 A 座", "重症医学科", U, None, 8, 0),
    ("ZY-B-ACC-01", "huawei", "住院楼 B 座", "妇产科", A, None, 11, 0),
    ("ZY-B-ACC-02", "huawei", "住院楼 B 座", "新生儿科", U, None, 2, 0),
    ("YJ-ACC-01", "cisco_ios", "医技楼", "放射科", U, None, 15, 0),
    ("YJ-ACC-02", "cisco_ios", "医技楼", "检验科", F,
     Reason.of("no_answer", address="10.20.31.12", port="22", seconds="20"), None, 0),
    ("YJ-ACC-03", "cisco_ios", "医技楼", "超声科", U, None, 4, 0),
    ("FY-EDGE-01", "juniper_junos", "城东分院", "网络中心", U, None, 10, 0),
    ("FY-AGG-01", "juniper_junos", "城东分院", "网络中心", A, None, 6, 0),
    ("FY-ACC-01", "huawei", "城东分院", "急诊科", U, None, 5, 0),
    ("FY-ACC-02", "huawei", "城东分院", "体检中心", N,
     Reason.of("vault_password_missing", variable="ansible_password", detail="group_vars/fy.yml"),
     5, 1.0),
    ("FY-ACC-03", "ruijie_os", "城东分院", "药房", A, None, 1, 0),
]  # fmt: skip

DIFF_CORE = """--- a/ZB-CORE-01
+++ b/ZB-CORE-01
@@ -212,8 +212,10 @@ interface Vlanif31
  ip address 10.20.31.1 255.255.255.0
  dhcp select relay
 #
 interface GigabitEthernet0/0/18
- description 检验科-备用
+ description 检验科-LIS服务器
+ port link-type access
+ port default vlan 131
 #
 interface GigabitEthernet0/0/19
  shutdown
@@ -518,6 +520,6 @@
 acl number 3001
  rule 5 permit ip source 10.20.0.0 0.0.255.255
- rule 10 permit tcp destination-port eq 3389
+ rule 10 deny tcp destination-port eq 3389
  rule 20 deny ip
 #
"""

DIFF_LEAF = """@@ -88,4 +88,7 @@ interface Ethernet1/12
   switchport access vlan 200
   spanning-tree port type edge
   no shutdown
+vlan 240
+  name PACS-ARCHIVE
+
"""

DIFF_ACCESS = """@@ -31,7 +31,7 @@
 interface GigabitEthernet 0/7
  description neike-zhenshi-7
- switchport access vlan 20
+ switchport access vlan 99
  spanning-tree portfast
 !
@@ -61,3 +61,3 @@
-username admin privilege 15 secret <redacted:3b1f>
+username admin privilege 15 secret <redacted:c07a>
 !
"""

DIFF_AGG = """@@ -140,3 +140,4 @@
 set protocols ospf area 0.0.0.0 interface ge-0/0/1.0
 set protocols ospf area 0.0.0.0 interface ge-0/0/2.0
+set protocols ospf area 0.0.0.0 interface ge-0/0/3.0 metric 20
"""


def sha(text: str) -> str:
    """A believable sha256."""
    return hashlib.sha256(text.encode()).hexdigest()


def evidence(device: str, kind: str, command: str, at: datetime, size: int) -> EvidenceRecord:
    return EvidenceRecord(
        contract="sdyy",
        sha256=sha(device + kind),
        stored_sha256=sha("stored" + device + kind),
        size=size,
        device=device,
        kind=kind,
        command=command,
        run_id=RUN,
        collected_at=at,
        note="encrypted",
    )


def finding(code: FindingCode, severity: Severity, device: str = "", **params: str) -> Finding:
    kept = device and device not in {"MZ-3F-ACC-01", "YJ-ACC-02"}
    proof = (sha(device + "running"),) if kept else ()
    return Finding(
        run_id=RUN,
        contract="sdyy",
        device=device,
        code=code,
        severity=severity,
        params=params,
        evidence=proof,
        at=NIGHT + timedelta(seconds=70),
    )


def findings() -> list[Finding]:
    w, s, i = Severity.warning, Severity.serious, Severity.info
    return [
        finding(FindingCode.unexplained_change, w, "ZB-CORE-01",
                version="13", added="4", removed="2"),
        finding(FindingCode.unexplained_change, w, "MZ-2F-ACC-01",
                version="5", added="2", removed="2"),
        finding(FindingCode.unsaved_change, w, "MZ-2F-ACC-01", added="2", removed="2"),
        finding(FindingCode.unsaved_change, w, "YJ-ACC-03", added="6", removed="1"),
        finding(FindingCode.hostname_changed, w, "ZY-B-ACC-02", before="ZY-B-ACC-02",
                now="HUAWEI"),
        finding(FindingCode.not_restorable, s, "FY-EDGE-01",
                command="show configuration | display set"),
        finding(FindingCode.overdue, w, "MZ-3F-ACC-01", hours="72", allowed="26"),
        finding(FindingCode.never_backed_up, s, "YJ-ACC-02", allowed="26"),
        finding(FindingCode.telnet, w, "YJ-ACC-01"),
        finding(FindingCode.legacy_algorithms, i, "YJ-ACC-03",
                algorithms="diffie-hellman-group1-sha1, ssh-rsa"),
        finding(FindingCode.startup_unreadable, i, "ZB-FW-SW-01", why="权限不足"),
        finding(FindingCode.push_failed, w, remote="git@nas:weibao/sdyy.git",
                detail="connection timed out"),
        finding(FindingCode.second_copy, w, count="1", detail="ZB-CORE-01/13.running.vault"),
        finding(FindingCode.missed_run, w, planned="2026-11-21T02:00+08:00"),
        finding(FindingCode.interrupted_run, w, run="20261120-020003-backup"),
        finding(FindingCode.notify_failed, i, name="dingtalk", why="HTTP 502"),
    ]  # fmt: skip


def _row(index: int, found: list[Finding]) -> tuple[DeviceRow, list[EvidenceRecord]]:
    name, platform, site, unit, outcome, reason, version, days = DEVICES[index]
    at = NIGHT + timedelta(seconds=9 + index)
    command = PLATFORMS[platform][1]
    pieces: list[EvidenceRecord] = []
    if outcome.good:
        pieces.append(evidence(name, "running", command, at, 14_200 + 731 * index))
        if platform in {"huawei", "cisco_ios"}:
            startup = command.replace("running", "startup").replace("current", "saved")
            pieces.append(evidence(name, "startup", startup, at, 14_100 + 731 * index))
    elif outcome is Outcome.refused:
        pieces.append(evidence(name, "partial", command, at, 5_310))
    never = version is None
    age = None if never else (days * 24 or 0.1)
    last = None if never else NIGHT + timedelta(minutes=2) - timedelta(hours=age or 0)
    target = RunTarget(
        run_id=RUN,
        device=name,
        contract="sdyy",
        platform=platform,
        outcome=outcome,
        reason=reason,
        changed=outcome is Outcome.archived,
        sha256=sha(name + "running") if outcome.good else "",
        evidence=tuple(piece.sha256 for piece in pieces),
        attempts=0 if outcome is N else 3 if name == "YJ-ACC-02" else 1,
        seconds=0 if outcome is N else 62.3 if name == "YJ-ACC-02" else 2.1 + (index * 7 % 11) / 2,
        at=at,
    )
    row = DeviceRow(
        device=name,
        platform=platform,
        address=f"10.20.{10 + index // 4}.{10 + index}",
        site=site,
        unit=unit,
        target=target,
        last_good_at=last,
        last_good_version=version,
        age_hours=age,
        overdue=never or (age or 0) > 26,
        findings=tuple(f for f in found if f.device == name),
    )
    return row, pieces


def _changes() -> tuple[ChangedDevice, ...]:
    def change(device: str, current: int, diff: str, ref: str = "", **more: Any) -> ChangedDevice:
        lines = diff.splitlines()
        values: dict[str, Any] = {
            "previous": current - 1 or None,
            "added": sum(x.startswith("+") and not x.startswith("+++") for x in lines),
            "removed": sum(x.startswith("-") and not x.startswith("---") for x in lines),
        }
        return ChangedDevice(
            device=device, current=current, diff=diff, change_ref=ref, **(values | more)
        )

    return (
        change("ZB-CORE-01", 13, DIFF_CORE),
        change("ZB-DC-LEAF-01", 22, DIFF_LEAF, "BG-2026-0147"),
        change("MZ-2F-ACC-01", 5, DIFF_ACCESS),
        change("ZY-B-ACC-01", 11, "", "BG-2026-0149", added=1, removed=1),
        change("FY-AGG-01", 6, DIFF_AGG, "BG-2026-0151", truncated=True, added=412, removed=8),
        change("FY-ACC-03", 1, ""),
    )


def _steps() -> tuple[RunStep, ...]:
    at, steps = NIGHT, []
    for name, seconds in (
        ("inventory", 1.4), ("collect", 71.2), ("accept", 3.3), ("archive", 2.6),
        ("push", 10.1), ("report", 0.4),
    ):  # fmt: skip
        end = at + timedelta(seconds=seconds)
        outcome = StepOutcome.failed if name == "push" else StepOutcome.ok
        steps.append(RunStep(name=name, started_at=at, finished_at=end, outcome=outcome))
        at = end
    return tuple(steps)


def contract() -> Contract:
    return Contract(
        id="sdyy",
        customer="市第一人民医院",
        provider="恒通网络技术服务有限公司",
        title="2026 年网络设备维保服务合同",
        project_manager="周文涛",
    )


def run() -> Run:
    return Run(
        id=RUN,
        job="backup-configs",
        runbook="backup-configs@1.0",
        runbook_sha256=sha("runbook"),
        actor="netops@ops-01",
        trigger=Trigger.schedule,
        authorisation="SQ-2026-003",
        program="weibao 0.1.0",
        started_at=NIGHT,
        finished_at=NIGHT + timedelta(seconds=89),
        state=RunState.finished,
        targets=len(DEVICES),
    )


def night(**changed: Any) -> BackupReport:
    """The night; ``changed`` replaces fields of the report."""
    found = findings()
    made = [_row(index, found) for index in range(len(DEVICES))]
    rows = tuple(row for row, _ in made)
    outcomes = [row.outcome for row in rows]
    values: dict[str, Any] = {
        "number": "PZBF-20261122-001",
        "title": {"zh": "", "en": ""},
        "estate": "sdyy",
        "contract": contract(),
        "run": run(),
        "steps": _steps(),
        "generated_at": NIGHT + timedelta(seconds=93),
        "totals": Totals.of(outcomes, inventory=len(rows), targeted=len(rows)),
        "rows": rows,
        "changes": _changes(),
        "findings": tuple(found),
        "evidence": tuple(piece for _, pieces in made for piece in pieces),
        "platform_titles": {name: title for name, (title, _) in PLATFORMS.items()},
        "ledger": LedgerHead(site="main", sequence=1287, hash=sha("ledger")),
        "max_age_hours": 26.0,
    }
    return BackupReport(**(values | changed))
