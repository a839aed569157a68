"""What a simulated device prints of its ports is understood as what its ports are (PRT-01)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lab_client import Cli

from weibao.adapters.ports.reader import TextPortReader
from weibao.bootstrap.ports import offline_reader
from weibao.domain.port import Port as ReadPort
from weibao.domain.port import PortReading
from weibao_lab import PLATFORMS, DeviceHandle, DeviceSpec, Lab
from weibao_lab.errors import BadRequest
from weibao_lab.ports import Port, PortBoard

AGGREGATE = {
    "huawei": (
        ["interface Eth-Trunk1", "port link-type trunk", "quit"],
        ["interface {port}", "eth-trunk 1", "quit"],
    ),
    "hp_comware": (
        ["interface Bridge-Aggregation1", "port link-type trunk", "quit"],
        ["interface {port}", "port link-aggregation group 1", "quit"],
    ),
    "ruijie_os": (
        ["interface AggregatePort 1", "switchport mode trunk", "exit"],
        ["interface {port}", "port-group 1 mode active", "exit"],
    ),
    "cisco_ios": (
        ["interface Port-channel1", "switchport mode trunk", "exit"],
        ["interface {port}", "channel-group 1 mode active", "exit"],
    ),
    "cisco_nxos": (
        ["interface port-channel1", "switchport mode trunk", "no shutdown", "exit"],
        ["interface {port}", "channel-group 1 mode active", "exit"],
    ),
    "arista_eos": (
        ["interface Port-Channel1", "switchport mode trunk", "exit"],
        ["interface {port}", "channel-group 1 mode active", "exit"],
    ),
    "juniper_junos": (
        ["set interfaces ae0 aggregated-ether-options lacp active"],
        ["set interfaces {port} ether-options 802.3ad ae0"],
    ),
}
SHUT = {
    "juniper_junos": (["set interfaces {port} disable"], ["delete interfaces {port} disable"]),
    "huawei": (["interface {port}", "shutdown"], ["interface {port}", "undo shutdown"]),
    "hp_comware": (["interface {port}", "shutdown"], ["interface {port}", "undo shutdown"]),
}
CISCO_SHUT = (["interface {port}", "shutdown"], ["interface {port}", "no shutdown"])
MOVE = {
    "huawei": ["interface {port}", "port default vlan 20"],
    "hp_comware": ["interface {port}", "port access vlan 20"],
    "juniper_junos": [
        "delete interfaces {port} unit 0 family ethernet-switching vlan members {old}",
        "set interfaces {port} unit 0 family ethernet-switching vlan members VOICE",
    ],
}
SAYS_ABSENT = {"cisco_nxos", "arista_eos"}
"""Platforms whose tables say that a transceiver is missing; Junos does not print the port."""


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=timezone(timedelta(hours=8)))

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def specs() -> list[DeviceSpec]:
    return [
        DeviceSpec(
            name="p-" + platform.replace("_", "-"),
            platform=platform,
            enable_secret="Enable-1111" if platform == "cisco_ios" else None,
            encoding="gbk" if platform in {"huawei", "hp_comware"} else "utf-8",
        )
        for platform in PLATFORMS
    ]


@pytest.fixture
def port_lab(clock: Clock) -> Iterator[Lab]:
    with Lab.start(specs(), clock=clock) as running:
        yield running


@pytest.fixture(params=PLATFORMS)
def switch(port_lab: Lab, request: pytest.FixtureRequest) -> DeviceHandle:
    return port_lab.devices["p-" + request.param.replace("_", "-")]


@pytest.fixture(scope="module")
def steady_lab() -> Iterator[Lab]:
    """One for the tests that change nothing but faults."""
    with Lab.start(specs(), clock=Clock()) as running:
        yield running


@pytest.fixture(params=PLATFORMS)
def steady(steady_lab: Lab, request: pytest.FixtureRequest) -> Iterator[DeviceHandle]:
    device = steady_lab.devices["p-" + request.param.replace("_", "-")]
    yield device
    device.clear_faults()


def reader_of(device: DeviceHandle) -> TextPortReader:
    return offline_reader(Path("/no-estate"), device.platform)


def read(device: DeviceHandle, *commands: str) -> PortReading:
    """The device is asked over SSH as the port check asks it."""
    reader = reader_of(device)
    asked = commands or tuple(command.send for command in reader.commands())
    with Cli(device).start() as cli:
        answers = [(send, cli.run(send).decode(device.spec.encoding)) for send in asked]
    return reader.read(answers)


def as_read(reading: PortReading) -> dict[str, ReadPort]:
    return {port.name: port for port in reading.ports}


def access_ports(device: DeviceHandle) -> list[str]:
    """Ports of users that are up."""
    return [
        port.name
        for port in device.ports
        if port.mode == "access" and port.physical and port.oper_up
    ]


def uplinks(device: DeviceHandle) -> list[str]:
    """The two ports towards other devices of the lab."""
    return [port.name for port in device.ports if port.neighbour][:2]


def configure(device: DeviceHandle, lines: list[str], port: str, **more: str) -> None:
    device.configure([line.format(port=port, **more) for line in lines])


def wanted(device: DeviceHandle, port: Port) -> dict[str, object]:
    """What a reading has to say of a port, in OpenConfig's words."""
    oper = "up" if port.oper_up else "down"
    if port.absent and device.platform in SAYS_ABSENT:
        oper = "not_present"
    if port.is_lag and not port.oper_up and port.admin_up and device.platform == "arista_eos":
        oper = "lower_layer_down"
    found: dict[str, object] = {
        "admin": "up" if port.admin_up else "down",
        "oper": oper,
        "lag": port.lag,
    }
    if not port.admin_up:
        found["reason"] = "administratively_down"
    elif port.error and device.platform != "juniper_junos":
        # Junos tells such a port only in a command of its own.
        found["reason"] = "err_disabled"
    if port.oper_up and port.physical and not port.management:
        found |= {"speed": port.speed * 1_000_000}
        # Of fibre, Junos does not say it.
        if device.platform != "juniper_junos" or not port.fibre:
            found["duplex"] = port.duplex
    if port.physical and not port.management:
        found |= {
            "description": port.description or unnamed(device, port),
            "in_octets": port.counters.in_octets,
            "out_octets": port.counters.out_octets,
            "errors": port.counters.in_errors,
            "crc": port.counters.crc,
        }
        if device.platform != "juniper_junos" and not port.lag:
            found["vlan"] = port.vlan if port.mode == "access" else None
            found["mode"] = port.mode
    if port.neighbour:
        found["neighbour"] = port.neighbour.system
    return found


def unnamed(device: DeviceHandle, port: Port) -> str:
    """What Comware gives a port that nobody has described."""
    return f"{port.name} Interface" if device.platform == "hp_comware" else ""


def said(device: DeviceHandle, port: ReadPort, asked: dict[str, object]) -> dict[str, object]:
    """The same of what was read, for the fields that count."""
    vlan = port.vlan if asked.get("vlan") else None
    found = {
        "admin": port.admin_status.value,
        "oper": port.oper_status.value,
        "lag": port.lag,
        "reason": port.reason,
        "speed": port.speed,
        "duplex": port.duplex.value,
        "description": port.description,
        "in_octets": port.counters.in_octets,
        "out_octets": port.counters.out_octets,
        "errors": port.counters.in_errors,
        "crc": port.counters.in_crc_errors,
        "vlan": vlan,
        "mode": port.mode or "access",
        "neighbour": port.neighbours[0].system if port.neighbours else "",
    }
    return {key: found[key] for key in asked}


def test_every_dialect_prints_what_its_ports_are(switch: DeviceHandle, clock: Clock) -> None:
    free = access_ports(switch)
    lag, member = AGGREGATE[switch.platform]
    links = uplinks(switch)
    assert len(links) == 2
    switch.configure(lag)
    for link in links:
        configure(switch, member, link)
    fibre = [port.name for port in switch.ports if port.fibre and port.physical]
    others = [name for name in fibre if name not in links]
    switch.change_port(free[0], "err-disable")
    switch.change_port(free[1], "errors=7", "duplex=half", "speed=100")
    switch.change_port(free[2], "down")
    configure(switch, SHUT.get(switch.platform, CISCO_SHUT)[0], free[3])
    switch.change_port(free[4], "neighbour=core-9:Gi0/9", "flap=3")
    switch.change_port(free[5], "error-rate=2")
    switch.change_port(free[6], "absent")
    if others:
        switch.change_port(others[0], "absent")
    clock.move(60)
    reading = read(switch)
    assert not reading.unparsed
    assert not reading.unknown_words
    got = as_read(reading)
    truth = {port.name: port for port in switch.ports}
    silent = {
        name for name, port in truth.items() if port.absent and switch.platform == "juniper_junos"
    }
    assert not silent & set(got)
    for name, port in truth.items():
        if name in silent or name == "NULL0":
            continue
        asked = wanted(switch, port)
        assert said(switch, got[name], asked) == asked, (name, got[name])
    assert truth[free[5]].counters.crc == 120


def test_a_summary_alone_never_calls_a_shut_port_up(switch: DeviceHandle) -> None:
    shut, again = SHUT.get(switch.platform, CISCO_SHUT)
    name = access_ports(switch)[0]
    first = reader_of(switch).commands()[0].send
    assert as_read(read(switch, first))[name].oper_status.value == "up"
    configure(switch, shut, name)
    port = as_read(read(switch, first))[name]
    assert (port.admin_status.value, port.oper_status.value) == ("down", "down")
    configure(switch, again, name)
    assert as_read(read(switch, first))[name].oper_status.value == "up"


def test_a_port_that_moves_shows_its_new_vlan(switch: DeviceHandle) -> None:
    name = next(n for n in access_ports(switch) if switch.one_port(n).vlan != "20")
    old = {"10": "OFFICE", "30": "WIFI-STAFF", "31": "WIFI-GUEST", "40": "CCTV", "50": "PRINTER"}
    old |= {"60": "SERVER", "70": "DOOR", "80": "FINANCE", "100": "MGMT"}
    lines = MOVE.get(switch.platform, ["interface {port}", "switchport access vlan 20"])
    configure(switch, lines, name, old=old[switch.one_port(name).vlan])
    assert switch.one_port(name).vlan == "20"
    if switch.platform == "juniper_junos":
        got = as_read(read(switch, "show ethernet-switching interfaces"))
        assert got[f"{name}.0"].vlan == "20"
    else:
        assert as_read(read(switch))[name].vlan == "20"


def test_one_port_may_be_named_in_a_command(steady: DeviceHandle) -> None:
    name = access_ports(steady)[0]
    word = "display interface" if steady.platform in {"huawei", "hp_comware"} else "show interface"
    with Cli(steady).start() as cli:
        text = cli.run(f"{word} {name}").decode(steady.spec.encoding)
        assert name in text
        assert text.count("\n") < 80
        assert access_ports(steady)[1] + " " not in text
        refused = cli.run(f"{word} {name}999").decode(steady.spec.encoding)
    assert "^" in refused or "Invalid" in refused


def test_both_ends_of_a_cable_agree(port_lab: Lab) -> None:
    devices = list(port_lab.devices.values())
    for device in devices:
        for port in device.ports:
            if port.neighbour is None:
                continue
            other = port_lab.devices[port.neighbour.system]
            there = other.one_port(port.neighbour.port)
            assert there.neighbour is not None
            assert there.neighbour.system == device.name
            assert there.speed == port.speed
    one = devices[0]
    name = uplinks(one)[0]
    found = one.one_port(name).neighbour
    assert found is not None
    other = port_lab.devices[found.system]
    one.change_port(name, "down")
    assert not other.one_port(found.port).oper_up
    assert other.one_port(found.port).admin_up
    assert other.one_port(found.port).neighbour is None
    one.change_port(name, "up")
    assert other.one_port(found.port).oper_up
    one.configure([f"interface {name}", "shutdown"])
    assert not other.one_port(found.port).oper_up


def test_counters_grow_while_the_link_is_up_and_stand_still_after(
    port_lab: Lab, clock: Clock
) -> None:
    device = port_lab.devices["p-huawei"]
    name = access_ports(device)[0]
    first = device.one_port(name).counters
    clock.move(100)
    second = device.one_port(name).counters
    assert second.in_octets - first.in_octets == pytest.approx(first.in_rate / 8 * 100, rel=0.01)
    device.change_port(name, "down")
    stopped = device.one_port(name)
    assert stopped.changed_at == clock.now
    clock.move(100)
    assert device.one_port(name).counters == stopped.counters
    assert device.one_port(name).counters.in_rate == 0


def test_a_flapping_port_changes_by_itself(port_lab: Lab, clock: Clock) -> None:
    device = port_lab.devices["p-cisco-ios"]
    name = access_ports(device)[0]
    flaps = device.one_port(name).flaps
    device.change_port(name, "flapping=10")
    seen = []
    for _ in range(4):
        seen.append(device.one_port(name).oper_up)
        clock.move(10)
    assert seen == [True, False, True, False]
    assert device.one_port(name).flaps == flaps + 4
    device.change_port(name, "up")
    clock.move(10)
    assert device.one_port(name).oper_up


def test_shutting_a_port_ends_its_error(switch: DeviceHandle) -> None:
    name = access_ports(switch)[0]
    shut, again = SHUT.get(switch.platform, CISCO_SHUT)
    switch.change_port(name, "err-disable=link-flap")
    assert not switch.one_port(name).oper_up
    configure(switch, shut, name)
    configure(switch, again, name)
    assert switch.one_port(name).oper_up
    assert switch.one_port(name).error == ""


def test_a_redundant_uplink_loses_one_leg(switch: DeviceHandle) -> None:
    lag, member = AGGREGATE[switch.platform]
    links = uplinks(switch)
    switch.configure(lag)
    for link in links:
        configure(switch, member, link)
    aggregate = next(port for port in switch.ports if port.is_lag)
    assert (aggregate.speed, aggregate.active) == (20_000, tuple(links))
    switch.change_port(links[0], "down")
    aggregate = switch.one_port(aggregate.name)
    assert aggregate.oper_up
    assert aggregate.speed == 10_000
    switch.change_port(links[1], "down")
    assert not switch.one_port(aggregate.name).oper_up
    got = as_read(read(switch))
    assert got[aggregate.name].oper_status.value != "up"
    assert got[links[0]].lag == aggregate.name


def test_what_was_done_can_be_forgotten(port_lab: Lab) -> None:
    device = port_lab.devices["p-huawei"]
    name = access_ports(device)[0]
    device.change_port(name, "down", "duplex=half", "errors=3", "neighbour=x:1")
    port = device.restore_port(name)
    assert port.oper_up
    assert port.duplex == "full"
    assert port.neighbour is None
    assert port.counters.crc == 3


@pytest.mark.parametrize(
    ("port", "change"),
    [
        ("GigabitEthernet0/0/99", "down"),
        ("Vlanif100", "down"),
        ("GigabitEthernet0/0/1", "sideways"),
        ("GigabitEthernet0/0/1", "errors=many"),
        ("GigabitEthernet0/0/1", "duplex=both"),
        ("GigabitEthernet0/0/1", "speed=17"),
        ("GigabitEthernet0/0/1", "down=3"),
        ("GigabitEthernet0/0/1", "flapping"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_done(
    steady_lab: Lab, port: str, change: str
) -> None:
    device = steady_lab.devices["p-huawei"]
    before = [p for p in device.ports if p.name == port]
    with pytest.raises(BadRequest):
        device.change_port(port, "errors=1", change)
    assert [p for p in device.ports if p.name == port] == before


def test_names_may_be_abbreviated(steady_lab: Lab) -> None:
    assert steady_lab.devices["p-cisco-ios"].one_port("gi1/0/3").name == "GigabitEthernet1/0/3"
    assert steady_lab.devices["p-ruijie-os"].one_port("Gi0/3").name == "GigabitEthernet 0/3"
    assert (
        steady_lab.devices["p-hp-comware"].one_port("XGE1/0/1").name == "Ten-GigabitEthernet1/0/1"
    )
    assert steady_lab.devices["p-cisco-nxos"].one_port("Eth1/3").name == "Ethernet1/3"


def test_half_a_table_is_fewer_ports_and_no_port_that_is_down(steady: DeviceHandle) -> None:
    first = reader_of(steady).commands()[0].send
    whole = as_read(read(steady, first))
    steady.set_fault(half_table=True)
    half = as_read(read(steady, first))
    assert 0 < len(half) < len(whole)
    states = {name: (p.admin_status, p.oper_status) for name, p in half.items()}
    assert all(
        "unknown" in states[name]
        or states[name] == (whole[name].admin_status, whole[name].oper_status)
        for name in half
    )


def test_a_refused_command_gets_the_native_error(steady: DeviceHandle) -> None:
    reader = reader_of(steady)
    first, *_, last = reader.commands()
    steady.set_fault(refused_command=last.send)
    with Cli(steady).start() as cli:
        text = cli.run(last.send).decode(steady.spec.encoding)
        assert reader.refusal(text)
        assert not reader.refusal(cli.run(first.send).decode(steady.spec.encoding))


def test_chinese_words_are_reported_and_never_taken_for_down(steady: DeviceHandle) -> None:
    first = reader_of(steady).commands()[0].send
    whole = as_read(read(steady, first))
    steady.set_fault(chinese_words=True)
    reading = read(steady, first)
    assert reading.unparsed or reading.unknown_words
    for name, port in as_read(reading).items():
        assert port.oper_status.value in {"unknown", whole[name].oper_status.value}


def test_every_command_of_the_port_check_is_known_to_the_device(steady: DeviceHandle) -> None:
    reader = reader_of(steady)
    with Cli(steady).start() as cli:
        for command in reader.commands():
            text = cli.run(command.send).decode(steady.spec.encoding)
            assert not reader.refusal(text), command.send


def test_a_farm_starts_without_looking_at_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look = PortBoard.all

    def counted(board: PortBoard) -> list[Port]:
        asked.append("ports")
        return look(board)

    monkeypatch.setattr(PortBoard, "all", counted)
    with Lab.start(Lab.default_specs(40)) as farm:
        assert not asked
        first, second, *_ = farm.devices.values()
        assert len(first.ports) > 20
        assert asked == ["ports"], "the other end of a cable answers for its port alone"
        assert second.log.connections == 0
