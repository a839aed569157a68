"""Where in a line of SNMP settings communities and users' keys stand.

No word announces some of them, and the same words name communities of BGP elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from weibao.domain.secret_token import Token

__all__ = ["SNMP_USER_WORDS", "is_snmp_user", "snmp_spans"]

SNMP_USER_WORDS = frozenset(["auth", "priv", "authentication", "privacy"])
"""After these, and an algorithm, stands a key of an SNMP user."""

_TRAP_OPTIONS = {
    "version": 1, "vrf": 1, "use-vrf": 1, "filter-vrf": 1, "source-interface": 1, "udp-port": 1,
    "port": 1, "interface": 1, "traps": 0, "trap": 0, "informs": 0, "inform": 0, "auth": 0,
    "noauth": 0, "priv": 0, "community": 0, "mgmt": 0, "encrypted": 0, "clear": 0, "0": 0,
    "7": 0, "1": 0, "2": 0, "8": 0, "9": 0, "poll": 0, "plaintext": 0, "ciphertext": 0,
}  # fmt: skip
_KINDS = frozenset(
    [
        "0",
        "1",
        "2",
        "7",
        "8",
        "9",
        "encrypted",
        "clear",
        "plaintext",
        "ciphertext",
        "cipher",
        "simple",
        "hex",
        "hidden",
        "read",
        "write",
        "readonly",
        "readwrite",
        "read-only",
        "read-write",
        "index",
    ]
)
_BEHIND = frozenset(
    ["ro", "rw", "rwa", "r", "view", "group", "operator", "manager", "version", "acl"]
)
_NO_VALUE = frozenset(["complexity-check", "history", "enable", "disable", "list", "map", ";"])
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_ALGORITHM = re.compile(r"(?:md5|sha|hash$|none$|aes|3?des)")


def is_snmp_user(tokens: Sequence[Token]) -> bool:
    """Whether the line sets up a user of SNMP version 3."""
    first = [token.word for token in tokens[:4]]
    if any("snmp" in word or word == "usm" for word in first) and any(
        "user" in word for word in first
    ):
        return True
    # SR OS says it within the user: authentication sha KEY privacy aes-128-cfb-key KEY
    return (
        len(tokens) > 2
        and first[0] == "authentication"
        and bool(_ALGORITHM.match(first[1]))
        and any(token.word == "privacy" for token in tokens[:12])
    )


def snmp_spans(tokens: Sequence[Token], parent: Callable[[], str]) -> list[tuple[int, int]]:
    """The spans of communities; ``parent`` gives the line that this one stands under."""
    known = [token.word.rstrip(";") for token in tokens]
    if "securityname" in known and "v3" not in known:
        at = known.index("securityname") + 1
        while at < len(tokens) - 1 and known[at] in {"cipher", "simple"}:
            at += 1
        return _one(tokens, at)
    if known[:2] == ["snmp-server", "host"]:
        return _trap_receiver(tokens, known)
    if known[:2] == ["snmpv3", "usm"] and len(known) > 4:  # Yamaha: … group 1 sha KEY aes KEY
        places = [at + 1 for at, word in enumerate(known) if at > 3 and _ALGORITHM.match(word)]
        return [span for at in places for span in _one(tokens, at)]
    spans = []
    for at, word in enumerate(known):
        if word in {"community", "community-map"} and _of_snmp(known, at, parent):
            spans += _community(tokens, known, at)
    return spans


def _of_snmp(known: Sequence[str], at: int, parent: Callable[[], str]) -> bool:
    if any("snmp" in word or "trap" in word for word in known[: min(at, 12)]):
        return True
    if at or any(word in {"members", "add", "delete"} for word in known):
        return False
    return "hash2" in known or known[-2:-1] == ["version"] or "snmp" in parent().lower()


def _community(tokens: Sequence[Token], known: Sequence[str], at: int) -> list[tuple[int, int]]:
    place = at + 1
    if known[place : place + 1] == ["index"] and known[place + 2 : place + 3] == ["name"]:
        return _one(tokens, place + 3)  # Eltex
    while (
        place < len(tokens) - 1
        and known[place] in _KINDS
        and known[place + 1] not in _BEHIND
        and not tokens[place + 1].stops
    ):
        place += 1
    menu = at and known[at - 1] == "/snmp" and known[place : place + 1] in (["add"], ["set"])
    if place >= len(tokens) or known[place] in _NO_VALUE or tokens[place].stops or menu:
        return []
    spans = _one(tokens, place)
    if place + 2 < len(tokens) and known[place + 1] == "name":
        written = known[place + 2] == "encrypted" and place + 3 < len(tokens)
        spans += _one(tokens, place + (3 if written else 2))
    return spans


def _trap_receiver(tokens: Sequence[Token], known: Sequence[str]) -> list[tuple[int, int]]:
    if "community" in known[3:]:
        return _community(tokens, known, known.index("community", 3))
    at = 5 if known[2:3] == ["vrf"] else 3
    if at == 3 and known[3:4] and _ADDRESS.fullmatch(known[3]):
        at = 4  # ASA names the interface first
    version = ""
    while at < len(tokens) - 1 and known[at] in _TRAP_OPTIONS:
        if known[at] == "version":
            version = known[at + 1]
        at += 1 + _TRAP_OPTIONS[known[at]]
    if version in {"3", "v3"}:
        return []
    return _one(tokens, at)


def _one(tokens: Sequence[Token], at: int) -> list[tuple[int, int]]:
    if at >= len(tokens) or tokens[at].stops:
        return []
    token = tokens[at]
    closed = token.text.endswith(";") and len(token.text) > 1
    return [(token.start, token.end - closed)]
