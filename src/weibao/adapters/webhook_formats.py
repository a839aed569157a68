"""What each chat service wants to be sent, and how it says that it took it; pure.

Sources: the services' own manuals for group robots. DingTalk: ``msgtype: markdown``, about
20,000 bytes, signature in the query; WeCom: ``msgtype: markdown``, 4096 bytes of UTF-8, no
signature; Feishu: an interactive card, 20 kB, signature in the body. All three answer a
refusal with HTTP 200 and a code in the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from weibao.boundary.notify import Notice
from weibao.domain.settings import WebhookKind

__all__ = ["cut", "dingtalk_signed", "feishu_signature", "payload", "refusal"]

_LIMITS = {WebhookKind.dingtalk: 18_000, WebhookKind.wecom: 4096, WebhookKind.feishu: 18_000}
_CUT = "… (截断 / cut)"

# Where the answer says whether the message was taken; 0 is yes.
_CODES = {
    WebhookKind.dingtalk: ("errcode",),
    WebhookKind.wecom: ("errcode",),
    WebhookKind.feishu: ("code", "StatusCode"),
}


def cut(text: str, limit: int) -> str:
    """``text`` if it has at most ``limit`` bytes of UTF-8, else its first lines and a word."""
    if len(text.encode()) <= limit:
        return text
    room = limit - len(_CUT.encode()) - 1
    kept = text.encode()[:room].decode("utf-8", "ignore")
    whole = kept.rpartition("\n")[0] if "\n" in kept else kept
    return f"{whole.rstrip()}\n{_CUT}"


def payload(
    kind: WebhookKind, notice: Notice, *, secret: str = "", now: datetime
) -> dict[str, Any]:
    """The JSON object to send."""
    if kind is WebhookKind.generic:
        return {
            "subject": notice.subject,
            "text": notice.text,
            "failed": notice.failed,
            "data": notice.data,
        }
    text = cut(notice.markdown, _LIMITS[kind])
    if kind is WebhookKind.wecom:
        return {"msgtype": "markdown", "markdown": {"content": text.replace("<@", "<\u200b@")}}
    if kind is WebhookKind.dingtalk:
        title = " ".join(notice.subject.split())
        return {"msgtype": "markdown", "markdown": {"title": title, "text": _hard_breaks(text)}}
    return _feishu(notice, text, secret, now)


def _hard_breaks(text: str) -> str:
    """DingTalk joins lines unless they end with two blanks."""
    return "\n".join(f"{line}  " if line.strip() else line for line in text.split("\n"))


def _feishu(notice: Notice, text: str, secret: str, now: datetime) -> dict[str, Any]:
    # A card's markdown knows no headings; a tag in a name must not call everybody.
    shown = re.sub(r"^#{1,6} +(.+?) *$", r"**\1**", text, flags=re.MULTILINE)
    shown = shown.replace("<at", "&#60;at")
    title = {"tag": "plain_text", "content": " ".join(notice.subject.split())}
    message: dict[str, Any] = {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {"title": title, "template": "red" if notice.failed else "green"},
            "elements": [{"tag": "markdown", "content": shown}],
        },
    }
    if secret:
        stamp = str(int(now.timestamp()))
        message = {"timestamp": stamp, "sign": feishu_signature(stamp, secret), **message}
    return message


def feishu_signature(timestamp: str, secret: str) -> str:
    """HMAC-SHA256 of nothing, with ``timestamp\\nsecret`` as the key; base64."""
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def dingtalk_signed(url: str, secret: str, now: datetime) -> str:
    """``url`` with ``timestamp`` (ms) and ``sign`` in its query.

    HMAC-SHA256 of ``timestamp\\nsecret`` with ``secret`` as the key; base64, URL-encoded.
    """
    stamp = str(int(now.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"timestamp", "sign"}]
    query += [("timestamp", stamp), ("sign", base64.b64encode(digest).decode())]
    return urlunsplit(parts._replace(query=urlencode(query)))


def refusal(kind: WebhookKind, body: bytes) -> str | None:
    """What the service says against the message; None where it took it.

    An answer that is not the service's own is a refusal: nobody knows where it went.
    """
    if kind is WebhookKind.generic:
        return None
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return f"the answer is not one of {kind.value}"
    code = next((answer[name] for name in _CODES[kind] if name in answer), None)
    if isinstance(code, int) and code == 0:
        return None
    words = answer.get("errmsg") or answer.get("msg") or answer.get("StatusMessage") or ""
    return f"{code} {words}".strip()
