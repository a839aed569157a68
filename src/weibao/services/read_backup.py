"""Reading what was archived: lists, differences, search, and the full text for a restore."""

from __future__ import annotations

from collections.abc import Iterator

from weibao.domain.base import Value
from weibao.domain.records import Access, ConfigVersion
from weibao.services.parts import Parts
from weibao.services.versions import find_version, full_text, startup_text

__all__ = ["Hit", "diff", "export", "grep", "history", "show"]


class Hit(Value):
    """A line that a search found."""

    contract: str
    device: str
    line: int
    text: str


def history(parts: Parts, device: str, contract: str = "") -> list[ConfigVersion]:
    """A device's versions, newest first (CFG-04).

    Raises:
        InputError: it has none.
    """
    newest = find_version(parts, device, contract)
    return parts.journal.versions(newest.contract, device)


def show(parts: Parts, device: str, contract: str = "", number: int = 0) -> str:
    """A version's redacted text (SEC-02).

    Raises:
        InputError: there is no such version.
        IntegrityError: the archive does not hold it.
    """
    version = find_version(parts, device, contract, number)
    return parts.archive(version.contract).read(device, version.commit)


def diff(
    parts: Parts, device: str, contract: str = "", old: int = 0, new: int = 0
) -> tuple[ConfigVersion | None, ConfigVersion, str]:
    """Two versions and the unified difference of their redacted texts.

    ``new`` is the newest version by default and ``old`` the one before ``new``; the first
    version has none before it, and then the difference is empty.

    Raises:
        InputError: there is no such version.
        IntegrityError: the archive does not hold one.
    """
    after = find_version(parts, device, contract, new)
    wanted = old or after.number - 1
    if wanted < 1:
        return None, after, ""
    before = find_version(parts, device, after.contract, wanted)
    text = parts.archive(after.contract).diff(device, before.commit, after.commit)
    return before, after, text


def grep(
    parts: Parts, pattern: str, contract: str = "", *, ignore_case: bool = False
) -> Iterator[Hit]:
    """Every line of the newest redacted texts that matches ``pattern``.

    Raises:
        InputError: the pattern is no regular expression.
    """
    contracts = [contract] if contract else parts.journal.contracts()
    for name in contracts:
        for device, line, text in parts.archive(name).grep(pattern, ignore_case=ignore_case):
            yield Hit(contract=name, device=device, line=line, text=text)


def export(
    parts: Parts,
    device: str,
    actor: str,
    contract: str = "",
    number: int = 0,
    *,
    startup: bool = False,
    purpose: str = "",
) -> tuple[ConfigVersion, bytes]:
    """The exact full text, for a restore; who read it is recorded first (CFG-10, SEC-15).

    Raises:
        InputError: there is no such version.
        IntegrityError: the stored text is not what was recorded.
        UncheckedError: the key is missing.
    """
    version = find_version(parts, device, contract, number)
    text = startup_text(parts, version) if startup else full_text(parts, version)
    kind = "startup" if startup else "running"
    parts.journal.record_access(
        Access(
            contract=version.contract,
            actor=actor,
            subject=f"version/{version.contract}/{device}/{version.number}/{kind}",
            purpose=purpose or "export",
            at=parts.clock.now(),
        )
    )
    return version, text
