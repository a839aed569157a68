"""Taking out of a recorded session whose device it was (SEC-02).

What is replaced, is replaced everywhere in the session and by the same, so that the case
still tests what the device's own texts would: secrets by invented ones of the same shape
(redaction has to find them again), names by names, addresses by ones that are reserved for
documentation, free text by other words of the same length.

No set of rules finds everything: the recorder tells its user to read the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from weibao.domain import disguise_places as places
from weibao.domain.disguise_networks import Networks
from weibao.domain.disguise_shape import Shapes
from weibao.domain.disguise_words import DEFAULT_NAMES, KEPT, VENDOR_DOMAINS
from weibao.domain.platform import Platform, compiled
from weibao.domain.redaction import redact

__all__ = ["Disguise", "Piece", "Whose"]

# Beyond what any device's encoding can say.
_OPEN, _CLOSE, _ZERO = "\U000f0000", "\U000f0001", 0xF0010
_TOKEN = re.compile(f"{_OPEN}([\U000f0010-\U000f0019]+){_CLOSE}")
_SECOND_LEVEL = {"com", "net", "org", "gov", "edu", "co", "ac"}
_MARK = re.compile(r"<secret:([0-9a-f]{8})>")
_STATED = re.compile(r"^((?:Current configuration *: *|Using ))(\d+)(?= (?:bytes|out of))", re.M)


@dataclass(frozen=True)
class Piece:
    """One text of a session."""

    text: str
    free: bool = False
    """All of it may be anybody's words: a login's banner."""
    question: bool = False
    """The device's own words, whatever they say of passwords: a question, a prompt."""


@dataclass(frozen=True)
class Whose:
    """What is known beforehand. Holds secrets."""

    user: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    hostnames: tuple[str, ...] = ()


class Disguise:
    """One session's replacements; ``counts`` says how many different things were replaced."""

    def __init__(self, key: bytes, platform: Platform, whose: Whose) -> None:
        """``key`` is drawn for this one session and kept nowhere."""
        self._shapes = Shapes(key)
        self._platform = platform
        self._whose = whose
        self._networks = Networks()
        self._tokens: list[str] = []
        self._token_of: dict[tuple[str, str], str] = {}
        self._marks: list[str] = []
        self._elsewhere: dict[str, str] = {}
        """Words that are replaced wherever they stand, by their kind."""
        self._domains: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def over(self, pieces: Sequence[Piece]) -> list[str]:
        """All texts of the session, disguised together."""
        hidden = [p.text if p.question else self._without_secrets(p.text) for p in pieces]
        self._learn(hidden, [piece.text for piece in pieces])
        return [
            _restated(piece.text, self._expanded(self._replaced(text, free=piece.free)))
            for piece, text in zip(pieces, hidden, strict=True)
        ]

    def secret(self, value: str) -> str:
        """What stands for a secret of the login."""
        return self._shapes.secret(value) if value else value

    def user(self, value: str) -> str:
        """What stands for the login's user."""
        return value if _is_nobody(value) else self._shapes.name(value)

    # secrets

    def _without_secrets(self, text: str) -> str:
        for secret in sorted(self._whose.secrets, key=len, reverse=True):
            if len(secret) >= 4:
                text = text.replace(secret, self._token("secret", secret, self._shapes.secret))
        redacted = redact(text, self._platform, self._mark)
        return _MARK.sub(lambda m: self._unmarked(m, redacted), redacted)

    def _mark(self, secret: str) -> str:
        self._marks.append(secret)
        return f"{len(self._marks) - 1:08x}"

    def _original(self, secret: str) -> str:
        """A secret in which a part had been found before."""
        while _MARK.search(secret):
            secret = _MARK.sub(lambda m: self._marks[int(m[1], 16)], secret)
        return _TOKEN.sub(lambda m: self._tokens[_number(m[1])], secret)

    def _unmarked(self, mark: re.Match[str], text: str) -> str:
        secret = self._original(self._marks[int(mark[1], 16)])
        line = text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        if "\n" in secret and line and not line.strip() and secret.startswith(line):
            secret = secret[len(line) :]  # the body of a key, whose indent stands before it
        # A plain word may as well be one of the device's own.
        if len(secret) >= 5 and not re.fullmatch(r"[A-Z]?[a-z-]*|[^\n]*\n[\s\S]*", secret):
            self._elsewhere.setdefault(secret, "secret")
        return self._token("secret", secret, self._shapes.secret)

    # what is replaced wherever it stands

    def _learn(self, hidden: Iterable[str], texts: Iterable[str]) -> None:
        names = {name for name in self._whose.hostnames if name}
        for text in texts:
            names |= {
                match["hostname"]
                for pattern in self._platform.configuration.hostname
                for match in compiled(pattern).finditer(text)
                if match["hostname"]
            }
        names |= {name.partition(".")[0] for name in names if not name[:1].isdigit()}
        for name in names:
            self._know(name, "hostname")
        self._know(self._whose.user, "user")
        for text in hidden:
            for pattern in places.USERS:
                for match in pattern.finditer(text):
                    self._know(match["value"], "user")
            for pattern in places.SERIALS:
                for match in pattern.finditer(text):
                    self._know(match["value"], "serial")

    def _know(self, word: str, kind: str) -> None:
        if word and not _is_nobody(word) and not places.IPV4.fullmatch(word):
            self._elsewhere.setdefault(word, kind)

    def _made(self, kind: str) -> Callable[[str], str]:
        if kind == "hostname":
            return self._hostname
        return self._shapes.name if kind == "user" else self._shapes.secret

    def _hostname(self, name: str) -> str:
        """A name that a prompt cuts off is cut off in the same place."""
        longest = max(
            (n for n, k in self._elsewhere.items() if k == "hostname" and n.startswith(name)),
            key=len,
            default=name,
        )
        return self._shapes.name(longest)[: len(name)]

    # replacing

    def _token(self, kind: str, value: str, made: Callable[[str], str]) -> str:
        token = self._token_of.get((kind, value))
        if token is None:
            new = made(value)
            number = "".join(chr(_ZERO + int(digit)) for digit in str(len(self._tokens)))
            # One that stays is held fast too: it must not be taken for something else.
            token = f"{_OPEN}{number}{_CLOSE}"
            self._tokens.append(new)
            if new != value:
                self.counts[kind] += 1
            self._token_of[kind, value] = token
        return token

    def _replaced(self, text: str, *, free: bool) -> str:
        text = self._by(places.MAIL, "mail", self._mail, text)
        text = self._by(places.NAMED_DOMAINS, "domain", self._domain, text)
        text = self._by(places.DOMAIN, "domain", self._domain, text)
        text = self._by(places.IPV6, "address", self._networks.ipv6, text)
        text = self._by(places.MAC, "mac", self._networks.mac, text)
        text = self._ipv4(text)
        text = self._words_elsewhere(text)
        for pattern in places.PHONES:
            text = self._by(pattern, "phone", self._shapes.secret, text)
        for pattern in places.BODIES:
            text = self._by(pattern, "certificate", self._shapes.secret, text)
        if free:
            return self._free(text)
        for pattern in (*places.BANNERS, *places.FREE_TEXTS):
            text = pattern.sub(self._free_match, text)
        return text

    def _by(
        self, pattern: re.Pattern[str], kind: str, made: Callable[[str], str], text: str
    ) -> str:
        def replaced(match: re.Match[str]) -> str:
            start, end = match.start("value") - match.start(), match.end("value") - match.start()
            whole = match[0]
            return whole[:start] + self._token(kind, match["value"], made) + whole[end:]

        return pattern.sub(replaced, text)

    def _ipv4(self, text: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            before = text[max(0, match.start() - 24) : match.start()]
            if places.RELEASE.search(before):
                return match[0]
            return self._token("address", match["value"], self._networks.ipv4)

        return places.IPV4.sub(replaced, text)

    def _words_elsewhere(self, text: str) -> str:
        if not self._elsewhere:
            return text
        longest_first = sorted(self._elsewhere, key=len, reverse=True)
        one = "|".join(map(re.escape, longest_first))
        return re.sub(
            rf"(?<![A-Za-z0-9])(?:{one})(?![A-Za-z0-9])",
            lambda m: self._token(self._elsewhere[m[0]], m[0], self._made(self._elsewhere[m[0]])),
            text,
        )

    def _free_match(self, match: re.Match[str]) -> str:
        start, end = match.start("value") - match.start(), match.end("value") - match.start()
        return match[0][:start] + self._free(match["value"]) + match[0][end:]

    def _free(self, text: str) -> str:
        """Words of a person; what was replaced before stays as it is."""
        parts = re.split(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})", text)
        return "".join(p if p[:1] == _OPEN else self._free_part(p) for p in parts)

    def _free_part(self, text: str) -> str:
        if self._shapes.words(text) == text:
            return text
        return self._token("free_text", text, self._shapes.words)

    def _mail(self, value: str) -> str:
        local, _, domain = value.partition("@")
        return f"{self._shapes.name(local)}@{self._domain(domain)}"

    def _domain(self, value: str) -> str:
        """``a.b.corp.cn`` as ``x.y.d1.example``; a vendor's own stays."""
        labels = value.lower().split(".")
        own = (
            3 if len(labels) > 2 and labels[-2] in {"com", "net", "org", "gov", "edu", "co"} else 2
        )
        domain = ".".join(labels[-own:])
        if domain in VENDOR_DOMAINS or labels[-1] in {"example", "invalid", "test"}:
            return value
        made = self._domains.setdefault(domain, f"d{len(self._domains) + 1}.example")
        hosts = value.split(".")[:-own]
        return ".".join([*(self._host_label(label) for label in hosts), made])

    def _host_label(self, label: str) -> str:
        known = self._elsewhere.get(label)
        if known:
            return self._made(known)(label)
        return label if label.lower() in {"www", "ntp", "time", "dns"} else self._shapes.name(label)

    def _expanded(self, text: str) -> str:
        while _OPEN in text:
            text = _TOKEN.sub(lambda m: self._tokens[_number(m[1])], text)
        return text


def _number(digits: str) -> int:
    return int("".join(str(ord(digit) - _ZERO) for digit in digits))


def _is_nobody(word: str) -> bool:
    low = word.lower()
    return len(word) < 2 or low in DEFAULT_NAMES or low in KEPT


def _restated(before: str, after: str) -> str:
    """The length that a text states of itself, corrected by what it grew or shrank."""
    grown = len(after.encode("utf-8", "replace")) - len(before.encode("utf-8", "replace"))
    return _STATED.sub(lambda m: f"{m[1]}{max(0, int(m[2]) + grown)}", after) if grown else after
