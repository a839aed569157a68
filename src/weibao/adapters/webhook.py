"""The summary by webhook: any server, DingTalk 钉钉, WeCom 企业微信 or Feishu 飞书.

The URL of a chat robot is itself a secret: it is in no error, no name and no log (SEC-02).
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx

from weibao.adapters.scrub import scrub
from weibao.adapters.secret_file import read_secret
from weibao.adapters.webhook_formats import dingtalk_signed, payload, refusal
from weibao.boundary.clock import Clock
from weibao.boundary.notify import Notice
from weibao.domain.settings import WebhookKind, WebhookSettings
from weibao.errors import FailedError, InputError

__all__ = ["WebhookNotifier"]

_MOST = 65536
_ATTEMPTS = 2
_SIGNED = frozenset({WebhookKind.dingtalk, WebhookKind.feishu})


class WebhookNotifier:
    """Sends a notice to one entry of ``notify.webhooks``.

    ``base`` is the folder that relative file names start from.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        base: Path,
        clock: Clock,
        timeout: float = 20.0,
        retry_wait: float = 1.0,
    ) -> None:
        self._settings = settings
        self._base = base
        self._clock = clock
        self._timeout = timeout
        self._retry_wait = retry_wait

    @property
    def name(self) -> str:
        """The service, and the file that holds its URL or the URL's host."""
        kind = self._settings.kind.value
        kind = "webhook" if kind == "generic" else kind
        if self._settings.url_file:
            return f"{kind} {Path(self._settings.url_file).name}"
        return f"{kind} {_host(self._settings.url)}".strip()

    def check(self) -> None:
        """Look at the settings and their files.

        Raises:
            InputError: something is wrong with them; names the file, never the URL.
        """
        self._target()

    def send(self, notice: Notice) -> None:
        """POST the notice as JSON; once more where the line failed.

        Raises:
            InputError: as ``check``.
            FailedError: the server could not be reached or did not take it.
        """
        url, secret = self._target()
        hidden = _hidden(url, secret)
        kind = self._settings.kind
        try:
            status, body = self._post(url, secret, notice)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._failed(_said(error), hidden) from None
        if not 200 <= status < 300:
            words = refusal(kind, body) if kind is not WebhookKind.generic else ""
            raise self._failed(f"HTTP {status} {words or ''}", hidden)
        words = refusal(kind, body)
        if words is not None:
            raise self._failed(words, hidden)

    def _target(self) -> tuple[str, str]:
        settings = self._settings
        kind = settings.kind.value
        if bool(settings.url) == bool(settings.url_file):
            raise InputError("notify.webhook_one_url", kind=kind)
        where = settings.url_file or "weibao.yml"
        url = settings.url or read_secret(self._file(settings.url_file))
        _check_url(url, where, public=settings.kind is not WebhookKind.generic)
        if not settings.secret_file:
            return url, ""
        if settings.kind not in _SIGNED:
            raise InputError("notify.webhook_no_signature", kind=kind)
        return url, read_secret(self._file(settings.secret_file))

    def _file(self, name: str) -> Path:
        return self._base / Path(name).expanduser()

    def _post(self, url: str, secret: str, notice: Notice) -> tuple[int, bytes]:
        for attempt in range(1, _ATTEMPTS + 1):
            now = self._clock.now()
            signed = url
            if secret and self._settings.kind is WebhookKind.dingtalk:
                signed = dingtalk_signed(url, secret, now)
            message = payload(self._settings.kind, notice, secret=secret, now=now)
            try:
                return self._post_once(signed, message)
            except httpx.ReadTimeout:
                raise  # it may have been taken: sending it again would tell people twice
            except httpx.TransportError:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(self._retry_wait)
        raise AssertionError("unreachable")

    def _post_once(self, url: str, message: dict[str, object]) -> tuple[int, bytes]:
        deadline = time.monotonic() + 2 * self._timeout
        with (
            _silenced(),
            httpx.Client(timeout=self._timeout, follow_redirects=False) as client,
            client.stream("POST", url, json=message) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _MOST:
                    break
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer did not end")
            return answer.status_code, body[:_MOST]

    def _failed(self, why: str, hidden: list[str]) -> FailedError:
        return FailedError("notify.webhook_failed", name=self.name, why=scrub(why, hidden))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _check_url(url: str, where: str, *, public: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        raise InputError("notify.webhook_url", file=where)
    if public and parts.scheme == "http" and not _loopback(host):
        raise InputError("notify.webhook_clear", file=where)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hidden(url: str, secret: str) -> list[str]:
    parts = urlsplit(url)
    pieces = [piece for piece in parts.path.split("/") if len(piece) >= 8]
    values = [value for _, value in parse_qsl(parts.query)]
    found = [url, parts.query, parts.path, parts.password or "", secret, *pieces, *values]
    return [piece for piece in found if len(piece) >= 4]


def _said(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__


_quiet = threading.Lock()


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """httpx and httpcore log the whole URL; nobody's log settings may bring it out."""

    def never(record: logging.LogRecord) -> bool:
        return False

    names = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
    loggers = [logging.getLogger(name) for name in names]
    with _quiet:
        for logger in loggers:
            logger.addFilter(never)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeFilter(never)
