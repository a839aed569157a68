"""What the modules on the hosts make of commands that fail."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml


def utils(name: str) -> Any:
    """A file of the collection's module_utils, which has no types."""
    return importlib.import_module(f"ansible_collections.weibao.core.plugins.module_utils.{name}")


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = utils("linux_services")
    monkeypatch.setattr(found, "has_systemd", lambda: True)
    return found


def answering(*answers: tuple[int, str]) -> Any:
    left = list(answers)

    def command(_argv: list[str], *_more: Any) -> dict[str, Any]:
        rc, out = left.pop(0)
        return {"rc": rc, "out": out, "err": ""}

    return command


def test_units_are_known_only_where_systemd_answered(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = "ssh.service loaded active running SSH\n"
    monkeypatch.setattr(services, "command", answering((0, ""), (0, active)))
    assert services.units() == {"failed": [], "active": ["ssh.service"], "known": True}
    for answers in (((1, ""), (0, active)), ((0, ""), (124, ""))):
        monkeypatch.setattr(services, "command", answering(*answers))
        assert services.units()["known"] is False


def test_a_journal_that_cannot_be_read_is_not_without_severe_lines(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "command", answering((0, "")))
    assert services.log(0) == []
    for rc in (1, 124):
        monkeypatch.setattr(services, "command", answering((rc, "")))
        assert services.log(0) is None


def test_packages_that_are_not_whole_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = utils("linux_packages")
    rows = (
        "installed a amd64 1\nhalf-configured b amd64 2\nconfig-files c all 3\nunpacked d all 4\n"
    )
    monkeypatch.setattr(packages, "command", answering((0, rows)))
    assert packages.unfinished("apt") == [["b", "amd64", "2"], ["d", "all", "4"]]


def test_a_backup_path_that_is_not_there_is_no_backup(tmp_path: Path) -> None:
    """It was left out without a word."""
    module = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.back_up_linux"
    )
    said: list[str] = []

    class Host:
        params: ClassVar[dict[str, Any]] = {
            "repository": str(tmp_path / "r"), "password": "p", "tag": "t",
            "paths": ["/etc", "/srv/no-such-folder"],
        }  # fmt: skip

        def fail_json(self, msg: str) -> None:
            said.append(msg)
            raise SystemExit

    with pytest.raises(SystemExit):
        module.back_up(Host())
    assert "/srv/no-such-folder" in said[0] and "/etc" not in said[0]
    assert not (tmp_path / "r").exists()


def test_no_secret_of_a_module_reaches_the_syslog_of_a_host() -> None:
    playbooks = Path(__file__).parents[2] / "playbooks"
    for name in ("patch_linux", "read_patch_state"):
        (play,) = yaml.safe_load((playbooks / f"{name}.yml").read_text())
        assert play["vars"]["ansible_no_target_syslog"] is True
