"""Small steps over archived versions that several services take."""

from __future__ import annotations

from weibao.boundary import StoredText
from weibao.domain.collection import ItemKind
from weibao.domain.reasons import Reason
from weibao.domain.records import ConfigVersion
from weibao.errors import InputError
from weibao.i18n import Language, explain
from weibao.services.parts import Parts

__all__ = ["all_stored", "find_version", "full_text", "say", "startup_text", "stored"]


def stored(version: ConfigVersion) -> StoredText:
    """Where the full text of ``version`` is recorded to lie."""
    return StoredText(version.full_path, version.full_sha256)


def all_stored(version: ConfigVersion) -> tuple[StoredText, ...]:
    """Every encrypted text of ``version``."""
    if version.startup_path in {"", version.full_path}:
        return (stored(version),)
    return (stored(version), StoredText(version.startup_path, version.startup_sha256))


def say(reason: Reason, language: Language) -> str:
    """A reason in words."""
    return explain(reason.code, reason.params, language)


def find_version(parts: Parts, device: str, contract: str = "", number: int = 0) -> ConfigVersion:
    """A device's version ``number``, the newest by default.

    Raises:
        InputError: there is no such device or version, or it is in several contracts.
    """
    found = parts.journal.newest_versions_of(device, contract)
    if not found:
        raise InputError("backup.no_version", device=device)
    if len(found) > 1:
        names = ", ".join(sorted(v.contract for v in found))
        raise InputError("backup.several_contracts", device=device, contracts=names)
    if not number or found[0].number == number:
        return found[0]
    key = found[0].contract, device, number
    version = parts.journal.some_versions([key]).get(key)
    if version is not None:
        return version
    raise InputError("backup.no_such_version", device=device, number=number, newest=found[0].number)


def full_text(parts: Parts, version: ConfigVersion) -> bytes:
    """The exact text.

    Raises:
        IntegrityError: the file is missing or not what was recorded.
        UncheckedError: the key is missing.
    """
    return parts.texts(version.contract).get(stored(version))


def startup_text(parts: Parts, version: ConfigVersion) -> bytes:
    """The startup configuration that was read with ``version``, byte for byte.

    Where it says the same as the running one it has no file of its own: then the version
    names the running one's, and its bytes are evidence.

    Raises:
        InputError: none was kept.
        IntegrityError, UncheckedError: as ``full_text``.
    """
    if not version.startup_path:
        raise InputError("backup.no_startup", device=version.device, number=version.number)
    if version.startup_path != version.full_path:
        kept = StoredText(version.startup_path, version.startup_sha256)
        return parts.texts(version.contract).get(kept)
    for piece in parts.journal.run_evidence(version.run_id):
        whose = piece.contract, piece.device, piece.kind
        if whose == (version.contract, version.device, ItemKind.startup.value):
            return parts.evidence.get(version.contract, piece.sha256)
    raise InputError("backup.no_startup", device=version.device, number=version.number)
