"""A plain terminal client for the tests: it types, reads, and knows nothing of platforms."""

from __future__ import annotations

import re
import time

import paramiko

from weibao_lab import DeviceHandle

ALIKE = {
    "huawei": "vrp",
    "hp_comware": "vrp",
    "juniper_junos": "junos",
}
NO_PAGING = {
    "huawei": "screen-length 0 temporary",
    "hp_comware": "screen-length disable",
    "juniper_junos": "set cli screen-length 0",
}
SHOW_RUNNING = {
    "huawei": "display current-configuration",
    "hp_comware": "display current-configuration",
    "juniper_junos": "show configuration",
}
SHOW_SAVED = {
    "huawei": "display saved-configuration",
    "hp_comware": "display saved-configuration",
}


class Ended(Exception):
    """The other side closed; ``args[0]`` is what was read before."""


class Silent(Exception):
    """Nothing matched in time; ``args[0]`` is what was read."""


class Cli:
    """One session."""

    def __init__(self, device: DeviceHandle, password: str | None = None) -> None:
        self.device = device
        self.transport = paramiko.SSHClient()
        self.transport.set_missing_host_key_policy(paramiko.MissingHostKeyPolicy())
        try:
            self.transport.connect(
                device.host,
                device.port,
                device.username,
                password or device.password,
                look_for_keys=False,
                allow_agent=False,
                timeout=5,
                banner_timeout=2,
            )
        except BaseException:
            # paramiko keeps the connection of a refused login open
            self.transport.close()
            raise
        self.channel = self.transport.invoke_shell(width=200, height=24)
        self.buffer = b""

    def __enter__(self) -> Cli:
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()

    @property
    def prompt(self) -> bytes:
        """The prompt of the device at the end of what was read."""
        name = re.escape(self.device.hostname).encode()
        forms = rb"<%s>|\[%s[^\]\n]*\]|(?:\w+@)?%s(?:\([^)]+\))?[#>] ?"
        return rb"(?:^|\n)(?:" + forms % (name, name, name) + rb")$"

    def read(self, pattern: bytes, seconds: float = 5) -> bytes:
        """Read until a pattern matches; what was read is consumed."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.buffer):
            self.channel.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.channel.recv(65536)
            except TimeoutError:
                raise Silent(self.buffer) from None
            if not data:
                raise Ended(self.buffer)
            self.buffer += data
        text, self.buffer = self.buffer, b""
        return text

    def start(self) -> Cli:
        """Read the greeting, become privileged, switch paging off."""
        self.read(self.prompt)
        if self.device.enable_secret:
            self.send("enable")
            self.read(rb"Password: $")
            self.send(self.device.enable_secret)
            self.read(self.prompt)
        self.run(NO_PAGING.get(self.device.platform, "terminal length 0"))
        return self

    def send(self, line: str) -> None:
        """Type a line."""
        self.channel.sendall(line.encode(self.device.spec.encoding) + b"\n")

    def run(self, line: str, seconds: float = 5, prompt: bytes | None = None) -> bytes:
        """Type a line and return the answer without echo and prompt, with LF line ends."""
        self.send(line)
        text = self.read(prompt or self.prompt, seconds).replace(b"\r\n", b"\n")
        echo, _, answer = text.partition(b"\n")
        assert line.encode(self.device.spec.encoding) in echo
        return answer[: answer.rfind(b"\n") + 1]

    def show_running(self, seconds: float = 5) -> bytes:
        """The answer to the command that shows the running configuration."""
        return self.run(SHOW_RUNNING.get(self.device.platform, "show running-config"), seconds)


def same(answer: bytes, wanted: bytes, device: DeviceHandle) -> bool:
    """Whether an answer is what the device rendered (Junos adds an empty line)."""
    if device.platform == "juniper_junos":
        return answer.rstrip(b"\n") == wanted.rstrip(b"\n")
    return answer == wanted
