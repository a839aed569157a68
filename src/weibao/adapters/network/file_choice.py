"""The inventory variable ``weibao_files``: which files of a host are its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from weibao.adapters.network.job import FileChoice

__all__ = ["file_choice"]

_MOST = 500
_LONGEST = 400
_KEYS = frozenset({"add", "only", "leave_out"})


def file_choice(value: object) -> FileChoice:
    """What the variable says: a name, a list of names, or a mapping of such lists.

    A name is an absolute path, in which ``*``, ``?`` and ``[…]`` are the shell's; a folder
    stands for all that is in it. A list adds to the platform's files; in a mapping ``add``
    does, ``only`` takes their place, ``leave_out`` are not read.

    Raises:
        ValueError: with what is wrong, in words.
    """
    if not isinstance(value, Mapping):
        return FileChoice(paths=_names(value))
    if unknown := sorted(str(key) for key in set(value) - _KEYS):
        raise ValueError(f"unknown: {', '.join(unknown)} (known: add, leave_out, only)")
    if "only" in value and "add" in value:
        raise ValueError("only and add exclude each other")
    leave_out = _names(value.get("leave_out", ()))
    if "only" in value:
        return FileChoice(paths=_names(value["only"]), only=True, leave_out=leave_out)
    return FileChoice(paths=_names(value.get("add", ())), leave_out=leave_out)


def _names(value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise ValueError("neither a path nor a list of paths")
    if len(listed) > _MOST:
        raise ValueError(f"more than {_MOST} paths")
    return tuple(_name(item) for item in listed)


def _name(item: object) -> str:
    # A plain str: Ansible marks what comes from an inventory with types of its own.
    name = str(item) if isinstance(item, str) else ""
    if not name.startswith("/"):
        raise ValueError(f"not an absolute path: {item!r}")
    if not name.isprintable() or "\\" in name or len(name) > _LONGEST:
        raise ValueError(f"not a usable path: {item!r}")
    if ".." in name.split("/"):
        raise ValueError(f"a path with ..: {item!r}")
    return name.rstrip("/") or "/"
