"""What stands in a redacted text in place of a secret: a keyed hash, the same for the same one."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable

__all__ = ["tag_with"]


def tag_with(password: bytes) -> Callable[[str], str]:
    """Marks secrets under a contract's encryption password."""

    @functools.cache
    def key() -> bytes:
        return hmac.digest(password, b"weibao redaction v1", "sha256")

    return lambda secret: hmac.new(key(), secret.encode(), "sha256").hexdigest()[:8]
