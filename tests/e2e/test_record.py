"""A device becomes a test case: recorded once, tried without it (SEC-02)."""

from __future__ import annotations

import stat
from pathlib import Path

import yaml

from weibao_lab.specs import recorded_spec

from .estates import new_estate

ASA = Path(__file__).parents[1] / "platforms/cases/cisco_asa/asa9-5506.session.yml"


def own_words() -> set[str]:
    case = yaml.safe_load(ASA.read_text(encoding="utf-8"))
    login = case["login"]
    hidden = {login["user"], login["password"], login["enable_secret"], case["expect"]["hostname"]}
    return hidden | set(case["expect"]["secrets"])


def holding(folder: Path, words: set[str], *, besides: str) -> list[str]:
    """Files below ``folder`` in which one of ``words`` stands."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file()
        and besides not in path.parts
        and any(word.encode() in path.read_bytes() for word in words)
    ]


def test_a_device_is_recorded_and_tried(tmp_path, own_lab) -> None:
    device = own_lab(recorded_spec(ASA)).devices["asa9-5506"]
    estate = new_estate(tmp_path, [device])
    file = estate.folder / "case.session.yml"
    said = estate.weibao("platform", "record", device.name, "-o", str(file), "--json")
    assert said.code == 0, said.all
    assert said.json["replaced"]["secret"] >= 7
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    words = own_words()
    assert [word for word in words if word in file.read_text(encoding="utf-8")] == []
    # The inventory has the login's own; nothing of the device's text lies anywhere.
    texts = words - {device.username, device.password, device.enable_secret}
    assert holding(estate.folder, texts, besides="inventory") == []
    assert not list((estate.folder / "var").glob(".record-*"))

    sent = [record.line for record in device.log.commands]
    assert not [line for line in sent if line.split()[:1] == ["configure"]]
    tried = estate.weibao("platform", "try", str(file), "--json")
    assert tried.code == 0, tried.all
    session = tried.json["sessions"][0]
    assert session["passed"]
    assert session["recognised"] == "cisco_asa"
    assert session["secrets"]["count"] >= 7

    again = estate.weibao("platform", "record", device.name, "-o", str(file))
    assert again.code == 2, "an existing file is not written over"


def test_a_device_that_cannot_be_read_leaves_no_file(tmp_path, own_lab) -> None:
    device = own_lab(recorded_spec(ASA)).devices["asa9-5506"]
    estate = new_estate(tmp_path, [device])
    device.set_fault(refuse_login=True)
    file = estate.folder / "case.session.yml"
    said = estate.weibao("platform", "record", device.name, "-o", str(file))
    assert said.code == 1, said.all
    assert not file.exists()
    assert device.password not in said.all


def test_a_platform_that_does_not_fit_is_told(tmp_path) -> None:
    estate = new_estate(tmp_path)
    said = estate.weibao("platform", "try", str(ASA), "--platform", "cisco_ios")
    assert said.code == 1, said.all
    assert "✗" in said.out
    for secret in own_words() - {"weihu", "fw-yx-01"}:
        assert secret not in said.all
    missing = estate.weibao("platform", "try", str(tmp_path / "nothing.yml"))
    assert missing.code == 2, missing.all
