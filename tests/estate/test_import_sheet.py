"""``weibao inventory import``: sheets as people keep them."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from conftest_estate import clean_env

from weibao.adapters.inventory_sheet import (
    VaultSealer,
    load_words,
    read_sheets,
    write_inventories,
)
from weibao.domain.device_sheet import SheetWords, read_rows
from weibao.errors import InputError, RefusedError
from weibao.services.import_inventory import import_inventory

PLATFORMS = {"huawei": "huawei", "vrp": "huawei", "cisco_ios": "cisco_ios"}


def run(source: Path, folder: Path, *, encrypt=None, force=False, write=write_inventories):
    return import_inventory(
        source,
        folder,
        read=read_sheets,
        words=load_words(),
        platform_ids=PLATFORMS,
        encrypt=encrypt,
        write=write,
        force=force,
    )


def seal(texts):
    return [f"$ANSIBLE_VAULT;1.1;AES256\n{text.encode().hex()}\n" for text in texts]


@pytest.fixture
def book(tmp_path):
    """A workbook of sheets: name to rows, with merged ranges."""

    def make(merged=(), **sheets) -> Path:
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for name, rows in sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
            for span in merged:
                sheet.merge_cells(span)
        path = tmp_path / "台账.xlsx"
        workbook.save(path)
        return path

    return make


HEADER = ["序号", "设备名称", "管理IP", "端口", "品牌", "型号", "安装位置", "用户名", "登录密码"]


def test_a_usual_chinese_sheet(book, tmp_path, inventory):
    source = book(
        merged=("A1:I1", "G4:G5"),
        网络设备=[
            ["某医院网络设备台账"],
            [],
            HEADER,
            [1, "核心交换机 1", "10.1.1.1", 22.0, "华为", "S12708", "门诊楼", "admin", "canary-1"],
            [
                2,
                "汇聚-H3C",
                "１０．１．１．２",
                "２２２２",
                "新华三",
                "S7506E",
                None,
                "admin",
                123456.0,
            ],
            [None] * 9,
            [3, "NX1", "10.1.1.3 ", None, "Cisco", "Nexus 9300", "住院楼", None, None],
            [4, "C2960", "10.1.1.4", None, "思科", "WS-C2960X", "", "", ""],
            [5, "谜", "10.1.1.5", None, "某品牌", "X1", "", "", ""],
        ],
    )
    made = run(source, tmp_path / "inventory", encrypt=seal)
    assert [path.name for path in made.files] == ["网络设备.yml"]
    assert (made.devices, made.passwords) == (5, 2)
    assert [w.code for w in made.warnings] == ["row_platform_unknown"]
    text = made.files[0].read_text(encoding="utf-8")
    assert "canary-1" not in text
    assert "123456" not in text
    assert text.count("!vault") == 2
    names = {n: n for n in ("huawei", "hp_comware", "cisco_nxos", "cisco_ios")}
    maker = inventory(env=clean_env(ANSIBLE_VAULT_PASSWORD_FILE="x"))
    maker._platform_of = names.get
    devices = {d.name: d for d in _resolve(maker, tmp_path)}
    assert {d.name: d.platform for d in devices.values()} == {
        "核心交换机-1": "huawei",
        "汇聚-H3C": "hp_comware",
        "NX1": "cisco_nxos",
        "C2960": "cisco_ios",
        "谜": "",
    }
    assert (devices["汇聚-H3C"].address, devices["汇聚-H3C"].port) == ("10.1.1.2", 2222)
    assert devices["汇聚-H3C"].site == "门诊楼"
    assert devices["核心交换机-1"].model == "S12708"


def _resolve(maker, tmp_path):
    (tmp_path / "x").write_text("p\n")
    return maker.resolve(("inventory",)).devices


def test_passwords_are_sealed_with_the_estates_own_and_ansible_opens_them(book, tmp_path):
    (tmp_path / "pw").write_text("opens\n")
    (tmp_path / "ansible.cfg").write_text("[defaults]\nvault_password_file = pw\n")
    sealer = VaultSealer(tmp_path, clean_env())
    source = book(a=[["name", "ip", "password", "enable"], ["s", "10.0.0.1", " Ｐ@ss ", "e"]])
    made = run(source, tmp_path / "inventory", encrypt=sealer)
    assert made.passwords == 2
    import yaml
    from ansible.parsing.vault import VaultLib, VaultSecret

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!vault", lambda loader, node: node.value)
    host = yaml.load(made.files[0].read_text(), Loader)["all"]["hosts"]["s"]
    vault = VaultLib([("default", VaultSecret(b"opens"))])
    assert vault.decrypt(host["ansible_password"]).decode() == "Ｐ@ss"  # as written, untouched
    assert vault.decrypt(host["ansible_become_password"]) == b"e"


def test_without_a_vault_password_none_is_written(book, tmp_path):
    source = book(a=[["name", "ip", "密码"], ["s", "10.0.0.1", "canary"], ["t", "10.0.0.2", "c2"]])
    made = run(source, tmp_path / "inventory")
    assert [w.code for w in made.warnings] == ["passwords_left_out"]
    assert made.warnings[0].params == {"count": "2"}
    assert "canary" not in made.files[0].read_text()


def test_a_vault_password_that_cannot_be_had(tmp_path):
    env = clean_env(ANSIBLE_VAULT_PASSWORD_FILE=str(tmp_path / "nothere"))
    with pytest.raises(InputError, match="nothere"):
        VaultSealer(tmp_path, env)(["x"])


def test_every_wrong_row_is_named_and_nothing_is_written(book, tmp_path):
    source = book(
        a=[
            ["名称", "IP", "端口", "协议"],
            ["a", "10.0.0.1", None, "SSH"],
            ["a", "10.0.0.2", None, "Telnet"],
            ["b", "10.0.0.300", None, None],
            [None, "10.0.0.4", None, None],
            ["c", None, None, None],
            ["d", "10.0.0.5", 0, None],
            ["e/f", "10.0.0.6", None, None],
            ["g", "10.0.0.7", None, "RDP"],
        ]
    )
    with pytest.raises(InputError) as error:
        run(source, tmp_path / "inventory")
    assert str(error.value).splitlines() == [
        '台账.xlsx: row 4 (b): the address "10.0.0.300" is wrong',
        "台账.xlsx: row 5: no device name",
        "台账.xlsx: row 6 (c): no address",
        '台账.xlsx: row 7 (d): the port "0" is wrong; it should be 1 to 65535',
        '台账.xlsx: row 8: the device name "e/f" has a character that cannot be used '
        "(/ \\ : , [ ] …), or is too long",
        '台账.xlsx: row 9 (g): unknown protocol "RDP"; SSH or Telnet',
        '台账.xlsx: the device name "a" is in more than one row: 2, 3',
    ]
    assert not (tmp_path / "inventory").exists()


def test_a_name_in_two_sheets(book, tmp_path):
    rows = [["名称", "IP"], ["a", "10.0.0.1"]]
    with pytest.raises(InputError, match="x!2, y!2"):
        run(book(x=rows, y=rows), tmp_path / "inventory")


def test_sheets_without_devices_are_passed_over_and_said(book, tmp_path):
    source = book(说明=[["填写说明"]], 空=[], 设备=[["名称", "IP"], ["a", "10.0.0.1"]])
    made = run(source, tmp_path / "inventory")
    assert [path.name for path in made.files] == ["设备.yml"]
    assert [w.params for w in made.warnings] == [{"sheet": "说明"}]


def test_what_is_there_is_only_overwritten_by_force(book, tmp_path):
    source = book(a=[["名称", "IP"], ["a", "10.0.0.1"]])
    run(source, tmp_path / "inventory")
    with pytest.raises(RefusedError, match=r"a\.yml"):
        run(source, tmp_path / "inventory")
    assert run(source, tmp_path / "inventory", force=True).devices == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_excel_writes_it(tmp_path, encoding, delimiter):
    source = tmp_path / "设备.csv"
    rows = [["设备名称", "管理IP", "机房"], ["核心一", "10.0.0.1", "门诊"]]
    source.write_bytes("\r\n".join(delimiter.join(r) for r in rows).encode(encoding))
    made = run(source, tmp_path / "inventory")
    assert made.files[0].name == "设备.yml"
    assert "核心一" in made.files[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.xls", b"x"), ("a.xlsx", b"not a zip"), ("a.csv", b""), ("a.csv", b"x,y\n1,2\n")],
)
def test_what_is_no_sheet_is_said(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError):
        run(tmp_path / name, tmp_path / "inventory")
    with pytest.raises(InputError):
        run(tmp_path / "missing.xlsx", tmp_path / "inventory")


def test_a_header_in_the_tenth_row_and_only_addresses(tmp_path):
    rows = [(n, ["x", ""]) for n in range(1, 10)]
    rows += [(10, ["IP地址", "厂商"]), (11, ["10.0.0.1:2022", "锐捷网络"])]
    (device,) = read_rows(rows, load_words(), {}).devices
    assert (device.name, device.address, device.port) == ("10.0.0.1", "10.0.0.1", 2022)
    assert device.platform == "ruijie_os"


@pytest.mark.parametrize("name", json.loads('["华为", "HUAWEI", "Huawei Technologies"]'))
def test_words_are_found_in_any_case(name):
    assert load_words().platform_of(name, "") == "huawei"


def test_headers_mean_one_column_each():
    words: SheetWords = load_words()
    said = {
        "设备名称": "name",
        "Host Name": "name",
        "管理 IP": "address",
        "IP地址（管理）": "address",
        "S/N": "serial_number",
        "enable密码": "enable",
        "科室": "unit",
        "备注": "note",
        "Device_Type": "platform",
    }
    assert {header: words.column_of(header) for header in said} == said
    seen = [word for names in words.columns.values() for word in names]
    assert len(seen) == len(set(seen))
