"""A switch's front as a picture (SVG): colour, shape and number for each socket.

Shapes are drawn once for the page (``symbols.html``) and used by each socket; what a port is
in full shows when the pointer rests on it, and stands in the table below the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from markupsafe import Markup

from weibao.domain.port_record import PortState
from weibao.domain.port_report import PortStanding
from weibao.reports.ports.front import Block, Front, Group
from weibao.reports.ports.view import Line, PortView, Shown

__all__ = ["hover", "panel", "port_rows"]

_WIDE, _HIGH = 25, 27
_GAP = 3
_APART = 14
"""Between groups of sockets."""
_EDGE = 9
"""Between the front's edge and its sockets."""
_CAPTION = 13
_LABEL = 34
"""For the number of a stack unit."""
_WIDEST = 1000
"""Of one row of groups; the next group goes below."""

_FACTS = ("why", "link", "vlan", "neighbour", "description", "place", "optical")

_Describe = Callable[[PortState], Shown]


def hover(view: PortView, port: Shown) -> str:
    """All that is known of a port, in lines."""
    say = view.words.say
    colon = view.words("colon")
    standing = view.words.standing(port.standing)
    facts = [port.name, f"{standing}{colon}{say('admin')} {port.admin} / {say('oper')} {port.oper}"]
    facts += [f"{say(key)}{colon}{text}" for key in _FACTS if (text := getattr(port, key))]
    if port.since:
        facts.append(f"{say('since.head')}{colon}{port.since}")
    if port.mark:
        facts.append(f"{say('found')}{colon}{view.words.join(list(port.mark.titles))}")
    return "\n".join(facts)


def panel(view: PortView, line: Line, shown: Front, describe: _Describe) -> Markup:
    """The picture of a front, and the list of ports that have no socket."""
    parts: list[str] = []
    if shown.blocks:
        parts.append(_picture(view, line, shown, describe))
    if shown.others:
        chips = "".join(_chip(view, describe(state)) for state in shown.others)
        parts.append(f'<p class="chips{" stale" if line.stale else ""}">{chips}</p>')
    return Markup("".join(parts))  # noqa: S704 - every text is escaped where it is put in


def _chip(view: PortView, port: Shown) -> str:
    level = f" {port.mark.level}" if port.mark else ""
    text, name = escape(hover(view, port)), escape(port.name)
    return f'<span class="{port.standing.value}{level}" title="{text}">{name}</span> '


def _picture(view: PortView, line: Line, shown: Front, describe: _Describe) -> str:
    named = any(block.name for block in shown.blocks)
    parts: list[str] = []
    top, widest = 0, 0
    for block in shown.blocks:
        drawn, width, height = _block(view, block, named, describe)
        parts.append(f'<g transform="translate(0 {top})">{drawn}')
        if line.stale:
            parts.append(f'<rect class="old" width="{width}" height="{height}" rx="6"/>')
        parts.append("</g>")
        top += height + 6
        widest = max(widest, width)
    label = escape(_summary(view, line))
    head = (
        f'<svg class="front{" stale" if line.stale else ""}" role="img" aria-label="{label}" '
        f'width="{widest}" height="{top}" viewBox="0 0 {widest} {top}">'
    )
    return f'<div class="frame">{head}{"".join(parts)}</svg></div>'


def _summary(view: PortView, line: Line) -> str:
    counts = (f"{view.words.say(f'standing.{name.value}')} {getattr(line.tally, name.value)}"
              for name in PortStanding)  # fmt: skip
    return f"{line.device}{view.words('colon')}{view.words.join(list(counts))}"


def _block(view: PortView, block: Block, named: bool, describe: _Describe) -> tuple[str, int, int]:
    """A stack unit or slot with its frame; the drawing, its width and its height."""
    parts: list[str] = []
    left = start = _EDGE + (_LABEL if named else 0)
    top, row_height, widest = 5, 0, 0
    for group in block.groups:
        width, height = _size(group)
        if left > start and left + width > _WIDEST:
            top, left, row_height = top + row_height + 4, start, 0
        parts.append(_group(view, group, left, top, describe))
        left += width + _APART
        row_height = max(row_height, height)
        widest = max(widest, left - _APART)
    width, height = widest + _EDGE, top + row_height + 7
    frame = f'<rect class="case" width="{width}" height="{height}" rx="6"/>'
    if named:
        middle = height // 2
        frame += f'<text class="unit" x="{_EDGE + 10}" y="{middle + 6}">{escape(block.name)}</text>'
    return frame + "".join(parts), width, height


def _size(group: Group) -> tuple[int, int]:
    width = group.columns * (_WIDE + _GAP) - _GAP
    # A letter of the caption is about six wide.
    return max(width, 6 * len(group.caption)), _CAPTION + group.rows * (_HIGH + _GAP)


def _group(view: PortView, group: Group, left: int, top: int, describe: _Describe) -> str:
    parts = [f'<text class="kind" x="{left}" y="{top + 9}">{escape(group.caption)}</text>']
    for socket in group.sockets:
        port = describe(socket.state)
        x = left + socket.column * (_WIDE + _GAP)
        y = top + _CAPTION + socket.row * (_HIGH + _GAP)
        kind = port.standing.value
        flag = ""
        if port.mark and port.mark.level != "info":
            level = port.mark.level
            if level != "waived":
                kind += f" {level}"
                ring = f'x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="3"'
                flag = f'<rect class="ring" {ring}/>'
            flag += f'<use href="#f-{level}" x="{x + _WIDE - 8}" y="{y - 6}"/>'
        parts.append(
            f'<g class="{kind}"><title>{escape(hover(view, port))}</title>'
            f'<use href="#p-{port.standing.value}" x="{x}" y="{y}"/>'
            f'<text x="{x + 12}" y="{y + 11}">{socket.label}</text>{flag}</g>'
        )
    return "".join(parts)


def port_rows(view: PortView, line: Line, describe: _Describe) -> Iterable[Markup]:
    """Rows of the device's table, in the order of its ports."""
    words = view.words
    for state in line.ports:
        port = describe(state)
        level = f' class="{port.mark.level}"' if port.mark else ""
        why = f"<small>{escape(port.why)}</small>" if port.why else ""
        shown = f'<span class="{port.standing.value}">{words.standing(port.standing)}</span>{why}'
        marks = words.join(list(port.mark.titles)) if port.mark else ""
        rest = (
            port.link, port.vlan, port.neighbour, port.description, port.place, port.since, marks,
        )  # fmt: skip
        cells = "".join([f"<td>{escape(cell) if cell else ''}</td>" for cell in rest])
        # Every text is escaped where it is put in.
        yield Markup(f"<tr{level}><td>{escape(port.name)}</td><td>{shown}</td>{cells}</tr>\n")  # noqa: S704
