"""Reading what the running configuration leaves out: other contexts, an admin plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from weibao.adapters.network.judged import error_meaning
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.domain.config_parts import PartText, with_rules
from weibao.domain.platform import NativeErrorMeaning, Part, Platform, compiled

__all__ = ["read_parts"]

Read = Callable[[Platform], tuple[bytes, NativeErrorMeaning | None]]
"""Reads a text by a platform's rules; what the device means where it refuses."""
_MOST = 250
"""Parts of one kind; an ASA has at most 250 contexts."""


def read_parts(session: Session, platform: Platform, main: bytes, read: Read) -> Iterator[PartText]:
    """Every part of ``platform`` that this device has; one that is refused says why.

    ``main`` is the running text, which names the contexts.
    """
    seen = main.decode("latin-1")
    for part in platform.configuration.also:
        if part.when and not compiled(part.when).search(seen):
            continue
        for name in _names(part, seen):
            try:
                text = _read_part(session, platform, part, name, read)
            except Trouble as trouble:
                if trouble.reason.code != "silent":
                    raise
                # Nobody knows where the session stands now; what was read stays good.
                yield PartText(title=_title(part, name), why="silent")
                return
            if text is not None:
                yield text
                seen += "\n" + text.text.decode("latin-1")


def _names(part: Part, seen: str) -> list[str]:
    if not part.each:
        return [""]
    found = (match["name"] for match in compiled(part.each).finditer(seen))
    return list(dict.fromkeys(found))[:_MOST]


def _title(part: Part, name: str) -> str:
    return part.title.replace("{name}", name)


def _read_part(
    session: Session, platform: Platform, part: Part, name: str, read: Read
) -> PartText | None:
    """The part; None where the device has none of this kind."""
    title = _title(part, name)
    text = b""
    entered = []
    refused = None
    for command in part.enter:
        refused = _switch(session, platform, command.replace("{name}", name))
        if refused is not None:
            break
        entered.append(command)
    if refused is None:
        text, refused = read(with_rules(platform, part))
    if entered:
        for command in part.leave:
            _switch(session, platform, command.replace("{name}", name))
    unknown = {NativeErrorMeaning.unknown_command, NativeErrorMeaning.absent}
    if refused in unknown and part.optional:
        return None
    if refused is not None:
        return PartText(title=title, why=refused.value)
    return PartText(title=title, text=text) if text.strip() else None


def _switch(session: Session, platform: Platform, command: str) -> NativeErrorMeaning | None:
    return error_meaning(session.change_prompt(command), platform)
