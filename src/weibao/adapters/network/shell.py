"""A host whose configuration is files: its shell is made a known one, and told the files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub
from weibao.domain.host_files import left_out
from weibao.domain.platform import Platform
from weibao.domain.reasons import Reason

__all__ = ["enter_shell", "file_warnings", "name_files"]

_PATIENCE = 15.0
"""Seconds of silence after which the login shell has refused."""
_LINE = 900
"""Characters of a line that names files: terminals take 4096 at most, some 1024."""
_NAMED = 5
"""Names that a warning gives; the text has all."""
_CODES = {
    "unreadable": "files_unreadable",
    "absent": "files_absent",
    "too large": "files_left_out",
    "no text": "files_left_out",
    "unverified": "files_unverified",
}


def enter_shell(
    session: Session, platform: Platform, limits: Limits, secrets: Sequence[str]
) -> None:
    """Replace the login shell by the platform's own, in this session alone.

    Raises:
        Trouble: ``no_shell``.
    """
    rules = platform.session.own_shell
    if rules is None:
        return
    session.forget_prompt()
    # A blank in front keeps it out of the history of most shells.
    session.send(f" {rules.command}")
    try:
        session.await_line(rules.prompt.encode("utf-8"), min(_PATIENCE, limits.silence / 2))
    except Trouble as trouble:
        if trouble.reason.code not in {"silent", "dropped"}:
            raise
        said = session.partial().decode("utf-8", "replace").split("\n")
        # The last line may be the old shell's prompt, the one before what it complains of.
        words = " / ".join([line.strip() for line in said if line.strip()][-2:])
        raise Trouble("no_shell", detail=scrub(words, secrets)) from trouble
    session.learn_prompt()
    # Whatever the login shell did, this one echoes nothing (or does, where there is no stty).
    session.echoes = False


def name_files(session: Session, platform: Platform, endpoint: Endpoint) -> None:
    """Tell the shell which files are wanted; nothing where the platform has none."""
    if not platform.configuration.files:
        return
    own = endpoint.files
    defaults = () if own.only else platform.configuration.files
    names = [shlex.quote(name) for name in defaults]
    names += [shlex.quote(f"+{name}") for name in own.paths]
    for line in _lines(names):
        session.ask(f'set -- "$@" {line}', whole=lambda _answer: True)
    if own.leave_out:
        patterns = "|".join(f"{p}|{p}/*" for p in map(_pattern, own.leave_out))
        session.ask(
            f"wb_o() {{ case $1 in {patterns}) return 0;; esac; return 1; }}",
            whole=lambda _answer: True,
        )


def _lines(words: Sequence[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + len(word) > _LINE:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line


def _pattern(name: str) -> str:
    """A name as a pattern of the shell: the stars in it stay, all else is itself."""
    return re.sub(r"[^\w./*?\[\]-]", lambda m: "\\" + m[0], name, flags=re.ASCII)


def file_warnings(text: bytes, platform: Platform) -> list[Reason]:
    """What a document of files says that it lacks."""
    if not platform.configuration.files:
        return []
    found: dict[str, list[str]] = {}
    for why, names in left_out(text).items():
        found.setdefault(_CODES[why], []).extend(names)
    return [
        Reason.of(code, count=len(names), files=", ".join(names[:_NAMED]) + _more(names))
        for code, names in found.items()
    ]


def _more(names: Sequence[str]) -> str:
    return " …" if len(names) > _NAMED else ""
