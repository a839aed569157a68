"""From an open line to a privileged prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from weibao.adapters.network.busy import BUSY
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub
from weibao.domain.platform import Platform, Question

__all__ = ["enable", "log_in", "prepare"]


def _words(*words: str) -> bytes:
    """Chinese words as devices print them, in UTF-8 and in GBK."""
    return b"|".join(re.escape(w.encode(code)) for w in words for code in ("utf-8", "gb18030"))


_COLON = rb" ?(?::|" + _words("：") + rb")[ \t]*\Z"
_USER = rb"(?i:user ?name|user|(?<!last )login(?: as)?|account|" + _words("用户名", "账号")
_USER += rb")" + _COLON
_PASSWORD = rb"(?i:pass(?:word|code|phrase)|secret|" + _words("密码", "口令")
_PASSWORD += rb")[^\n:?\[]{0,40}" + _COLON
_NEW_PASSWORD = rb"(?i:\b(?:new|old|current|confirm)\b|" + _words("新", "旧", "原")
_NEW_PASSWORD += rb")[^\n:?\[]{0,30}(?i:password|" + _words("密码", "口令") + rb")[^\n:?\[]{0,30}"
_NEW_PASSWORD += _COLON
_KEY = rb"(?i:(?:press|hit|strike) (?:the )?(?:any key|<?enter>?|<?return>?)|"
_KEY += _words("任意键", "回车") + rb")[^\n]*\Z"
_SETTLE_SSH = 1.0
_SETTLE_TELNET = 0.2
"""Seconds for which a question stays the last thing said."""
_PRESS_AFTER = 8.0
"""Seconds of silence after which Enter is pressed, once."""
_REFUSED = re.compile(
    rb"(?i)(login (invalid|incorrect|failed)|authentication (failed|failure)"
    rb"|access denied|bad password|wrong password|invalid (login|password|user)"
    rb"|username or password|% ?bad )"
)


def log_in(
    session: Session, endpoint: Endpoint, questions: Sequence[Question], limits: Limits
) -> None:
    """Answer what the terminal asks until the device's prompt is known.

    ``questions`` are what devices of the platform (or of any, where it is not known) ask.
    Every credential is sent once: a second question for it means that it was refused, and
    so does a line that is cut right after it.

    Raises:
        Trouble: ``auth_failed``, ``login_hangs``, ``lines_busy``, ``dropped_at_login``.
    """
    try:
        _answer_questions(session, endpoint, questions, limits)
        session.gave_password = False
        session.learn_prompt()
    except Trouble as trouble:
        said = session.partial()
        if BUSY.search(said.decode("latin-1")):
            raise Trouble(
                "lines_busy", detail=scrub(said.decode("utf-8", "replace"), endpoint.secrets())
            ) from trouble
        if trouble.reason.code == "dropped":
            refused = _REFUSED.search(said) or session.gave_password
            raise (
                Trouble("auth_failed", user=endpoint.username)
                if refused
                else Trouble("dropped_at_login", address=endpoint.address, port=endpoint.port)
            ) from trouble
        if trouble.reason.code == "silent":
            hangs = Trouble("login_hangs", seconds=f"{limits.login:g}")
            hangs.final = session.gave_password
            raise hangs from trouble
        raise


def _answer_questions(
    session: Session, endpoint: Endpoint, questions: Sequence[Question], limits: Limits
) -> None:
    patterns: dict[str, bytes] = {}
    for number, question in enumerate(questions):
        patterns[f"question{number}"] = question.match.encode("utf-8") + rb"[ \t]*\Z"
    patterns |= {"new": _NEW_PASSWORD, "user": _USER, "password": _PASSWORD, "key": _KEY}
    sent: set[str] = set()
    while True:
        seen = _next_question(session, endpoint, patterns, limits, may_press="pressed" not in sent)
        if seen == "prompt":
            return
        if seen == "new":
            raise Trouble("password_change_demanded", user=endpoint.username)
        if seen in sent and seen in {"user", "password"}:
            raise Trouble("auth_failed", user=endpoint.username)
        if len(sent) > 10 or (seen == "key" and "keyed" in sent):
            raise Trouble("login_hangs", seconds=f"{limits.login:g}")
        sent.add(seen)
        if seen == "user":
            session.send(endpoint.username)
        elif seen == "password":
            session.send(endpoint.password)
            session.gave_password = True
        elif seen == "key":
            sent.add("keyed")
            session.send("")
        elif seen == "pressed":
            session.press_enter()
        else:
            session.send(questions[int(seen.removeprefix("question"))].answer)


def _next_question(
    session: Session,
    endpoint: Endpoint,
    patterns: dict[str, bytes],
    limits: Limits,
    *,
    may_press: bool,
) -> str:
    """The name of what the terminal asks; ``pressed`` where only Enter may bring a prompt."""
    # A terminal behind SSH has seldom a question left, and banners come in pieces.
    settle = _SETTLE_SSH if endpoint.protocol == "ssh" else _SETTLE_TELNET
    if not may_press:
        return session.expect(patterns, limits.login, settle)
    first = min(_PRESS_AFTER, limits.login / 4)
    try:
        return session.expect(patterns, first, settle)
    except Trouble as trouble:
        if trouble.reason.code != "silent":
            raise
    if session.looks_like_prompt():
        session.allow_any_prompt()
        return "prompt"
    if endpoint.protocol == "ssh" or session.said():
        return "pressed"
    return session.expect(patterns, limits.login - first, settle)


def enable(session: Session, endpoint: Endpoint, platform: Platform, limits: Limits) -> None:
    """Reach the privileged level, where the platform has one and login did not.

    Raises:
        Trouble: ``enable_failed``, ``enable_secret_missing``.
    """
    rules = platform.session.enable
    if rules is None or not re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        return
    password = rb"(?:" + rules.password.encode("utf-8") + rb")\s*\Z|" + _PASSWORD
    session.forget_prompt()
    session.send(rules.command)
    asked = session.expect({"password": password}, limits.silence, _SETTLE_TELNET) == "password"
    if asked and not endpoint.enable_secret:
        raise Trouble("enable_secret_missing")
    if asked:
        _give_secret(session, endpoint, password, limits)
    session.learn_prompt()
    if re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        raise Trouble("enable_failed")


def _give_secret(session: Session, endpoint: Endpoint, password: bytes, limits: Limits) -> None:
    """Once: whatever else than a prompt follows counts as a refusal, and is not repeated."""
    session.send(endpoint.enable_secret)
    try:
        again = session.expect({"password": password}, limits.silence) == "password"
    except Trouble as trouble:
        if trouble.reason.code in {"silent", "dropped"}:
            raise Trouble("enable_failed") from trouble
        raise
    if again:
        raise Trouble("enable_failed")


def prepare(session: Session, platform: Platform) -> None:
    """Switch the pager off; a device that does not know the command is answered page by page."""
    for command in platform.session.prepare:
        # Nobody reads the answer: a prompt behind the echo is enough.
        session.ask(command, whole=lambda _answer: session.echoes)
