"""Made-up secrets in the notation of each platform.

They have the right length, alphabet and prefix and hide nothing: no real hash is
computed, a simulated device knows its passwords from its specification.
"""

from __future__ import annotations

import string
from typing import Final

from weibao_lab.chance import chance

__all__ = ["conceal"]

_CRYPT: Final = "./" + string.digits + string.ascii_letters
_BASE64: Final = string.ascii_letters + string.digits + "+/"
_HEX: Final = string.digits + "ABCDEF"
_VRP: Final = string.ascii_letters + string.digits + "'(){}[]*+,-./:;<=>@^_`~&$!"
_JUNOS9: Final = string.ascii_letters + string.digits + "-./"
_PLAIN: Final = "abcdefghjkmnpqrstuvwxyz23456789"

# {name:alphabet:length} is replaced by that many letters of the alphabet.
_SHAPES: Final[dict[str, tuple[tuple[str, str, int], ...]]] = {
    "ios5": (("$1$", _CRYPT, 4), ("$", _CRYPT, 22)),
    "ios9": (("$9$", _CRYPT, 14), ("$", _CRYPT, 43)),
    "type7": (("0", string.digits, 1), ("", _HEX, 22)),
    "nx5": (("$5$", _CRYPT, 6), ("$", _CRYPT, 43)),
    "nx7": (('"', _PLAIN, 14), ('"', _PLAIN, 0)),
    "sha512": (("$6$", _CRYPT, 16), ("$", _CRYPT, 86)),
    "junos6": (("$6$", _CRYPT, 8), ("$", _CRYPT, 86)),
    "junos9": (("$9$", _JUNOS9, 38),),
    "vrp_cipher": (("%^%#", _VRP, 44), ("%^%#", _VRP, 0)),
    "vrp_hash": (("$1a$", _CRYPT, 10), ("$", _CRYPT, 43), ("$", _VRP, 0)),
    "comware_hash": (("$h$6$", _BASE64, 16), ("$", _BASE64, 86), ("==", _BASE64, 0)),
    "comware_cipher": (("$c$3$", _BASE64, 40), ("==", _BASE64, 0)),
    "community": (("", _PLAIN, 12),),
    "md5hex": (("0x", "0123456789abcdef", 32),),
}


def conceal(kind: str, *seed: object) -> str:
    """A secret in notation ``kind``, the same for the same seed."""
    rng = chance("secret", kind, *seed)
    return "".join(
        prefix + "".join(rng.choices(alphabet, k=length))
        for prefix, alphabet, length in _SHAPES[kind]
    )
