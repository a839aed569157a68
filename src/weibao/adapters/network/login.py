"""From an open line to a privileged prompt."""

from __future__ import annotations

import re

from weibao.adapters.network.busy import BUSY
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub
from weibao.domain.platform import Platform

__all__ = ["enable", "log_in", "prepare"]

_USER = rb"(?i)(user ?name|login|account|\xe7\x94\xa8\xe6\x88\xb7\xe5\x90\x8d) ?: *\Z"
_PASSWORD = rb"(?i)(pass(word|code|phrase)|\xe5\xaf\x86\xe7\xa0\x81)[^\n:]{0,40}: *\Z"
_KEY = rb"(?i)(press|hit|strike) (any key|enter|return)[^\n]*\Z"
_REFUSED = re.compile(
    rb"(?i)(login (invalid|incorrect|failed)|authentication (failed|failure)"
    rb"|access denied|bad password|wrong password|invalid (login|password|user)"
    rb"|username or password|% ?bad )"
)


def log_in(session: Session, endpoint: Endpoint, platform: Platform | None, limits: Limits) -> None:
    """Answer what the terminal asks until the device's prompt is known.

    Every credential is sent once: a second question for it means that it was refused.

    Raises:
        Trouble: ``auth_failed``, ``login_hangs``, ``lines_busy``, ``dropped_at_login``.
    """
    try:
        _answer_questions(session, endpoint, platform, limits)
        session.learn_prompt()
    except Trouble as trouble:
        said = session.partial()
        if BUSY.search(said.decode("latin-1")):
            raise Trouble(
                "lines_busy", detail=scrub(said.decode("utf-8", "replace"), endpoint.secrets())
            ) from trouble
        if trouble.reason.code == "dropped":
            refused = _REFUSED.search(said)
            raise (
                Trouble("auth_failed", user=endpoint.username)
                if refused
                else Trouble("dropped_at_login", address=endpoint.address, port=endpoint.port)
            ) from trouble
        if trouble.reason.code == "silent":
            raise Trouble("login_hangs", seconds=f"{limits.login:g}") from trouble
        raise


def _answer_questions(
    session: Session, endpoint: Endpoint, platform: Platform | None, limits: Limits
) -> None:
    patterns: dict[str, bytes] = {"user": _USER, "password": _PASSWORD, "key": _KEY}
    questions = platform.session.questions if platform else ()
    for number, question in enumerate(questions):
        patterns[f"question{number}"] = question.match.encode("utf-8") + rb"[ \t]*\Z"
    sent: set[str] = set()
    while True:
        seen = session.expect(patterns, limits.login)
        if seen == "prompt":
            return
        if seen in sent and seen in {"user", "password"}:
            raise Trouble("auth_failed", user=endpoint.username)
        sent.add(seen)
        if len(sent) > 10 or (seen == "key" and "keyed" in sent):
            raise Trouble("login_hangs", seconds=f"{limits.login:g}")
        if seen == "user":
            session.send(endpoint.username)
        elif seen == "password":
            session.send(endpoint.password)
        elif seen == "key":
            sent.add("keyed")
            session.send("")
        else:
            session.send(questions[int(seen.removeprefix("question"))].answer)


def enable(session: Session, endpoint: Endpoint, platform: Platform, limits: Limits) -> None:
    """Reach the privileged level, where the platform has one and login did not.

    Raises:
        Trouble: ``enable_failed``, ``enable_secret_missing``.
    """
    rules = platform.session.enable
    if rules is None or not re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        return
    password = rules.password.encode("utf-8") + rb"\s*\Z"
    session.forget_prompt()
    session.send(rules.command)
    asked = session.expect({"password": password}, limits.silence) == "password"
    if asked and not endpoint.enable_secret:
        raise Trouble("enable_secret_missing")
    if asked:
        session.send(endpoint.enable_secret)
        if session.expect({"password": password}, limits.silence) == "password":
            raise Trouble("enable_failed")
    session.learn_prompt()
    if re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        raise Trouble("enable_failed")


def prepare(session: Session, platform: Platform) -> None:
    """Switch the pager off; a device that does not know the command is answered page by page."""
    for command in platform.session.prepare:
        session.ask(command)
