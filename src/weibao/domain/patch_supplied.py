"""The customer's package files in a host's plan: which of them it takes, and as what (PAT-13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from weibao.domain.patch import LeftOut, PackageChange, PackageFile
from weibao.domain.reasons import Reason
from weibao.domain.supplied import KINDS, SCHEME, SuppliedFile, supplied_uri

__all__ = ["SuppliedPackage", "fitting", "not_fitting", "of_plan", "packages_of", "placed"]


class SuppliedPackage(BaseModel):
    """What the host's package manager says of a file that was laid before it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    arch: str = ""
    version: str = ""
    sha256: str = ""
    earlier: bool = False
    error: str = ""

    def file_of(self, supplied: SuppliedFile) -> PackageFile:
        """The file as a plan names it; its name on the host is its package's."""
        version = self.version.replace(":", "%3a")
        return PackageFile(
            name=self.name,
            arch=self.arch,
            version=self.version,
            uri=supplied_uri(supplied),
            file=f"{self.name}_{version}_{self.arch}.{supplied.kind}",
            sha256=supplied.sha256,
            size=supplied.size,
        )


def fitting(supplied: Iterable[SuppliedFile], manager: str) -> tuple[SuppliedFile, ...]:
    """The files that a host with this package manager takes."""
    return tuple(file for file in supplied if file.kind == KINDS.get(manager))


def not_fitting(supplied: Iterable[SuppliedFile], manager: str) -> tuple[LeftOut, ...]:
    """The files that it cannot take, said so."""
    return tuple(
        LeftOut(name=file.original, reason=Reason.of("patch_other_kind"))
        for file in supplied
        if file.kind != KINDS.get(manager) and not file.earlier
    )


def packages_of(
    rows: Sequence[Mapping[str, Any]], supplied: Iterable[SuppliedFile]
) -> tuple[tuple[tuple[SuppliedPackage, SuppliedFile], ...], tuple[Reason, ...]]:
    """The files with what the host found in them, and those that it could not read."""
    said = [SuppliedPackage.model_validate(row) for row in rows]
    by_hash = {package.sha256: package for package in said if package.sha256}
    found, why = [], []
    for file in supplied:
        package = by_hash.get(file.sha256)
        if package is None or package.error:
            detail = package.error if package else "-"
            why.append(Reason.of("patch_supplied_unreadable", file=file.original, detail=detail))
        else:
            found.append((package, file))
    return tuple(found), tuple(why)


def placed(
    packages: Iterable[PackageChange],
    earlier: Iterable[PackageFile],
    known: Iterable[tuple[SuppliedPackage, SuppliedFile]],
) -> tuple[tuple[PackageChange, ...], tuple[PackageFile, ...]]:
    """Packages and files of the way back, those of the customer as theirs."""
    new, by_hash = {}, {}
    for package, supplied in known:
        file = package.file_of(supplied)
        by_hash[file.sha256] = file
        if not supplied.earlier:
            new[package.name, package.version] = file
    changes = []
    for change in packages:
        taken = new.get((change.name.partition(":")[0], change.version))
        if taken is None:
            changes.append(change)
            continue
        update = {"file": taken, "size": taken.size, "supplied": True}
        changes.append(change.model_copy(update=update))
    return tuple(changes), tuple(by_hash.get(file.sha256, file) for file in earlier)


def of_plan(files: Iterable[PackageFile]) -> tuple[PackageFile, ...]:
    """Those that are copied from the controller."""
    return tuple(file for file in files if file.uri.startswith(SCHEME))
