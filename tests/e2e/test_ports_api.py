"""``weibao ports check`` of switches that are read at their APIs by NAPALM's own drivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from network.api_devices import ADDRESS, Api, Authority, api_of, page_of_html
from network.netconf_devices import netconf_of
from weibao_lab import DeviceSpec, Lab

from .estates import Estate, host, missing_part, new_estate

SECRETS = ("Netops-2468", "Enable-Geheim-2", "Geheim'\"Nexus-3")


@pytest.fixture
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Api], Path]]:
    """An Arista and a Nexus whose command lines nobody may use: they refuse every login there."""
    try:
        import napalm  # noqa: F401
    except ImportError:
        missing_part("weibao[napalm] is not installed")
    authority = Authority(tmp_path_factory.mktemp("ours"))
    specs = [
        DeviceSpec("eos-1", "arista_eos", seed=4, enable_secret=SECRETS[1]),
        DeviceSpec("nxos-1", "cisco_nxos", seed=4, password=SECRETS[2]),
    ]
    with (
        Lab.start(specs) as lab,
        api_of(lab.devices["eos-1"], authority.device(ADDRESS)) as eos,
        api_of(lab.devices["nxos-1"], authority.device(ADDRESS)) as nxos,
    ):
        yield {"eos-1": eos, "nxos-1": nxos}, authority.file


def at_api(api: Api, ca: Path | str, **more: Any) -> dict[str, Any]:
    # Nobody listens at the port of the command line.
    return host(
        api.device,
        ansible_port=9,
        weibao_ports_source="napalm",
        weibao_napalm_port=api.port,
        weibao_napalm_ca_file=str(ca),
        **more,
    )


def check(estate: Estate, code: int) -> dict[str, Any]:
    said = estate.weibao("ports", "check", "--json")
    assert said.code == code, said.all
    for secret in SECRETS:
        assert secret not in said.all and json.dumps(secret)[1:-1] not in said.all
    found: dict[str, Any] = said.json
    return found


def codes(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (f["device"], f["port"], f["code"]) for f in found["findings"] if f["severity"] != "info"
    }


def test_ports_are_read_at_the_api(tmp_path: Path, apis: tuple[dict[str, Api], Path]) -> None:
    switches, ca = apis
    eos, nxos = switches["eos-1"], switches["nxos-1"]
    estate = new_estate(tmp_path)
    hosts = {name: at_api(api, ca) for name, api in switches.items()}
    estate.write_inventory(hosts)
    first = check(estate, 0)
    assert {d["name"]: d["outcome"] for d in first["devices"]} == {
        "eos-1": "read",
        "nxos-1": "read",
    }, first
    estate.ok("ports", "baseline", "accept")
    for name, api in switches.items():
        said = estate.weibao("ports", "show", name, "--json").json["ports"]
        shown = {port["name"]: port for port in said}
        for port in api.ports:
            assert shown[port.name]["admin_status"] == ("up" if port.admin_up else "down")
            assert (shown[port.name]["oper_status"] == "up") is port.oper_up
            if port.oper_up and port.physical:
                assert shown[port.name]["speed"] == port.speed * 1_000_000
    # A cable is pulled at one, a port is shut down at the other, a third goes into errdisabled.
    used = [p.name for p in eos.ports if p.physical and p.oper_up]
    other = next(p.name for p in nxos.ports if p.physical and p.oper_up)
    eos.device.change_port(used[0], "down")
    eos.device.change_port(used[1], "err-disable=bpduguard")
    nxos.device.configure([f"interface {other}", "shutdown"])
    bad = check(estate, 1)
    assert codes(bad) == {
        ("eos-1", used[0], "port_down"),
        ("eos-1", used[1], "port_down"),
        ("nxos-1", other, "port_shut"),
    }
    reasons = {f["port"]: f["params"].get("reason") for f in bad["findings"]}
    assert reasons[used[1]] == "err_disabled"
    # One whose API gives nothing any more is not checked, and its last state is old.
    eos.broken["*"] = page_of_html
    silent = check(estate, 1)
    outcome = {d["name"]: (d["outcome"], d["reason_code"]) for d in silent["devices"]}
    assert outcome["eos-1"] == ("failed", "napalm_error")
    assert ("eos-1", "", "ports_stale") in codes(silent)
    assert estate.weibao("ports", "show", "eos-1", "--json").json["stale"] is True
    eos.broken.clear()
    # Another certificate than the trusted one: no password goes there.
    before = len(eos.logins)
    estate.write_inventory({**hosts, "eos-1": at_api(eos, "")})
    untrusted = check(estate, 1)
    found = next(d for d in untrusted["devices"] if d["name"] == "eos-1")
    assert found["reason_code"] == "certificate_untrusted" and len(eos.logins) == before
    estate.write_inventory({**hosts, "eos-1": at_api(eos, "", weibao_napalm_verify=False)})
    unguarded = check(estate, 1)
    info = {(f["device"], f["code"]): f["text"] for f in unguarded["findings"]}
    assert "certificate" in info["eos-1", "login_unguarded"]
    assert ("nxos-1", "login_unguarded") not in info
    estate.ok("verify")
    for file in estate.folder.rglob("*"):
        # What is written in clear into an inventory stands in the copy of it, too.
        if file.is_file() and file.name != "hosts.yml" and file.parent.name != "cache":
            text = file.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in text], file


def test_ports_are_read_by_netconf(tmp_path: Path) -> None:
    try:
        import napalm  # noqa: F401
    except ImportError:
        missing_part("weibao[napalm] is not installed")
    estate = new_estate(tmp_path)
    with (
        Lab.start([DeviceSpec("qfx-1", "juniper_junos", seed=4)]) as lab,
        netconf_of(lab.devices["qfx-1"]) as junos,
    ):
        at = host(
            junos.device,
            ansible_port=junos.port,
            weibao_ports_source="napalm",
            weibao_napalm_port=junos.port,
        )
        estate.write_inventory({"qfx-1": at})
        unknown = check(estate, 4)
        assert unknown["devices"][0]["reason_code"] == "host_key_unknown" and not junos.logins
        estate.ok("inventory", "trust")
        first = check(estate, 0)
        assert first["devices"][0]["outcome"] == "read", first
        estate.ok("ports", "baseline", "accept")
        gone = next(p.name for p in junos.device.ports if p.physical and p.oper_up)
        junos.device.change_port(gone, "down")
        bad = check(estate, 1)
        assert ("qfx-1", gone, "port_down") in codes(bad)
        assert {port.partition(".")[0] for _, port, _ in codes(bad)} == {gone}
