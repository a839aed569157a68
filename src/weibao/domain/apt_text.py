"""Reading what apt prints: simulations, addresses of files, details of packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from weibao.domain.debian_version import sort_key
from weibao.domain.patch import PackageChange, PackageFile

__all__ = ["details", "files", "kept_back", "phased", "removed", "simulated", "with_security"]

_INST = re.compile(
    r"^Inst (?P<name>\S+)(?: \[(?P<before>[^\]]+)\])? "
    r"\((?P<version>\S+) (?P<origins>.*?) ?\[(?P<arch>[\w-]+)\]\)",
    re.M,
)
_REMOVED = re.compile(r"^Remv (\S+)", re.M)
_KEPT = re.compile(r"^The following packages have been kept back:\n((?:[ \t]+.*\n)+)", re.M)
_PHASED = re.compile(
    r"^(?:The following upgrades have been deferred|Not upgrading yet) due to phasing:\n"
    r"((?:[ \t]+.*\n)+)",
    re.M,
)
_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+)(?: (?P<hash>\S+))?", re.M)


def simulated(text: str) -> tuple[PackageChange, ...]:
    """What ``apt-get -s`` would install.

    >>> text = "Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security [amd64])"
    >>> one = simulated(text)[0]
    >>> one.name, one.before, one.version, one.security
    ('libc6', '2.36-9', '2.36-10', True)
    """
    return tuple(
        PackageChange(
            name=found["name"],
            arch=found["arch"],
            before=found["before"] or "",
            version=found["version"],
            source=found["origins"],
            security="security" in found["origins"].lower(),
        )
        for found in _INST.finditer(text)
    )


def removed(text: str) -> tuple[str, ...]:
    """What ``apt-get -s`` would remove."""
    return tuple(_REMOVED.findall(text))


def kept_back(text: str) -> tuple[str, ...]:
    """What an upgrade leaves as it is.

    >>> kept_back("The following packages have been kept back:\\n  a b\\nInst c (1 x [all])\\n")
    ('a', 'b')
    """
    found = _KEPT.search(text)
    return tuple(found[1].split()) if found else ()


def phased(text: str) -> tuple[str, ...]:
    """What the distribution does not offer to this host yet, though others have it."""
    found = _PHASED.search(text)
    return tuple(found[1].split()) if found else ()


def with_security(packages: tuple[PackageChange, ...], madison: str) -> tuple[PackageChange, ...]:
    """Security updates too where a newer version from elsewhere took the fix's place.

    ``apt-cache madison`` names every version and where it is from.

    >>> one = simulated("Inst a [1-1] (1-3 Ubuntu:22.04/jammy-updates [all])")
    >>> said = "a | 1-3 | http://x jammy-updates/main\\na | 1-2 | http://x jammy-security/main"
    >>> with_security(one, said)[0].security
    True
    """
    fixed: dict[str, list[str]] = {}
    for line in madison.splitlines():
        name, version, source = [*(part.strip() for part in line.split("|")), "", ""][:3]
        if "security" in source.lower():
            fixed.setdefault(name, []).append(version)
    found = []
    for package in packages:
        old, new = sort_key(package.before), sort_key(package.version)
        among = (sort_key(version) for version in fixed.get(package.plain[0], ()))
        is_fix = bool(package.before) and any(old < one <= new for one in among)
        update = {"security": package.security or is_fix}
        found.append(package.model_copy(update=update))
    return tuple(found)


def files(text: str) -> tuple[PackageFile, ...]:
    """What ``apt-get --print-uris`` would download.

    >>> files("'http://x/a_1%3a2-1_all.deb' a_1%3a2-1_all.deb 12 SHA256:" + "0" * 64)[0].version
    '1:2-1'
    """
    return tuple(_files(text))


def _files(text: str) -> Iterator[PackageFile]:
    for found in _URI.finditer(text):
        parts = unquote(found["file"]).rsplit("/", 1)[-1].split("_")
        name, version, rest = [*parts, "", ""][:3]
        kind, _, digest = (found["hash"] or "").partition(":")
        yield PackageFile(
            name=name,
            arch=rest.removesuffix(".deb"),
            version=version,
            uri=found["uri"],
            file=found["file"].rsplit("/", 1)[-1],
            sha256=digest if kind == "SHA256" else "",
            size=int(found["size"]),
        )


def details(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """By name and version, what ``apt-cache show`` says of a package."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for paragraph in text.split("\n\n"):
        fields = {}
        for line in paragraph.splitlines():
            name, colon, value = line.partition(": ")
            if colon and not line.startswith(" "):
                fields[name] = value
        if "Package" in fields and "Version" in fields:
            found[fields["Package"], fields["Version"]] = fields
    return found
