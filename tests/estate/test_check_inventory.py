"""``weibao inventory check``: everything at once, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from weibao.errors import InputError
from weibao.i18n import LANGUAGES, messages
from weibao.services.check_inventory import check_inventory

REPOSITORY = Path(__file__).parents[2]


def found(check):
    return {(p.file, p.line, p.device, p.severity, p.reason.code) for p in check.problems}


FAULTY = """\
all:
  vars:
    ansible_user: backup
    ansible_password: canary-plain
  hosts:
    sw1:
      ansible_host: 10.0.0.1
      ansible_network_os: foo_os
    sw2:
      ansible_host: 10.0.0.1
      contarct: hospital
      ansible_network_os: huawei
    sw3:
      ansible_host: 10.0.0.3
      ansible_port: 70000
      ansible_network_os: huawei
    sw4:
      contract: nobody
      ansible_network_os: huawei
    a/b: {ansible_host: 10.0.0.5, ansible_network_os: huawei}
    sw3:
      ansible_host: 10.0.0.6
      ansible_port: 70000
      ansible_network_os: huawei
    linux1: {ansible_host: 10.0.0.7}
  childern: {}
"""


def test_all_problems_of_a_faulty_inventory(write, inventory):
    write({"inventory/hosts.yml": FAULTY, "inventory/group_vars/ghost.yml": "x: 1\n"})
    check = check_inventory(("inventory",), inventory())
    hosts = "inventory/hosts.yml"
    (unusable,) = (p.device for p in check.problems if p.reason.code == "host_name_unusable")
    assert unusable.startswith("a_b-")
    assert found(check) == {
        (hosts, 4, "", "warning", "plain_text_password"),
        (hosts, 8, "sw1", "error", "unknown_platform"),
        (hosts, 10, "sw2", "warning", "address_twice"),
        (hosts, 11, "sw2", "warning", "variable_near_miss"),
        (hosts, 23, "sw3", "error", "port_invalid"),
        (hosts, 18, "sw4", "error", "unknown_contract"),
        (hosts, 20, unusable, "error", "host_name_unusable"),
        (hosts, 21, "", "error", "yaml_duplicate_key"),
        (hosts, 25, "linux1", "warning", "no_network_os"),
        (hosts, 26, "", "error", "group_key_unknown"),
        ("inventory/group_vars/ghost.yml", 0, "", "warning", "group_unknown"),
    }
    assert (check.hosts, check.readable, check.errors) == (6, True, 6)
    assert [p.severity for p in check.problems] == ["error"] * 6 + ["warning"] * 5
    assert "canary-plain" not in check.model_dump_json()


def test_syntax_errors_of_several_files_come_together(write, inventory):
    write(
        {
            "inventory/a.yml": "all:\n  hosts: [\n",
            "inventory/group_vars/all.yml": "x: 1\n y: 2\n",
        }
    )
    check = check_inventory(("inventory",), inventory())
    places = {(p.file, p.line, p.reason.code) for p in check.problems}
    assert ("inventory/a.yml", 3, "yaml_syntax") in places
    assert ("inventory/group_vars/all.yml", 2, "yaml_syntax") in places
    assert not check.readable


def test_an_ini_inventory(write, inventory):
    write(
        {
            "hosts": "# devices\n[core]\nsw1 ansible_host=10.0.0.1 ansible_network_os=foo_os\n"
            "sw2 ansible_host=10.0.0.1 ansible_password=canary\n[core:vars]\nansible_usr=backup\n"
        }
    )
    check = check_inventory(("hosts",), inventory())
    assert found(check) == {
        ("hosts", 3, "sw1", "error", "unknown_platform"),
        ("hosts", 4, "sw2", "warning", "address_twice"),
        ("hosts", 4, "sw2", "warning", "plain_text_password"),
        ("hosts", 6, "", "warning", "variable_near_miss"),
        ("hosts", 3, "sw1", "warning", "no_user"),
        ("hosts", 3, "sw1", "warning", "no_password"),
        ("hosts", 4, "sw2", "warning", "no_network_os"),
    }


def test_a_missing_vault_password_is_a_problem_with_a_line(write, inventory):
    sealed = "!vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          3632\n"
    write(
        {
            "h.yml": "all:\n  hosts:\n    sw1:\n      ansible_user: a\n"
            f"      ansible_network_os: huawei\n      ansible_password: {sealed}"
        }
    )
    check = check_inventory(("h.yml",), inventory())
    assert found(check) == {("h.yml", 6, "sw1", "error", "vault_password_missing_variable")}


def test_a_missing_source_is_an_error(inventory):
    with pytest.raises(InputError):
        check_inventory(("nothere",), inventory())


def test_the_sample_inventory_is_sound(inventory):
    names = {"huawei", "hp_comware", "cisco_ios", "ruijie_os"}
    maker = inventory()
    maker._platform_of = lambda name: (
        "cisco_ios" if name == "cisco.ios.ios" else (name if name in names else None)
    )
    check = check_inventory((str(REPOSITORY / "inventory"),), maker)
    assert (check.hosts, check.problems) == (5, ())


def test_every_problem_has_words_in_both_languages():
    """Codes in the sources of this part have an entry in the catalogue."""
    import re

    package = REPOSITORY / "src" / "weibao"
    parts = [
        *package.glob("adapters/ansible_inventory/*.py"),
        package / "adapters" / "yaml_lines.py",
        package / "adapters" / "host_keys.py",
        package / "adapters" / "inventory_sheet.py",
        package / "adapters" / "estate_files.py",
        package / "domain" / "device_sheet.py",
        *(package / "services" / f"{n}.py" for n in ("check_inventory", "trust_hosts")),
        *(package / "services" / f"{n}.py" for n in ("import_inventory", "init_estate")),
    ]
    text = "".join(part.read_text(encoding="utf-8") for part in parts)
    keys = {f"reason.{code}" for code in re.findall(r'Reason\.of\(\s*"(\w+)"', text)}
    keys |= {f"reason.{code}" for code in re.findall(r'_wrong\("(\w+)"', text)}
    keys |= set(re.findall(r'"((?:estate|reason)\.\w+)"', text))
    assert len(keys) > 60
    for key in keys:
        assert set(messages()[key]) == set(LANGUAGES), key
