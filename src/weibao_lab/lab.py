"""The lab: devices served from an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from weibao_lab.device import Device, china_now
from weibao_lab.errors import LabError
from weibao_lab.faults import Fault
from weibao_lab.ports import Port, connect
from weibao_lab.record import DeviceLog
from weibao_lab.specs import DeviceSpec, default_specs

if TYPE_CHECKING:
    from weibao_lab.server import DeviceServer

__all__ = ["Addresses", "DeviceHandle", "Lab"]

Addresses = Literal["ports", "loopback"]
T = TypeVar("T")
_LOOPBACK_SSH: Final = 2222
_LOOPBACK_TELNET: Final = 2323


class DeviceHandle:
    """One device of a running lab; every method may be called from any thread."""

    def __init__(
        self, lab: Lab, device: Device, host: str, port: int, telnet_port: int | None
    ) -> None:
        self._lab = lab
        self._device = device
        self.spec = device.spec
        self.name = device.spec.name
        self.platform = device.spec.platform
        self.host = host
        self.port = port
        self.telnet_port = telnet_port
        self.username = device.spec.username
        self.password = device.spec.password
        self.enable_secret = device.spec.enable_secret

    def __repr__(self) -> str:
        return f"<DeviceHandle {self.name} {self.platform} {self.host}:{self.port}>"

    def set_fault(self, *, sessions: int | None = None, **faults: Any) -> None:
        """Set faults by name, for the next ``sessions`` connections or until cleared."""
        self._lab.call(lambda: self._device.faults.set(faults, sessions))

    def clear_faults(self) -> None:
        """Make the device healthy for new connections."""
        self._lab.call(self._device.faults.clear)

    @property
    def faults(self) -> Fault:
        """What the next connection will see."""
        return self._lab.call(self._device.faults.current)

    def configure(self, lines: Iterable[str]) -> None:
        """Do configuration commands as if typed by hand at the console."""
        wanted = list(lines)
        self._lab.call(lambda: self._device.configure(wanted))

    @property
    def ports(self) -> list[Port]:
        """Its interfaces as they are now, in the order of the configuration."""
        return self._lab.call(self._device.ports.all)

    def one_port(self, name: str) -> Port:
        """One of them, by its name or an abbreviation; raises BadRequest."""
        return self._lab.call(lambda: self._device.ports.one(name))

    def change_port(self, name: str, *changes: str) -> Port:
        """Do something to a port from outside: ``down``, ``errors=5``, ``duplex=half`` …

        The words are those of ``weibao-lab port``. Raises BadRequest; then nothing was done.
        """
        return self._lab.call(lambda: self._device.ports.change(name, changes))

    def restore_port(self, name: str) -> Port:
        """Forget what was done to a port; what it counted stays."""
        return self._lab.call(lambda: self._device.ports.restore(name))

    def reachable_while(self, text: str) -> None:
        """Nobody reaches the device while its configuration lacks ``text``; empty: always."""

        def set_it() -> None:
            self._device.lifeline = text

        self._lab.call(set_it)

    @property
    def restarts(self) -> int:
        """How often it restarted by itself."""
        return self._lab.call(lambda: self._device.restarts)

    @property
    def pending(self) -> bool:
        """Whether it is about to go back by itself."""
        return self._lab.call(lambda: self._device.pending_rollback is not None)

    @property
    def files(self) -> list[str]:
        """Names of the copies of a configuration that lie on the device."""
        return self._lab.call(lambda: sorted(self._device.files))

    def save(self) -> None:
        """Copy the running to the startup configuration."""
        self._lab.call(lambda: self._device.save("console"))

    def replace_running(self, text: bytes) -> None:
        """Replace the running configuration by a text as the device prints it."""
        self._lab.call(lambda: self._device.replace_running(text))

    def render_running(self) -> bytes:
        """The running configuration exactly as printed last, with LF line ends."""
        return self._lab.call(self._device.render_running)

    def render_startup(self) -> bytes:
        """The saved configuration exactly as it would be printed, with LF line ends."""
        return self._lab.call(self._device.render_startup)

    @property
    def hostname(self) -> str:
        """The name as configured now."""
        return self._lab.call(lambda: self._device.hostname)

    @property
    def last_sent(self) -> dict[str, bytes]:
        """Command, as typed and spelled out, to the text last sent, with LF line ends."""
        return self._lab.call(lambda: dict(self._device.last_sent))

    @property
    def log(self) -> DeviceLog:
        """A copy of what the device remembers."""
        return self._lab.call(self._device.log.copy)


class Lab:
    """A running lab. Made by :meth:`start`; a context manager that stops it."""

    def __init__(self, minute_seconds: float, clock: Callable[[], datetime]) -> None:
        self.devices: dict[str, DeviceHandle] = {}
        self._minute_seconds = minute_seconds
        self._clock = clock
        self._servers: list[DeviceServer] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="weibao-lab", daemon=True)

    @staticmethod
    def default_specs(count: int = 24, seed: int = 1) -> list[DeviceSpec]:
        """A mix of ``count`` devices over all platforms, the same for the same seed."""
        return default_specs(count, seed)

    @classmethod
    def start(
        cls,
        specs: Iterable[DeviceSpec],
        *,
        addresses: Addresses = "ports",
        host: str = "127.0.0.1",
        base_port: int = 0,
        telnet: bool = False,
        shared_host_key: bool = True,
        minute_seconds: float = 60.0,
        clock: Callable[[], datetime] = china_now,
    ) -> Lab:
        """Serve devices until :meth:`stop`.

        With ``addresses="ports"`` each device has a port of its own on ``host``:
        free ports, or ``base_port`` and up. With ``"loopback"`` each has an address
        of its own in 127.77.0.0/16 and all the same port. ``minute_seconds`` is how
        long a minute of ``commit confirmed`` lasts.
        """
        lab = cls(minute_seconds, clock)
        lab._thread.start()
        try:
            lab.call(
                lambda: lab._open(list(specs), addresses, host, base_port, telnet, shared_host_key)
            )
        except BaseException:
            lab.stop()
            raise
        return lab

    def stop(self) -> None:
        """Close all connections and listeners and end the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def call(self, work: Callable[[], T]) -> T:
        """Run a function in the event loop of the lab and return what it returns."""
        if self._loop.is_closed():
            # The devices outlive their network: a test may look at them afterwards.
            return work()
        if threading.current_thread() is self._thread:
            return work()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as problem:
                done.set_exception(problem)

        self._loop.call_soon_threadsafe(run)
        return done.result(60)

    def run(self, work: Any) -> Any:
        """Run a coroutine in the event loop of the lab and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _open(
        self,
        specs: list[DeviceSpec],
        addresses: Addresses,
        host: str,
        base_port: int,
        telnet: bool,
        shared_host_key: bool,
    ) -> None:
        # Only here, so that specifications and faults work without asyncssh.
        from weibao_lab.server import DeviceServer
        from weibao_lab.ssh import HostKeys

        # asyncssh tells the story of every connection at INFO.
        logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
        keys = HostKeys(shared_host_key)
        for index, spec in enumerate(specs):
            if spec.name in self.devices:
                raise LabError(f"two devices are named {spec.name}")
            device = Device(spec, self._clock)
            device.minute_seconds = self._minute_seconds
            if addresses == "loopback":
                address = f"127.77.{index // 250}.{index % 250 + 1}"
                port = base_port or _LOOPBACK_SSH
                telnet_port = _LOOPBACK_TELNET
            else:
                address = host
                port = base_port + index if base_port else 0
                telnet_port = base_port + len(specs) + index if base_port else 0
            server = DeviceServer(device, keys, address, port, telnet_port if telnet else None)
            self._servers.append(server)
            self.devices[spec.name] = DeviceHandle(
                self, device, address, server.port, server.telnet_port
            )
        connect(handle._device for handle in self.devices.values())
        for server in self._servers:
            server.start()

    async def _close(self) -> None:
        await asyncio.gather(*(server.stop() for server in self._servers))
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
