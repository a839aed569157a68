"""What the faults make of a configuration that is about to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from weibao_lab.faults import Fault

__all__ = ["Damaged", "damage", "half_of"]

_GARBAGE: Final = b"\x07\x1b[2K\x00\x1b[1;31m\x08\x1b[0m\xfe"


@dataclass(frozen=True)
class Damaged:
    """The text to print and how the printing ends."""

    text: bytes
    cut: bool = False
    hang: bool = False


def half_of(text: bytes) -> int:
    """A place in the middle of a line in the middle of the text."""
    start = text.rfind(b"\n", 0, len(text) // 2) + 1
    end = text.find(b"\n", start)
    return start + max((end - start) // 2, 1)


def _line_start(text: bytes, part: float) -> int:
    return text.find(b"\n", int(len(text) * part)) + 1


def _without_end(text: bytes, marks: tuple[bytes, ...]) -> bytes:
    """Without the end mark; a platform without one loses its last lines."""
    stripped = text.rstrip(b"\n")
    last = stripped.rfind(b"\n") + 1
    if stripped[last:].strip() in marks:
        return stripped[:last]
    return b"".join(text.splitlines(keepends=True)[:-6])


def damage(text: bytes, fault: Fault, end_marks: tuple[bytes, ...], syslog: bytes) -> Damaged:
    """Apply the faults of the content, in the order in which they would show."""
    if fault.empty_answer:
        return Damaged(b"")
    if fault.missing_end:
        text = _without_end(text, end_marks)
    if fault.syslog_in_middle in {"own_line", "both"}:
        at = _line_start(text, 0.4)
        text = text[:at] + syslog + b"\n" + text[at:]
    if fault.syslog_in_middle in {"mid_line", "both"}:
        at = half_of(text)
        text = text[:at] + syslog + b"\n" + text[at:]
    if fault.garbage:
        for part in (0.7, 0.3):
            at = _line_start(text, part)
            text = text[:at] + _GARBAGE + text[at:]
    if fault.half_configuration or fault.hang_in_output:
        text = text[: half_of(text)]
        if fault.half_configuration and not fault.hang_in_output:
            text += b"\n"
    if fault.cut_after_bytes is not None and fault.cut_after_bytes < len(text):
        return Damaged(text[: max(fault.cut_after_bytes, 0)], cut=True)
    return Damaged(text, hang=fault.hang_in_output)
