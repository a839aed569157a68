"""Simulated IOS-like switches over SSH for benchmarks: ``python benchmarks/switches.py -n 500``.

Switch i answers on 127.20.x.y (250 a /24), port 2222 by default, user admin, password Farm-pw1,
with a configuration of 19 KB, and with ``--ports`` 50 ports (90 KB of text). Prints ``ready`` and
stays until its standard input ends.
``--latency`` is seconds a command, ``--dump-seconds`` seconds to print a configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import sys

import asyncssh
from switch_ports import answers, printed

USER, PASSWORD = "admin", "Farm-pw1"
SIZE = 19_000
PIECES = 20


def name(number: int) -> str:
    """Of switch ``number``, from 1."""
    return f"sw{number:04d}"


def address(number: int) -> str:
    """On loopback."""
    return f"127.20.{(number - 1) // 250}.{(number - 1) % 250 + 1}"


def configuration(host: str) -> str:
    """What the switch prints for ``show running-config``."""
    lines = ["!", "version 15.2", "service password-encryption", "!", f"hostname {host}", "!"]
    lines += ["enable secret 5 $1$abcd$0123456789abcdefghijkl", "!"]
    for port in range(1, 49):
        mark = hashlib.sha256(f"{host}/{port}".encode()).hexdigest()[:12]
        lines += [
            f"interface GigabitEthernet1/0/{port}",
            f" description access port {mark}",
            f" switchport access vlan {10 + port % 7}",
            " switchport mode access",
            " storm-control broadcast level 5.00",
            " spanning-tree portfast",
            "!",
        ]
    lines += ["ip access-list extended MANAGEMENT"]
    tail = [
        "!",
        "snmp-server community Bench-c0mm RO",
        "line vty 0 4",
        " transport input ssh",
        "end",
    ]
    number = 0
    while sum(len(line) + 2 for line in lines + tail) < SIZE:
        lines.append(f" permit tcp 10.{number // 200}.{number % 200}.0 0.0.0.255 any eq 22")
        number += 1
    text = "\r\n".join(lines + tail)
    return (
        f"Building configuration...\r\n\r\nCurrent configuration : {len(text)} bytes\r\n{text}\r\n"
    )


class Server(asyncssh.SSHServer):
    """Lets admin in."""

    def password_auth_supported(self) -> bool:
        """See asyncssh."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """See asyncssh."""
        return (username, password) == (USER, PASSWORD)


async def answer(
    process: asyncssh.SSHServerProcess[str], host: str, how: argparse.Namespace
) -> None:
    """One terminal session."""
    out = process.stdout
    prompt = f"{host}#"
    out.write(f"\r\n{prompt}")
    waiting = ""
    while data := await process.stdin.read(4096):
        waiting += data.replace("\r\n", "\n").replace("\r", "\n")
        while "\n" in waiting:
            line, waiting = waiting.split("\n", 1)
            out.write(f"{line}\r\n")
            command = line.strip()
            if command in {"exit", "quit"}:
                return
            if command and how.latency:
                await asyncio.sleep(how.latency)
            if command in {"show running-config", "show startup-config"}:
                text = configuration(host)
                if how.dump_seconds:
                    step = len(text) // PIECES + 1
                    for at in range(0, len(text), step):
                        await asyncio.sleep(how.dump_seconds / PIECES)
                        out.write(text[at : at + step])
                else:
                    out.write(text)
            elif command in how.texts:
                out.write(printed(how.texts[command], host))
            elif command and not command.startswith("terminal "):
                out.write("% Invalid input detected at '^' marker.\r\n")
            out.write(prompt)


async def serve(how: argparse.Namespace) -> None:
    """Listen until standard input ends."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    hosts = {address(number): name(number) for number in range(1, how.n + 1)}

    async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
        local = process.get_extra_info("sockname")[0]
        try:
            await answer(process, hosts[local], how)
            process.exit(0)
        except (OSError, asyncssh.Error):
            process.close()

    for one in hosts:
        await asyncssh.listen(
            one,
            how.port,
            server_factory=Server,
            server_host_keys=[key],
            process_factory=handle,
            line_editor=False,
            backlog=64,
        )
    gc.freeze()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=500)
    parser.add_argument("--port", type=int, default=2222)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--dump-seconds", type=float, default=0.0)
    parser.add_argument("--ports", action="store_true")
    how = parser.parse_args()
    how.texts = answers() if how.ports else {}
    asyncio.run(serve(how))


if __name__ == "__main__":
    main()
