"""An estate's folder becomes wired parts."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from weibao.adapters.clock import SystemClock
from weibao.adapters.estate_files import Estate, load_estate
from weibao.adapters.program import PROGRAM, new_run_id
from weibao.i18n import Language
from weibao.services.parts import BookedRunbook, Finisher, Parts, PublishedReport

if TYPE_CHECKING:
    from weibao.adapters.ansible_inventory import AnsibleInventory
    from weibao.adapters.archive import GitArchive
    from weibao.adapters.full_text_store import FileFullTextStore
    from weibao.adapters.journal import SqlJournal
    from weibao.adapters.keys import FileKeyRing
    from weibao.boundary.evidence import Bundle, EvidenceStore
    from weibao.boundary.notify import Notifier
    from weibao.boundary.runner import PlaybookRunner
    from weibao.domain.report import BackupReport
    from weibao.domain.resolve_platform import PlatformCatalogue

__all__ = ["Workshop", "open_workshop"]

PartT = TypeVar("PartT")
_FOR_PLAYBOOKS = (
    "weibao.adapters.journal",
    "weibao.bootstrap.gate",
    "weibao.bootstrap.judge_patch",
)
"""What the plugins that ask for leave and judge load, for a playbook that is loaded ahead."""
_FOR_READING = ("weibao.adapters.network.ready", "weibao.adapters.network.batch")
"""What the plugins that collect load."""


class _Later(Mapping[str, PartT]):
    """Parts that are loaded, code and all, when the first one is asked for: most commands ask
    for none, and ``weibao change list`` is to be quick."""

    def __init__(self, load: Callable[[], Mapping[str, PartT]]) -> None:
        self._load = functools.cache(load)

    def __getitem__(self, name: str) -> PartT:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())


class _Proxy:
    """Stands for an adapter that is made, code and all, when it is first asked something."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = functools.cache(make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


def later(make: Callable[[], PartT]) -> PartT:
    """What ``make`` makes, but made later: ``_Later`` for one adapter."""
    return cast("PartT", _Proxy(make))


@dataclass(frozen=True)
class Workshop:
    """An opened estate: what the commands work with. Adapters are loaded when they are needed."""

    estate: Estate
    sources: tuple[str, ...]
    """Inventory sources: ``-i``, else the settings'."""
    vault_options: tuple[str, ...]

    @property
    def language(self) -> Language:
        """Of messages and documents."""
        chosen = os.environ.get("WEIBAO_LANGUAGE", "")
        if chosen in ("zh", "en"):
            return "zh" if chosen == "zh" else "en"
        return self.estate.settings.language

    @functools.cached_property
    def platforms(self) -> PlatformCatalogue:
        """Every known platform by id."""
        from weibao.adapters.platform_files import load_platforms

        return load_platforms(self.estate.platform_folders)

    @functools.cached_property
    def keys(self) -> FileKeyRing:
        """The encryption keys."""
        from weibao.adapters.keys import FileKeyRing

        return FileKeyRing(self.estate.keys)

    @functools.cached_property
    def inventory(self) -> AnsibleInventory:
        """The inventory, as Ansible reads it."""
        from weibao.adapters.ansible_inventory import AnsibleInventory

        return AnsibleInventory(
            self.estate.folder,
            self.estate.cache,
            self.platform_id,
            contracts=tuple(self.estate.contracts),
            vault_options=self.vault_options,
        )

    @functools.cached_property
    def journal(self) -> SqlJournal:
        """The journal; opening it brings its tables up to date."""
        from weibao.adapters.journal import SqlJournal

        return SqlJournal(
            self.estate.journal_url,
            site=self.estate.settings.site,
            clock=SystemClock(),
            mark=self.estate.state / "ledger.mark",
            witness=self._witness(),
        )

    def _witness(self) -> Path:
        """The ledger's mark beside the keys; several estates may keep their keys together."""
        place = hashlib.sha256(str(self.estate.state.resolve()).encode()).hexdigest()[:12]
        return self.estate.keys / f"ledger-{self.estate.settings.site}-{place}.mark"

    def platform_id(self, name: str) -> str | None:
        """Our id for an ``ansible_network_os``."""
        from weibao.domain.resolve_platform import resolve

        platform = resolve(self.platforms, name)
        return platform.id if platform else None

    def lock(self, what: str, wait: float = 0.0) -> AbstractContextManager[None]:
        """The estate's lock, as a context manager."""
        from weibao.adapters.estate_lock import estate_lock

        locks = self.estate.state / "locks"
        return estate_lock(locks, what, wait, died=self._clear_leftovers)

    def _clear_leftovers(self) -> None:
        """Who held the lock was killed."""
        from weibao.adapters.leftovers import clear_leftovers

        second = self._second_place
        clear_leftovers(self.estate.state, (self.estate.keys, *((second,) if second else ())))

    @property
    def _second_place(self) -> Path | None:
        second = self.estate.settings.archive.second_copy
        return (self.estate.folder / Path(second).expanduser()) if second else None

    def lock_named(self, name: str, what: str, wait: float) -> AbstractContextManager[None]:
        """A lock of its own, for what may go on beside a run."""
        from weibao.adapters.estate_lock import RUN_LOCK, estate_lock

        if name == RUN_LOCK:
            return self.lock(what, wait)
        died = functools.partial(self._clear_change, name)
        return estate_lock(self.estate.state / "locks", what, wait, name, died)

    def _clear_change(self, name: str) -> None:
        """Who held a change's lock was killed; a run beside it lives on."""
        from weibao.adapters.leftovers import clear_steps

        change = name.removeprefix("change-").removesuffix(".lock")
        clear_steps(self.estate.state, change, (self.estate.keys,))

    def archive(self, contract: str) -> GitArchive:
        """A contract's archive."""
        from weibao.adapters.archive import GitArchive

        return GitArchive(self.estate.contract_folder(contract) / "archive", contract)

    def texts(self, contract: str) -> FileFullTextStore:
        """A contract's full texts."""
        from weibao.adapters.full_text_store import FileFullTextStore

        folder = self.estate.contract_folder(contract)
        return FileFullTextStore(folder, self.keys, contract, self._second_place)

    def tag(self, contract: str) -> Callable[[str], str]:
        """Marks secrets of a contract by a keyed hash; needs the key only when used."""

        @functools.cache
        def key() -> bytes:
            password = self.keys.password(contract)
            return hmac.digest(password, b"weibao redaction v1", "sha256")

        return lambda secret: hmac.new(key(), secret.encode(), "sha256").hexdigest()[:8]

    def runbook(self, name: str) -> BookedRunbook:
        """A runbook with the digest of what it says."""
        runbook = self.estate.runbook(name)
        digest = hashlib.sha256(runbook.model_dump_json().encode()).hexdigest()
        return BookedRunbook(runbook, digest)

    def prepare(self) -> None:
        """Load what the report needs, while there is nothing else to do."""
        from weibao.reports.backup import prepare

        prepare()

    def publish(self, report: BackupReport) -> PublishedReport:
        """Write a contract's report into its folder."""
        from weibao.adapters.files import replace
        from weibao.reports.backup import summarise, write_report

        folder = self.estate.contract_folder(report.contract.id) / "reports" / report.run.id
        paths = write_report(report, folder, self.estate.settings.language, replace)
        notice = summarise(report, self.estate.settings.language, str(paths.html))
        contract = report.contract.id
        return PublishedReport(contract, folder, paths.html, paths.json_sha256, notice)

    def notifiers(self) -> list[Notifier]:
        """Who is told."""
        estate = self.estate
        if not (estate.settings.notify.mail or estate.settings.notify.webhooks):
            return []
        from weibao.adapters.notifiers import build_notifiers  # loads an HTTP client

        return build_notifiers(estate.settings.notify, estate.folder, SystemClock())

    def parts(self) -> Parts:
        """Everything that the services need."""
        estate = self.estate
        clock = SystemClock()
        return Parts(
            estate=estate.folder,
            settings=estate.settings,
            contracts=estate.contracts,
            platforms=_Later(lambda: self.platforms),
            runs=estate.state / "runs",
            program=PROGRAM,
            clock=clock,
            keys=self.keys,
            journal=self.journal,
            evidence=later(self._evidence),
            inventory=later(lambda: self.inventory),
            runner=later(self._runner),
            runbook=self.runbook,
            bundle=_bundle,
            bundle_lock=_bundle_lock,
            archive=functools.cache(self.archive),
            texts=functools.cache(self.texts),
            tag=functools.cache(self.tag),
            publish=self.publish,
            prepare=self.prepare,
            notifiers=self.notifiers,
            run_id=lambda: new_run_id(clock.now()),
            finishers=_Later(self._finishers),
        )

    def _evidence(self) -> EvidenceStore:
        from weibao.adapters.evidence_store import FileEvidenceStore

        return FileEvidenceStore(self.estate.contract_folder, self.keys)

    def _runner(self) -> PlaybookRunner:
        from weibao.adapters.playbook_runner import AnsiblePlaybookRunner

        config = self.estate.ansible_config
        environment = {"ANSIBLE_CONFIG": str(config)} if config else {}
        return AnsiblePlaybookRunner(
            self.estate.folder, environment, self.vault_options, _FOR_PLAYBOOKS, _FOR_READING
        )

    def _finishers(self) -> dict[str, Finisher]:
        """What finishes a cut-off run of another job than the backup."""
        from weibao.bootstrap.ports import port_parts
        from weibao.services.ports.check import JOB, finisher

        return {JOB: finisher(lambda parts: port_parts(self, parts))}


def _bundle(folder: Path) -> Bundle:
    from weibao.adapters.bundle import BundleReader

    return BundleReader(folder)


def _bundle_lock(folder: Path) -> AbstractContextManager[None]:
    from weibao.adapters.estate_lock import bundle_lock

    return bundle_lock(folder)


def open_workshop(
    folder: Path, sources: Sequence[str] = (), vault_options: Sequence[str] = ()
) -> Workshop:
    """The estate in ``folder``; nothing is opened before it is needed.

    Raises:
        InputError: it is none, or a file of it is wrong.
    """
    estate = load_estate(folder)
    given = tuple(s if "," in s else str(Path(s).absolute()) for s in sources)
    return Workshop(estate, given or estate.inventory, tuple(vault_options))
