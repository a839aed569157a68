"""Each fault does what it says, and nothing after it is cleared."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import paramiko
import pytest
from lab_client import Cli, Ended, Silent, same

from weibao_lab import DeviceHandle
from weibao_lab.errors import BadRequest
from weibao_lab.faults import FAULT_KEYS, Fault, parse_assignments


def test_refuse_login_for_the_next_session_only(ios: DeviceHandle) -> None:
    ios.set_fault(refuse_login=True, sessions=1)
    with pytest.raises(paramiko.AuthenticationException):
        Cli(ios)
    assert ios.log.logins[-1].password_right is True
    with Cli(ios).start() as cli:
        assert same(cli.show_running(), ios.render_running(), ios)


def test_cut_after_bytes(device: DeviceHandle) -> None:
    device.set_fault(cut_after_bytes=700)
    with Cli(device).start() as cli, pytest.raises((Ended, OSError)) as caught:
        cli.show_running()
    if caught.type is Ended:
        text = caught.value.args[0].replace(b"\r\n", b"\n").partition(b"\n")[2]
        assert text == device.render_running()[:700]


def test_cut_after_config_lines(ios: DeviceHandle) -> None:
    ios.set_fault(cut_after_config_lines=2, sessions=1)
    with pytest.raises((Ended, OSError)), Cli(ios).start() as cli:
        for line in ("configure terminal", "ntp server 10.1.1.1", "ntp server 10.1.1.2"):
            cli.run(line, prompt=rb"\(config\)#")
        cli.run("ntp server 10.1.1.3", prompt=rb"\(config\)#")
    text = ios.render_running()
    assert b"ntp server 10.1.1.2" in text
    assert b"ntp server 10.1.1.3" not in text


def test_save_fails(ios: DeviceHandle) -> None:
    ios.set_fault(save_fails=True)
    before = ios.render_startup()
    ios.configure(["ntp server 10.1.1.9"])
    ios.save()
    assert ios.render_startup() == before
    ios.clear_faults()
    ios.save()
    assert b"ntp server 10.1.1.9" in ios.render_startup()


def test_old_release() -> None:
    # What it leaves out is a platform's own; the tests of changes use it.
    assert not Fault().old_release


def test_error_instead(device: DeviceHandle) -> None:
    device.set_fault(error_instead=True)
    with Cli(device).start() as cli:
        answer = cli.show_running()
    assert any(word in answer.lower() for word in (b"unrecognized", b"invalid", b"syntax error"))
    assert len(answer) < 200


def test_half_configuration(device: DeviceHandle) -> None:
    device.set_fault(half_configuration=True)
    with Cli(device).start() as cli:
        answer = cli.show_running().rstrip(b"\n")
    wanted = device.render_running()
    assert wanted.startswith(answer)
    assert len(wanted) * 0.4 < len(answer) < len(wanted) * 0.6


def test_missing_end(device: DeviceHandle) -> None:
    device.set_fault(missing_end=True)
    with Cli(device).start() as cli:
        answer = cli.show_running().rstrip()
    wanted = device.render_running().rstrip()
    assert wanted.startswith(answer)
    assert answer != wanted
    assert answer.split(b"\n")[-1].strip() not in {b"end", b"return"}


def test_empty_answer(device: DeviceHandle) -> None:
    device.set_fault(empty_answer=True)
    with Cli(device).start() as cli:
        assert cli.show_running().strip() == b""


@pytest.mark.parametrize(
    "fault", [{"silence_seconds": 0.3}, {"command_latency": 0.3}, {"print_seconds": 0.3}]
)
def test_waiting(ios: DeviceHandle, fault: dict[str, float]) -> None:
    ios.set_fault(**fault)
    with Cli(ios).start() as cli:
        began = time.monotonic()
        answer = cli.show_running()
    assert 0.25 < time.monotonic() - began < 3
    assert same(answer, ios.render_running(), ios)


def test_bytes_per_second(ios: DeviceHandle) -> None:
    size = len(ios.render_running())
    ios.set_fault(bytes_per_second=size * 2)
    with Cli(ios).start() as cli:
        began = time.monotonic()
        cli.show_running()
    assert 0.4 < time.monotonic() - began < 3


def test_ignore_no_paging(device: DeviceHandle) -> None:
    device.set_fault(ignore_no_paging=True)
    with Cli(device).start() as cli, pytest.raises(Silent) as caught:
        cli.show_running(seconds=0.2)
    assert b"more" in caught.value.args[0].lower()[-30:]


@pytest.mark.parametrize(("variant", "extra"), [("own_line", 1), ("mid_line", 1), ("both", 2)])
def test_syslog_in_middle(ios: DeviceHandle, variant: str, extra: int) -> None:
    ios.set_fault(syslog_in_middle=variant)
    with Cli(ios).start() as cli:
        answer = cli.show_running()
    lines = [line for line in answer.split(b"\n") if b"%LINK-3-UPDOWN" in line]
    assert len(lines) == extra
    assert any(not line.startswith(b"*") for line in lines) == (variant != "own_line")


def test_garbage(ios: DeviceHandle) -> None:
    ios.set_fault(garbage=True)
    with Cli(ios).start() as cli:
        answer = cli.show_running()
    assert b"\x1b[1;31m" in answer
    assert b"\x07" in answer


def test_hang_in_output(device: DeviceHandle) -> None:
    device.set_fault(hang_in_output=True)
    with Cli(device).start() as cli, pytest.raises(Silent) as caught:
        cli.show_running(seconds=0.2)
    assert len(caught.value.args[0]) > 1000


def test_hang_at_login(device: DeviceHandle) -> None:
    device.set_fault(hang_at_login=True)
    with Cli(device) as cli, pytest.raises(Silent) as caught:
        cli.read(rb".", seconds=0.2)
    assert caught.value.args[0] == b""


def test_mute_tcp(ios: DeviceHandle) -> None:
    ios.set_fault(mute_tcp=True)
    with socket.create_connection((ios.host, ios.port), timeout=0.2) as sock:
        sock.sendall(b"SSH-2.0-test\r\n")
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_lines_busy(ios: DeviceHandle) -> None:
    ios.set_fault(lines_busy=True)
    with socket.create_connection((ios.host, ios.port), timeout=2) as sock:
        assert b"busy" in sock.recv(200)
        assert sock.recv(1) == b""


def test_max_sessions(ios: DeviceHandle) -> None:
    deadline = time.monotonic() + 3
    while ios.log.connections_open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ios.log.connections_open == 0
    ios.set_fault(max_sessions=1)
    with (
        Cli(ios).start(),
        socket.create_connection((ios.host, ios.port), timeout=2) as sock,
    ):
        assert b"busy" in sock.recv(200)


def test_unauthorised(device: DeviceHandle) -> None:
    device.set_fault(unauthorised=True)
    with Cli(device).start() as cli:
        answer = cli.show_running()
        command = {"huawei": "system-view", "hp_comware": "system-view"}.get(
            device.platform, "configure"
        )
        second = cli.run(command)
    assert len(answer) < 200
    assert b"auth" in answer.lower() or b"permission" in answer.lower()
    assert second.strip() == answer.strip()


def host_key(device: DeviceHandle, **disabled: list[str]) -> paramiko.PKey:
    transport = paramiko.Transport(
        socket.create_connection((device.host, device.port)), disabled_algorithms=disabled
    )
    try:
        transport.start_client(timeout=5)
        return transport.get_remote_server_key()
    finally:
        transport.close()


def test_new_host_key(ios: DeviceHandle) -> None:
    first = host_key(ios)
    assert host_key(ios) == first
    ios.set_fault(new_host_key=True, sessions=2)
    other = host_key(ios)
    assert other != first
    assert host_key(ios) == other
    assert host_key(ios) == first


def test_old_algorithms(ios: DeviceHandle) -> None:
    import asyncio

    import asyncssh

    ios.set_fault(old_algorithms=True)

    async def connect(**options: object) -> tuple[str, bytes]:
        async with asyncssh.connect(
            ios.host,
            ios.port,
            username=ios.username,
            password=ios.password,
            known_hosts=None,
            client_keys=None,
            agent_path=None,
            **options,
        ) as connection:
            key = connection.get_server_host_key()
            assert key is not None
            return str(connection.get_extra_info("send_cipher")), key.algorithm

    # Whichever side sees first that nothing fits closes the connection.
    with pytest.raises(asyncssh.DisconnectError):
        asyncio.run(connect(kex_algs=["curve25519-sha256"]))
    with pytest.raises(asyncssh.DisconnectError):
        asyncio.run(connect(server_host_key_algs=["rsa-sha2-256"]))
    cipher, algorithm = asyncio.run(
        connect(
            kex_algs=["diffie-hellman-group14-sha1"],
            server_host_key_algs=["ssh-rsa"],
            encryption_algs=["aes128-cbc"],
            mac_algs=["hmac-sha1"],
        )
    )
    assert (cipher, algorithm) == ("aes128-cbc", b"ssh-rsa")


def test_every_fault_is_known_here() -> None:
    here = Path(__file__)
    files = (here, here.with_name("test_lab_ports.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [key for key in FAULT_KEYS if f"{key}" not in source] == []


def test_words_of_a_command_line() -> None:
    assert parse_assignments(["cut_after_bytes=9", "garbage", "silence_seconds=0.5"]) == {
        "cut_after_bytes": 9,
        "garbage": True,
        "silence_seconds": 0.5,
    }
    with pytest.raises(BadRequest):
        parse_assignments(["cut_after_bytes=many"])
    assert parse_assignments(["refused_command=show lldp", "half_table"]) == {
        "refused_command": "show lldp",
        "half_table": True,
    }


def test_a_wrong_value_is_refused(ios: DeviceHandle) -> None:
    for wrong in ({"bogus": True}, {"cut_after_bytes": "x"}, {"garbage": 3}):
        with pytest.raises(BadRequest):
            ios.set_fault(**wrong)
    assert ios.faults == Fault()
