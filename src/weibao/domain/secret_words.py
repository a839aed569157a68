"""The words by which configurations of every vendor announce a secret.

Tables only; ``redaction`` reads lines with them. They are generic on purpose: an unknown
platform, or a command that a platform's file forgot, still loses its secrets. What is
only written in one vendor's way stands in that platform's file.
"""

from __future__ import annotations

import re

__all__ = [
    "ALGORITHM",
    "CONDITIONAL",
    "FREE_HEADS",
    "HASHES",
    "HINTS",
    "ID_WORDS",
    "KEY_STOPS",
    "METHOD_WORDS",
    "NAME_WORDS",
    "POLICY_HEADS",
    "POLICY_STOPS",
    "QUALIFIERS",
    "QUALIFIERS_WITH_VALUE",
    "SAID",
    "SINGLE",
    "SPOKEN",
    "TAIL",
    "TAIL_WITH_VALUE",
    "URL",
    "WORDS",
    "WORD_ENDINGS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HINTS = (
    *("pass", "secret", "key", "community", "psk", "cipher", "auth", "priv", "securityname"),
    *(
        "$",
        "%",
        "@",
        "token",
        "credential",
        "cak ",
        "snmp",
        "pwd",
        "enc ",
        "pin ",
        "simple",
        "pmk",
        "pw",
    ),
    *("密码", "口令", "密钥", "团体"),
)
"""A line without any of these, in lower case, holds no secret."""

WORDS = _words(
    "password passwd passphrase pass-phrase secret key key-string keystring key-octet-string "
    "keyring-key hex-key string-key wep-key server-key shared-key sharedkey shared-secret psk "
    "preshared-key pre-shared-key presharedkey set-key auth-key authentication-key "
    "authenticationkey enc-key encryption-key privacy-key master-key private-key session-key "
    "message-digest-key authentication-hex encryption-hex community-name communityname cak "
    "wpa-psk psk-key pmk token api-key apikey access-key secret-key authenticator "
    "ascii-text hexadecimal cipher ciphertext irreversible-cipher plain-text-password-value "
    "trap-community isakmp-key ike-key"
)
"""After these a secret follows."""

WORD_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "pass-phrase",
    "-secret",
    "-psk",
    "authentication-key",
    "auth-key",
    "shared-key",
    "key-string",
    "_pw",
    "_pass",
)
"""So it does after a word that ends in one of these."""

SINGLE = _words("cipher ciphertext irreversible-cipher communityname community-name")
"""The secret after these is one word; after the others it may hold blanks."""

ALGORITHM = re.compile(
    r"(?i:md5|sha-?\d*(?:-\d+)*|sha2-\d+|hmac[\w-]*|keyed-[\w-]+|aes[\w-]*|3?des[\w-]*|simple|usual"
    r"|nonstandard|rfc\d+|sm[34][\w-]*|cipher)\Z"
)

CONDITIONAL = _words(
    "authentication-mode area-authentication-mode domain-authentication-mode privacy-mode "
    "authentication-algorithm-key"
)
"""After these a secret follows where an algorithm comes first."""

ID_WORDS = _words(
    "message-digest-key authentication-key auth-key authentication-mode area-authentication-mode "
    "domain-authentication-mode"
)
"""After these a number is the key's id and not the secret."""

QUALIFIERS = _words(
    "cipher ciphertext irreversible-cipher irreversible simple encrypted hash hashed hidden "
    "plaintext plain plain-text clear cleartext clear-text text ascii hex hexadecimal ascii-text "
    "ascii-key hex-key unicode md5 sha sha1 sha224 sha256 sha384 sha512 sha-1 sha-256 sha-384 "
    "sha-512 sha2-256 sha2-512 scrypt pbkdf2 hmac-md5 hmac-sha1 hmac-sha-1 hmac-sha-256 "
    "hmac-sha256 hmac-sha1-12 hmac-sha-384 hmac-sha-512 sm3 keyed-md5 keyed-sha1 usual "
    "nonstandard aes aes128 aes192 aes256 aes-128 aes-192 aes-256 des des56 3des 3desede 128 192 "
    "256 authentication accounting authorization pass-phrase passphrase set-key key row local "
    "remote any enc is = : 8a value inbound outbound ah esp raw-key psk additional metering-only "
    "local-user user-defined default"
)
"""Say how the secret is written, and stand between the word and the secret."""

QUALIFIERS_WITH_VALUE = _words("level role address hostname type id key-id domain-name")

TAIL = _words(
    "ro rw rwa read-only read-write encrypted localizedkey localizedv2key pbkdf2 "
    "single-connection no-xauth nt-encrypted mschap level-1 level-2 level-1-2 ip osi prefer "
    "primary secondary tkip aes tkip-aes aes-tkip"
)
"""Words that may follow a secret."""

TAIL_WITH_VALUE = _words(
    "privilege role level view group vrf vpn-instance vpn port auth-port acct-port timeout "
    "retransmit acl mib-view access service-type access-level idle-timeout expire uid weight "
    "address wait terminal-type source-ip source-interface access-class ftp-directory privileges "
    "admin ipv6 use-acl use-ipv4acl"
)
"""Words that may follow a secret together with a value."""

NAME_WORDS = _words(
    "username user local-user sent-username chain key-chain keychain hostname sysname name "
    "interface vlan group class vrf host view role policy profile peer-group trustpoint"
)
"""The word after one of these is a name."""

METHOD_WORDS = _words(
    "authentication-type authentication-method auth-method protocol method authentication-order "
    "methods no-authentication"
)
"""After one of these ``password`` is a way to log in."""

POLICY_HEADS = _words("no undo default security aaa feature system ssd set super security-policy")

POLICY_STOPS = _words(
    "encryption-key policy policies strength-check strength history expiration expire expires "
    "complexity complexity-check minimum min-length minimum-length max-length maximum-length "
    "length aging "
    "recovery encryption encrypt control prompt logging synchronization required lockout alert "
    "modify change-interval restriction reuse hide format minimum-changes minimum-numerics "
    "change-type change retry validate storage display"
)
"""A line that begins with ``password`` and one of these is a rule for passwords."""

KEY_STOPS = _words(
    "chain generate pubkey-chain zeroize export import storage exchange mypubkey pubkey rsa dsa "
    "ecdsa ec size length id management name lifetime rotation lock param encrypt decrypt move "
    "label permissive server-public"
)
"""``key`` and one of these is no secret."""

FREE_HEADS = _words(
    "description remark location contact sys-contact syscontact syslocation comment alias-name "
    "descr name info message login-message"
)
"""What follows is a person's text."""

HASHES = re.compile(
    r"(?P<secret>\$[0-9A-Za-z][\w-]{0,15}\$[^\s\"';]{4,}"
    r"|(?P<mark>%\^%#|%@%@|%#%#|%\$%\$|%\+%#|@%@%)[^\n]{1,600}?(?P=mark)"
    r"|(?:%\^%#|%@%@|%#%#|%\$%\$|%\+%#|@%@%)\S{8,}"
    r"|(?<=\bENC )[A-Za-z0-9+/=]{8,})"
)
"""Hashed and reversible forms that show by themselves."""

URL = re.compile(r"://[^\s:/@\"]{0,256}:(?P<secret>[^\s\"]{1,256})@")
"""A password within a URL."""

_SPOKEN = (
    r"(?:password|passwd|passphrase|pwd|secret|psk|pre-shared-key|community|token|api-?key"
    r"|密码|口令|密钥|团体字|团体名)"
)

SAID = re.compile(
    rf"(?i:{_SPOKEN}(?:\s{{0,3}}[:=：＝]\s{{0,3}}|\s{{1,3}}is\s{{1,3}}|\s{{0,3}}[为是]\s{{0,3}}))"
    r"\"?(?P<secret>[^\s\"，。；;,]+)"
)
"""A password told in a description or set by ``password=…``."""

SPOKEN = re.compile(
    rf"(?i:{_SPOKEN})\s{{1,3}}"
    r"(?P<secret>(?=[^\s\"]{0,80}\d)(?=[^\s\"]{0,80}[A-Za-z])[^\s\"]{6,})"
)
"""In a person's text: a word after ``password`` that looks like one."""
