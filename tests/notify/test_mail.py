"""Mail, over real sockets and real TLS."""

from __future__ import annotations

import base64
import email
from email.policy import default

import pytest
from notify_servers import SmtpServer, make_certificate, smtp_server

from weibao.adapters.mail import MailNotifier
from weibao.domain.settings import MailSettings
from weibao.errors import FailedError, InputError

PASSWORD = "canary-Pa55word!"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "mail-password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    return path


def settings(port: int, **more) -> MailSettings:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "维保 <weibao@example.com>",
        "to": ["张三 <zhang@example.com>", "li@example.com"],
        **more,
    }
    return MailSettings.model_validate(values)


def test_starttls_with_password(tls, tmp_path, password_file, clock, notice):
    with smtp_server(SmtpServer(tls=tls[0], user="me", password=PASSWORD)) as server:
        wanted = settings(server.port, user="me", password_file="mail-password")
        MailNotifier(wanted, tmp_path, clock, 5, tls[1]).send(notice)
    message = email.message_from_bytes(server.messages[0], policy=default)
    assert message["Subject"] == notice.subject
    assert message["From"].addresses[0].display_name == "维保"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == clock.now()
    assert message["Message-ID"].endswith("@example.com>")
    assert message.get_content().splitlines() == notice.text.splitlines()
    assert server.messages[0].isascii()
    assert ["zhang@example.com" in r or "li@example.com" in r for r in server.recipients] == [
        True,
        True,
    ]
    assert PASSWORD.encode() not in server.clear
    assert b"AUTH" not in server.clear


def test_implicit_tls(tls, tmp_path, clock, notice):
    with smtp_server(SmtpServer(tls=tls[0], implicit=True)) as server:
        MailNotifier(settings(server.port, security="tls"), tmp_path, clock, 5, tls[1]).send(notice)
    assert len(server.messages) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_certificate_is_refused(security, tls, tmp_path, password_file, clock, notice):
    server = SmtpServer(tls=tls[0], implicit=security == "tls", user="me", password=PASSWORD)
    with smtp_server(server):
        wanted = settings(
            server.port, security=security, user="me", password_file=str(password_file)
        )
        with pytest.raises(FailedError, match="certificate"):
            MailNotifier(wanted, tmp_path, clock, 5).send(notice)
    assert server.messages == []
    assert "AUTH" not in server.verbs


def test_no_starttls_means_no_mail(tmp_path, clock, notice):
    with smtp_server(SmtpServer()) as server, pytest.raises(FailedError, match="STARTTLS"):
        MailNotifier(settings(server.port), tmp_path, clock, 5).send(notice)
    assert server.messages == []


def test_a_refused_password_is_in_no_error(tls, tmp_path, password_file, clock, notice):
    with smtp_server(SmtpServer(tls=tls[0], user="me", password="another")) as server:
        wanted = settings(server.port, user="me", password_file=str(password_file))
        with pytest.raises(FailedError, match="535") as caught:
            MailNotifier(wanted, tmp_path, clock, 5, tls[1]).send(notice)
    for text in (str(caught.value), caught.value.say("zh"), repr(caught.value.params)):
        assert PASSWORD not in text
        assert base64.b64encode(f"\0me\0{PASSWORD}".encode()).decode() not in text
    assert caught.value.__cause__ is None


def test_a_refused_recipient_is_named_and_the_others_get_it(tmp_path, clock, notice):
    server = SmtpServer(replies={"RCPT li@": "550 unknown"})
    with smtp_server(server), pytest.raises(FailedError, match="li@example"):
        MailNotifier(settings(server.port, security="none"), tmp_path, clock, 5).send(notice)
    assert len(server.messages) == 1


def test_all_recipients_refused(tmp_path, clock, notice):
    with (
        smtp_server(SmtpServer(replies={"RCPT": "550 unknown"})) as server,
        pytest.raises(FailedError, match="zhang@example"),
    ):
        MailNotifier(settings(server.port, security="none"), tmp_path, clock, 5).send(notice)


def test_a_silent_server_ends_in_time(tmp_path, clock, notice):
    with (
        smtp_server(SmtpServer(silent=True)) as server,
        pytest.raises(FailedError, match="in time"),
    ):
        MailNotifier(settings(server.port, security="none"), tmp_path, clock, 0.3).send(notice)


def test_nobody_listens(tmp_path, clock, notice):
    with smtp_server(SmtpServer()) as server:
        port = server.port
    with pytest.raises(FailedError, match=r"127\.0\.0\.1"):
        MailNotifier(settings(port), tmp_path, clock, 5).send(notice)


def test_a_password_file_that_others_read_is_refused(tmp_path, password_file, clock):
    password_file.chmod(0o640)
    wanted = settings(25, user="me", password_file=str(password_file))
    with pytest.raises(InputError, match="chmod 600") as caught:
        MailNotifier(wanted, tmp_path, clock).check()
    assert PASSWORD not in caught.value.say("zh")


def test_a_missing_password_file_is_named(tmp_path, clock):
    wanted = settings(25, user="me", password_file="not-there")
    with pytest.raises(InputError, match="not-there"):
        MailNotifier(wanted, tmp_path, clock).check()


def test_no_password_in_the_clear(tmp_path, password_file, clock):
    wanted = settings(
        25,
        host="mail.example.com",
        security="none",
        user="me",
        password_file=str(password_file),
    )
    with pytest.raises(InputError, match="in the clear"):
        MailNotifier(wanted, tmp_path, clock).check()


@pytest.mark.parametrize("address", ["nobody", "a@b\r\nBcc: x@y", "", "@example.com"])
def test_a_wrong_address_is_named(tmp_path, clock, address):
    with pytest.raises(InputError, match="no mail address"):
        MailNotifier(settings(25, to=[address]), tmp_path, clock).check()


def test_a_subject_adds_no_header(tmp_path, clock, notice):
    import dataclasses

    odd = dataclasses.replace(notice, subject="a\r\nBcc: evil@example.com")
    with smtp_server(SmtpServer()) as server:
        MailNotifier(settings(server.port, security="none"), tmp_path, clock, 5).send(odd)
    message = email.message_from_bytes(server.messages[0], policy=default)
    assert message["Bcc"] is None
    assert message["Subject"] == "a Bcc: evil@example.com"
