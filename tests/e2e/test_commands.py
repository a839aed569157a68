"""What the commands say where something is wrong before anything is done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from openpyxl import Workbook

from .estates import Estate, host, new_estate


@pytest.fixture
def bare(tmp_path: Path) -> Estate:
    return new_estate(tmp_path)


def test_a_folder_that_is_no_estate(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    nowhere = Estate(tmp_path / "home", tmp_path / "home")
    for words in (["backup", "run"], ["backup", "status"], ["verify"], ["inventory", "check"]):
        said = nowhere.weibao(*words)
        assert said.code == 2, said.all
        assert "Traceback" not in said.err
        assert "weibao init" in said.err or "weibao.yml" in said.err
        assert json.loads(nowhere.weibao(*words, "--json").out)["error"]["exit_code"] == 2
    assert not list(nowhere.folder.iterdir())


@pytest.mark.parametrize(
    ("text", "line"),
    [("schema_version: 1\nname: [a\n", 3), ("schema_version: 1\nname: x\nbackup: 7\n", 3),
     ("schema_version: 1\nname: x\nbackups: {}\n", 3)],
)  # fmt: skip
def test_settings_that_are_wrong_are_named_by_file_and_line(
    bare: Estate, text: str, line: int
) -> None:
    (bare.folder / "weibao.yml").write_text(text)
    said = bare.weibao("backup", "run", "--json")
    assert said.code == 2, said.all
    assert f"weibao.yml:{line}" in said.json["error"]["message"]
    assert "Traceback" not in said.err


@pytest.mark.parametrize("text", ["all:\n  hosts:\n    a: {ansible_host: [\n", "all:\n\thosts:\n"])
def test_an_inventory_that_does_not_parse(bare: Estate, text: str) -> None:
    (bare.folder / "inventory/hosts.yml").write_text(text)
    assert "hosts.yml:" in bare.weibao("inventory", "check").out
    for words in (["inventory", "check"], ["inventory", "trust"], ["backup", "run"]):
        said = bare.weibao(*words, "--json")
        assert said.code == 2, said.all
        assert said.json and "hosts.yml" in said.out
        assert "Traceback" not in said.err
    assert not list(bare.state.glob("runs/*"))


def test_a_pattern_that_selects_nobody_is_wrong_input(estate: Estate) -> None:
    for job in (["backup", "run"], ["ports", "check"]):
        said = estate.weibao(*job, "--limit", "no-such-device", "--json")
        assert said.code == 2, said.all
    assert not list(estate.state.glob("runs/*"))  # nor of the playbook that was loaded meanwhile


def test_json_stands_alone_on_standard_output(estate: Estate, devices) -> None:
    devices[0].set_fault(refuse_login=True)
    name = devices[1].name
    assert estate.weibao("backup", "run", "--json").json["run"]
    for words in (
        ["backup", "status"], ["backup", "list", name], ["backup", "grep", "hostname"],
        ["run", "list"], ["run", "show", "last"], ["verify"], ["inventory", "check"],
        ["platform", "list"], ["backup", "list", "nobody"], ["run", "show", "nothing"],
        ["evidence", "show", "nothing"], ["backup", "status", "--limit", "nobody"],
    ):  # fmt: skip
        said = estate.weibao(*words, "--json")
        assert said.json, said.all
        assert "Traceback" not in said.err, said.err


def test_a_locale_that_is_not_installed_does_no_harm(estate: Estate) -> None:
    # A terminal's LANG travels over SSH to machines that lack it.
    said = estate.weibao("backup", "run", env={"LANG": "xx_YY.UTF-8", "LC_ALL": ""})
    assert said.code == 0, said.all


def test_a_sheet_with_platform_ids(bare: Estate, devices) -> None:
    book = Workbook()
    book.active.append(["hostname", "ip", "port", "os", "username", "password", "enable"])
    for each in devices[:7]:
        book.active.append(
            [each.name, each.host, each.port, each.platform, each.username, each.password,
             each.enable_secret]
        )  # fmt: skip
    book.save(bare.folder / "sheet.xlsx")
    bare.ok("inventory", "import", "sheet.xlsx", "--force")
    bare.ok("inventory", "trust")
    shown = bare.run()
    assert {n: d["platform"] for n, d in shown.items()} == {d.name: d.platform for d in devices[:7]}


def test_what_lies_outside_of_the_estate_is_never_needed(estate: Estate, tmp_path: Path) -> None:
    """Moved with its keys, an estate goes on: nothing depends on where it lay."""
    estate.run()
    moved = tmp_path / "moved"
    shutil.move(estate.folder, moved)
    estate.folder = moved
    assert {d["outcome"] for d in estate.run().values()} == {"unchanged"}
    estate.ok("verify")


def test_the_plain_inventory_of_the_users_own(tmp_path: Path, devices) -> None:
    """``-i`` as Ansible takes it: an INI file with addresses and a password is enough."""
    estate = new_estate(tmp_path)
    device = next(d for d in devices if d.platform == "huawei")
    variables = host(device)
    line = " ".join(f"{key}={value}" for key, value in variables.items())
    inventory = tmp_path / "plain.ini"
    inventory.write_text(f"sw1 {line}\n")
    estate.ok("inventory", "trust", "-i", str(inventory))
    said = estate.weibao("backup", "run", "-i", str(inventory), "--json")
    assert said.code == 0, said.all
    assert [d["outcome"] for d in said.json["devices"]] == ["archived"]
    # Sent bytes with LF ends: what the device rendered.
    assert estate.export("sw1") == device.last_sent["display current-configuration"]
