"""Patching Linux hosts: what is missing, what is planned, and what became of it (PAT-01..PAT-22).

A ``HostPlan`` stands in the change's plan beside its target, and the change's digest covers it:
what was approved is what is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from weibao.domain.base import Moment, Name, Value
from weibao.domain.reasons import Reason
from weibao.domain.supplied import SuppliedFile

__all__ = [
    "HostPlan",
    "LeftOut",
    "Leftovers",
    "PackageChange",
    "PackageFile",
    "PatchStatus",
    "PatchWishes",
    "Probe",
    "Versions",
    "Wanted",
    "versions_of",
]

Wanted = Literal["all", "security", "named"]
ANYWHERE = frozenset({"all", "noarch"})
"""Architectures that fit every host."""


def _printed(found: Any) -> Any:
    """Readings of earlier versions of this program have the paths alone."""
    return dict.fromkeys(found, "") if isinstance(found, (list, tuple)) else found


Leftovers = Annotated[dict[str, str], BeforeValidator(_printed)]
"""By path the fingerprint of a file that lies beside one that counts."""
Versions = Mapping[str, frozenset[str]]
"""By ``name`` and by ``name:arch`` the versions that are there: of a kernel there are several."""


def versions_of(packages: Iterable[tuple[str, str, str]]) -> Versions:
    """Of names, architectures and versions.

    >>> sorted(versions_of([("kernel", "x86_64", "1"), ("kernel", "x86_64", "2")])["kernel"])
    ['1', '2']
    """
    found: dict[str, set[str]] = {}
    for name, arch, version in packages:
        for key in (name, f"{name}:{arch}"):
            found.setdefault(key, set()).add(version)
    return {key: frozenset(versions) for key, versions in found.items()}


class PackageFile(Value):
    """A package's file, as its repository names it."""

    name: str
    arch: str = ""
    version: str
    uri: str = ""
    file: str = ""
    sha256: str = ""
    """Empty where the repository gives none, or a weaker one: then its signature has to hold."""
    signed: bool = False
    """Its repository wants a signature (``gpgcheck``), which is verified besides."""
    size: int = 0
    """Bytes."""

    @property
    def is_proven(self) -> bool:
        """Whether what is fetched can be told from anything else."""
        return bool(self.sha256) or self.signed

    def fits(self, package: PackageChange, version: str) -> bool:
        """Whether it is this package in ``version``; one of another architecture is not."""
        name, arch = package.plain
        anywhere = bool({"", *ANYWHERE} & {self.arch, arch})
        return (self.name, self.version) == (name, version) and (anywhere or self.arch == arch)


class PackageChange(Value):
    """One package from one exact version to another (PAT-09, PAT-19)."""

    name: str
    arch: str = ""
    before: str = ""
    """The version that it replaces; empty where it replaces none."""
    beside: tuple[str, ...] = ()
    """Versions that stay installed beside it: dnf's kernels are added, not replaced."""
    version: str
    """The version that is approved, and nothing newer."""
    source: str = ""
    """Where it comes from, as the package manager says it."""
    security: bool = False
    advisory: str = ""
    """Where the distribution prints one."""
    size: int = 0
    """Bytes to download."""
    growth: int = 0
    """Bytes that it takes when installed."""
    file: PackageFile | None = None
    """What is downloaded; None until the plan is made."""
    supplied: bool = False
    """It is a file that the customer supplies (PAT-13)."""

    @property
    def now(self) -> str:
        """What is installed of it."""
        return self.before or ", ".join(self.beside)

    @property
    def pin(self) -> str:
        """As apt takes it."""
        return f"{self.name}={self.version}"

    @property
    def nevra(self) -> str:
        """As dnf takes it: this version and architecture, and no other that is installed too."""
        return f"{self.name}-{self.version}" + (f".{self.arch}" if self.arch else "")

    def label(self, version: str) -> str:
        """As rpm says one that is installed, and takes it to remove it: without its epoch."""
        return f"{self.name}-{version.rpartition(':')[2]}" + (f".{self.arch}" if self.arch else "")

    def named_for(self, manager: str) -> str:
        """As the package manager takes exactly this."""
        return self.nevra if manager == "dnf" else self.pin

    def replaces(self, versions: Versions) -> bool:
        """Whether both versions are there: rpm was cut off between installing and removing."""
        there = versions.get(f"{self.name}:{self.arch}", frozenset()) - {*self.beside}
        return {self.before, self.version} <= there

    @property
    def plain(self) -> tuple[str, str]:
        """Name and architecture; apt writes a foreign one behind the name."""
        name, _, foreign = self.name.partition(":")
        return name, foreign or self.arch

    def installed(self, versions: Versions) -> str:
        """Its version there, by name and architecture; empty where it is not installed.

        One of another architecture is another package, unless one of the two fits every host.
        Versions beside which it comes are not it.
        """
        name, arch = self.plain
        keys = [name]
        if arch and arch not in ANYWHERE:
            keys = [f"{name}:{one}" for one in (arch, *sorted(ANYWHERE))]
        there = next((versions[key] for key in keys if key in versions), frozenset())
        left = there - {*self.beside}
        known = (one for one in (self.version, self.before) if one in left)
        return next(known, min(left, default=""))


class LeftOut(Value):
    """A package that stays as it is, and why."""

    name: str
    version: str = ""
    """That there is to be had."""
    reason: Reason


class Probe(Value):
    """A try whether a service answers; it runs on the host."""

    name: str
    kind: Literal["http", "tcp", "command", "sql"] = "command"
    ok: bool = True
    said: str = ""


class PatchWishes(Value):
    """What a change and a host's variables say about patching it (the role's variables)."""

    select: Wanted = "all"
    packages: tuple[str, ...] = ()
    """Names, for ``named``."""
    exclude: tuple[str, ...] = ()
    """Names or patterns (``linux-image-*``) that stay as they are."""
    reboot: Literal["never", "if_needed", "always"] = "if_needed"
    known_failed: tuple[str, ...] = ()
    """Failed units that the plan knows of."""
    keep_running: tuple[str, ...] = ()
    """Units that are not restarted though they run old code."""
    clock_seconds: float = 30
    """A host whose clock is further off is not touched."""
    free_mb: int = 200
    """What has to stay free on each file system."""
    boot_free_mb: int = 60
    steady: float = 10
    """Seconds that a service has to run which systemd starts again when it ends."""
    severe: Literal["emerg", "alert", "crit", "err"] = "crit"
    """New log lines of this severity or worse count as worse than before."""
    need_way_back: bool = True
    """Refuse packages whose installed version is not to be had any more."""
    backup: bool = True
    """False only where a snapshot is the way back."""
    backup_paths: tuple[str, ...] = ("/etc",)
    """The system data that is backed up."""
    config_paths: tuple[str, ...] = ("/etc",)
    """Folders of configuration: backed up too, and put back where the host goes back."""
    snapshots: tuple[str, ...] = ()
    """Subvolumes of which a snapshot is made before."""
    backup_place: bool = False
    """A repository and its password are set."""
    supplied: tuple[SuppliedFile, ...] = ()
    """Package files that the customer supplies (PAT-13)."""
    dumps: tuple[str, ...] = ()
    """Names of what is dumped before (PAT-16)."""
    need_dump: bool = False
    """A host without a dump is not touched."""
    need_probes: tuple[str, ...] = ()
    """Nor is one that has no probe of these kinds."""


class HostPlan(Value):
    """What is to be done to one host, exactly."""

    schema_version: int = 1
    manager: str = ""
    system: str = ""
    """Its operating system, as it names itself."""
    kernel: str = ""
    """The running kernel."""
    target_kernel: str = ""
    """The kernel that is to run afterwards, where the host boots its own."""
    packages: tuple[PackageChange, ...] = ()
    earlier: tuple[PackageFile, ...] = ()
    """The files of the way back."""
    removed: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    """Units whose code changes."""
    reboot: bool = False
    """Whether the host may be restarted: what was not shown to the approver is not done."""
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[Reason, ...] = ()
    """What the approver has to know besides: why it restarts, that no backup is made."""

    @property
    def download(self) -> int:
        """Bytes to fetch, the way back included."""
        return sum(p.size for p in self.packages) + sum(f.size for f in self.earlier)

    @property
    def names(self) -> frozenset[str]:
        """Of the packages that change."""
        return frozenset(package.plain[0] for package in self.packages)


class PatchStatus(Value):
    """The patch state of a host at one time (补丁状态; PAT-09, CHK-OS-07, CHK-OS-17)."""

    device: Name
    contract: Name = "default"
    run_id: Name
    at: Moment
    checked: bool = True
    """False: it could not be checked, see ``problem``; never read as "nothing is missing"."""
    problem: Reason | None = None
    system: str = ""
    level: str = ""
    """Maintenance level (维护版本)."""
    kernel: str = ""
    installed_kernel: str = ""
    """The newest one installed; empty where the host does not boot a kernel of its own."""
    packages: int = 0
    missing: tuple[PackageChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    held: tuple[str, ...] = ()
    reboot: tuple[Reason, ...] = ()
    """Why a restart of the host is pending."""
    restarts: tuple[str, ...] = ()
    """Services that still run code that was replaced."""
    last_patched: Moment | None = None
    evidence: tuple[str, ...] = Field(default=())

    @property
    def security(self) -> int:
        """Missing security updates."""
        return sum(package.security for package in self.missing)

    @property
    def conclusion(self) -> Literal["not_checked", "soon", "next_window", "none"]:
        """Whether an upgrade is needed, and when (PAT-02): security does not wait."""
        if not self.checked:
            return "not_checked"
        if self.security:
            return "soon"
        return "next_window" if self.missing else "none"
