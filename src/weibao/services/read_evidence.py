"""Reading a piece of evidence: redacted for everybody, raw with the reader's name on record."""

from __future__ import annotations

from weibao.domain.records import PAPER_KINDS, Access, EvidenceRecord
from weibao.domain.redaction import redact
from weibao.domain.texts import decode
from weibao.errors import InputError
from weibao.services.parts import Parts

__all__ = ["read_evidence"]


def read_evidence(
    parts: Parts, sha256: str, actor: str, *, contract: str = "", raw: bool = False
) -> tuple[list[EvidenceRecord], bytes] | None:
    """The records of a piece and its text; None where there is no such piece.

    Raises:
        InputError: the beginning fits several pieces, or it is a scan or a photo, which is
            only shown raw.
        IntegrityError: it is not what was stored.
        UncheckedError: the key is missing.
    """
    records = [r for r in parts.journal.evidence(sha256) if not contract or r.contract == contract]
    if not records:
        return None
    names = sorted({(r.contract, r.sha256) for r in records})
    if len({name for _, name in names}) > 1:
        raise InputError("evidence.ambiguous_name", sha256=sha256, count=len(names))
    record = records[0]
    if record.kind in PAPER_KINDS and not raw:
        raise InputError("evidence.only_raw", sha256=record.sha256, kind=record.kind)
    data = parts.evidence.get(record.contract, record.sha256)
    if raw:
        parts.journal.record_access(
            Access(
                contract=record.contract,
                actor=actor,
                subject=f"evidence/{record.contract}/{record.sha256}",
                purpose="evidence show --raw",
                at=parts.clock.now(),
            )
        )
        return records, data
    platform_id = next(
        (t.platform for t in parts.journal.targets(record.run_id) if t.device == record.device), ""
    )
    platform = parts.platforms.get(platform_id) or next(iter(parts.platforms.values()))
    text = redact(decode(data, platform.encodings), platform, parts.tag(record.contract))
    return records, text.encode("utf-8")
