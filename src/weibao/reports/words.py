"""Words, times and sizes for people: one language and one time zone at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from weibao.domain.reasons import Reason
from weibao.i18n import Language, messages, translate

__all__ = ["Words", "visible"]

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def _seen(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return f"⟨U+{code:04X}⟩"


def visible(text: str) -> str:
    """``text`` with control, direction and broken characters made visible.

    Device text may carry them; they would break a page, or show it other than it is.
    """
    return _UNSEEN.sub(_seen, text)


class Words:
    """The catalogue in one language, with times in one zone."""

    def __init__(self, language: Language, zone: str) -> None:
        """``zone`` is an IANA name; an unknown one means UTC, which is then said."""
        self.language: Language = language
        self.zone_name, self._zone = _zone(zone)

    def __call__(self, key: str, **params: object) -> str:
        """The text of ``report.<key>``."""
        return translate(f"report.{key}", self.language, **params)

    def number(self, key: str, n: int, **params: object) -> str:
        """The text of ``report.<key>`` for ``n`` things: ``report.<key>.one`` for one."""
        single = f"report.{key}.one"
        chosen = single if n == 1 and single in messages() else f"report.{key}"
        return translate(chosen, self.language, n=n, **params)

    def maybe(self, key: str, default: str) -> str:
        """The text of ``report.<key>`` where the catalogue has it, else ``default``."""
        return self(key) if f"report.{key}" in messages() else default

    def reason(self, reason: Reason | None) -> str:
        """A reason's sentence, empty for none; an error of a step brings its whole key."""
        if reason is None:
            return ""
        key = reason.key if reason.key in messages() else reason.code
        said = visible(translate(key, self.language, **reason.params))
        # A sentence here begins with a capital; a name that leads it stays as it is.
        begins = messages().get(key, {}).get(self.language, "")[:1]
        return said[:1].upper() + said[1:] if begins.islower() else said

    def has_reason(self, reason: Reason) -> bool:
        """Whether the catalogue has a sentence for it."""
        return reason.key in messages()

    def join(self, parts: list[str]) -> str:
        """A list of names."""
        return self("joiner").join(parts)

    def local(self, moment: datetime) -> datetime:
        """``moment`` in the zone."""
        return moment.astimezone(self._zone)

    def moment(self, moment: datetime) -> str:
        """Date and time to the minute."""
        return self.local(moment).strftime("%Y-%m-%d %H:%M")

    def second(self, moment: datetime) -> str:
        """Date and time to the second."""
        return self.local(moment).strftime("%Y-%m-%d %H:%M:%S")

    def clock(self, moment: datetime) -> str:
        """Time of day to the second."""
        return self.local(moment).strftime("%H:%M:%S")

    def day(self, moment: datetime) -> str:
        """The date."""
        return self.local(moment).strftime("%Y-%m-%d")

    def offset(self, moment: datetime) -> str:
        """The zone's offset then, as ``UTC+08:00``."""
        return _offset(self.local(moment))

    def duration(self, seconds: float) -> str:
        """A duration in its two largest units."""
        seconds = max(0.0, seconds)
        if seconds < 9.95:
            shown = f"{seconds:.0f}" if seconds == round(seconds) else f"{seconds:.1f}"
            return self("time.seconds", n=shown)
        whole = round(seconds)
        if whole < 60:
            return self("time.seconds", n=whole)
        if whole < 3600:
            return self._two("minutes", "minutes_seconds", *divmod(whole, 60))
        if whole < 86400 * 2:
            return self._two("hours", "hours_minutes", *divmod(round(whole / 60), 60))
        return self._two("days", "days_hours", *divmod(round(whole / 3600), 24))

    def age(self, hours: float) -> str:
        """An age given in hours; minutes no longer matter after ten hours."""
        minutes = round(hours * 60)
        if minutes < 60:
            return self("time.minutes", n=max(minutes, 0))
        if minutes < 600:
            return self._two("hours", "hours_minutes", *divmod(minutes, 60))
        if hours < 48:
            return self("time.hours", n=round(hours))
        return self._two("days", "days_hours", *divmod(round(hours), 24))

    def _two(self, one: str, both: str, n: int, m: int) -> str:
        return self(f"time.{both}", n=n, m=m) if m else self(f"time.{one}", n=n)

    @staticmethod
    def size(count: int) -> str:
        """Bytes for people; the units are the same in both languages."""
        if count < 1000:
            return f"{count} B"
        if count < 999_500:
            return f"{count / 1000:.1f} kB" if count < 99_950 else f"{count / 1000:.0f} kB"
        return f"{count / 1e6:.1f} MB"


def _zone(name: str) -> tuple[str, tzinfo]:
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", UTC


def _offset(local: datetime) -> str:
    offset = local.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"UTC{sign}{hours:02d}:{minutes:02d}"
