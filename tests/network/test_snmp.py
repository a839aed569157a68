"""How an inventory says that a device is read by SNMP, and what an agent's tables become."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.network import snmp_ports
from weibao.adapters.network.job import Endpoint, Job, Limits, SnmpLogin
from weibao.adapters.network.port_source import with_port_source
from weibao.adapters.network.snmp_ports import read_agent
from weibao.adapters.network.snmp_session import Agent
from weibao.adapters.network.trouble import Trouble
from weibao.bootstrap.ports import offline_reader

PLAIN = Endpoint("sw", "default", "10.0.0.1", 22)


def of(**variables: Any) -> Endpoint:
    given = {f"weibao_{name}": value for name, value in variables.items()}
    return with_port_source(PLAIN, {"weibao_ports_source": "snmp", **given}.get)


def test_what_is_not_said_changes_nothing() -> None:
    assert with_port_source(PLAIN, {}.get) == PLAIN
    assert with_port_source(PLAIN, {"weibao_ports_source": "cli"}.get) == PLAIN


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({"snmp_community": "c"}, SnmpLogin("2c", "c")),
        ({"snmp_community": "c", "snmp_version": 1}, SnmpLogin("1", "c")),
        ({"snmp_community": "c", "snmp_version": "v2"}, SnmpLogin("2c", "c")),
        ({"snmp_user": "u"}, SnmpLogin("3", user="u")),
        (
            {"snmp_user": "u", "snmp_auth_password": "12345678"},
            SnmpLogin("3", user="u", auth="sha1", auth_password="12345678"),
        ),
        (
            {
                "snmp_user": "u",
                "snmp_auth": "SHA-256",
                "snmp_auth_password": "12345678",
                "snmp_priv": "AES",
                "snmp_priv_password": "87654321",
            },
            SnmpLogin("3", "", "u", "sha256", "12345678", "aes128", "87654321"),
        ),
    ],
)
def test_a_login(variables: dict[str, Any], login: SnmpLogin) -> None:
    endpoint = of(**variables)
    assert endpoint.problem is None
    assert (endpoint.snmp, endpoint.port) == (login, 161)
    # Nothing of it shows, and the worker is told all of it.
    for secret in login.secrets():
        assert secret not in repr(endpoint) or secret == "c"
    job = Job("b", "k", (), {}, 1, Limits(), (endpoint,))
    assert Job.load(job.dump()).endpoints == (endpoint,)


@pytest.mark.parametrize(
    ("variables", "wrong"),
    [
        ({}, "weibao_snmp_community"),
        ({"snmp_version": "4", "snmp_community": "c"}, "weibao_snmp_version"),
        ({"snmp_version": "3"}, "weibao_snmp_user"),
        ({"snmp_user": "u", "snmp_auth": "sha256"}, "weibao_snmp_auth_password"),
        ({"snmp_user": "u", "snmp_auth_password": "short"}, "weibao_snmp_auth_password"),
        ({"snmp_user": "u", "snmp_priv_password": "12345678"}, "weibao_snmp_auth"),
        (
            {"snmp_user": "u", "snmp_auth": "rot13", "snmp_auth_password": "12345678"},
            "weibao_snmp_auth",
        ),
        ({"snmp_community": "c", "snmp_port": "x"}, "weibao_snmp_port"),
        ({"ports_source": "snnp"}, "weibao_ports_source"),
    ],
)
def test_what_is_wrong_is_named_and_not_tried(variables: dict[str, Any], wrong: str) -> None:
    problem = of(**variables).problem
    assert problem is not None
    assert (problem[0], dict(problem[1])["variable"]) == ("variable_error", wrong)


def test_a_variable_that_does_not_open_is_that_devices_alone() -> None:
    def get(name: str) -> object:
        if name == "weibao_snmp_community":
            raise ValueError("Decryption failed (vault)")
        return {"weibao_ports_source": "snmp"}.get(name)

    problem = with_port_source(PLAIN, get).problem
    assert problem is not None and problem[0] == "vault_password_missing"


@pytest.fixture
def nobody() -> Iterator[Endpoint]:
    """A port on which nobody ever answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield Endpoint(
            "sw", "default", "127.0.0.1", sink.getsockname()[1], snmp=SnmpLogin("2c", "c")
        )


def test_silence_blocks_nobody_else(nobody: Endpoint) -> None:
    ticks = []
    over = threading.Event()

    def count() -> None:
        while not over.wait(0.02):
            ticks.append(1)

    counting = threading.Thread(target=count)
    counting.start()
    with pytest.raises(Trouble) as caught:
        list(read_agent(nobody, Limits(connect=1.5), float("inf"), lambda: False))
    over.set()
    counting.join()
    assert caught.value.reason.code == "snmp_silent" and caught.value.may_pass
    assert len(ticks) > 30


def test_a_name_server_that_is_silent_is_left_at_the_deadline(
    nobody: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def waits(*_: Any, **__: Any) -> Any:
        over.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    before = time.monotonic()
    with pytest.raises(Trouble) as caught:
        list(read_agent(nobody, Limits(connect=1.5), time.monotonic() + 0.3, lambda: False))
    over.set()
    assert caught.value.reason.code == "time_limit"
    assert time.monotonic() - before < 5


def test_without_the_library(nobody: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gufo.snmp", None)
    with pytest.raises(Trouble) as caught:
        list(read_agent(nobody, Limits(), float("inf"), lambda: False))
    assert caught.value.reason.code == "snmp_not_installed"


class Tables:
    """An agent's answers, without one."""

    def __init__(self, columns: dict[str, dict[str, Any]], **values: Any) -> None:
        self._columns = columns
        self._values = values

    def get(self, oid: str) -> Any:
        return self._values.get({"1.3.6.1.2.1.1.3.0": "uptime"}.get(oid, "count"))

    def column(self, oid: str) -> dict[str, Any]:
        return self._columns.get(oid, {})


def rows(monkeypatch: pytest.MonkeyPatch, tables: Tables) -> dict[str, dict[str, Any]]:
    from contextlib import nullcontext

    monkeypatch.setattr(snmp_ports, "open_agent", lambda *_: nullcontext(tables))
    read = dict(read_agent(PLAIN, Limits(), 0.0, lambda: False))
    return {name: json.loads(text)["rows"] for name, text in read.items()}


def test_rows_have_a_name_that_no_other_has(monkeypatch: pytest.MonkeyPatch) -> None:
    descr, name = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.31.1.1.1.1"
    up = {str(n): 1 for n in range(1, 6)}
    found = rows(
        monkeypatch,
        Tables(
            {
                descr: {"1": b"GigabitEthernet0/1", "2": b"Card", "3": b"Card", "4": b"\xb6\xcb",
                        "5": b"Vlan5"},
                name: {"1": b"Gi0/1", "2": b"x", "3": b"x", "4": b"", "5": b"Vl5"},
                "1.3.6.1.2.1.2.2.1.7": up,
                "1.3.6.1.2.1.2.2.1.8": {**up, "5": 9},
                "1.3.6.1.2.1.2.2.1.9": {"1": 100},
            },
            uptime=100 + 100 * (3 * 86400 + 4 * 3600 + 5 * 60 + 6),
            count=5,
        ),
    )  # fmt: skip
    table = found["snmp IF-MIB::ifTable"]
    assert [row["name"] for row in table.values()] == ["Gi0/1", "x#2", "x#3", "端", "Vl5"]
    assert table["1"]["lastChangeAgo"] == "3d04:05:06"
    assert table["1"]["ifOperStatus"] == "up(1)" and table["5"]["ifOperStatus"] == "?(9)"
    assert "incomplete" not in str(table)


def test_half_a_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    half = Tables(
        {
            "1.3.6.1.2.1.2.2.1.2": {"1": b"a", "2": b"b"},
            "1.3.6.1.2.1.2.2.1.7": {"1": 1, "2": 1},
            "1.3.6.1.2.1.2.2.1.8": {"1": 1},
            "1.3.6.1.2.1.31.1.1.1.1": {"1": b"a"},
        },
        count=3,
    )
    table = rows(monkeypatch, half)["snmp IF-MIB::ifTable"]
    assert "incomplete" not in table["1"]
    assert table["2"]["incomplete"] and table["ifNumber"]["incomplete"]


def test_vlans_and_neighbours_come_to_the_right_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bridge and LLDP number ports in ways of their own, none of which is the ifIndex."""
    remote = "1.0.8802.1.1.2.1.4.1.1"
    agent = Tables(
        {
            "1.3.6.1.2.1.2.2.1.2": {"101": b"GigabitEthernet0/1", "102": b"GigabitEthernet0/2"},
            "1.3.6.1.2.1.2.2.1.6": {"101": bytes(range(6)), "102": bytes(range(1, 7))},
            "1.3.6.1.2.1.2.2.1.7": {"101": 1, "102": 1},
            "1.3.6.1.2.1.2.2.1.8": {"101": 1, "102": 1},
            "1.3.6.1.2.1.17.1.4.1.2": {"1": 101, "2": 102},
            "1.3.6.1.2.1.17.7.1.4.5.1.1": {"1": 10, "2": 20, "3": 30},
            "1.0.8802.1.1.2.1.3.7.1.2": {"7": 5, "8": 3},
            "1.0.8802.1.1.2.1.3.7.1.3": {"7": b"GigabitEthernet0/1", "8": bytes(range(1, 7))},
            f"{remote}.4": {"5.7.1": 4, "5.8.2": 7, "5.9.3": 7},
            f"{remote}.5": {"5.7.1": bytes(6), "5.8.2": b"x", "5.9.3": b"y"},
            f"{remote}.6": {"5.7.1": 5, "5.8.2": 3, "5.9.3": 5},
            f"{remote}.7": {"5.7.1": b"Te1/1", "5.8.2": bytes(6), "5.9.3": b"Gi9"},
            f"{remote}.8": {"5.8.2": b"eth0"},
            f"{remote}.9": {"5.7.1": b"core-1", "5.8.2": b"server", "5.9.3": b"lost"},
        }
    )
    found = rows(monkeypatch, agent)
    vlans = found["snmp Q-BRIDGE-MIB::dot1qPortVlanTable"]
    assert {row["name"]: row["dot1qPvid"] for row in vlans.values()} == {
        "GigabitEthernet0/1": 10,
        "GigabitEthernet0/2": 20,
    }
    text = json.dumps({"rows": found["snmp LLDP-MIB::lldpRemTable"]})
    reading = offline_reader(Path("/nowhere"), "snmp").read([("snmp LLDP-MIB::lldpRemTable", text)])
    beside = {p.name: [(n.system, n.port) for n in p.neighbours] for p in reading.ports}
    assert beside == {
        "GigabitEthernet0/1": [("core-1", "Te1/1")],
        "GigabitEthernet0/2": [("server", "eth0")],
    }
    # Whose local port is not known is told, and nobody's neighbour.
    assert len(reading.unparsed) == 1 and "lost" in reading.unparsed[0]


class Drip:
    """A session whose agent answers a little at a time, and never comes to an end."""

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self, oid: str) -> Iterator[tuple[str, int]]:
        for number in range(1_000_000):
            self.asked += 1
            time.sleep(0.005)
            yield f"{oid}.{number}", 1


def test_an_agent_that_answers_slowly_for_ever_is_left_at_the_deadline() -> None:
    silent = Trouble("snmp_silent")
    drip = Drip()
    agent = Agent(drip, time.monotonic() + 0.2, lambda: False, silent)  # type: ignore[arg-type]
    with pytest.raises(Trouble) as raised:
        agent.column("1.3")
    assert raised.value.reason.code == "time_limit"
    assert drip.asked < 100


def test_a_run_that_is_stopped_does_not_wait_for_the_end_of_a_table() -> None:
    drip = Drip()
    agent = Agent(
        drip,  # type: ignore[arg-type]
        time.monotonic() + 60,
        lambda: drip.asked > 5,
        Trouble("snmp_silent"),
    )
    with pytest.raises(Trouble) as raised:
        agent.column("1.3")
    assert raised.value.reason.code == "interrupted"
    assert drip.asked < 20
