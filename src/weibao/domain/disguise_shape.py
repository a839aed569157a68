"""Invented values of the same shape as real ones, the same for the same one.

Everything follows from a key that is drawn for one recording and then forgotten, so that
nobody who knows a likely value can find out whether it was there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator

from weibao.domain.disguise_words import CHINESE, KEPT, WORDS

__all__ = ["Shapes"]

_HASH_HEAD = re.compile(r"\$[\w-]{1,12}\$(?:rounds=\d+\$|\d{1,6}\$)?")
_HEX = re.compile(r"(?=[^a-f]*\Z|[^A-F]*\Z)[0-9A-Fa-f]{4,}")
_LETTERS = re.compile(
    r"(?:19|20)\d\d([-/.])\d\d\1\d\d|\d{1,2}:\d\d(?::\d\d)?|[A-Za-z]{2,}|\d{2,}"
    r"|[\u3400-\u9fff]+"
)
_TIME = re.compile(r"\d{1,2}:[\d:]+|(?:19|20)\d\d(?:[-/.]\d\d){0,2}")
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_VOWELS, _CONSONANTS = "aeiou", "bdfgklmnprstv"


class Shapes:
    """Draws values from ``key``."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _numbers(self, kind: str, value: str) -> Iterator[int]:
        block = 0
        while True:
            seed = f"{kind}\0{block}\0{value}".encode("utf-8", "surrogateescape")
            yield from hmac.digest(self._key, seed, hashlib.sha256)
            block += 1

    def secret(self, value: str) -> str:
        """Letters for letters, digits for digits; a hash keeps its head, hex stays hex."""
        head = _HASH_HEAD.match(value)
        body = value[head.end() :] if head else value
        numbers = self._numbers("secret", value)
        while True:
            made = _same_shape(body, numbers)
            if made != body or not any(c.isalnum() for c in body):
                return (head[0] if head else "") + made

    def name(self, value: str) -> str:
        """A name that can be spoken, with the punctuation and the digits' places of ``value``."""
        numbers = self._numbers("name", value.lower())
        made = []
        for place, character in enumerate(value):
            if character.isascii() and character.isalpha():
                letters = _CONSONANTS if place % 2 == 0 else _VOWELS
                letter = letters[next(numbers) % len(letters)]
                made.append(letter.upper() if character.isupper() else letter)
            else:
                made.append(_same_shape(character, numbers))
        return "".join(made)

    def words(self, text: str) -> str:
        """Free text: other words of the same length; what every text may say stays."""
        return _LETTERS.sub(lambda m: self._word(m[0]), text)

    def _word(self, word: str) -> str:
        if word.lower() in KEPT or _TIME.fullmatch(word):
            return word
        numbers = self._numbers("word", word.lower())
        known = WORDS.get(len(word))
        if not word[0].isascii():
            return "".join(CHINESE[next(numbers) % len(CHINESE)] for _ in word)
        if word.isdigit() or not known:
            return self.name(word) if not word.isdigit() else _same_shape(word, numbers)
        made = known[next(numbers) % len(known)]
        if made == word.lower():
            made = known[(known.index(made) + 1) % len(known)]
        return "".join(n.upper() if o.isupper() else n for n, o in zip(made, word, strict=True))


def _same_shape(value: str, numbers: Iterator[int]) -> str:
    hexadecimal = _HEX.fullmatch(value) is not None
    made = []
    for character in value:
        number = next(numbers)
        if character.isascii() and character.isdigit():
            made.append(str(number % 10))
        elif character.isascii() and character.isalpha():
            letter = _LOWER[number % (6 if hexadecimal else 26)]
            made.append(letter.upper() if character.isupper() else letter)
        elif "\u3400" <= character <= "\u9fff":
            made.append(CHINESE[number % len(CHINESE)])
        else:
            made.append(character)
    return "".join(made)
