"""Where in a line a secret stands: the words of ``secret_words`` applied to tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from weibao.domain import secret_words as words
from weibao.domain.secret_snmp import SNMP_USER_WORDS, is_snmp_user, snmp_spans
from weibao.domain.secret_token import Token

__all__ = ["MASK", "announced"]

MASK = re.compile(r"<secret:[0-9A-Za-z]{1,64}>")
"""What stands in place of a secret."""

_PLAIN = re.compile(
    r'"(?:[^"\\]|\\.)*"(?=\s|;|$)|\'[^\']*\'(?=\s|;|$)|[\w.-]{1,60}="(?:[^"\\]|\\.)*"(?=\s|$)|\S+'
)
_BRACED = re.compile(r'"(?:[^"\\]|\\.)*"|[;{}\[\]]|[^\s;{}\[\]"]+|"')


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
    if len(tokens) > 2 and tokens[0].word == "encrypted":  # Eltex puts it before the command
        tokens = tokens[1:]
    count = _before_free_text(tokens)
    free = tokens[count].start if count < len(tokens) else len(line)
    tokens = tokens[:count]
    spans = [
        *_word_spans(tokens, number, parent),
        *_written_spans(tokens),
        *snmp_spans(tokens, lambda: parent(number)),
        *_marked_secret(line),
        *_commands_in_quotes(tokens, number, parent),
    ]
    return spans, free


def _tokens(pattern: re.Pattern[str], line: str) -> list[Token]:
    return [
        Token(m.start(), m.end(), m.group(), m.group().lower().rstrip(":"))
        for m in pattern.finditer(line)
    ]


def _before_free_text(tokens: Sequence[Token]) -> int:
    """How many tokens stand before a description, a location or the like."""
    for position, token in enumerate(tokens[:-1]):
        if _is_free_head(tokens, position):
            return position
        comment = (position == 0 and (token.text[0] in "!#" or token.text[:2] == "/*")) or (
            token.text == "##" and tokens[position - 1].stops
        )
        if comment:
            return position
    return len(tokens)


def _is_free_head(tokens: Sequence[Token], position: int) -> bool:
    word = tokens[position].word
    if word not in _FREE_HEADS:
        return False
    if (position == 0 and word not in _FORTINET_HEADS) or (
        word in {"remark", "description"} and _ends_with_free_text(tokens[0])
    ):
        return True
    if tokens[0].word == "action":  # of an event manager
        return word == "msg"
    if tokens[0].word in {"configure", "create"}:  # EXOS
        return word in {"description", "syscontact", "syslocation"}
    if tokens[0].word not in {"set", "snmp-server", "snmp-agent", "no", "ip", "undo"}:
        return False
    if (
        tokens[0].word.startswith("snmp")
        and word.endswith(("location", "contact"))
        and position < 3
    ):
        return True
    if word in _FORTINET_HEADS:
        return tokens[0].word == "set" and position == 1 and len(tokens) == 3
    # "set … name x password y" goes on behind the name.
    return word in words.LONG_FREE_HEADS or position + 2 >= len(tokens)


_FORTINET_HEADS = frozenset(["alias", "comments"])
_FREE_HEADS = words.FREE_HEADS | words.LONG_FREE_HEADS | _FORTINET_HEADS | {"msg"}


def _ends_with_free_text(first: Token) -> bool:
    """``access-list OUT remark …``, ``10 remark …``, ``neighbor 10.0.0.1 description …``."""
    return first.word in {"access-list", "neighbor", "name", "seq"} or first.word.isdigit()


# words that announce a secret


def _word_spans(tokens: Sequence[Token], number: int, parent: Parent) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    tails: list[bool] | None = None
    position = 0
    while position < len(tokens) - 1:
        if not _announces(tokens, position, number, parent):
            position += 1
            continue
        tails = tails if tails is not None else _tails(tokens)
        first = _past_qualifiers(tokens, position, tails)
        if (
            first is None
            or _is_key_shown_whole(tokens, first)
            or _HIDDEN.fullmatch(tokens[first].text)
        ):
            position += 1
            continue
        end = first + 1
        if not _is_single(tokens[position].word, tokens[first]) and not _is_sealed(
            tokens, position, first
        ):
            while not tails[end]:
                end += 1
        if not any(MASK.fullmatch(token.text) for token in tokens[first + 1 : end]):
            # Else a rule of the platform's own has found the secret behind its name.
            spans.append(_span(tokens, first, end))
        position = end
    return spans


def _span(tokens: Sequence[Token], first: int, end: int) -> tuple[int, int]:
    """Without a semicolon that closes the statement."""
    stop = tokens[end - 1]
    closed = stop.text.endswith(";") and len(stop.text) > 1
    return tokens[first].start, stop.end - (1 if closed else 0)


def _is_key_shown_whole(tokens: Sequence[Token], first: int) -> bool:
    """A public key; or a private one's first line, whose body is hidden as a whole."""
    value = "".join(token.text for token in tokens[first : first + 2]).lstrip("\"'")
    if _PUBLIC_KEY.match(value):
        return True
    if not value.startswith("-----BEGIN"):
        return False
    return any(token.text.startswith("PRIVATE") for token in tokens[first : first + 5])


_HIDDEN = re.compile(r"\\?[\"']" + MASK.pattern + r"\\?[\"'](?:\\[rn]|[\\;,])*")
"""A value within a quoted script that is hidden already."""

_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w+) ?AAAA|AAAA(?:[BC]3NzaC1|E2VjZHNh)"
)


def _is_single(word: str, value: Token) -> bool:
    quoted = len(value.text) > 1 and value.text[0] == '"' and value.text.rstrip(";")[-1] == '"'
    whole = MASK.fullmatch(value.text.rstrip(";")) or _SEALED.fullmatch(value.text)
    return quoted or word in words.SINGLE or whole is not None


def _is_sealed(tokens: Sequence[Token], position: int, first: int) -> bool:
    """Whether the word before the value says that the device wrote it."""
    kind = tokens[first - 1].word
    if first - 1 == position or kind not in words.SEALED_KINDS:
        return False
    # Right behind such a word a number is the key's.
    return not (
        kind.isdigit() and first == position + 2 and tokens[position].word in words.ID_WORDS
    )


_SEALED = re.compile(
    r"(?P<mark>%\^%#|%@%[@#]|%#%#|%\$%\$|%\+%#|@%@%)\S+(?P=mark)|\$(?:[ch]\$\d+|1[a-z])\$\S+"
)
"""A secret that the device wrote in a form of its own; nothing of it comes after a blank."""


def _announces(tokens: Sequence[Token], position: int, number: int, parent: Parent) -> bool:
    """Whether a secret comes after the token at ``position``."""
    word, following = tokens[position].word, tokens[position + 1]
    before = _before(tokens, position)
    if before in words.NAME_WORDS and not _is_name(tokens, position - 1):
        return False
    if word in words.CONDITIONAL:
        return bool(words.ALGORITHM.match(following.word)) and position + 2 < len(tokens)
    if word in SNMP_USER_WORDS:
        return is_snmp_user(tokens) and (position > 0 or word == "authentication")
    if not _is_secret_word(word) or following.stops:
        return False
    if words.SETTING.match(" ".join([before, *(t.word for t in tokens[position : position + 9])])):
        return False
    if following.word.isdigit() and [t.text for t in tokens[position + 2 :]] == ["{"]:
        return False  # SR OS: the number of a key, whose part opens
    switch = word.endswith("-key") or word == "hello-password"
    if switch and following.word in words.SWITCHES and position + 2 == len(tokens):
        return False
    if word == "md5-authentication" and following.word == "key-activation-wait-time":
        return False
    if word == "default-key" and following.word.isdigit() and position + 2 == len(tokens):
        return False  # which of the keys is used
    if word == "key":
        return not _is_key_name(tokens, position, number, parent)
    if word in {"cipher", "ciphertext"}:
        return tokens[0].word != "ssh" and not (
            words.ALGORITHM.match(following.word) or following.word in words.CONDITIONAL
        )
    if word.endswith(("password", "passphrase")):
        policy = position == 0 or tokens[0].word in {*words.POLICY_HEADS, "snmp-agent"}
        if (policy and following.word in words.POLICY_STOPS) or before in words.METHOD_WORDS:
            return False
        if tokens[0].start == 0 == position and [t.word for t in tokens[1:]] in _PROCURVE_ASKS:
            return False
        if tokens[0].word == "username" and following.word == "lifetime":
            return False
        if following.word == "keychain" and word.endswith("-password"):
            return False
        return not (before == "local-aaa-user" or (before == "local-user" and position == 2))
    if word == "psk":
        return following.word not in {"enable", "disable", "ckn", "provisioning"}
    if word == "token":
        return before != "pki"
    if word == "authenticator":
        return before != "port-access"
    if word == "secret" and before.endswith("/ppp"):  # a menu of RouterOS
        return following.word not in {"add", "set"}
    return True


def _is_secret_word(word: str) -> bool:
    if not word or "=" in word or word[0] in "\"'<" or words.NOT_SECRET.match(word):
        return False
    return word in words.WORDS or word.endswith(words.WORD_ENDINGS)


def _before(tokens: Sequence[Token], position: int) -> str:
    """The word before; in a list in brackets the word before the list."""
    at = position - 1
    while at > max(0, position - 8) and tokens[at].text != "[" and tokens[at].word in words.WAYS_IN:
        at -= 1
    if at > 0 and tokens[at].text == "[":
        return tokens[at - 1].word
    return tokens[position - 1].word if position else ""


def _is_name(tokens: Sequence[Token], position: int) -> bool:
    """Whether the token is itself what a word before it names (``username username …``)."""
    return position > 0 and tokens[position - 1].word in words.NAME_WORDS


def _is_key_name(tokens: Sequence[Token], position: int, number: int, parent: Parent) -> bool:
    """``key`` that is a command, the number of a key, or a tunnel's."""
    following = tokens[position + 1].word.rstrip(";")
    before = tokens[position - 1].word if position else ""
    if position == 1 and before == "crypto":
        return True
    if position >= 2 and tokens[position - 2].word == "certificate":
        return True  # the names of two files
    if following in words.KEY_STOPS and (position == 0 or tokens[0].word not in _KEY_OWNERS):
        return True
    if not following.isalnum() or not following.isdigit():
        return False
    if before in {"tunnel", "gre"} or any(
        token.word == "key-chain" for token in tokens[: min(position, 8)]
    ):
        return True
    if any(token.word in {"ntp", "sntp"} for token in tokens[:4]) or (
        tokens[0].word in {"server", "peer"} and len(following) <= 5
    ):
        behind = tokens[position + 2 : position + 3]
        return not behind or behind[0].word in _BEHIND_NTP_KEY
    braced = position == 0 and len(tokens) > 2 and tokens[2].text == "{"
    return braced or (
        position == 0 and len(tokens) == 2 and _KEY_CHAIN.match(parent(number)) is not None
    )


_PROCURVE_ASKS = (["manager"], ["operator"])
"""Behind ``password``: there is one, and it is not shown."""

_KEY_OWNERS = frozenset(["radius-server", "tacacs-server", "radius", "tacacs", "hwtacacs", "ldap"])


_BEHIND_NTP_KEY = frozenset(
    [
        "prefer",
        "preferred",
        "trusted",
        "iburst",
        "burst",
        "version",
        "minpoll",
        "maxpoll",
        "source",
        "vrf",
        "use-vrf",
        "vpn-instance",
        ";",
    ]
)

_KEY_CHAIN = re.compile(r"\s*(?:key[- ]?chain|macsec)\b")


def _past_qualifiers(tokens: Sequence[Token], position: int, tails: Sequence[bool]) -> int | None:
    """Where the secret itself begins; None where none is left or it is hidden already."""
    word = tokens[position].word
    at = position + 1
    while at < len(tokens) - 1 and (
        _goes_on(tokens[at + 1], tails[at + 1]) or _is_weak(tokens, at + 1, tails)
    ):
        token = tokens[at].word
        number = token.isdigit() and (len(token) == 1 or word in words.ID_WORDS)
        if (
            token in words.QUALIFIERS
            or number
            or words.ALGORITHM.match(token)
            or _ADDRESS.fullmatch(token)
        ):
            at += 1
        elif token in words.QUALIFIERS_WITH_VALUE and at + 2 < len(tokens):
            at += 2
        else:
            break
    if tokens[at].stops or tokens[at].text in {"##", "/*"}:
        return None
    if word in words.CONDITIONAL and (
        words.ALGORITHM.match(tokens[at].word)
        or (tokens[at].word in {"keychain", "key-chain"} and at + 2 == len(tokens))
    ):
        return None
    if (
        word in SNMP_USER_WORDS
        and tokens[at + 1 : at + 2]
        and (tokens[at + 1].word in {"auth-pass", "priv-pass"})
    ):
        return None  # AOS-CX: auth sha auth-pass ciphertext …
    if tokens[at].word == "type" and at + 2 >= len(tokens):
        return None  # Junos: set … authentication-key 1 type md5
    if re.fullmatch("[0-9]", tokens[at].word) and at > position + 1 and not tails[at]:
        last = tokens[at - 1].word  # NX-OS writes the kind behind: md5 plain 0
        known = not last.isdigit() or words.ALGORITHM.match(tokens[at - 2].word)
        if known and not words.ALGORITHM.match(last) and at + 1 == len(tokens):
            return at - 1
    return at


_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?|[\da-f]*:[\da-f:.]*:[\da-f:.]*(?:/\d+)?")


def _is_weak(tokens: Sequence[Token], at: int, tails: Sequence[bool]) -> bool:
    """``password 0 secret``: a word that announces is the secret where nothing follows it."""
    return tokens[at].word in _WEAK and tails[at + 1] and not tokens[at].stops


_WEAK = frozenset(["secret", "password", "passwd", "passphrase", "token", "key"])


def _goes_on(token: Token, tail: bool) -> bool:
    """Whether the secret may still be to come."""
    return not token.stops and (not tail or token.word in words.QUALIFIERS)


def _tails(tokens: Sequence[Token]) -> list[bool]:
    """For each position whether all from there on is what may follow a secret."""
    count = len(tokens)
    tails = [False] * count + [True, True, True]
    for position in range(count - 1, -1, -1):
        token = tokens[position]
        plain = token.word.rstrip(";")
        if (
            (
                token.stops
                or plain in words.TAIL
                or (position + 1 == count and _is_kind_behind(tokens, position))
            )
            and (
                tails[position + 1]
                or (plain in {"ro", "rw"} and position + 1 < count and tails[position + 2])
            )
        ) or token.text == "##":
            tails[position] = True
        elif plain in words.TAIL_WITH_VALUE and position + 1 < count:
            masked = plain == "address" and position + 2 < count  # an address and its mask
            masked = masked and _ADDRESS.fullmatch(tokens[position + 2].word) is not None
            tails[position] = tails[position + (3 if masked else 2)]
        elif position + 1 < count and (
            _is_secret_word(plain or "-")
            or plain in words.CONDITIONAL
            or (plain in SNMP_USER_WORDS and is_snmp_user(tokens))
        ):
            tails[position] = True
    return tails


def _is_kind_behind(tokens: Sequence[Token], position: int) -> bool:
    """A number behind the secret: how an NTP key is written, the id of a RIP key."""
    known = [token.word for token in tokens[:3]]
    return (
        position >= 5
        and len(tokens[position].word) < 4
        and tokens[position].word.isdigit()
        and (
            known[:2] == ["ntp", "authentication-key"]
            or known[:2] == ["rip", "authentication-mode"]
        )
    )


# forms of their own


_SECURITY = re.compile(
    r"auth|key|pass|md5|sha\d?$|hmac|commun|secret|cak|psk|crypt|^sa$|vlink|sham"
)


def _written_spans(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """What follows ``plain`` or ``cipher`` behind a word of authentication."""
    spans = []
    secured = False
    for position in range(1, len(tokens) - 1):
        secured = secured or bool(_SECURITY.search(tokens[position - 1].word))
        following = tokens[position + 1]
        if tokens[position].word not in words.HOW_WRITTEN or following.stops:
            continue
        known = following.word
        weak = known in _WEAK and position + 2 == len(tokens)
        if not weak and (
            known in words.QUALIFIERS
            or known in words.QUALIFIERS_WITH_VALUE
            or known in {"username", "user"}
            or (known == "privilege" and tokens[position + 2 :])
            or (known in SNMP_USER_WORDS and is_snmp_user(tokens))
            or tokens[position - 1].text.endswith("-BEGIN")
            or words.ALGORITHM.match(known)
            or _ADDRESS.fullmatch(known)
            or _is_secret_word(known)
            or (known.isdigit() and len(known) == 1)
        ):
            continue
        if secured:
            spans.append(_span(tokens, position + 1, position + 2))
    return spans


def _commands_in_quotes(
    tokens: Sequence[Token], number: int, parent: Parent
) -> list[tuple[int, int]]:
    """The same within quoted commands, as event handlers and schedulers hold them."""
    spans = []
    if len(tokens) == 3 and tokens[0].word == "set" and tokens[1].word != "script":
        return []  # a name of FortiOS
    for at, token in enumerate(tokens):
        begin = token.text.find('"') + 1
        head = token.text[: begin - 1].rstrip("=").lower()
        if not begin or len(token.text) - begin < 6 or " " not in token.text:
            continue
        if begin > 1 and (not head or head in words.FREE_HEADS or head in words.LONG_FREE_HEADS):
            continue
        inner = token.text[begin:].rstrip(";").removesuffix('"')
        if at and begin == 1 and tokens[at - 1].word in words.QUOTED_HEADS:
            found = [
                match.span(group)
                for match in words.SPOKEN.finditer(inner)
                for group in match.groupdict()
                if match[group]
            ]
        else:
            found, _ = announced(inner, number, parent, braces=False)
        spans += [(start + token.start + begin, end + token.start + begin) for start, end in found]
    return spans


_SECRET_DATA = re.compile(r"## ?SECRET-DATA")
_MARKED_ONLY = re.compile(r"\s*(?:server|peer) \S+ key \d+\b|[^\n]*\"(?:ssh|ecdsa)-[\w@.-]+ AAAA")
"""What Junos marks as secret too: the number of an NTP key, a public key."""


def _marked_secret(line: str) -> list[tuple[int, int]]:
    """Junos says itself which statement is secret; its last value is."""
    mark = _SECRET_DATA.search(line)
    if mark is None or _MARKED_ONLY.match(line):
        return []
    quoted = [m.span() for m in re.finditer(r'"(?:[^"\\]|\\.)*"', line[: mark.start()])]
    if quoted:
        return quoted[-1:]
    value = re.search(r"(\S+);\s*$", line[: mark.start()])
    return [value.span(1)] if value else []
