"""Where in a line a secret stands: the words of ``secret_words`` applied to tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weibao.domain import secret_words as words

__all__ = ["MASK", "announced"]

MASK = re.compile(r"<secret:[0-9A-Za-z]{1,64}>")
"""What stands in place of a secret."""

_PLAIN = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s|;|$)|\S+')
_BRACED = re.compile(r'"(?:[^"\\]|\\.)*"|[;{}\[\]]|[^\s;{}\[\]"]+|"')


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    text: str
    word: str
    """In lower case, without a colon behind it."""

    @property
    def stops(self) -> bool:
        """Whether it is punctuation alone."""
        return not self.text.strip(";{}[]|")


Parent = Callable[[int], str]
"""The line that a line of that number stands under."""


def announced(
    line: str, number: int, parent: Parent, *, braces: bool
) -> tuple[list[tuple[int, int]], int]:
    """The spans of ``line`` that a word before them declares secret, and where free text begins.

    ``braces``: the configuration is written with braces and semicolons. Free text
    (a description) begins behind the line where there is none.
    """
    tokens = _tokens(_BRACED if braces else _PLAIN, line)
    count = _before_free_text(tokens)
    free = tokens[count].start if count < len(tokens) else len(line)
    tokens = tokens[:count]
    spans = [*_word_spans(tokens, number, parent), *_communities(tokens), *_marked_secret(line)]
    return spans, free


def _tokens(pattern: re.Pattern[str], line: str) -> list[_Token]:
    return [
        _Token(m.start(), m.end(), m.group(), m.group().lower().rstrip(":"))
        for m in pattern.finditer(line)
    ]


def _before_free_text(tokens: Sequence[_Token]) -> int:
    """How many tokens stand before a description, a location or the like."""
    for position, token in enumerate(tokens[:-1]):
        if token.word in words.FREE_HEADS and (
            position == 0 or tokens[0].word in {"set", "snmp-server", "snmp-agent", "no", "ip"}
        ):
            return position
        comment = (position == 0 and token.text[0] in "!#") or (
            token.text == "##" and tokens[position - 1].stops
        )
        if comment:
            return position
    return len(tokens)


# words that announce a secret


def _word_spans(tokens: Sequence[_Token], number: int, parent: Parent) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    tails: list[bool] | None = None
    position = 0
    while position < len(tokens) - 1:
        if not _announces(tokens, position, number, parent):
            position += 1
            continue
        tails = tails if tails is not None else _tails(tokens)
        first = _past_qualifiers(tokens, position, tails)
        if first is None:
            position += 1
            continue
        end = first + 1
        if not _is_single(tokens[position].word, tokens[first]):
            while not tails[end]:
                end += 1
        spans.append(_span(tokens, first, end))
        position = end
    return spans


def _span(tokens: Sequence[_Token], first: int, end: int) -> tuple[int, int]:
    """Without a semicolon that closes the statement."""
    stop = tokens[end - 1]
    closed = stop.text.endswith(";") and len(stop.text) > 1
    return tokens[first].start, stop.end - (1 if closed else 0)


def _is_single(word: str, value: _Token) -> bool:
    quoted = len(value.text) > 1 and value.text[0] == '"' and value.text.rstrip(";")[-1] == '"'
    return quoted or word in words.SINGLE or bool(MASK.fullmatch(value.text.rstrip(";")))


def _announces(tokens: Sequence[_Token], position: int, number: int, parent: Parent) -> bool:
    """Whether a secret comes after the token at ``position``."""
    word, following = tokens[position].word, tokens[position + 1]
    before = tokens[position - 1].word if position else ""
    if before in words.NAME_WORDS and not _is_name(tokens, position - 1):
        return False
    if word in words.CONDITIONAL:
        return bool(words.ALGORITHM.match(following.word)) and position + 2 < len(tokens)
    if word in {"auth", "priv"}:
        return _is_snmp_user(tokens) and position > 2
    if (word not in words.WORDS and not word.endswith(words.WORD_ENDINGS)) or "=" in word:
        return False
    if following.stops:
        return False
    if word == "key":
        return not _is_key_name(tokens, position, number, parent)
    if word in {"cipher", "ciphertext"}:
        return not words.ALGORITHM.match(following.word) and (
            following.word not in words.CONDITIONAL
        )
    if word.endswith(("password", "passphrase")):
        policy = position == 0 or tokens[0].word in words.POLICY_HEADS
        if (policy and following.word in words.POLICY_STOPS) or before in words.METHOD_WORDS:
            return False
        if tokens[0].word == "username" and following.word == "lifetime":
            return False
        return not (before == "local-aaa-user" or (before == "local-user" and position == 2))
    if word == "psk":
        return following.word not in {"enable", "disable"}
    return True


def _is_name(tokens: Sequence[_Token], position: int) -> bool:
    """Whether the token is itself what a word before it names (``username username …``)."""
    return position > 0 and tokens[position - 1].word in words.NAME_WORDS


def _is_snmp_user(tokens: Sequence[_Token]) -> bool:
    return len(tokens) > 2 and tokens[0].word == "snmp-server" and "user" in tokens[1].word


def _is_key_name(tokens: Sequence[_Token], position: int, number: int, parent: Parent) -> bool:
    """``key`` that is a command, the number of a key, or a tunnel's."""
    following = tokens[position + 1].word.rstrip(";")
    before = tokens[position - 1].word if position else ""
    if following in words.KEY_STOPS and (position == 0 or tokens[0].word not in _KEY_OWNERS):
        return True
    if not following.isalnum() or not following.isdigit():
        return False
    if before == "tunnel" or any(token.word == "key-chain" for token in tokens[:position]):
        return True
    if any(token.word in {"ntp", "sntp"} for token in tokens[:4]) or (
        tokens[0].word in {"server", "peer"} and len(following) <= 5
    ):
        return True
    braced = position == 0 and len(tokens) > 2 and tokens[2].text == "{"
    return braced or (
        position == 0 and len(tokens) == 2 and _KEY_CHAIN.match(parent(number)) is not None
    )


_KEY_OWNERS = frozenset(["radius-server", "tacacs-server", "radius", "tacacs", "hwtacacs", "ldap"])


_KEY_CHAIN = re.compile(r"\s*(?:key[- ]?chain|macsec)\b")


def _past_qualifiers(tokens: Sequence[_Token], position: int, tails: Sequence[bool]) -> int | None:
    """Where the secret itself begins; None where none is left or it is hidden already."""
    word = tokens[position].word
    at = position + 1
    while at < len(tokens) - 1 and _goes_on(tokens[at + 1], tails[at + 1]):
        token = tokens[at].word
        number = token.isdigit() and (len(token) == 1 or word in words.ID_WORDS)
        if token in words.QUALIFIERS or number or words.ALGORITHM.match(token):
            at += 1
        elif token in words.QUALIFIERS_WITH_VALUE and at + 2 < len(tokens):
            at += 2
            while at < len(tokens) - 1 and re.fullmatch(
                r"[\d.:/a-fA-F]*[.:][\d.:/a-fA-F]*", tokens[at].text
            ):
                at += 1
        else:
            break
    if tokens[at].stops or tokens[at].text in {"##", "/*"}:
        return None
    if word in words.CONDITIONAL and words.ALGORITHM.match(tokens[at].word):
        return None
    return at


def _goes_on(token: _Token, tail: bool) -> bool:
    """Whether the secret may still be to come."""
    return not token.stops and (not tail or token.word in words.QUALIFIERS)


def _tails(tokens: Sequence[_Token]) -> list[bool]:
    """For each position whether all from there on is what may follow a secret."""
    count = len(tokens)
    tails = [False] * count + [True, True, True]
    for position in range(count - 1, -1, -1):
        token = tokens[position]
        plain = token.word.rstrip(";")
        if token.stops or plain in words.TAIL:
            tails[position] = tails[position + 1] or (
                plain in {"ro", "rw"} and position + 1 < count and tails[position + 2]
            )
        elif token.text == "##":
            tails[position] = True
        elif plain in words.TAIL_WITH_VALUE and position + 1 < count:
            tails[position] = tails[position + 2]
        elif position + 1 < count and (
            plain in words.WORDS
            or plain.endswith(words.WORD_ENDINGS)
            or plain in words.CONDITIONAL
            or (plain in {"auth", "priv"} and _is_snmp_user(tokens))
        ):
            tails[position] = True
    return tails


# forms of their own


_TRAP_OPTIONS = {
    "version": 1, "vrf": 1, "use-vrf": 1, "filter-vrf": 1, "source-interface": 1, "udp-port": 1,
    "port": 1, "interface": 1, "traps": 0, "trap": 0, "informs": 0, "inform": 0, "auth": 0,
    "noauth": 0, "priv": 0, "community": 0, "mgmt": 0, "encrypted": 0, "0": 0, "7": 0,
}  # fmt: skip


def _communities(tokens: Sequence[_Token]) -> list[tuple[int, int]]:
    """SNMP communities, also those of trap receivers, which no word announces."""
    known = [token.word for token in tokens]
    if "securityname" in known and "v3" not in known:
        at = known.index("securityname") + 1
        while at < len(tokens) - 1 and known[at] in {"cipher", "simple"}:
            at += 1
        return [(tokens[at].start, tokens[at].end)] if at < len(tokens) else []
    if known[:2] == ["snmp-server", "community"]:
        at = 2
        while at < len(tokens) - 1 and known[at] in {"0", "7", "8", "encrypted", "plaintext"}:
            at += 1
        return [(tokens[at].start, tokens[at].end)] if at < len(tokens) else []
    if known[:2] != ["snmp-server", "host"]:
        return []
    at = 3
    version = ""
    while at < len(tokens) and (known[at] in _TRAP_OPTIONS):
        if known[at] == "version" and at + 1 < len(tokens):
            version = known[at + 1]
        at += 1 + _TRAP_OPTIONS[known[at]]
    if at >= len(tokens) or version == "3":
        return []
    return [(tokens[at].start, tokens[at].end)]


_SECRET_DATA = re.compile(r"## ?SECRET-DATA")


def _marked_secret(line: str) -> list[tuple[int, int]]:
    """Junos says itself which statement is secret; its last value is."""
    mark = _SECRET_DATA.search(line)
    if mark is None:
        return []
    quoted = [m.span() for m in re.finditer(r'"(?:[^"\\]|\\.)*"', line[: mark.start()])]
    if quoted:
        return quoted[-1:]
    value = re.search(r"(\S+);\s*$", line[: mark.start()])
    return [value.span(1)] if value else []
