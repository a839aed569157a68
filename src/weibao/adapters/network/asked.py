"""What terminals ask before their first prompt, of any vendor, as patterns for bytes."""

from __future__ import annotations

import re

__all__ = ["DECLINED", "KEY", "NEW_PASSWORD", "PASSWORD", "REFUSED", "USER"]


def _words(*words: str) -> bytes:
    """Chinese words as devices print them, in UTF-8 and in GBK."""
    return b"|".join(re.escape(w.encode(code)) for w in words for code in ("utf-8", "gb18030"))


def _any(*patterns: bytes) -> bytes:
    return rb"(?i:" + b"|".join(patterns) + rb")"


_COLON = rb" ?(?::|" + _words("：") + rb")[ \t]*\Z"
_SECRET = _any(rb"password", _words("密码", "口令"))

USER = (
    _any(
        rb"(?:user|login|account) ?name",
        rb"user(?: id)?",
        rb"(?<!last )login(?: as)?",
        rb"account",
        _words("用户名", "账号"),
    )
    + _COLON
)
PASSWORD = (
    _any(rb"pass(?:word|code|phrase)", rb"secret", _words("密码", "口令"))
    + rb"[^\n:?\[]{0,40}"
    + _COLON
)

_ANOTHER = _any(rb"\b(?:new|old|current|confirm)\b", _words("新", "旧", "原"))
_DEMANDED = _any(
    rb"initial password is required",
    rb"configure (?:the|a) login password",
    rb"set (?:a|the|your) (?:new |initial |login )?password",
    rb"must (?:be )?changed? [^\n]{0,40}password",
    rb"create a (?:new )?password",
    rb"input a new password",
)
"""A first login that demands a password: what is typed there would be set."""
NEW_PASSWORD = b"|".join(
    (
        _ANOTHER + rb"[^\n:?\[]{0,30}" + _SECRET + rb"[^\n:?\[]{0,30}" + _COLON,
        _DEMANDED + rb"[^\n]{0,160}(?:\n[^\n]{0,160}){0,2}\n[^\n:]{0,20}(?i:password)" + _COLON,
        rb"(?i:^[ \t]*(?:repeat )?new password)>[ \t]*\Z",  # RouterOS
        rb"(?i:(?:enter|confirm) enable (?:secret|password))" + _COLON,
    )
)
"""What is typed there changes the device."""

DECLINED = (
    _any(
        rb"(?:change|modify|reset|renew|set)\b[^\n]{0,60}" + _SECRET,
        _SECRET + rb"[^\n]{0,120}(?:chang|expir|modif|reset)",
        rb"change (?:it )?now",
    )
    + rb"[^\n]{0,80}[\[(](?i:y(?:es)?/no?)(?:/\w)?[\])][^\n\w]{0,6}\Z"
)
"""An offer to change a password."""

KEY = (
    _any(
        rb"(?:press|hit|strike) (?:the )?(?:any key|<?enter>?|<?return>?)",
        _words("任意键", "回车"),
    )
    + rb"[^\n]*\Z"
)

REFUSED = re.compile(
    rb"(?i)(login (invalid|incorrect|failed)|authentication (failed|failure)"
    rb"|access denied|bad password|wrong password|invalid (login|password|user)"
    rb"|username or password|% ?bad )"
)
