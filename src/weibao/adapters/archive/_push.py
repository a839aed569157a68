"""Pushing to a remote, with what can go wrong in words and no credential in any of them.

Unlike everything else here, a push reads the user's git configuration and ssh settings:
proxies, certificates and credential helpers belong to the machine. A password that stands
in the URL is taken out of it and handed to git in the environment, so that it is neither in
an argument list nor in a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from weibao.adapters.archive._git import MAIN, Answer, Git, text
from weibao.adapters.scrub import scrub
from weibao.errors import FailedError

__all__ = ["push"]

_USERS = (
    "HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME",
    "SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
)  # fmt: skip
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n"'
    ' "$WEIBAO_PUSH_USER" "$WEIBAO_PUSH_PASSWORD"; }; f'
)
_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+@")
_IN_QUERY = re.compile(r"(?<==)[^&=\s'\"]+(?=[&\s'\"]|$)")
_KINDS = (
    ("rejected", re.compile(r"non-fast-forward|fetch first|\[rejected\]|stale info")),
    ("locked", re.compile(r"cannot lock ref|\.lock': File exists")),
    ("declined", re.compile(r"\[remote rejected\]|hook declined|protected branch")),
    (
        "denied",
        re.compile(
            r"Authentication failed|Permission denied|could not read (Username|Password)"
            r"|Host key verification failed|Too many authentication|error: 40[13]|HTTP 40[13]"
        ),
    ),
    (
        "unreachable",
        re.compile(
            r"Could not resolve|Connection refused|timed out|Network is unreachable"
            r"|No route to host|Failed to connect|Couldn't connect|Connection reset"
            r"|Connection closed"
        ),
    ),
    (
        "not_found",
        re.compile(
            r"not appear to be a git repository|[Rr]epository .*not found|not a git repository"
            r"|does not exist|No such remote|unable to find remote helper|error: 404"
        ),
    ),
)


class _Remote(NamedTuple):
    """A remote without its secrets, and they."""

    url: str
    user: str = ""
    password: str = ""
    secrets: tuple[str, ...] = ()


def push(git: Git, remote: str, timeout: float) -> None:
    """Push main to ``remote`` (a URL, a path, or a name from the archive's own git configuration).

    Raises:
        FailedError: with the kind of trouble and what git said, scrubbed.
    """
    target = _target(remote)
    extra = _environment(target)
    if not extra.keys() & {"GIT_SSH", "GIT_SSH_COMMAND"} and not _has_ssh_command(git, extra):
        extra["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    try:
        answer = git.run(
            "push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags",
            "--recurse-submodules=no", "--", target.url, f"{MAIN}:{MAIN}",
            extra=extra, timeout=timeout,
        )  # fmt: skip
    except TimeoutError as error:
        shown = _shown(target.url)
        raise FailedError("archive.push_timeout", remote=shown, seconds=f"{timeout:g}") from error
    if answer.code:
        raise _explained(answer, target)


def _target(remote: str) -> _Remote:
    remote = remote.strip()
    if not remote or remote.startswith("-"):
        raise FailedError("archive.push_no_remote", remote=repr(remote))
    try:
        parts = urlsplit(remote)
        password = parts.password
    except ValueError as error:
        raise FailedError("archive.push_no_remote", remote=_shown(remote)) from error
    secrets = tuple(_query_values(parts))
    if parts.scheme in {"http", "https"} and "@" in parts.netloc:
        user, password = unquote(parts.username or ""), unquote(password or "")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        # A user alone is often a token (https://TOKEN@host/…): hidden like a password.
        raw = (parts.username or "", parts.password or "")
        return _Remote(bare.geturl(), user, password, (*secrets, user, password, *raw))
    if password:
        raise FailedError("archive.push_ssh_password", remote=_shown(remote))
    return _Remote(remote, secrets=secrets)


def _query_values(parts: SplitResult) -> Iterable[str]:
    if parts.scheme:
        for pair in parts.query.split("&"):
            value = pair.partition("=")[2]
            yield from (value, unquote(value))


def _environment(target: _Remote) -> dict[str, str]:
    extra = {name: os.environ[name] for name in _USERS if name in os.environ}
    extra["GIT_ASKPASS"] = "true"  # says nothing: no window asks, and no terminal
    if not target.user and not target.password:
        return extra
    parts = urlsplit(target.url)
    scope = f"credential.{parts.scheme}://{parts.netloc}"
    settings = [(f"{scope}.username", target.user)]
    if target.password:  # the empty helper forgets the others, which might keep what they hear
        settings = [("credential.helper", ""), (f"{scope}.helper", _HELPER)]
    extra["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings):
        extra |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return extra | {"WEIBAO_PUSH_USER": target.user, "WEIBAO_PUSH_PASSWORD": target.password}


def _has_ssh_command(git: Git, extra: dict[str, str]) -> bool:
    return git.run("config", "--get", "core.sshCommand", extra=extra).code == 0


def _shown(url: str) -> str:
    return _IN_QUERY.sub("***", _IN_URL.sub("", url)) if "://" in url else url


def _explained(answer: Answer, target: _Remote) -> FailedError:
    said = "\n".join((text(answer.out), answer.error))
    kind = next((name for name, pattern in _KINDS if pattern.search(said)), "failed")
    status = [line for line in text(answer.out).splitlines() if line.startswith("!")]
    told = [line for line in answer.error.splitlines() if not line.startswith("hint:")]
    words = _IN_URL.sub("***@", " ".join((*status, *told)))
    why = scrub(words, target.secrets) or f"git push: {answer.code}"
    return FailedError(f"archive.push_{kind}", remote=_shown(target.url), why=why)
