"""What an approval covers, as one digest over named parts (CHG-38).

A part is a name and a hash; the digest is the sha256 over the canonical JSON of all of them.
So one changed byte, target or minute makes another digest, and the names say what differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

from weibao.domain.change import Change, PlannedTarget
from weibao.domain.contract import Contract
from weibao.domain.ledger import canonical
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Phase, Runbook

__all__ = ["HOST", "change_parts", "differences", "digest_of", "part"]

HOST = "host/"
"""Parts of one device begin so: ``host/<device>`` and ``host/<device>/<variable>``."""


def part(value: object) -> str:
    """The hash of a value that JSON can hold.

    >>> part("a") == part("a"), part("a") == part("b")
    (True, False)
    """
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def change_parts(
    change: Change,
    contract: Contract,
    runbook: Runbook,
    runbook_part: str,
    targets: Sequence[PlannedTarget],
    *,
    program: Mapping[str, str],
    hosts: Mapping[str, str],
) -> dict[str, str]:
    """All parts of a change.

    ``program``, ``hosts`` and ``runbook_part`` come of the digest source; ``targets`` with
    their waves and the difference of each dry run are the plan's. Who operates and records is
    no part of it: that may be settled after the approval.
    """
    steps = runbook.of_phase(Phase.back_out)
    terms = contract.change
    waves: dict[str, list[str]] = {}
    for target in targets:
        waves.setdefault(str(target.wave), []).append(target.device)
    parts = {
        "runbook": runbook_part,
        "back_out": part([[s.model_dump(mode="json") for s in steps], runbook.contingency]),
        "application": part(
            change.model_dump(
                mode="json",
                include={
                    *("contract", "kind", "title", "fields", "fault", "requester"),
                    *("runbook", "runbook_version"),
                },
            )
        ),
        "approval_chain": part(
            [[stage.model_dump(mode="json") for stage in terms.stages], terms.recorder_required]
        ),
        "limit": part(change.limit),
        "targets": part(sorted(target.device for target in targets)),
        "waves": part({wave: sorted(devices) for wave, devices in waves.items()}),
        "window/start": part(change.window.start.astimezone(UTC).isoformat()),
        "window/end": part(change.window.end.astimezone(UTC).isoformat()),
    }
    parts |= {f"variables/{name}": part(value) for name, value in change.variables.items()}
    parts |= {f"dry_run/{t.device}": part([t.difference, t.problem]) for t in targets}
    parts |= {f"work/{t.device}": part(t.plan) for t in targets if t.plan}
    return {**program, **hosts, **parts}


def digest_of(parts: Mapping[str, str]) -> str:
    """The digest of ``parts``, whatever their order."""
    return part(dict(parts))


def differences(
    old: Mapping[str, str],
    new: Mapping[str, str],
    *,
    hosts: Iterable[str] | None = None,
    approved: bool = True,
) -> tuple[Reason, ...]:
    """What differs, by name, as reasons with words.

    ``hosts``: only the host parts of these are compared (None: of all). ``approved``: whether
    somebody was asked to consent to the old ones; those of a draft were only planned.
    """
    of = "digest" if approved else "plan"
    if hosts is not None:
        wanted = frozenset(hosts)
        old, new = _of_hosts(old, wanted), _of_hosts(new, wanted)
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(Reason.of(f"{of}_removed", part=name))
        elif name not in old:
            found.append(Reason.of(f"{of}_added", part=name))
        elif old[name] != new[name]:
            found.append(Reason.of(f"{of}_changed", part=name))
    return tuple(found)


def _of_hosts(parts: Mapping[str, str], wanted: frozenset[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in parts.items()
        if not name.startswith(HOST) or name.split("/", 2)[1] in wanted
    }
