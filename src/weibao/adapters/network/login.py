"""From an open line to a privileged prompt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from weibao.adapters.network.asked import (
    DECLINED,
    KEY,
    NEW_PASSWORD,
    PASSWORD,
    REFUSED,
    USER,
)
from weibao.adapters.network.busy import BUSY
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.screen import ANY_PAGER
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub
from weibao.domain.platform import Platform, Question

__all__ = ["enable", "leave_shell", "log_in", "prepare"]


_SETTLE_SSH = 1.0
_SETTLE_TELNET = 0.2
"""Seconds for which a question stays the last thing said."""
_SETTLE_PROMPT = 0.3
"""Seconds for which a line that looks like a shell's prompt stays the last one."""
_REPEATS = {"key": 3, "pager": 100}
"""How often the same may be asked; else once."""
_PRESS_AFTER = 8.0
"""Seconds of silence after which Enter is pressed, once."""


def log_in(
    session: Session,
    endpoint: Endpoint,
    questions: Sequence[Question],
    limits: Limits,
    *,
    any_shell: bool = False,
) -> None:
    """Answer what the terminal asks until the device's prompt is known.

    ``questions`` are what devices of the platform (or of any, where it is not known) ask.
    Every credential is sent once: a second question for it means that it was refused, and
    so does a line that is cut right after it. With ``any_shell`` the prompt may look like
    anything and is not learnt: the shell behind it is about to be replaced.

    Raises:
        Trouble: ``auth_failed``, ``login_hangs``, ``lines_busy``, ``dropped_at_login``.
    """
    try:
        _answer_questions(session, endpoint, questions, limits, any_shell=any_shell)
        session.gave_password = False
        if not any_shell:
            session.learn_prompt()
    except Trouble as trouble:
        said = session.partial()
        if BUSY.search(said.decode("latin-1")):
            raise Trouble(
                "lines_busy", detail=scrub(said.decode("utf-8", "replace"), endpoint.secrets())
            ) from trouble
        if trouble.reason.code == "dropped":
            refused = REFUSED.search(said) or session.gave_password
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
    session: Session,
    endpoint: Endpoint,
    questions: Sequence[Question],
    limits: Limits,
    *,
    any_shell: bool,
) -> None:
    patterns: dict[str, bytes] = {}
    for number, question in enumerate(questions):
        patterns[f"question{number}"] = question.match.encode("utf-8") + rb"[ \t]*\Z"
    patterns |= {"new": NEW_PASSWORD, "declined": DECLINED, "user": USER, "password": PASSWORD}
    patterns |= {"key": KEY, "pager": ANY_PAGER + rb"[ \t]*\Z"}
    sent: set[str] = set()
    answered: Counter[str] = Counter()
    while True:
        if any_shell:
            seen = _next_of_shell(session, endpoint, patterns, limits)
        else:
            may_press = "pressed" not in sent
            seen = _next_question(session, endpoint, patterns, limits, may_press=may_press)
        if seen == "prompt":
            return
        if seen == "new":
            raise Trouble("password_change_demanded", user=endpoint.username)
        if seen in sent and seen in {"user", "password"}:
            raise Trouble("auth_failed", user=endpoint.username)
        answered[seen] += 1
        if answered[seen] > _REPEATS.get(seen, 1) or len(sent) > 10:
            raise Trouble("login_hangs", seconds=f"{limits.login:g}")
        sent.add(seen)
        if seen == "user":
            session.send(endpoint.username)
        elif seen == "password":
            session.send(endpoint.password)
            session.gave_password = True
        elif seen == "key":
            session.send("")
        elif seen == "pager":
            session.press(b" ")
        elif seen == "declined":
            session.send("no" if b"yes/no" in session.partial()[-200:].lower() else "n")
        elif seen == "pressed":
            if len(sent) > 1:
                # An answer that nothing followed: the key of a terminal is CR.
                session.enter_is_return()
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


def _next_of_shell(
    session: Session, endpoint: Endpoint, patterns: dict[str, bytes], limits: Limits
) -> str:
    """The same before a login shell, whose prompt may have any form.

    What looks like one within a message of the day is followed by more.
    """
    settle = _SETTLE_SSH if endpoint.protocol == "ssh" else _SETTLE_TELNET
    try:
        seen = session.expect(patterns, min(_PRESS_AFTER, limits.login / 4), settle)
        while seen == "prompt" and not session.is_quiet(_SETTLE_PROMPT):
            seen = session.expect(patterns, min(_PRESS_AFTER, limits.login / 4), settle)
    except Trouble as trouble:
        passed = endpoint.protocol == "ssh" or session.gave_password
        if trouble.reason.code != "silent" or not passed or not session.said():
            raise
        return "prompt"
    return seen


def enable(session: Session, endpoint: Endpoint, platform: Platform, limits: Limits) -> None:
    """Reach the privileged level, where the platform has one and login did not.

    Raises:
        Trouble: ``enable_failed``, ``enable_secret_missing``; with sudo ``sudo_refused``,
            ``sudo_password_missing``.
    """
    rules = platform.session.enable
    if rules is not None and rules.on_request and not endpoint.become:
        return
    if rules is None or not re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        return
    password = rb"(?:" + rules.password.encode("utf-8") + rb")\s*\Z|" + PASSWORD
    session.forget_prompt()
    session.send(rules.command)
    wanted = {"password": password, "user": USER}
    seen = session.expect(wanted, limits.silence, _SETTLE_TELNET)
    if seen == "user":
        session.send(endpoint.username)
        seen = session.expect({"password": password}, limits.silence, _SETTLE_TELNET)
    asked = seen == "password"
    # sudo asks for the user's own password.
    secret = endpoint.enable_secret or (endpoint.password if rules.on_request else "")
    refused = "sudo_refused" if rules.on_request else "enable_failed"
    if asked and not secret:
        raise Trouble("sudo_password_missing" if rules.on_request else "enable_secret_missing")
    if asked:
        _give_secret(session, secret, password, limits, refused)
    session.learn_prompt()
    if re.search(rules.unprivileged, session.prompt, re.MULTILINE):
        raise Trouble(refused)


def _give_secret(
    session: Session, secret: str, password: bytes, limits: Limits, refused: str
) -> None:
    """Once: whatever else than a prompt follows counts as a refusal, and is not repeated."""
    session.send(secret)
    try:
        again = session.expect({"password": password}, limits.silence) == "password"
    except Trouble as trouble:
        if trouble.reason.code in {"silent", "dropped"}:
            raise Trouble(refused) from trouble
        raise
    if again:
        raise Trouble(refused)


def leave_shell(session: Session, platforms: Iterable[Platform], *, named: bool) -> bool:
    """Start the CLI, where a user landed in the shell below it (root on Junos); whether so.

    ``platforms`` are those that the device may be of; ``named``: it is known to be of one.
    """
    for platform in platforms:
        rules = platform.session.shell
        if rules is None or (rules.named_only and not named):
            continue
        if re.fullmatch(rules.prompt, session.prompt):
            session.change_prompt(rules.command)
            return True
    return False


def prepare(session: Session, platform: Platform) -> None:
    """Switch the pager off; a device that does not know the command is answered page by page."""
    own = platform.session.own_shell is not None
    for command in platform.session.prepare:
        # Nobody reads the answer: a prompt behind the echo is enough.
        session.ask(command, whole=lambda _answer: session.echoes or own)
