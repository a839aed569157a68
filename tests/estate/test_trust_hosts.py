"""``weibao inventory trust``: host keys on first contact, from real SSH servers."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time

import asyncssh
import pytest
from conftest_estate import needs_program

from weibao.adapters.host_keys import SshKeyScanner
from weibao.adapters.known_hosts import KnownHosts
from weibao.adapters.ways import Way, way_of
from weibao.boundary.host_keys import HostKey, KeptKey
from weibao.domain.inventory import Device
from weibao.errors import FailedError, InputError
from weibao.services.trust_hosts import trust_hosts


class Server:
    """An SSH server on loopback; it counts who tries to log in."""

    def __init__(self, *key_types: str) -> None:
        self.key_types = key_types
        self.logins = 0
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        import asyncio

        outer = self

        class Login(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                outer.logins += 1
                return True

        async def serve() -> None:
            keys = [asyncssh.generate_private_key(kind) for kind in self.key_types]
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            server = await asyncssh.listen(
                "127.0.0.1", self.port, server_factory=Login, server_host_keys=keys
            )
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stop.wait()
            server.close()
            await server.wait_closed()

        asyncio.run(serve())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def changed(self, *key_types: str) -> None:
        """Another device at the same address."""
        self.close()
        self.key_types = key_types
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(*key_types: str) -> Server:
            server = Server(*(key_types or ("ssh-ed25519",)))
            stack.callback(server.close)
            return server

        yield start


def device(name: str, port: int, address: str = "127.0.0.1") -> Device:
    return Device(name=name, address=address, port=port)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def trust(path, devices, ways=None, timeout=3.0, **options):
    results = trust_hosts(
        devices, scanner=SshKeyScanner(ways, timeout), store=KnownHosts(path), **options
    )
    return {r.device: r.outcome.value for r in results}, {r.device: r for r in results}


def test_first_contact_then_known_and_no_login_was_tried(serve, tmp_path):
    server, path = serve("ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"), tmp_path / "known_hosts"
    devices = [device("a", server.port)]
    assert trust(path, devices)[0] == {"a": "added"}
    assert path.read_text().startswith(f"[127.0.0.1]:{server.port} ssh-ed25519 ")
    assert len(path.read_text().splitlines()) == 1
    assert trust(path, devices)[0] == {"a": "known"}
    assert server.logins == 0


def test_a_changed_key_is_refused_and_only_replaced_by_name(serve, tmp_path):
    server, path = serve(), tmp_path / "known_hosts"
    other = serve()
    devices = [device("a", server.port), device("b", other.port)]
    trust(path, devices)
    before = path.read_text()
    server.changed("ssh-ed25519")
    outcomes, results = trust(path, devices)
    assert outcomes == {"a": "changed", "b": "known"}
    assert results["a"].reason.code == "host_key_changed"
    assert results["a"].on_record != results["a"].fingerprint
    assert not results["a"].outcome.good
    assert path.read_text() == before
    with pytest.raises(InputError, match="nobody"):
        trust(path, devices, replace=["nobody"])
    assert trust(path, devices, replace=["a", "b"])[0] == {"a": "replaced", "b": "known"}
    assert trust(path, devices)[0] == {"a": "known", "b": "known"}
    assert len(path.read_text().splitlines()) == 2


def test_a_key_of_another_kind_is_a_changed_key_but_a_further_one_is_not(serve, tmp_path):
    server, path = serve("ssh-rsa"), tmp_path / "known_hosts"
    devices = [device("a", server.port)]
    trust(path, devices)
    assert "ssh-rsa" in path.read_text()
    assert trust(path, devices)[0] == {"a": "known"}
    server.changed("ecdsa-sha2-nistp256")
    assert trust(path, devices)[0] == {"a": "changed"}


def test_dead_devices_are_named_with_why_and_delay_nobody(serve, tmp_path):
    server, path = serve(), tmp_path / "known_hosts"
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.create_server(("127.0.0.1", 0)) as rude,
    ):
        threading.Thread(target=_hang_up, args=(rude,), daemon=True).start()
        devices = [
            device("closed", closed_port()),
            device("silent", silent.getsockname()[1]),
            device("rude", rude.getsockname()[1]),
            device("nameless", 22, "no-such-host.invalid"),
            device("telnet", 23),
            device("template", 22, "{{ base }}.1"),
            device("good", server.port),
        ]
        start = time.monotonic()
        outcomes, results = trust(path, devices, {"telnet": Way(telnet=True)}, timeout=2.0)
    assert time.monotonic() - start < 8
    assert list(outcomes) == [d.name for d in devices]
    assert outcomes == {
        "closed": "unreachable",
        "silent": "unreachable",
        "rude": "unreachable",
        "nameless": "unreachable",
        "telnet": "skipped",
        "template": "skipped",
        "good": "added",
    }
    codes = {name: r.reason.code for name, r in results.items() if r.reason}
    assert codes["closed"] == "connection_refused"
    assert codes["silent"] == "no_ssh"
    assert codes["rude"] in {"no_ssh", "dropped_at_login"}
    assert codes["nameless"] == "name_unknown"
    assert (codes["telnet"], codes["template"]) == ("telnet_no_key", "address_is_template")


def _hang_up(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def test_what_others_wrote_stays(tmp_path):
    path = tmp_path / "known_hosts"
    path.write_text("# mine\n@cert-authority *.x ssh-rsa AAAA\nold,10.0.0.9 ssh-ed25519 AAAB\n")
    store = KnownHosts(path)
    assert list(store.known("10.0.0.9", 22)) == [HostKey("ssh-ed25519", "AAAB")]
    store.save([KeptKey("10.0.0.1", 22, HostKey("ssh-ed25519", "AAAC"))])
    store.save([KeptKey("10.0.0.1", 22, HostKey("ssh-ed25519", "AAAD"))])  # no overwriting
    assert path.read_text().splitlines()[:3] == [
        "# mine",
        "@cert-authority *.x ssh-rsa AAAA",
        "old,10.0.0.9 ssh-ed25519 AAAB",
    ]
    assert list(store.known("10.0.0.1", 22)) == [HostKey("ssh-ed25519", "AAAC")]


def test_two_writers_lose_nothing(tmp_path):
    path = tmp_path / "known_hosts"

    def save(number: int) -> None:
        for n in range(20):
            key = KeptKey(f"10.0.{number}.{n}", 22, HostKey("ssh-ed25519", "AAAA"))
            KnownHosts(path).save([key])

    threads = [threading.Thread(target=save, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(path.read_text().splitlines())) == 80


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FailedError, match="known_hosts"):
        KnownHosts(tmp_path / "file" / "known_hosts").save(
            [KeptKey("a", 22, HostKey("ssh-ed25519", "AAAA"))]
        )


@needs_program("ssh-keygen")
def test_openssh_reads_the_file_and_hashed_names_are_understood(serve, tmp_path):
    server, path = serve(), tmp_path / "known_hosts"
    devices = [device("a", server.port)]
    trust(path, devices)
    name = f"[127.0.0.1]:{server.port}"
    found = subprocess.run(
        ["ssh-keygen", "-F", name, "-l", "-f", path], capture_output=True, text=True, check=True
    )
    assert trust(path, devices)[1]["a"].fingerprint in found.stdout
    subprocess.run(["ssh-keygen", "-H", "-f", path], check=True, capture_output=True)
    assert name not in path.read_text()
    assert trust(path, devices)[0] == {"a": "known"}


def test_many_devices_at_once(serve, tmp_path):
    server = serve()
    devices = [device(f"d{n}", server.port, f"127.0.1.{n}") for n in range(1, 41)]
    scanner = SshKeyScanner(
        connect=lambda one: socket.create_connection(("127.0.0.1", one.port), 10), timeout=20
    )
    seen: list[str] = []
    results = trust_hosts(
        devices,
        scanner=scanner,
        store=KnownHosts(tmp_path / "known_hosts"),
        progress=lambda r: seen.append(r.device),
    )
    assert {r.outcome.value for r in results} == {"added"}
    assert sorted(seen) == sorted(d.name for d in devices)
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 40


def test_ways_out_of_an_inventorys_variables():
    assert way_of({"ansible_ssh_common_args": "-o ProxyJump=u@h:2222"}, False) == Way(
        jump=("-J", "u@h:2222")
    )
    assert way_of({"ansible_ssh_common_args": {"__ansible_vault": "x"}}, True) == Way(telnet=True)
    assert way_of({"ansible_ssh_common_args": "'unbalanced"}, False) == Way()


@needs_program("ssh")
def test_a_jump_host_that_does_not_answer_is_named(tmp_path):
    ways = {"a": Way(jump=("-J", f"nobody@127.0.0.1:{closed_port()}"))}
    outcomes, results = trust(tmp_path / "known_hosts", [device("a", 22)], ways)
    assert outcomes == {"a": "unreachable"}
    assert results["a"].reason.code == "jump_failed"
    assert "refused" in results["a"].reason.params["detail"].lower()
