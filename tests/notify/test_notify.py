"""All ways of telling, together."""

from __future__ import annotations

import dataclasses

import pytest
from notify_servers import HttpServer, http_server

from weibao.adapters.notifiers import build_notifiers, check_notifiers
from weibao.domain.settings import NotifySettings
from weibao.errors import FailedError, InputError
from weibao.services.notify import notify


class Post:
    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.sent = 0

    def send(self, notice) -> None:
        if self.error:
            raise self.error
        self.sent += 1


@pytest.mark.parametrize(
    ("when", "failed", "sent"),
    [
        ("failure", True, 1),
        ("failure", False, 0),
        ("always", True, 1),
        ("always", False, 1),
        ("never", True, 0),
    ],
)
def test_when(when, failed, sent, notice):
    post = Post("a")
    one = dataclasses.replace(notice, failed=failed)
    assert notify(one, NotifySettings(when=when), [post]) == []
    assert post.sent == sent


def test_one_trouble_stops_nobody(notice):
    known = FailedError("notify.mail_failed", host="mail.example.com", why="down")
    posts = [Post("a", known), Post("b", ZeroDivisionError("secret")), Post("c")]
    failures = notify(notice, NotifySettings(), posts, "zh")
    assert posts[2].sent == 1
    assert [failure.params["name"] for failure in failures] == ["a", "b"]
    assert {failure.code for failure in failures} == {"notify_failed"}
    assert "mail.example.com" in failures[0].params["why"]
    assert "邮件" in failures[0].params["why"]
    assert "secret" not in failures[1].params["why"]


def test_a_missing_file_is_that_entry_alone(tmp_path, clock, notice):
    with http_server(HttpServer()) as server:
        settings = NotifySettings.model_validate(
            {
                "mail": [
                    {
                        "host": "127.0.0.1",
                        "user": "me",
                        "password_file": "gone",
                        "sender": "a@example.com",
                        "to": ["b@example.com"],
                    }
                ],
                "webhooks": [
                    {"kind": "dingtalk", "url_file": "also-gone"},
                    {"kind": "wecom", "url": server.url("/send?key=0123456789")},
                ],
            }
        )
        failures = notify(notice, settings, build_notifiers(settings, tmp_path, clock))
    assert len(server.requests) == 1
    assert [f.params["name"] for f in failures] == ["mail 127.0.0.1", "dingtalk also-gone"]
    assert str(tmp_path / "gone") in failures[0].params["why"]
    with pytest.raises(InputError, match="gone"):
        check_notifiers(settings, tmp_path, clock)
