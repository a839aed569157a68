"""A document as blocks in reading order; HTML, Word and the terminal only lay it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weibao.i18n import Language

__all__ = [
    "Block",
    "Document",
    "Fact",
    "Facts",
    "Heading",
    "Listing",
    "Section",
    "Signature",
    "Signatures",
    "Table",
    "Text",
    "Tone",
]

Tone = Literal["", "note", "good", "warning", "bad"]
"""How something is meant: plain, beside the point, good, worth a look, bad."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a form."""

    label: str
    text: str
    wide: bool = False
    """It takes the whole row."""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A form: labelled fields."""

    items: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; line ends stay."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    """Relative widths of the columns."""
    tones: tuple[Tone, ...] = ()
    """Of each row; none: all plain."""
    marked: int = -1
    """The column that shows the row's tone."""

    def tone(self, row: int) -> Tone:
        """The tone of a row."""
        return self.tones[row] if self.tones else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Text of a device or a file, exactly as it is."""

    caption: str
    text: str
    diff: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A place for a signature, or whose consent stands there already."""

    role: str
    name: str = ""
    done: str = ""
    """When and how it was given; empty: to be signed by hand."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signature block (RPT-01)."""

    slots: tuple[Signature, ...]


Block = Facts | Text | Heading | Table | Listing | Signatures


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the document."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document in one language."""

    kind: str
    language: Language
    title: str
    subtitle: str
    number: str
    customer: str
    head: Facts
    banner: Text | None
    """What matters most, in a sentence."""
    sections: tuple[Section, ...]
    footer: str

    def numbered(self) -> tuple[tuple[str, Section], ...]:
        """The sections, each with its number as the language writes it."""
        return tuple((_number(n, self.language), s) for n, s in enumerate(self.sections, start=1))


_DIGITS = "零一二三四五六七八九十"


def _number(n: int, language: Language) -> str:
    if language == "en":
        return f"{n}. "
    if n <= 10:
        return _DIGITS[n] + "、"
    return f"{'' if n < 20 else _DIGITS[n // 10]}十{_DIGITS[n % 10] if n % 10 else ''}、"
