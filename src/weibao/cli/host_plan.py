"""A host's patch plan on the terminal, in the language of who reads it.

What the digest covers is the same in another form (``plan_lines``), which has no language.
"""

from __future__ import annotations

from collections.abc import Iterator

from weibao.domain.patch import HostPlan, PackageChange
from weibao.i18n import Language, explain, translate
from weibao.reports.words import Words

__all__ = ["host_plan_lines"]


def host_plan_lines(plan: HostPlan, language: Language) -> Iterator[str]:
    """One package a line, then what comes with it, then what is left out."""

    def say(key: str, **params: object) -> str:
        return translate(f"cli.patch_line.{key}", language, **params)

    for package in plan.packages:
        where = package.name + (f" [{package.arch}]" if package.arch else "")
        marks = "  ".join(_marks(package, language))
        before = package.before or say("new")
        yield f"{where}: {before} -> {package.version}" + (f"  # {marks}" if marks else "")
    if plan.packages:
        yield from (say("restart", unit=unit) for unit in plan.restarts)
        yield say("reboot" if plan.reboot else "no_reboot")
        yield from (explain(note.code, note.params, language) for note in plan.notes)
        yield say("download", size=Words.size(plan.download))
    for left in plan.left_out:
        name = f"{left.name} {left.version}".rstrip()
        why = explain(left.reason.code, left.reason.params, language)
        yield say("left_out", package=name, why=why)


def _marks(package: PackageChange, language: Language) -> Iterator[str]:
    def say(key: str, **params: object) -> str:
        return translate(f"cli.patch_line.{key}", language, **params)

    if package.security:
        yield translate("document.patch.security", language)
    if package.advisory:
        yield package.advisory
    if package.beside:
        yield say("beside", versions=", ".join(package.beside))
    if package.supplied and package.file is not None and package.file.sha256:
        yield say("supplied", sha256=package.file.sha256)
