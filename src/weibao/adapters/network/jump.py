"""The way through a jump host, by OpenSSH itself: its configuration, keys and agent count."""

from __future__ import annotations

import shlex
import socket
import subprocess
import threading

from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub

__all__ = ["JumpedSocket", "jump_options", "open_jump"]


def jump_options(*arguments: str) -> tuple[str, ...]:
    """The jump's OpenSSH options out of ``ansible_ssh_common_args`` and the like.

    Understood are ``-J hosts``, ``-o ProxyJump=hosts`` and ``-o ProxyCommand=command``;
    other options concern the connection to the device itself and are left.
    """
    words = [word for argument in arguments for word in shlex.split(argument or "")]
    for number, word in enumerate(words):
        if word.startswith("-J"):
            hosts = word[2:] or (words[number + 1] if number + 1 < len(words) else "")
            return ("-J", hosts) if hosts else ()
        option = word[2:] if word.startswith("-o") and len(word) > 2 else word
        key, _, value = option.strip().partition("=")
        if key.lower() == "proxyjump" and value and value.lower() != "none":
            return ("-J", value)
        if key.lower() == "proxycommand" and value and value.lower() != "none":
            return ("-o", f"ProxyCommand={value}")
    return ()


class JumpedSocket(socket.socket):
    """Our end of a socket pair whose other end is an ``ssh -W`` process."""

    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """Close and end the process."""
        super().close()
        if self.process.poll() is None:
            self.process.terminate()
        threading.Thread(target=self.process.wait, daemon=True).start()


def _command(options: tuple[str, ...], address: str, port: int) -> list[str]:
    if options[0] == "-J":
        *before, last = options[1].split(",")
        user_host, jump_port = _split_port(last)
        command = ["ssh", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"]
        if jump_port:
            command += ["-p", jump_port]
        if before:
            command += ["-J", ",".join(before)]
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return [*command, "-W", target, user_host]
    proxy = options[1].removeprefix("ProxyCommand=")
    proxy = proxy.replace("%%", "\0").replace("%h", address).replace("%p", str(port))
    return shlex.split(proxy.replace("\0", "%"))


def _split_port(text: str) -> tuple[str, str]:
    """``user@host`` and the port, if any; an IPv6 address stands in brackets."""
    user, at, host = text.rpartition("@")
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        return user + at + address, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return user + at + name, port


def open_jump(options: tuple[str, ...], address: str, port: int, timeout: float) -> JumpedSocket:
    """A socket to ``address``:``port`` by way of the jump host.

    Raises:
        Trouble: ``jump_failed`` where ssh cannot be started.
    """
    ours, theirs = socket.socketpair()
    mine = JumpedSocket(ours.family, ours.type, ours.proto, fileno=ours.detach())
    try:
        mine.process = subprocess.Popen(
            _command(options, address, port),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        socket.socket.close(mine)
        raise Trouble("jump_failed", jump=options[-1], detail=error.strerror or error) from error
    finally:
        theirs.close()
    mine.settimeout(timeout)
    return mine


def jump_error(connection: JumpedSocket, secrets: tuple[str, ...]) -> str:
    """What ssh said, once the way did not open."""
    try:
        _, said = connection.process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        return ""
    return scrub(said.decode("utf-8", "replace"), secrets)
