"""A compiled inventory for few of its hosts: the others stay as names in their groups.

Ansible reads all variables of all hosts before it looks at the limit; for one host out of
ten thousand that is all that it does. Left out are only variables that nothing can ask for:
where a template of a chosen host may look at other hosts' variables, the whole is used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

__all__ = ["slim"]

_LOOKS_FURTHER = re.compile(r"vars|lookup|query|\bq\b|include|import|extends")
"""``hostvars``, ``vars['…']``, and what reads other templates."""


def slim(document: Mapping[str, Any], chosen: Collection[str]) -> dict[str, Any] | None:
    """``document`` with the variables of ``chosen`` only; None where that may be too little."""
    body = document["all"]
    hosts: Mapping[str, Any] = body["hosts"]
    if len(chosen) * 2 > len(hosts):
        return None
    if any(_LOOKS_FURTHER.search(text) for name in chosen for text in _templates(hosts[name])):
        return None
    wanted = frozenset(chosen)
    kept = {name: values if name in wanted else {} for name, values in hosts.items()}
    return {**document, "all": {**body, "hosts": kept}}


def _templates(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _templates(name)
            yield from _templates(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _templates(inner)
