"""What the action plugin calls: one collection over all hosts of a play."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from weibao.adapters.estate_files import Estate, load_estate
from weibao.adapters.estate_lock import bundle_lock
from weibao.adapters.evidence_store import evidence_folder
from weibao.adapters.keys import FileKeyRing
from weibao.adapters.network.endpoints import endpoint_of
from weibao.adapters.network.job import Endpoint, Job, Limits, Purpose
from weibao.adapters.network.pool import collect
from weibao.adapters.network.port_source import with_port_source
from weibao.adapters.network.ready import ReadyWorkers
from weibao.adapters.program import PROGRAM, actor, new_run_id
from weibao.domain.collection import BundleHeader, DeviceCollection
from weibao.domain.known import KNOWN_FILE, Known, load_known
from weibao.errors import WeibaoError
from weibao.i18n import explain

__all__ = ["ContractKeys", "collect_batch", "is_alive", "job_for", "longest_first", "with_contract"]

JOB = "backup-configs"


def collect_batch(
    *,
    estate: Path,
    run_folder: str,
    watch_pid: int,
    hosts: list[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    default_user: str,
    default_password: str,
    default_enable: str,
    host_key_checking: bool = True,
    job: str = JOB,
    purpose: Purpose = "configurations",
    ready: ReadyWorkers | None = None,
) -> dict[str, Any]:
    """Collect what ``purpose`` says of ``hosts``; what the task returns.

    ``host_key_checking`` is Ansible's own setting; keys are checked where it and the
    estate's say so.

    Raises:
        InputError: ``estate`` is none.
        FailedError: the bundle cannot be written.
    """
    home = load_estate(estate)
    keys = ContractKeys(home)
    now = datetime.now(UTC)
    folder = Path(run_folder) if run_folder else home.state / "runs" / new_run_id(now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = _known(folder)
    endpoints = []
    for host in hosts:
        variables = hostvars[host]
        endpoint = endpoint_of(host, variables.get, default_user)
        endpoint = replace(
            endpoint,
            password=endpoint.password or default_password,
            enable_secret=endpoint.enable_secret or default_enable,
        )
        if purpose != "configurations":
            endpoint = with_port_source(endpoint, variables.get)
            endpoint = replace(endpoint, pings=_pings(home, endpoint))
        endpoints.append(with_contract(_with_known(endpoint, known.get(host)), home, keys))
    endpoints = longest_first(endpoints, known)
    header = BundleHeader(
        run_id=folder.name,
        job=job,
        actor=actor(),
        program=PROGRAM,
        created_at=now,
        devices=len(endpoints),
    )
    # The process that runs the plugin is a child of ansible-playbook, whose end (by a time
    # limit, or killed) it would not notice otherwise.
    parent = os.getppid()
    with bundle_lock(folder):
        results = collect(
            header,
            replace(
                job_for(home, folder / "bundle", tuple(endpoints), keys, host_key_checking),
                purpose=purpose,
                reading_folders=(str(home.folder / "port_readings"),),
            ),
            home.settings.backup.processes,
            alive=lambda: os.getppid() == parent and (not watch_pid or is_alive(watch_pid)),
            ready=ready,
        )
    return {
        "run_id": folder.name,
        "bundle": str(folder / "bundle"),
        "devices": {r.device: _summary(r, home) for r in results},
    }


def longest_first(
    endpoints: Iterable[Endpoint], known: Mapping[str, Known] = MappingProxyType({})
) -> list[Endpoint]:
    """Devices whose startup configuration is read too come first: begun last, one of them alone
    would keep the whole night waiting.

    It is read of those that changed, and who changed last is likeliest to have changed again.
    """

    def key(each: Endpoint) -> tuple[bool, float]:
        there = known.get(each.device)
        return bool(each.known_content), -there.version_at if there else 0.0

    return sorted(endpoints, key=key)


def _pings(home: Estate, endpoint: Endpoint) -> tuple[str, ...]:
    """What the contract wants this device to reach."""
    contract = home.contracts.get(endpoint.contract)
    tests = contract.ports.reachability if contract else ()
    return tuple(dict.fromkeys(t.target for t in tests if t.source == endpoint.device))


def _known(folder: Path) -> Mapping[str, Known]:
    """What the run's starter knows of the devices; nothing where plain Ansible started it."""
    try:
        return load_known((folder / KNOWN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _with_known(endpoint: Endpoint, known: Known | None) -> Endpoint:
    if known is None or known.contract != endpoint.contract:
        return endpoint
    content = known.content_sha256 if known.startup_settled else ""
    return replace(endpoint, known_sha256=known.sha256, known_content=content)


class ContractKeys:
    """The contracts' encryption passwords, each read once."""

    def __init__(self, home: Estate) -> None:
        self._ring = FileKeyRing(home.keys)
        self.found: dict[str, str] = {}
        self.missing: dict[str, str] = {}

    def has(self, contract: str) -> bool:
        """Whether the contract's key can be read."""
        if contract not in self.found and contract not in self.missing:
            try:
                self.found[contract] = self._ring.password(contract).decode()
            except WeibaoError as error:
                self.missing[contract] = str(error)
        return contract in self.found


def with_contract(endpoint: Endpoint, home: Estate, keys: ContractKeys) -> Endpoint:
    """The endpoint, with a problem where its contract or the contract's key is not there."""
    if endpoint.problem is not None:
        return endpoint
    contract = endpoint.contract
    if contract not in home.contracts:
        return replace(endpoint, problem=("unknown_contract", (("contract", contract),)))
    if not keys.has(contract):
        params = (("contract", contract), ("detail", keys.missing[contract]))
        return replace(endpoint, problem=("key_missing", params))
    return endpoint


def job_for(
    home: Estate,
    bundle: Path,
    endpoints: tuple[Endpoint, ...],
    keys: ContractKeys,
    host_key_checking: bool,
) -> Job:
    """A job with the estate's settings."""
    settings = home.settings.backup
    return Job(
        bundle=str(bundle),
        known_hosts=str(home.known_hosts),
        platform_folders=tuple(str(folder) for folder in home.platform_folders),
        passwords=keys.found,
        threads=settings.concurrency,
        limits=Limits(
            connect=settings.connect_timeout,
            login=settings.login_timeout,
            silence=settings.silence_timeout,
            device=settings.device_timeout,
            retries=settings.retries,
            retry_wait=settings.retry_wait,
        ),
        endpoints=endpoints,
        host_key_checking=settings.host_key_checking and host_key_checking,
        evidence={name: str(evidence_folder(home.contract_folder(name))) for name in keys.found},
    )


def _summary(result: DeviceCollection, home: Estate) -> dict[str, str]:
    reason = result.reason
    words = explain(reason.code, reason.params, home.settings.language) if reason else ""
    return {
        "status": result.status.value,
        "code": reason.code if reason else "",
        "reason": words,
    }


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
