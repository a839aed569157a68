"""Webhooks, over real sockets: what is sent, what counts as taken, what is never shown."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from notify_servers import HttpServer, http_server

from weibao.adapters.webhook import WebhookNotifier
from weibao.adapters.webhook_formats import cut
from weibao.domain.settings import WebhookSettings
from weibao.errors import FailedError, InputError

TOKEN = "canary0123456789abcdef"
SECRET = "SECcanary-secret-0987654321"
PATHS = {
    "generic": f"/hook/{TOKEN}",
    "dingtalk": f"/robot/send?access_token={TOKEN}",
    "wecom": f"/cgi-bin/webhook/send?key={TOKEN}",
    "feishu": f"/open-apis/bot/v2/hook/{TOKEN}",
}
TAKEN = {
    "generic": b"anything",
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
    "wecom": b'{"errcode":0,"errmsg":"ok"}',
    "feishu": b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
}
REFUSED = {
    "dingtalk": (b'{"errcode":310000,"errmsg":"sign not match"}', "310000 sign not match"),
    "wecom": (b'{"errcode":93000,"errmsg":"invalid webhook url"}', "93000 invalid webhook url"),
    "feishu": (b'{"code":19021,"msg":"sign match fail","data":{}}', "19021 sign match fail"),
}


@pytest.fixture
def notifier(tmp_path, clock):
    def build(kind: str, server: HttpServer, *, secret: str = "", timeout: float = 5):
        (tmp_path / "url").write_text(server.url(PATHS[kind]) + "\n")
        (tmp_path / "url").chmod(0o600)
        values = {"kind": kind, "url_file": "url"}
        if secret:
            (tmp_path / "secret").write_text(secret)
            (tmp_path / "secret").chmod(0o600)
            values["secret_file"] = "secret"
        settings = WebhookSettings.model_validate(values)
        return WebhookNotifier(settings, tmp_path, clock, timeout, retry_wait=0)

    return build


def hidden(error: Exception) -> None:
    texts = [str(error), repr(error), repr(vars(error)), repr(error.__cause__)]
    for text in texts:
        assert TOKEN not in text
        assert SECRET not in text


@pytest.mark.parametrize("kind", PATHS)
def test_it_is_sent_and_taken(kind, notifier, notice):
    with http_server(HttpServer(answer=TAKEN[kind])) as server:
        notifier(kind, server).send(notice)
    (request,) = server.requests
    assert request.path == PATHS[kind]
    assert request.headers["Content-Type"].startswith("application/json")


def test_the_generic_body(notifier, notice):
    with http_server(HttpServer()) as server:
        notifier("generic", server).send(notice)
    assert server.requests[0].body == {
        "subject": notice.subject,
        "text": notice.text,
        "failed": True,
        "data": notice.data,
    }


def test_the_dingtalk_body(notifier, notice):
    with http_server(HttpServer()) as server:
        notifier("dingtalk", server).send(notice)
    body = server.requests[0].body
    assert body["msgtype"] == "markdown"
    assert body["markdown"]["title"] == notice.subject
    assert "- 失败:**2**" in body["markdown"]["text"]


def test_the_wecom_body(notifier, notice):
    with http_server(HttpServer()) as server:
        notifier("wecom", server).send(notice)
    assert server.requests[0].body == {
        "msgtype": "markdown",
        "markdown": {"content": notice.markdown},
    }


def test_the_feishu_body(notifier, notice):
    odd = dataclasses.replace(notice, markdown="### 标题\n<at id=all></at>")
    with http_server(HttpServer(answer=TAKEN["feishu"])) as server:
        notifier("feishu", server).send(odd)
    body = server.requests[0].body
    assert body["msg_type"] == "interactive"
    assert body["card"]["header"]["title"]["content"] == notice.subject
    assert body["card"]["header"]["template"] == "red"
    content = body["card"]["elements"][0]["content"]
    assert content.startswith("**标题**")
    assert "<at" not in content
    assert "sign" not in body


def by_openssl(key: str, message: str) -> str:
    """HMAC-SHA256 in base64, computed by another program."""
    given = f"hexkey:{key.encode().hex()}"
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", given, "-binary"],
        input=message.encode(),
        capture_output=True,
        check=True,
    )
    encoded = subprocess.run(
        ["openssl", "base64", "-A"], input=done.stdout, capture_output=True, check=True
    )
    return encoded.stdout.decode()


def test_the_dingtalk_signature(notifier, notice, clock):
    with http_server(HttpServer()) as server:
        notifier("dingtalk", server, secret=SECRET).send(notice)
    query = parse_qs(urlsplit(server.requests[0].path).query)
    stamp = str(int(clock.now().timestamp() * 1000))
    assert query == {
        "access_token": [TOKEN],
        "timestamp": [stamp],
        "sign": [by_openssl(SECRET, f"{stamp}\n{SECRET}")],
    }


def test_the_feishu_signature(notifier, notice, clock):
    with http_server(HttpServer(answer=TAKEN["feishu"])) as server:
        notifier("feishu", server, secret=SECRET).send(notice)
    body = server.requests[0].body
    stamp = str(int(clock.now().timestamp()))
    assert body["timestamp"] == stamp
    assert body["sign"] == by_openssl(f"{stamp}\n{SECRET}", "")


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_with_http_200_is_a_failure(kind, notifier, notice):
    answer, words = REFUSED[kind]
    with (
        http_server(HttpServer(answer=answer)) as server,
        pytest.raises(FailedError, match=words),
    ):
        notifier(kind, server).send(notice)
    assert len(server.requests) == 1  # the service said no; it is not asked again


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("answer", [b"", b"<html>login</html>", b"[]", b'{"ok":true}', b"0"])
def test_an_answer_that_is_not_the_service_is_a_failure(kind, answer, notifier, notice):
    with http_server(HttpServer(answer=answer)) as server, pytest.raises(FailedError):
        notifier(kind, server).send(notice)


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("status", [301, 404, 500])
def test_another_status_is_a_failure(kind, status, notifier, notice):
    with http_server(HttpServer()) as other:
        headers = {"Location": other.url("/elsewhere")}
        with (
            http_server(HttpServer(status=status, headers=headers)) as server,
            pytest.raises(FailedError, match=f"HTTP {status}") as caught,
        ):
            notifier(kind, server).send(notice)
    assert other.requests == []
    hidden(caught.value)


def test_a_dropped_line_is_tried_once_more(notifier, notice):
    with http_server(HttpServer(drops=1)) as server:
        notifier("wecom", server).send(notice)
    assert len(server.requests) == 2
    with http_server(HttpServer(drops=5)) as server, pytest.raises(FailedError) as caught:
        notifier("wecom", server).send(notice)
    assert len(server.requests) == 2
    hidden(caught.value)


def test_no_answer_ends_in_time_and_is_not_repeated(notifier, notice):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(port=listener.getsockname()[1])
        with pytest.raises(FailedError, match="in time") as caught:
            notifier("feishu", server, secret=SECRET, timeout=0.3).send(notice)
    hidden(caught.value)


@pytest.mark.parametrize("kind", PATHS)
def test_the_token_is_in_no_error_and_no_log(kind, notifier, notice, caplog):
    caplog.set_level(logging.DEBUG)
    echo = f'{{"errcode":1,"code":1,"errmsg":"bad {TOKEN} {PATHS[kind]}"}}'.encode()
    with http_server(HttpServer(status=400, answer=echo)) as server:
        one = notifier(kind, server)
        with pytest.raises(FailedError) as caught:
            one.send(notice)
    hidden(caught.value)
    with pytest.raises(FailedError) as caught:  # nobody listens any more
        one.send(notice)
    hidden(caught.value)
    assert TOKEN not in one.name
    assert TOKEN not in caplog.text
    assert PATHS[kind] not in caplog.text


def test_loggers_are_as_before(notifier, notice):
    with http_server(HttpServer()) as server:
        notifier("wecom", server).send(notice)
    for name in ("httpx", "httpcore.http11"):
        assert logging.getLogger(name).filters == []


def test_wecom_takes_4096_bytes(notifier, notice):
    rows = "\n".join(f"- 交换机 {n}:登录被拒绝" for n in range(500))
    with http_server(HttpServer()) as server:
        notifier("wecom", server).send(dataclasses.replace(notice, markdown=rows))
    content = server.requests[0].body["markdown"]["content"]
    assert 3900 < len(content.encode()) <= 4096
    assert content.endswith("\n… (截断 / cut)")
    assert rows.startswith(content.rpartition("\n")[0] + "\n")


@pytest.mark.parametrize("text", ["汉" * 5000, "a" * 5000, "\n" * 5000, "汉\n" * 5000])
def test_a_cut_text_fits_and_is_whole_characters(text):
    found = cut(text, 4096)
    assert len(found.encode()) <= 4096
    assert "�" not in found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "wecom"}, "either url_file"),
        ({"kind": "wecom", "url": "https://a/b", "url_file": "c"}, "either url_file"),
        ({"kind": "wecom", "url_file": "not-there"}, "not-there"),
        ({"kind": "wecom", "url": "ftp://a/b"}, "no http"),
        ({"kind": "wecom", "url": "https://[a/b"}, "no http"),
        ({"kind": "wecom", "url": "http://example.com/b"}, "in the clear"),
        ({"kind": "wecom", "url": "https://a/b", "secret_file": "c"}, "no signature"),
        ({"kind": "dingtalk", "url": "https://a/b", "secret_file": "not-there"}, "not-there"),
    ],
)
def test_wrong_settings_are_said(values, words, tmp_path, clock):
    settings = WebhookSettings.model_validate(values)
    with pytest.raises(InputError, match=words):
        WebhookNotifier(settings, tmp_path, clock).check()


def test_a_proxy_of_the_environment_is_used(notifier, notice, monkeypatch):
    with http_server(HttpServer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.setenv("no_proxy", "")
        notifier("wecom", HttpServer(port=9)).send(notice)
    assert proxy.requests[0].path.startswith("http://127.0.0.1:9/")
