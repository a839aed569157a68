"""What the modules on the hosts make of commands that fail."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from weibao.domain.reasons import Reason


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

    def command(_argv: list[str], *_more: Any, **_named: Any) -> dict[str, Any]:
        rc, out = left.pop(0)
        return {"rc": rc, "out": out, "err": ""}

    return command


def test_units_are_known_only_where_systemd_answered(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = "ssh.service loaded active running SSH\n"
    monkeypatch.setattr(services, "command", answering((0, ""), (0, active), (0, "")))
    found = services.units()
    assert (found["failed"], found["active"], found["known"]) == ([], ["ssh.service"], True)
    well = (0, "")
    for answers in (((1, ""), (0, active), well), (well, (124, ""), well), (well, well, (1, ""))):
        monkeypatch.setattr(services, "command", answering(*answers))
        assert services.units()["known"] is False


def test_a_journal_that_cannot_be_read_is_not_without_severe_lines(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rc, said in ((0, ([], False)), (1, (None, False)), (124, (None, False))):
        monkeypatch.setattr(services, "streamed", lambda *_, rc=rc: rc)
        assert services.log(0) == said


def test_every_kind_of_severe_line_is_read_and_too_many_are_told(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was the newest 300 lines: one noisy service hid the rest."""
    noise = [{"MESSAGE": f"again {n}", "PRIORITY": "3", "_SYSTEMD_UNIT": "a"} for n in range(9999)]
    bytes_ = {"MESSAGE": [*b"disk \xff died"], "PRIORITY": "2", "SYSLOG_IDENTIFIER": "kernel"}

    def lines(entries: list[dict[str, Any]]) -> Any:
        def streamed(_argv: list[str], take: Any, _timeout: int) -> int:
            for entry in entries:
                if take(json.dumps(entry)) is False:
                    break
            return 0

        return streamed

    monkeypatch.setattr(services, "streamed", lines([bytes_, *noise]))
    found, cut = services.log(0)
    assert [line["message"] for line in found] == ["disk \ufffd died", "again 0"]
    assert not cut
    kinds = [{"MESSAGE": "kind " + "x" * n, "PRIORITY": "3"} for n in range(250)]
    monkeypatch.setattr(services, "LOG_LINES", 200)
    monkeypatch.setattr(services, "streamed", lines([*kinds, bytes_]))
    found, cut = services.log(0)
    assert len(found) == 200 and cut


def test_output_of_any_length_is_read_to_the_end_or_until_it_is_enough() -> None:
    streamed = utils("linux_command").streamed
    seen: list[str] = []
    assert streamed(["sh", "-c", "seq 300000; exit 3"], seen.append, 20) == 3
    assert len(seen) == 300000
    assert streamed(["yes"], lambda line: line != "y\n", 20) == 0
    assert streamed(["sleep", "20"], seen.append, 0.2) == 124
    assert streamed(["/no/such"], seen.append, 20) == 127


SHOWN = """\
Id=loop.service
Restart=always
NRestarts=7
ActiveState=activating
ActiveEnterTimestampMonotonic=990000000

Id=ssh.service
Restart=on-failure
NRestarts=0
ActiveState=active
ActiveEnterTimestampMonotonic=995000000

Id=once.service
Restart=no
NRestarts=0
ActiveState=active
ActiveEnterTimestampMonotonic=0
"""


def test_how_often_systemd_starts_a_service_again_is_read(services: Any) -> None:
    starts = services._starts(SHOWN, 1000.0)
    assert starts == {"loop.service": [7, 0.0], "ssh.service": [0, 5.0]}
    assert services.are_steady(starts, ["ssh.service", "once.service"], 5)
    assert not services.are_steady(starts, ["ssh.service"], 6)


def test_a_service_inside_of_a_container_is_not_the_hosts(services: Any) -> None:
    """Its unit may be called like one of the host's, which would be restarted."""
    inside = "0::/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service\n"
    assert services.unit_of(inside) == "systemd-nspawn@web.service"
    assert services.unit_of("0::/lxc.payload.web/system.slice/ssh.service\n") == "ssh.service"
    assert services.unit_of("0::/system.slice/ssh.service\n") == "ssh.service"
    assert (
        services.unit_of("0::/user.slice/user-0.slice/user@0.service/app.slice/a.service\n") == ""
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of processes needs root")
def test_processes_in_another_namespace_are_passed_over(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = services.text_of
    path = "0::/system.slice/wb-test.service\n"
    monkeypatch.setattr(services, "owners", lambda *_: {})
    started = [
        subprocess.Popen([*before, "sleep", "30"])
        for before in ((), ("unshare", "--pid", "--fork"))
    ]
    try:
        for _ in range(50):
            below = subprocess.run(
                ["pgrep", "-P", str(started[1].pid)], capture_output=True, text=True
            ).stdout.split()
            if below:
                break
            time.sleep(0.1)
        for pid, found in ((started[0].pid, True), (int(below[0]), False)):
            of_it = f"/proc/{pid}/cgroup"
            monkeypatch.setattr(
                services, "text_of", lambda p, of_it=of_it: path if p == of_it else texts(p)
            )
            assert ("wb-test.service" in services.processes("apt")) is found
    finally:
        for process in started:
            subprocess.run(["pkill", "-P", str(process.pid)], check=False)
            process.kill()
            process.wait()


def test_a_file_of_two_packages_or_of_none_hides_no_other_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """rpm says two lines or none for such a file, and all of its chunk was lost."""
    packages = utils("linux_packages")
    owned = {f"/usr/bin/{n}": [f"p{n}"] for n in range(1000)}
    owned |= {"/usr/bin/7": ["p7", "p7-extra"], "/usr/bin/400": [], "/usr/bin/401": [" no one"]}

    def rpm(argv: list[str], *_more: Any) -> dict[str, Any]:
        lines = [line for path in argv[4:] for line in owned[path]]
        gone = "error: file /usr/bin/400: No such file" if "/usr/bin/400" in argv else ""
        return {"rc": 1, "out": "".join(f"{line}\n" for line in lines), "err": gone}

    monkeypatch.setattr(packages, "command", rpm)
    found = packages.owners("dnf", owned)
    assert found == {p: n[0] for p, n in owned.items() if n and " " not in n[0]}


@pytest.mark.parametrize("manager", ["apt", "dnf"])
def test_a_package_manager_that_does_not_answer_owns_not_nothing(
    monkeypatch: pytest.MonkeyPatch, manager: str
) -> None:
    packages = utils("linux_packages")
    silent = {"rc": 124, "out": "", "err": "no answer within 120 s"}
    monkeypatch.setattr(packages, "command", lambda *_: silent)
    with pytest.raises(OSError, match="no answer"):
        packages.owners(manager, ["/usr/bin/a", "/usr/bin/b"])
    monkeypatch.setattr(packages, "dnf_query", lambda _: {})
    row = {"apt": "install installed a amd64 1\n", "dnf": "a x86_64 0:1\n"}[manager]
    for rc, expected in ((0, 1), (1, 0)):
        monkeypatch.setattr(
            packages, "command", lambda *_, rc=rc: {"rc": rc, "out": row, "err": ""}
        )
        assert len(packages.stock(manager)["packages"]) == expected


def test_what_dpkg_and_apt_know_of_packages_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = utils("linux_packages")
    text = (
        "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        "Package: b\nArchitecture: i386\nAuto-Installed: 0\n\n"
        "Package: c\nArchitecture: i386\nAuto-Installed: 1\n"
    )
    monkeypatch.setattr(packages, "text_of", lambda *_, **__: text)
    rows = (
        "install installed a amd64 1\nhold installed d all 5\nhold not-installed e all \n"
        "install half-configured b amd64 2\ndeinstall config-files c all 3\n"
        "install unpacked f all 4\n"
    )
    monkeypatch.setattr(packages, "command", answering((0, rows), (0, "b: to be configured\n")))
    assert packages.stock("apt") == {
        "packages": [["a", "amd64", "1"], ["d", "all", "5"]],
        "unfinished": [["b", "amd64", "2"], ["f", "all", "4"]],
        "residual": [["c", "all"]],
        "held": ["d", "e"],
        "auto": [["a", "amd64"], ["c", "i386"]],
        "broken": "b: to be configured",
    }


def test_a_damaged_rpm_database_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = utils("linux_packages")
    monkeypatch.setattr(packages, "dnf_query", lambda _: {"held": ["bash"], "twice": ["a-1 a-2"]})
    monkeypatch.setattr(packages, "command", lambda *_: {"rc": 1, "out": "", "err": ""})
    said = packages.stock("dnf")
    assert said["held"] == ["bash"]
    assert said["broken"] == "rpmdb: 1; twice: a-1 a-2"


def test_a_configuration_of_apt_that_overrules_ours_stops_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's own is read after ours: more than what was laid ready would be to be had."""
    stage = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.stage_packages"
    )
    dump = stage.APT_CONF.format(folder=tmp_path)
    dump += 'APT::Default-Release "stable";\n'
    monkeypatch.setattr(stage, "command", answering((0, dump), (0, ""), (0, "")))
    assert stage.index(str(tmp_path), []) == ""
    assert "Suite: stable\nCodename: stable\n" in (tmp_path / "Release").read_text()
    # What apt cannot do there is said when the files are laid ready.
    said = iter([{"rc": 0, "out": dump}, {"rc": 0}, {"rc": 100, "err": "E: not\n"}])
    monkeypatch.setattr(stage, "command", lambda *_, **__: next(said))
    assert stage.index(str(tmp_path), []) == "E: not"
    other = dump.replace('sourceparts "/nonexistent/"', 'sourceparts "sources.list.d"')
    monkeypatch.setattr(stage, "command", answering((0, other), (0, "")))
    assert "Dir::Etc::sourceparts" in stage.index(str(tmp_path), [])


def test_a_folder_of_modules_alone_is_no_kernel(tmp_path: Path) -> None:
    """What was built for a kernel stays behind where the kernel is removed."""
    module = importlib.import_module("ansible_collections.weibao.core.plugins.modules.read_linux")
    for release in ("1-left", "2-boot", "3-own", "4-arm"):
        (tmp_path / "lib/modules" / release).mkdir(parents=True)
    (tmp_path / "lib/modules/1-left/updates").mkdir()
    (tmp_path / "boot").mkdir()
    for sign in ("boot/vmlinuz-2-boot", "lib/modules/3-own/vmlinuz",
                 "lib/modules/4-arm/modules.builtin"):  # fmt: skip
        (tmp_path / sign).touch()
    assert module.kernels(str(tmp_path)) == ["2-boot", "3-own", "4-arm"]


def test_a_backup_path_that_is_not_there_is_no_backup(tmp_path: Path) -> None:
    """It was left out without a word."""
    module = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.back_up_linux"
    )
    said: list[str] = []

    class Host:
        params: ClassVar[dict[str, Any]] = {
            "repository": str(tmp_path / "r"), "password": "p", "tag": "t",
            "paths": ["/etc", "/srv/no-such-folder"], "scratch": "/", "keep_free_mb": 1,
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


def test_a_reason_names_a_file_whose_name_is_no_text() -> None:
    """It could not be written to any record, and the way back never ended well."""
    said = Reason.of("patch_files_differ", files="/etc/caf\udce9.conf, /etc/补丁")
    assert said.params["files"] == "/etc/caf\\udce9.conf, /etc/补丁"
    assert Reason.model_validate_json(said.model_dump_json()) == said
