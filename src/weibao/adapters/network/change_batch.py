"""What the action plugin calls: one step of a change over all hosts of a play."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weibao.adapters.estate_files import Estate, load_estate
from weibao.adapters.estate_lock import bundle_lock
from weibao.adapters.network.batch import ContractKeys, is_alive, job_for, with_contract
from weibao.adapters.network.change_job import ChangeJob, ChangeWishes, DeviceWish
from weibao.adapters.network.change_pool import change_devices
from weibao.adapters.network.endpoints import endpoint_of
from weibao.adapters.network.job import Endpoint
from weibao.adapters.program import PROGRAM, actor, new_run_id
from weibao.adapters.scrub import scrub
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome
from weibao.domain.collection import BundleHeader
from weibao.errors import WeibaoError
from weibao.i18n import Language, explain

__all__ = ["Batch", "Play", "change_batch", "in_words"]

_NAME = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True)
class Play:
    """What Ansible knows of the play."""

    hosts: list[str]
    hostvars: Mapping[str, Mapping[str, Any]] = field(repr=False)
    default_user: str = ""
    default_password: str = field(default="", repr=False)
    default_enable: str = field(default="", repr=False)
    host_key_checking: bool = True
    default_lines: object = field(default=None, repr=False)
    """For hosts that have no variable of their own with lines: what the play says."""
    watch_pid: int = 0
    """The step is given up and undone when this process ends; 0: none such."""


@dataclass(frozen=True)
class Batch:
    """What is wanted of all hosts."""

    wishes: ChangeWishes
    change: str = ""
    """Number of the change; what is remembered of devices is kept under it."""
    lines_variable: str = ""
    """Each host's variable with the lines to enter (text, or a list of lines)."""
    texts: Callable[[str, str], bytes] | None = field(default=None, repr=False)
    """For a restore: a host's and its contract's full text."""
    approved: Mapping[str, str] = field(default_factory=dict)
    """By host the redacted difference that was approved; a host without one is not compared."""


def change_batch(
    estate: Path, run_folder: str, play: Play, batch: Batch
) -> tuple[Path, dict[str, ChangeOutcome]]:
    """Do one step on all hosts of ``play``: the run's folder, and the outcome of each.

    Nothing here asks for leave; the caller has it. The bundle with all that was read and
    sent is ``bundle`` in the run's folder.

    Raises:
        InputError: ``estate`` is none.
        FailedError: the bundle cannot be written.
    """
    home = load_estate(estate)
    keys = ContractKeys(home)
    now = datetime.now(UTC)
    folder = Path(run_folder) if run_folder else home.state / "runs" / new_run_id(now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wishes = tuple(_wish(host, play, batch, home, keys) for host in play.hosts)
    endpoints = tuple(wish.endpoint for wish in wishes)
    base = job_for(home, folder / "bundle", endpoints, keys, play.host_key_checking)
    job = ChangeJob(
        base=base,
        wishes=replace(batch.wishes, name=_name(batch)),
        devices=wishes,
        states=str(_states(home, batch, folder)),
    )
    header = BundleHeader(
        run_id=folder.name,
        job=f"change-{batch.wishes.mode.value}",
        actor=actor(),
        program=PROGRAM,
        created_at=now,
        devices=len(wishes),
    )
    parent = os.getppid()
    with bundle_lock(folder):
        outcomes = change_devices(
            header,
            job,
            alive=lambda: (
                os.getppid() == parent and (not play.watch_pid or is_alive(play.watch_pid))
            ),
        )
    return folder, {outcome.device: outcome for outcome in outcomes}


def _states(home: Estate, batch: Batch, folder: Path) -> Path:
    """Where it is remembered what each device had; a change's steps share it."""
    if not batch.change or batch.wishes.mode is ChangeMode.check:
        return folder / "devices"
    return home.state / "changes" / _NAME.sub("-", batch.change) / "devices"


def _name(batch: Batch) -> str:
    """Of checkpoints and edit sessions on the devices, which take short plain names."""
    return ("weibao-" + _NAME.sub("-", batch.change).strip("-"))[:32].strip("-")


def _wish(host: str, play: Play, batch: Batch, home: Estate, keys: ContractKeys) -> DeviceWish:
    variables = play.hostvars[host]
    endpoint = endpoint_of(host, variables.get, play.default_user)
    endpoint = replace(
        endpoint,
        password=endpoint.password or play.default_password,
        enable_secret=endpoint.enable_secret or play.default_enable,
    )
    endpoint = with_contract(endpoint, home, keys)
    approved = batch.approved.get(host)
    if endpoint.problem is not None:
        return DeviceWish(endpoint, approved=approved)
    if batch.texts is not None:
        return _restoring(endpoint, batch.texts, approved)
    if not batch.lines_variable:
        return DeviceWish(endpoint, approved=approved)
    try:
        own = variables.get(batch.lines_variable)
        lines = _lines(play.default_lines if own is None else own)
    except Exception as error:  # templates of the host's own variables, vaults
        detail = (("variable", batch.lines_variable), ("detail", type(error).__name__))
        return DeviceWish(replace(endpoint, problem=("variable_error", detail)))
    return DeviceWish(endpoint, lines=lines, approved=approved)


def _restoring(
    endpoint: Endpoint, texts: Callable[[str, str], bytes], approved: str | None
) -> DeviceWish:
    try:
        target = texts(endpoint.device, endpoint.contract)
    except WeibaoError as error:
        detail = (("detail", scrub(str(error), endpoint.secrets())),)
        return DeviceWish(replace(endpoint, problem=("change_no_target", detail)))
    return DeviceWish(endpoint, target=base64.b64encode(target).decode(), approved=approved)


def _lines(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(line for item in value for line in str(item).split("\n"))
    return tuple(str(value).replace("\r\n", "\n").split("\n"))


def in_words(outcome: ChangeOutcome, language: Language) -> str:
    """Why it is not as wanted and what to do now, in one text."""
    said = [one for one in (outcome.reason, outcome.by_hand) if one is not None]
    return " ".join(explain(one.code, one.params, language) for one in said)
