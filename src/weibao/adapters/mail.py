"""The summary by mail: SMTP with a checked certificate (SEC-02)."""

from __future__ import annotations

import smtplib
import ssl
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path

from weibao.adapters.scrub import scrub
from weibao.adapters.secret_file import read_secret
from weibao.boundary.clock import Clock
from weibao.boundary.notify import Notice
from weibao.domain.settings import MailSettings
from weibao.errors import FailedError, InputError

__all__ = ["MailNotifier"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class MailNotifier:
    """Sends a notice to the addresses of one entry of ``notify.mail``.

    ``base`` is the folder that a relative ``password_file`` starts from; ``trust`` is the
    certificate check, the system's by default.
    """

    def __init__(
        self,
        settings: MailSettings,
        base: Path,
        clock: Clock,
        timeout: float = 20.0,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._base = base
        self._clock = clock
        self._timeout = timeout
        self._trust = trust

    @property
    def name(self) -> str:
        """``mail`` and the server."""
        return f"mail {self._settings.host}"

    def check(self) -> None:
        """Look at the settings and the password's file.

        Raises:
            InputError: something is wrong with them; names the entry or the file.
        """
        settings = self._settings
        for address in (settings.sender, *settings.to):
            _check_address(address, settings.host)
        if settings.user and not settings.password_file:
            raise InputError("notify.mail_no_password", host=settings.host)
        if settings.password_file:
            if settings.security == "none" and settings.host not in _LOOPBACK:
                raise InputError("notify.mail_clear", host=settings.host)
            self._password()

    def send(self, notice: Notice) -> None:
        """Send the notice as plain text.

        Raises:
            InputError: as ``check``.
            FailedError: the server could not be reached, is not who it should be, or did
                not take the message; free of the password.
        """
        self.check()
        password = self._password() if self._settings.user else ""
        message = self._message(notice)
        try:
            with self._connect() as server:
                if self._settings.user:
                    server.login(self._settings.user, password)
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise self._failed(error, password) from None
        if refused:
            why = f"refused: {', '.join(refused)}"
            raise FailedError("notify.mail_failed", host=self._settings.host, why=why)

    def _connect(self) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        trust = self._trust or ssl.create_default_context()
        if self._settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=trust)
        server = smtplib.SMTP(host, port, timeout=self._timeout)
        if self._settings.security == "starttls":
            try:
                server.starttls(context=trust)
            except BaseException:
                server.close()
                raise
        return server

    def _password(self) -> str:
        return read_secret(self._base / Path(self._settings.password_file).expanduser())

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["Subject"] = " ".join(notice.subject.split())
        message["From"] = self._settings.sender
        message["To"] = ", ".join(self._settings.to)
        message["Date"] = format_datetime(self._clock.now())
        domain = parseaddr(self._settings.sender)[1].rpartition("@")[2]
        message["Message-ID"] = make_msgid(domain=domain)
        message["Auto-Submitted"] = "auto-generated"
        # base64: an old relay that takes only 7 bits must not break Chinese text
        message.set_content(notice.text, cte="base64")
        return message

    def _failed(self, error: Exception, password: str) -> FailedError:
        plain = f"\0{self._settings.user}\0{password}" if password else ""
        secrets = [password, plain] if password else []
        why = scrub(_said(error), secrets)
        return FailedError("notify.mail_failed", host=self._settings.host, why=why)


def _check_address(address: str, host: str) -> None:
    found = parseaddr(address)[1]
    local, at, domain = found.rpartition("@")
    try:
        EmailMessage(policy=SMTP)["To"] = address
    except (ValueError, HeaderParseError, IndexError):
        at = ""
    if not (local and at and domain) or any(c.isspace() for c in found):
        raise InputError("notify.mail_address", host=host, address=" ".join(address.split()))


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"{error.smtp_code} {text}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
