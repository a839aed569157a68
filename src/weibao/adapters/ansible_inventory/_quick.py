"""Ansible's own inventory code with its repeated work done once; loaded by ``_dump.py``.

Listing the variables of ten thousand hosts, Ansible merges the variables of the same groups
again for each host, looks for each host's files by name, copies each loaded file, and takes
every value through a general encoder. Here the same functions are called with the same
arguments, but for arguments that were seen before the earlier answer is given again. Where
an inner part is missing or other than known, nothing is changed and Ansible goes its own way.

The tests compare the outcome with the stock command over inventories made to differ.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["encode", "hurry", "plugins_are_known"]

_KNOWN_PLUGINS = frozenset({"ansible.builtin.host_group_vars", "host_group_vars"})


def hurry() -> None:
    """Put the shortcuts in place; each leaves out what it does not know."""
    gc.disable()  # a program of seconds that keeps nearly all that it makes
    for shortcut in (_no_facts, _listed_folders, _groups_once):
        try:
            shortcut()
        except (ImportError, AttributeError):
            continue


def plugins_are_known() -> bool:
    """Whether no plugin but Ansible's own for group_vars and host_vars gave variables."""
    try:
        from ansible.plugins.loader import vars_loader

        used = [vars_loader.get(name) for name in vars_loader._plugin_instance_cache or ()]
        return all(p is None or p.ansible_name in _KNOWN_PLUGINS for p in used)
    except (ImportError, AttributeError):
        return False


def _no_facts() -> None:
    """A host without facts has none to clean; Ansible lists its connection plugins first."""
    from ansible.vars import manager

    clean = manager.clean_facts

    def clean_facts(facts: Any) -> Any:
        return clean(facts) if facts else {}

    manager.clean_facts = clean_facts


def _listed_folders() -> None:
    """A host without an entry in host_vars has no file there: one listing for all hosts."""
    from ansible.parsing.dataloader import DataLoader

    find = DataLoader.find_vars_files
    listed: dict[str, frozenset[str] | None] = {}

    def find_vars_files(self: Any, path: Any, name: Any, *rest: Any, **named: Any) -> Any:
        if rest or named or not isinstance(path, str) or os.sep in name:
            return find(self, path, name, *rest, **named)
        if path not in listed:
            listed[path] = _stems(path)
        stems = listed[path]
        if stems is not None and name not in stems:
            return []
        return find(self, path, name)

    DataLoader.find_vars_files = find_vars_files


def _stems(folder: str) -> frozenset[str] | None:
    """Every name that a file in ``folder`` may be meant for; None where that cannot be told."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 names, not paths
        other = next((n.swapcase() for n in names if n.swapcase() not in names), None)
        if other is not None and os.path.lexists(f"{folder}{os.sep}{other}"):
            return None  # a file system that does not tell capital letters from small ones
    except OSError:
        return None
    return frozenset(stem for name in names for stem in _beginnings(name))


def _beginnings(name: str) -> Iterator[str]:
    """``a.b.yml`` may be meant for ``a.b.yml``, ``a.b`` and ``a``."""
    yield name
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _groups_once() -> None:
    """What groups give is merged once for each combination of groups."""
    from ansible.inventory.group import Group
    from ansible.vars import manager

    own = manager.get_group_vars
    of_sources = manager.get_vars_from_inventory_sources
    of_path = manager.get_vars_from_path
    own_known: dict[Any, Any] = {}
    known: dict[Any, Any] = {}

    def get_group_vars(groups: Any) -> Any:
        key = tuple(map(id, groups))
        if key not in own_known:
            own_known[key] = own(groups)
        return own_known[key]

    def remembered(load: Callable[..., Any]) -> Callable[..., Any]:
        def get(loader: Any, place: Any, entities: Any, stage: Any) -> Any:
            if not all(type(entity) is Group for entity in entities):
                return load(loader, place, entities, stage)
            places = tuple(place) if isinstance(place, list) else place
            key = load, id(loader), places, tuple(map(id, entities)), stage
            if key in known:
                return known[key]
            found = load(loader, place, entities, stage)
            if plugins_are_known():  # another one may say something else the next time
                known[key] = found
            return found

        return get

    manager.get_group_vars = get_group_vars
    manager.get_vars_from_inventory_sources = remembered(of_sources)
    manager.get_vars_from_path = remembered(of_path)


class _UnknownTypeError(Exception):
    """A value that only Ansible's encoder knows."""


def encode(document: Any, stock: Callable[[Any], str]) -> str:
    """The JSON of what ``ansible-inventory --list`` prints, as Ansible's encoder has it.

    ``stock`` is that encoder: it takes the groups, and everything where a value is of a
    type that is not known here.
    """
    try:
        plain = _plain_values()
        hosts = {
            host: {_key(name): plain(value) for name, value in variables.items()}
            for host, variables in document["_meta"]["hostvars"].items()
        }
    except (_UnknownTypeError, ImportError, AttributeError):
        hosts = json.loads(stock(document))["_meta"]["hostvars"]
    rest = json.loads(stock({**document, "_meta": {**document["_meta"], "hostvars": {}}}))
    rest["_meta"]["hostvars"] = hosts
    return json.dumps(rest, ensure_ascii=False, sort_keys=True)


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise _UnknownTypeError
    return name


def _plain_values() -> Callable[[Any], Any]:
    """What makes JSON's types of a variable's value; each object is looked at once."""
    from ansible._internal._datatag._tags import TrustedAsTemplate
    from ansible.module_utils._internal import _datatag as tagged
    from ansible.parsing.vault import EncryptedString, VaultHelper

    texts = str, tagged._AnsibleTaggedStr
    maps = dict, tagged._AnsibleTaggedDict
    lists = list, tuple, tagged._AnsibleTaggedList, tagged._AnsibleTaggedTuple
    numbers = tagged._AnsibleTaggedInt, tagged._AnsibleTaggedFloat
    trusted = TrustedAsTemplate.is_tagged_on
    done: dict[int, tuple[Any, Any]] = {}

    def plain(value: Any) -> Any:
        kind = type(value)
        if kind in (int, float, bool) or value is None:
            return value
        known = done.get(id(value))
        if known is not None:
            return known[1]
        result = convert(value, kind)
        done[id(value)] = value, result  # the value too, so that its id stays its own
        return result

    def convert(value: Any, kind: type) -> Any:
        if kind in texts:
            if not trusted(value):
                return {"__ansible_unsafe": tagged.AnsibleTagHelper.untag(value)}
            sealed = VaultHelper.get_ciphertext(value, with_tags=False)
            return {"__ansible_vault": sealed} if sealed else tagged.AnsibleTagHelper.untag(value)
        if kind in maps:
            return {_key(name): plain(inner) for name, inner in value.items()}
        if kind in lists:
            return [plain(inner) for inner in value]
        if kind in numbers:
            return value._native_copy()
        if kind is EncryptedString:
            return {"__ansible_vault": VaultHelper.get_ciphertext(value, with_tags=False)}
        raise _UnknownTypeError

    return plain
