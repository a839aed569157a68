"""Taking secrets out of what a server or a library said before anybody reads it (SEC-02)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

__all__ = ["scrub"]

_HIDDEN = "***"
_SHORTEST = 4
_LONGEST = 400


def scrub(text: str, secrets: Iterable[str]) -> str:
    """``text`` on one line, shortened, with every form of each secret hidden.

    Very short secrets are not looked for: hiding every "a" would hide the message.
    """
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            encoded = base64.b64encode(secret.encode()).decode()
            forms |= {secret, encoded, quote(secret, safe=""), quote_plus(secret)}
            # As it stands in what a library prints of a value, or in JSON.
            forms |= {repr(secret)[1:-1], json.dumps(secret)[1:-1]}
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
