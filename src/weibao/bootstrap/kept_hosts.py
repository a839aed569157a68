"""What is kept of a patch change's hosts, for its papers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from weibao.adapters.patch_records import FilePatchRecords
from weibao.bootstrap.workshop import Workshop
from weibao.domain.change import Change
from weibao.domain.patch_health import Before

__all__ = ["KeptHosts", "kept_of_hosts"]


class KeptHosts(NamedTuple):
    """By host."""

    before: dict[str, Before]
    restarted: dict[str, bool]


def kept_of_hosts(workshop: Workshop, change: Change, hosts: Iterable[str]) -> KeptHosts:
    """Of those of ``hosts`` of which something was kept.

    Raises:
        IntegrityError: it was changed since.
        FailedError: it cannot be read.
    """
    folder = workshop.estate.state / "changes" / change.id / "patch"
    records = FilePatchRecords(folder, lambda: workshop.keys.password(change.contract))
    found = KeptHosts({}, {})
    for host in hosts:
        before = records.before(host)
        if before is None:
            continue
        found.before[host] = before
        known = records.progress(host)
        if "reboot" in known:
            found.restarted[host] = bool(known["reboot"])
    return found
