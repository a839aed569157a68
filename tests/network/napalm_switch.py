"""What the tests of NAPALM's drivers have in common: a device at its API, and its reading."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import pytest

from weibao.adapters.network.collect import Attempt
from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.job import NapalmLogin
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.ports.joined_reader import JoinedReader
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.domain.port import Port
from weibao.i18n import explain
from weibao_lab import DeviceHandle

from .api_devices import Api
from .conftest import Reader, endpoint, job

SECRET = "pa\"ss'w\\rd-Geheim-1"
FILES = PortFiles()
KNOWN = load_platforms()
BOTH = pytest.mark.parametrize("name", ["eos-1", "nxos-1"])
"""The devices of ``api_pair``."""


def installed() -> None:
    """Without the extra there is nothing to try; where everything must be there, it is."""
    try:
        import napalm  # noqa: F401
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("weibao[napalm] is not installed")
        pytest.skip("weibao[napalm] is not installed")


def joined(platform: str) -> JoinedReader:
    """As the job reads what came of a device by its API."""
    own = port_reader(FILES, platform, KNOWN[platform])
    return JoinedReader(own, TextPortReader(FILES, "napalm", names=own.rules))


def ports_of(reader: Reader, attempt: Attempt) -> dict[str, Port]:
    """What an attempt showed, all of it understood."""
    rules = joined(attempt.platform)
    texts = [(i.command, reader.kept[i.sha256].decode()) for i in attempt.items]
    reading = rules.assemble([rules.cut(name, text) for name, text in texts])
    assert not reading.unparsed and not reading.unknown_words, reading
    return {port.name: port for port in reading.ports}


def without_secrets(device: DeviceHandle, attempt: Attempt) -> str:
    """All that anybody could read of an attempt, in both languages; no secret is in it."""
    reasons = [*attempt.warnings, *([attempt.trouble.reason] if attempt.trouble else [])]
    words = " ".join(
        explain(reason.code, reason.params, language)
        for reason in reasons
        for language in ("zh", "en")
    )
    for secret in (device.password, device.enable_secret):
        if secret:
            forms = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}
            assert not [form for form in forms if form in words], words
    return words


@dataclass
class Switch:
    """A device at its API, and the reading of it."""

    api: Api
    ca: str
    reader: Reader

    def attempt(
        self, *, seconds: float = 40, purpose: str = "ports in detail", **changes: Any
    ) -> Attempt:
        base = {"napalm": NapalmLogin(port=self.api.port, ca_file=self.ca)}
        given = job(purpose=purpose)
        collector = PortCollector(given, KNOWN, self.reader.keep)
        at = endpoint(self.api.device, **{**base, **changes})
        return collector.attempt(at, time.monotonic() + seconds)

    def understand(self, attempt: Attempt) -> dict[str, Port]:
        return ports_of(self.reader, attempt)

    def told(self, attempt: Attempt) -> str:
        return without_secrets(self.api.device, attempt)


def hello(name: str) -> bytes:
    """What a driver asks first, and hears."""
    if name == "eos-1":
        return json.dumps({"id": "1", "result": [{}, {"version": "4.24.2F"}]}).encode()
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"body": {"hostname": "x"}}}).encode()
