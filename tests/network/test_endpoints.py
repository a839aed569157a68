"""Inventory variables as Ansible users know them, and what the pool makes of them."""

from __future__ import annotations

import pytest

from weibao.adapters.network import algorithms
from weibao.adapters.network.batch import longest_first
from weibao.adapters.network.endpoints import endpoint_of
from weibao.adapters.network.job import Endpoint, Job, Limits
from weibao.adapters.network.jump import jump_options
from weibao.adapters.network.pool import shares
from weibao.adapters.scrub import scrub
from weibao.domain.known import Known, dump_known, load_known


def of(**variables) -> Endpoint:
    return endpoint_of("sw1", variables.get, "me")


def test_address_and_password_alone_are_enough():
    endpoint = of(ansible_host="192.0.2.1", ansible_password="pw")
    assert (endpoint.address, endpoint.port, endpoint.username) == ("192.0.2.1", 22, "me")
    assert (endpoint.password, endpoint.contract) == ("pw", "default")
    assert endpoint.problem is None


def test_the_become_password_is_the_enable_secret():
    assert of(ansible_become_password="en").enable_secret == "en"
    assert of(ansible_become_pass="en").enable_secret == "en"


@pytest.mark.parametrize(
    ("variables", "protocol", "port"),
    [
        ({"weibao_protocol": "telnet"}, "telnet", 23),
        ({"ansible_network_os": "cisco_ios_telnet"}, "telnet", 23),
        ({"weibao_protocol": "telnet", "ansible_port": 2023}, "telnet", 2023),
        ({"ansible_network_os": "cisco_ios"}, "ssh", 22),
    ],
)
def test_telnet_only_where_it_is_asked_for(variables, protocol, port):
    endpoint = of(**variables)
    assert (endpoint.protocol, endpoint.port) == (protocol, port)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("-J ops@bastion:2222", ("-J", "ops@bastion:2222")),
        ("-o ProxyJump=bastion -o Foo=bar", ("-J", "bastion")),
        ("-oProxyJump=a,b", ("-J", "a,b")),
        (
            "-o ProxyCommand='ssh -W %h:%p -q bastion'",
            ("-o", "ProxyCommand=ssh -W %h:%p -q bastion"),
        ),
        ("-o ProxyJump=none", ()),
        ("-o StrictHostKeyChecking=yes", ()),
        ("", ()),
    ],
)
def test_jump_hosts_as_openssh_writes_them(arguments, options):
    assert jump_options(arguments) == options


@pytest.mark.parametrize(
    ("variable", "value"), [("ansible_port", "22a"), ("ansible_ssh_common_args", "-J 'x")]
)
def test_an_unusable_variable_is_named_and_the_device_not_tried(variable, value):
    code, params = of(**{variable: value}).problem
    assert code == "variable_error"
    assert dict(params)["variable"] == variable


def test_a_variable_that_does_not_decrypt_is_named():
    def get(name):
        if name == "ansible_password":
            raise ValueError("Attempting to decrypt but no vault secrets found")
        return None

    code, params = endpoint_of("sw1", get).problem
    assert code == "vault_password_missing"
    assert dict(params)["variable"] == "ansible_password"


def test_old_algorithms_are_off_unless_the_inventory_asks():
    assert "diffie-hellman-group1-sha1" in algorithms.disabled(())["kex"]
    assert algorithms.disabled(("*",)) == {}
    asked = of(ansible_ssh_common_args="-o KexAlgorithms=+diffie-hellman-group1-sha1").legacy
    assert asked == ("diffie-hellman-group1-sha1",)
    assert "diffie-hellman-group1-sha1" not in algorithms.disabled(asked)["kex"]
    assert "diffie-hellman-group14-sha1" in algorithms.disabled(asked)["kex"]
    assert of(weibao_ssh_legacy_algorithms=True).legacy == ("*",)


def test_devices_with_one_address_are_read_by_one_process():
    endpoints = [
        Endpoint(device=f"sw{n}", contract="default", address=f"192.0.2.{n % 5}", port=22)
        for n in range(20)
    ]
    dealt = shares(endpoints, 3)
    assert sorted(e.device for s in dealt for e in s) == sorted(e.device for e in endpoints)
    for share in dealt:
        mine = {e.address for e in share}
        assert not [s for s in dealt if s is not share and mine & {e.address for e in s}]


def test_who_is_asked_for_the_startup_configuration_too_begins_first():
    known = [
        Endpoint(f"sw{n}", "c", f"192.0.2.{n}", 22, known_content="a1" * (n % 3)) for n in range(7)
    ]
    ordered = [e.device for e in longest_first(known)]
    assert ordered == ["sw0", "sw3", "sw6", "sw1", "sw2", "sw4", "sw5"]
    assert [[e.device for e in s][:2] for s in shares(longest_first(known), 2)] == [
        ["sw0", "sw6"],
        ["sw3", "sw1"],
    ]


def test_who_changed_last_begins_before_the_others():
    endpoints = [
        Endpoint(f"sw{n}", "c", f"192.0.2.{n}", 22, known_content="" if n == 3 else "a1")
        for n in range(5)
    ]
    at = {"sw0": 100.0, "sw1": 300.0, "sw2": 100.0, "sw3": 50.0}
    known = {name: Known("c", "b2", "a1", True, when) for name, when in at.items()}
    ordered = [e.device for e in longest_first(endpoints, known)]
    assert ordered == ["sw3", "sw1", "sw0", "sw2", "sw4"]
    assert load_known(dump_known(known)) == known


def test_a_job_survives_the_pipe():
    problem = ("variable_error", (("variable", "x"), ("detail", "y")))
    endpoint = Endpoint("sw1", "default", "192.0.2.1", 22, jump=("-J", "b"), problem=problem)
    job = Job("b", "k", ("p",), {"default": "秘密"}, 3, Limits(silence=9), (endpoint,))
    assert Job.load(job.dump()) == job


def test_secrets_stay_out_of_what_is_shown():
    endpoint = of(ansible_password="Pa55-canary", ansible_become_password="En-canary")
    assert "canary" not in repr(endpoint)
    assert "canary" not in scrub("bad Pa55-canary\r\n\x1b[31m", endpoint.secrets())


@pytest.mark.parametrize(
    ("jump", "host", "port"),
    [
        ("ops@bastion:2222", "ops@bastion", "2222"),
        ("bastion", "bastion", ""),
        ("ops@[2001:db8::1]:2222", "ops@2001:db8::1", "2222"),
        ("[::1]", "::1", ""),
    ],
)
def test_a_jump_hosts_port_is_told_from_its_address(jump, host, port):
    from weibao.adapters.network.jump import _split_port

    assert _split_port(jump) == (host, port)


def test_telnet_goes_through_the_jump_host_too(monkeypatch):
    from weibao.adapters.network import connect, tcp
    from weibao.adapters.network.trouble import Trouble

    asked = []

    def refuse(options, *rest):
        asked.append(options)
        raise Trouble("jump_failed", jump="bastion", detail="")

    monkeypatch.setattr(tcp, "open_jump", refuse)
    endpoint = of(weibao_protocol="telnet", ansible_ssh_common_args="-J bastion")
    with pytest.raises(Trouble):
        connect.open_wire(endpoint, Limits(), (), check_host_key=True)
    assert asked == [("-J", "bastion")]
