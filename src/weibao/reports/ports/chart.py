"""The history as a picture (SVG): ports by what they were, and findings, run by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from weibao.domain.port_report import PortDay, PortStanding
from weibao.reports.ports.words import PortWords

__all__ = ["chart"]

_WIDTH = 1000
_LEFT, _RIGHT = 52, 12
_PORTS_TOP, _PORTS_HIGH = 24, 150
_FOUND_TOP, _FOUND_HIGH = 216, 62
_HEIGHT = _FOUND_TOP + _FOUND_HIGH + 26
_ORDER = tuple(PortStanding)
_THICKEST = 34.0
_STEPS = (1, 2, 3, 4, 5, 6, 8, 10)


def chart(days: Sequence[PortDay], words: PortWords) -> Markup:
    """The picture of ``days``, oldest first; empty without any."""
    if not days:
        return Markup()
    parts = [
        f'<svg class="chart" role="img" aria-label="{escape(words.say("chart.label"))}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        _heading(words.say("chart.ports"), _PORTS_TOP),
        _heading(words.say("chart.findings"), _FOUND_TOP),
    ]
    step = (_WIDTH - _LEFT - _RIGHT) / len(days)
    thick = min(_THICKEST, step * 0.72)
    most = _round_up(max(day.ports.total for day in days))
    worst = _round_up(max(day.findings for day in days))
    parts += _axis(most, _PORTS_TOP, _PORTS_HIGH)
    parts += _axis(worst, _FOUND_TOP, _FOUND_HIGH)
    every = max(1, round(len(days) * 46 / (_WIDTH - _LEFT)))
    before = None
    for index, day in enumerate(days):
        left = _LEFT + step * index + (step - thick) / 2
        parts.append(f"<g><title>{escape(_told(day, words))}</title>")
        parts += _stack(day, left, thick, most)
        parts.append(_found(day, left, thick, worst))
        parts.append("</g>")
        if day.day != before and (len(days) - 1 - index) % every == 0:
            middle = left + thick / 2
            text = day.day.strftime("%m-%d")
            parts.append(f'<text class="x" x="{middle:.1f}" y="{_HEIGHT - 8}">{text}</text>')
        before = day.day
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - texts are escaped


def _heading(text: str, top: int) -> str:
    return f'<text class="head" x="0" y="{top - 10}">{escape(text)}</text>'


def _told(day: PortDay, words: PortWords) -> str:
    counts = [
        f"{words.standing(each)} {getattr(day.ports, each.value)}" for each in day.ports.told()
    ]
    return words.say(
        "chart.day",
        at=words.moment(day.at),
        read=day.devices_read,
        total=day.devices_total,
        counts=words.join(counts),
        findings=day.findings,
    )


def _axis(most: int, top: int, high: int) -> Iterator[str]:
    for part in (0.0, 0.5, 1.0):
        y = top + high * (1 - part)
        value = most * part
        if value != int(value):
            continue
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text class="y" x="{_LEFT - 8}" y="{y + 4:.1f}">{int(value)}</text>'


def _stack(day: PortDay, left: float, thick: float, most: int) -> Iterator[str]:
    bottom = float(_PORTS_TOP + _PORTS_HIGH)
    for each in _ORDER:
        count = getattr(day.ports, each.value)
        if not count:
            continue
        # A little is still to be seen.
        height = max(count * _PORTS_HIGH / most, 1.5)
        bottom -= height
        yield (
            f'<rect class="{each.value}" x="{left:.1f}" y="{bottom:.1f}" width="{thick:.1f}" '
            f'height="{height:.1f}"/>'
        )
    if day.devices_read < day.devices_total:
        yield f'<text class="short" x="{left + thick / 2:.1f}" y="{bottom - 4:.1f}">!</text>'


def _found(day: PortDay, left: float, thick: float, worst: int) -> str:
    height = day.findings * _FOUND_HIGH / worst
    y = _FOUND_TOP + _FOUND_HIGH - height
    text = f'<text class="n" x="{left + thick / 2:.1f}" y="{y - 4:.1f}">{day.findings}</text>'
    bar = (
        f'<rect class="found" x="{left:.1f}" y="{y:.1f}" width="{thick:.1f}" '
        f'height="{height:.1f}"/>'
    )
    return bar + text if day.findings else text


def _round_up(value: int) -> int:
    """The next number that reads well on an axis (``_STEPS`` times a power of ten)."""
    if value <= 2:
        return 2
    power = int(10 ** (len(str(value)) - 1))
    return power * next(factor for factor in _STEPS if factor * power >= value)
