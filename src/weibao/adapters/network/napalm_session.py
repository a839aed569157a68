"""A device's API, opened by its NAPALM driver; only what reads is ever called."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weibao.adapters.known_hosts import host_name
from weibao.adapters.network.bounded_http import bound_answers
from weibao.adapters.network.bounded_netconf import bound_sessions
from weibao.adapters.network.job import Endpoint, Limits, NapalmLogin
from weibao.adapters.network.napalm_trouble import Refused, trouble_of
from weibao.adapters.network.patient import Patience
from weibao.adapters.network.session import Answer
from weibao.adapters.network.tcp import open_socket, tcp_trouble
from weibao.adapters.network.trouble import Trouble
from weibao.boundary.host_keys import HostKey
from weibao.domain.platform import Platform
from weibao.domain.reasons import Reason

__all__ = ["Device", "open_device"]


@dataclass(frozen=True)
class _Api:
    """What a driver speaks."""

    title: str
    port: int
    plain_port: int = 0
    """Without TLS; 0: it has no such form."""


_APIS = {
    "eos": _Api("eAPI", 443, 80),
    "nxos": _Api("NX-API", 443, 80),
    "junos": _Api("NETCONF", 830),
}
"""NAPALM's other drivers read a command line, which this program does itself."""


class Device:
    """A device whose API answers."""

    def __init__(
        self, driver: Any, name: str, port: int, patience: Patience, fail: Callable[..., Trouble]
    ) -> None:
        """``name`` is the driver's; ``fail`` says what an exception of it means."""
        self.name, self.port = name, port
        self.warnings: list[Reason] = []
        self._driver = driver
        self._patience = patience
        self._fail = fail
        self._lost = False

    def ask(self, send: str) -> Answer:
        """What a command of the command line prints, by the API.

        Raises:
            Refused: it gives none.
            Trouble: it answers no more.
        """
        found = self._tried(lambda: self._driver.cli([send]))
        text = found.get(send) if isinstance(found, dict) else None
        # NX-API has nothing at all for an empty output, which the driver may give as a word.
        return Answer(b"" if text in (None, "", "None") else f"{text}\n".encode())

    def get(self, getter: str) -> Any:
        """What one of NAPALM's getters gives; None where the driver has none of this name.

        Raises:
            Refused: it gives nothing.
            Trouble: the device answers no more.
        """
        from napalm.base import NetworkDriver

        # What a driver lacks is what it has from the class of all drivers.
        if getattr(type(self._driver), getter) is getattr(NetworkDriver, getter):
            return None
        return self._tried(getattr(self._driver, getter))

    def _tried(self, work: Callable[[], Any]) -> Any:
        """One answer that does not come is a part that is not read; two are a dead device."""
        try:
            found = self._patience.call(work)
        except Trouble:  # it is over time, or stopped: nothing is asked any more
            raise
        except Exception as error:
            trouble = self._fail(error)
            if trouble.reason.code == "auth_failed":
                # The same password goes with every question: not once more, or it is locked.
                raise trouble from error
            if trouble.may_pass and self._lost:
                raise trouble from error
            self._lost = trouble.may_pass
            raise Refused(trouble.reason) from error
        self._lost = False
        return found


@contextmanager
def open_device(
    endpoint: Endpoint,
    platform: Platform | None,
    limits: Limits,
    deadline: float,
    stop: Callable[[], bool],
    *,
    known: Callable[[str, int], Collection[HostKey]],
    check_host_key: bool,
) -> Iterator[Device]:
    """The API of a device whose ports are read there.

    ``known`` gives the host keys on record of an address and port, for NETCONF.

    Raises:
        Trouble: it cannot be opened; what the driver says is without secrets.
    """
    login = endpoint.napalm
    assert login is not None  # noqa: S101 - who calls this asked for it
    name = platform.napalm if platform else ""
    if platform is None or name not in _APIS:
        raise Trouble("napalm_no_api", platform=platform.title if platform else "-")
    if endpoint.jump:
        raise Trouble("napalm_jump")
    api = _APIS[name]
    if api.plain_port and not endpoint.password:
        raise Trouble("api_password_missing", api=api.title)
    plain = login.transport == "http" and bool(api.plain_port)
    port = login.port or (api.plain_port if plain else api.port)
    at = replace(endpoint, port=port)
    try:
        from napalm import get_network_driver
    except ImportError as error:
        raise Trouble("napalm_not_installed") from error

    def fail(error: Exception) -> Trouble:
        return trouble_of(error, at, limits, api.title)

    patience = Patience(deadline, stop)
    with tempfile.TemporaryDirectory(prefix="weibao-") as folder:
        checked = login.verify
        try:
            make = get_network_driver(name)
            if name == "junos":
                keys = [*known(at.address, port), *known(at.address, endpoint.port)]
                checked = login.verify and check_host_key and endpoint.check_host_key
                patience.call(lambda: _reach(at, limits, None, api))
                bound_sessions()
                driver = _netconf(make, at, limits, Path(folder), keys if checked else None)
            else:
                bound_answers()
                context = None if plain else _context(login)
                patience.call(lambda: _reach(at, limits, context, api))
                driver = (_eapi if name == "eos" else _nxapi)(make, at, limits, login, context)
            patience.call(driver.open)
        except Trouble:
            raise
        except Exception as error:
            raise fail(error) from error
        device = Device(driver, name, port, patience, fail)
        device.warnings = list(_warnings(name, plain=plain, checked=checked))
        try:
            yield device
        finally:
            # Nothing was changed, and what is left open the device closes itself.
            with suppress(Exception):
                patience.call(driver.close)


def _warnings(name: str, *, plain: bool, checked: bool) -> Iterator[Reason]:
    if plain:
        yield Reason.of("api_in_clear")
    elif not checked:
        yield Reason.of("host_key_unchecked" if name == "junos" else "certificate_unchecked")


def _context(login: NapalmLogin) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=_ca_file(login) or None)
    except OSError as error:
        detail = f"{login.ca_file}: {error.strerror or error}"
        raise Trouble("variable_error", variable="weibao_napalm_ca_file", detail=detail) from error
    if not login.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _ca_file(login: NapalmLogin) -> str:
    return str(Path(login.ca_file).expanduser()) if login.ca_file else ""


def _reach(at: Endpoint, limits: Limits, context: ssl.SSLContext | None, api: _Api) -> None:
    """Whether anybody listens there, and shows the right certificate, before any password."""
    try:
        with open_socket(at, limits) as line:
            if context is None:
                return
            with context.wrap_socket(line, server_hostname=at.address):
                return
    except Trouble as trouble:
        if trouble.reason.code != "connection_refused":
            raise
        where = {"address": at.address, "port": at.port}
        raise Trouble("api_refused", api=api.title, **where) from trouble
    except ssl.SSLCertVerificationError as error:
        raise Trouble(
            "certificate_untrusted",
            address=at.address,
            port=at.port,
            detail=error.verify_message,
        ) from error
    except ssl.SSLError as error:
        detail = error.reason or type(error).__name__
        raise Trouble("no_tls", address=at.address, port=at.port, detail=detail) from error
    except OSError as error:
        raise tcp_trouble(error, at, limits) from error


def _eapi(
    make: Any, at: Endpoint, limits: Limits, login: NapalmLogin, context: ssl.SSLContext | None
) -> Any:
    options: dict[str, Any] = {"port": at.port, "transport": "http" if context is None else "https"}
    if context is not None:
        options["context"] = context
    if at.enable_secret:
        options["enable_password"] = at.enable_secret
    return make(at.address, at.username, at.password, _seconds(limits), options)


def _nxapi(
    make: Any, at: Endpoint, limits: Limits, login: NapalmLogin, context: ssl.SSLContext | None
) -> Any:
    # The library would take proxies from the environment, and the bundle of a package.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    paths = ssl.get_default_verify_paths()
    trusted = _ca_file(login) or paths.cafile or paths.capath or True
    options = {
        "port": at.port,
        "transport": "http" if context is None else "https",
        "ssl_verify": trusted if login.verify else False,
    }
    address = f"[{at.address}]" if ":" in at.address else at.address
    return make(address, at.username, at.password, _seconds(limits), options)


def _netconf(
    make: Any, at: Endpoint, limits: Limits, folder: Path, keys: list[HostKey] | None
) -> Any:
    """``keys``: those on record; None where none is asked for."""
    from jnpr.junos import Device as Junos

    known, config = folder / "known_hosts", folder / "ssh_config"
    if keys is not None and not keys:
        raise Trouble("host_key_unknown", address=at.address, port=at.port)
    name = host_name(at.address, at.port)
    known.write_text("".join(f"{name} {key.type} {key.base64}\n" for key in keys or ()))
    # In place of the user's own: what it says of this address is not meant here.
    config.write_text(f"Host *\n    UserKnownHostsFile {known}\n")
    secret = (at.key_passphrase if at.key_file else at.password) or None
    driver = make(at.address, at.username, secret, _seconds(limits), {"port": at.port})
    alone = not (secret or at.key_file)
    # The driver has no word for checking a host key, its library has.
    driver.device = Junos(
        at.address,
        user=at.username,
        password=secret,
        ssh_private_key_file=str(Path(at.key_file).expanduser()) if at.key_file else None,
        port=at.port,
        ssh_config=str(config),
        hostkey_verify=keys is not None,
        look_for_keys=alone,
        allow_agent=alone,
        conn_open_timeout=max(1, round(limits.login)),
        gather_facts=False,
    )
    return driver


def _seconds(limits: Limits) -> int:
    """For one answer."""
    return max(1, round(limits.silence))
