"""Debian's own packages, fetched with an APT whose lists and status are its own.

The machine's APT is left as it is; its sources say where Debian is had from.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from filelock import FileLock

from .booted import run

SUITE = "bookworm"
MIRRORS = {
    SUITE: "http://deb.debian.org/debian/",
    f"{SUITE}-security": "http://deb.debian.org/debian-security/",
}
"""Where the machine's own sources name none."""
MOST_SOURCES = 7
MOST_BYTES = 30_000_000
FIRST = (
    *("openssl", "gnutls28", "glibc", "openssh", "apt", "tzdata", "needrestart", "xz-utils"),
    *("python3.11", "perl"),
)
"""Those that try most: libraries that all run, services, configuration, questions, APT itself."""
LAST = frozenset({"systemd"})


class Apt:
    """An APT that knows these suites, and what an image has installed."""

    def __init__(self, place: Path, image: Path, suites: Iterable[str] = (SUITE,)) -> None:
        """Fetch the lists.

        Raises:
            AssertionError: they are not to be had.
        """
        self.place, self.suites = place, tuple(suites)
        for part in ("lists/partial", "archives/partial"):
            (place / part).mkdir(parents=True, exist_ok=True)
        keys = image / "usr/share/keyrings/debian-archive-keyring.gpg"
        mirrors = {**MIRRORS, **own_mirrors()}
        lines = [f"deb [signed-by={keys}] {mirrors[suite]} {suite} main\n" for suite in self.suites]
        (place / "sources.list").write_text("".join(lines))
        self.options = [
            word
            for name, value in {
                "Dir::Etc::sourcelist": place / "sources.list",
                "Dir::Etc::sourceparts": "/nonexistent/",
                "Dir::Etc::preferences": "/nonexistent",
                "Dir::Etc::preferencesparts": "/nonexistent/",
                "Dir::State": place,
                "Dir::State::lists": place / "lists",
                "Dir::State::status": image / "var/lib/dpkg/status",
                "Dir::Cache": place,
                "Dir::Cache::archives": place / "archives",
                "APT::Sandbox::User": "root",
                "APT::Install-Recommends": "false",
                "Acquire::Languages": "none",
            }.items()
            for word in ("-o", f"{name}={value}")
        ]
        self.get("-o", "APT::Update::Error-Mode=any", "update")

    def get(self, *words: str, check: bool = True) -> tuple[int, str]:
        """What apt-get ends with and says."""
        done = run("apt-get", "-q", "-y", *self.options, *words, check=check, cwd=self.place)
        return done.returncode, done.stdout

    def newest(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """By package and suite, the newest version."""
        found: dict[str, dict[str, str]] = {}
        said = run("apt-cache", *self.options, "madison", *names).stdout
        for line in said.splitlines():
            name, version, where = (part.strip() for part in line.split("|"))
            if where.endswith(" Packages"):
                suite = where.split()[1].partition("/")[0]
                known = found.setdefault(name, {})
                if suite not in known or is_newer(version, known[suite]):
                    known[suite] = version
        return found

    def size(self, pins: Iterable[str]) -> int:
        """Bytes to download."""
        said = self.get("download", "--print-uris", *pins)[1]
        return sum(int(line.split()[2]) for line in said.splitlines() if line.startswith("'"))

    def would(self, *pins: str) -> dict[str, str] | None:
        """By package, the version that installing these leads to; empty for one that goes.

        None where it cannot be done.
        """
        code, said = self.get("-s", "--allow-downgrades", "install", *pins, check=False)
        rows = [line.split() for line in said.splitlines()]
        found = {row[1]: "" for row in rows if row[:1] in (["Remv"], ["Purg"])}
        for row in rows:
            if row[:1] == ["Inst"]:
                found[row[1]] = next(word[1:] for word in row if word.startswith("("))
        return None if code else found

    def alone(self, versions: Mapping[str, str]) -> bool:
        """Whether installing these would touch no other package."""
        found = self.would(*(f"{name}={version}" for name, version in versions.items()))
        return found is not None and found.keys() <= versions.keys()


def own_mirrors() -> dict[str, str]:
    """By suite, where this machine gets it from."""
    said = run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI) $(CREATED_BY)")
    rows = [line.split() for line in said.stdout.splitlines() if line.endswith(" Packages")]
    return {row[0]: row[1] for row in rows if row[0] in MIRRORS}


def is_newer(one: str, than: str) -> bool:
    """As Debian counts versions."""
    return run("dpkg", "--compare-versions", one, "gt", than, check=False).returncode == 0


@dataclass(frozen=True)
class Debt:
    """Packages of Debian that lack a security update."""

    folder: str
    """The files of both versions."""
    before: dict[str, str]
    after: dict[str, str]

    def files(self, versions: Mapping[str, str]) -> list[Path]:
        """The files of these versions."""
        rows = [
            (name, version.replace(":", "%3a"), Path(self.folder))
            for name, version in versions.items()
        ]
        return [next(place.glob(f"{name}_{version}_*.deb")) for name, version, place in rows]


def security_debt(image: Path) -> Debt | None:
    """What the security suite has newer than the main suite, of the image's; fetched once.

    None where it has nothing: then there is no debt to be had from this mirror.

    Raises:
        AssertionError: Debian is not to be had.
    """
    return _once(image, "debt", lambda place: _choose(Apt(place, image, MIRRORS), image))


def update_of(image: Path, server: str) -> Debt | None:
    """A server that the image lacks, with what it needs, and its security update; fetched once.

    None where the security suite has none.

    Raises:
        AssertionError: Debian is not to be had.
    """

    def fetch(place: Path) -> Debt | None:
        found = []
        for suites in ((SUITE,), tuple(MIRRORS)):
            apt = Apt(place, image, suites)
            found.append(apt.would(server) or {})
            apt.get("download", *(f"{n}={v}" for n, v in found[-1].items()))
        before, newest = found
        after = {name: version for name, version in newest.items() if version != before.get(name)}
        return Debt(str(place), before, after) if before and after else None

    return _once(image, server, fetch)


def _once(image: Path, mark: str, fetch: Callable[[Path], Debt | None]) -> Debt | None:
    place = image.with_name(f"{image.name}.{mark}")
    with FileLock(f"{place}.lock"):
        if not (place / "debt.json").exists():
            shutil.rmtree(place, ignore_errors=True)
            debt = fetch(place)
            (place / "debt.json").write_text(json.dumps(debt and asdict(debt)))
    known = json.loads((place / "debt.json").read_text())
    return Debt(**known) if known else None


def _by_source(image: Path) -> dict[str, list[str]]:
    """By source package, the image's packages of it."""
    form = "${source:Package} ${Package}\n"
    said = run("dpkg-query", f"--admindir={image}/var/lib/dpkg", "-W", "-f", form).stdout
    rows = sorted(line.split() for line in said.splitlines())
    return {source: [row[1] for row in some] for source, some in groupby(rows, lambda r: r[0])}


def _choose(apt: Apt, image: Path) -> Debt | None:
    sources = _by_source(image)
    known = apt.newest(name for names in sources.values() for name in names)
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    count = total = 0
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    for source in sorted(sources, key=lambda s: (s in LAST, ranks.get(s, len(ranks)), s)):
        versions = {name: known.get(name, {}) for name in sources[source]}
        old = {name: by.get(SUITE, "") for name, by in versions.items()}
        new = {name: by.get(f"{SUITE}-security", "") for name, by in versions.items()}
        if not all(old[n] and new[n] and is_newer(new[n], old[n]) for n in versions):
            continue
        if not (apt.alone({**before, **old}) and apt.alone({**after, **new})):
            continue
        size = apt.size(f"{n}={v}" for some in (old, new) for n, v in some.items())
        if total + size > MOST_BYTES:
            continue
        before, after = {**before, **old}, {**after, **new}
        count, total = count + 1, total + size
        if count == MOST_SOURCES:
            break
    if not before:
        return None
    apt.get("download", *(f"{n}={v}" for some in (before, after) for n, v in some.items()))
    return Debt(str(apt.place), before, after)
