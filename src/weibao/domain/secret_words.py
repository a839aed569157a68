"""The words by which configurations of every vendor announce a secret.

Tables only; ``redaction`` reads lines with them. They are generic on purpose: an unknown
platform, or a command that a platform's file forgot, still loses its secrets. What is
only written in one vendor's way stands in that platform's file.
"""

from __future__ import annotations

import re

__all__ = [
    "ALGORITHM",
    "ASSIGNED",
    "CONDITIONAL",
    "FORMS",
    "FREE_HEADS",
    "HASHES",
    "HINTS",
    "HOW_WRITTEN",
    "ID_WORDS",
    "KEY_STOPS",
    "LONG_FREE_HEADS",
    "MENUS",
    "METHOD_WORDS",
    "NAME_WORDS",
    "NOT_SECRET",
    "POLICY_HEADS",
    "POLICY_STOPS",
    "QUALIFIERS",
    "QUALIFIERS_WITH_VALUE",
    "QUOTED_HEADS",
    "SAID",
    "SEALED_KINDS",
    "SETTING",
    "SINGLE",
    "SPOKEN",
    "SWITCHES",
    "TAIL",
    "TAIL_WITH_VALUE",
    "TOLD",
    "URL",
    "WAYS_IN",
    "WORDS",
    "WORD_ENDINGS",
    "XML",
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
        "md5",
        "plain",
        "curl",
        "admin/",
        "root/",
        "ghp_",
        "glpat-",
        "xox",
        "hooks.",
        "eyj",
        "akia",
        "bearer ",
        "authorization",
        "login user",
        "create account",
        "mgmt-user",
        "aaa-server",
        "ipsec spi",
        "rmon event",
        "ascii-text",
        "hexadecimal",
        "-hex",
        "/hook/",
        "/bot",
    ),
    *("密码", "口令", "密钥", "团体", "密碼"),
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
    "trap-community isakmp-key ike-key psksecret accesskey keytab key-value notify-community "
    "community-string snmp-community-string pin idtoken simple-text simple-text-auth tcp-md5-auth "
    "md5-authentication wpa-hexkey phash auth-code shared-key-cipher appkey appsecret "
    "kerberos-keytab"
)
"""After these a secret follows."""

WORD_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "pass-phrase",
    "-secret",
    "_secret",
    "-psk",
    "-key",
    "_key",
    "key-string",
    "pwd",
    "-token",
    "_token",
    "_pw",
    "_pass",
    "-pw",
    "-pass",
    "password-l1",
    "password-l2",
)
"""So it does after a word that ends in one of these."""

NOT_SECRET = re.compile(
    r"(?:.*-)?(?:public|host|authori[sz]ed|trusted|named|rsa|dsa|ecc|ecdsa|ed25519|nistp\d+|sm2|ssh|transmit"
    r"|tunnel|gre|symmetric"
    r"|lacp|aggregation|function|escape|hot|sort|foreign|usb|hash|user)"
    r"[-_]key\Z|(?:allow|by)-pass\Z|nopassword\Z|change-password\Z|active-psk\Z|security-password\Z|permit-empty-passwd\Z"
)
"""Words that end like those and announce no secret."""

HOW_WRITTEN = _words("plain plaintext plain-text simple encrypted clear cleartext cipher")
"""Behind ``authentication``, an algorithm or the like, the secret follows these."""

SWITCHES = _words("enable disable common none auto required")
"""``…-key`` and one of these alone is a setting."""

WAYS_IN = _words("password radius tacplus tacacs ldap local")
"""Ways to log in, as they stand in lists."""

SINGLE = _words(
    "plain plaintext plain-text simple encrypted clear cleartext pin cipher ciphertext "
    "irreversible-cipher communityname community-name"
)
"""The secret after these is one word; after the others it may hold blanks."""

ALGORITHM = re.compile(
    r"(?i:md5|sha-?\d*(?:-\d+)*|sha2-\d+|hmac(?:-[\w-]+)?|keyed-[\w-]+|aes(?:-?\d+)?(?:[-_][\w-]+)?|simple|usual"
    r"|nonstandard|rfc\d+|sm[34](?:-[\w-]+)?|wep-?\d+|cmac(?:-[\w-]+)?|3?des(?:\d+|ede\d?)?(?:-(?:cbc|cfb|ecb|ede|key)[\w-]*)?|met-[\w-]+|cipher)\Z"
)

CONDITIONAL = _words(
    "authentication-mode area-authentication-mode domain-authentication-mode privacy-mode "
    "authentication-algorithm-key"
)
"""After these a secret follows where an algorithm comes first."""

ID_WORDS = _words(
    "message-digest-key authentication-key auth-key authentication-mode area-authentication-mode "
    "domain-authentication-mode md5-key session-key"
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
    "local-user user-defined default encryption 10 40 104 fallback verify hash2 localized-key "
    "primary secondary ipv6 "
    "auth-encrypted privacy-encrypted manager operator sae read write cak chap pap "
    "plaintext-password password-encrypt password-encryption password all"
)
"""Say how the secret is written, and stand between the word and the secret."""

QUALIFIERS_WITH_VALUE = _words(
    "level role address hostname type id key-id domain-name "
    "size option for peer peer-group eigrp user-name ckn"
)

SEALED_KINDS = _words(
    "4 5 7 8 9 10 encrypted cipher ciphertext irreversible-cipher hashed irreversible"
)
"""What follows one of these was written by the device, and has no blank in it."""

TAIL = _words(
    "ro rw rwa read-only read-write encrypted localizedkey localizedv2key pbkdf2 "
    "single-connection no-xauth nt-encrypted mschap level-1 level-2 level-1-2 ip osi prefer "
    "primary secondary tkip aes tkip-aes aes-tkip hash hash2 trusted transmit-key priority "
    "validate send-only snp authentication-avoid fallback store-local no-config-mode dot1x "
    "mac-auth web-auth no-login access systemowner sdrowner"
)
"""Words that may follow a secret."""

TAIL_WITH_VALUE = _words(
    "privilege role level view group vrf vpn-instance vpn port auth-port acct-port timeout "
    "retransmit acl mib-view access service-type access-level idle-timeout expire uid weight "
    "address wait terminal-type source-ip source-interface access-class ftp-directory privileges "
    "ipv6 use-acl use-ipv4acl test-profile max-device encryption-method alias "
    "cryptographic-algorithm authenticate snp-packet ip-host hostname realm redirect-list "
    "group-list mode-list modelist key-id key_id key-name netmask engineid vlan idle-time priv-lvl "
    "usage priority access-limit ack-reserved-interval vendor-id branch-group user-name "
    "server-group expires algorithm receive-lifetime transmit-lifetime path tracking ipv4 hash"
)
"""Words that may follow a secret together with a value."""

NAME_WORDS = _words(
    "username user local-user sent-username chain key-chain keychain hostname sysname name "
    "interface vlan group class vrf host view role policy profile peer-group trustpoint route-map "
    "access-list prefix-list community-list class-map policy-map match-any match-all list extended "
    "standard acl object object-group policy-statement term filter edit vpn-instance route-policy "
    "tunnel-group group-policy tag"
)
"""The word after one of these is a name."""

METHOD_WORDS = _words(
    "authentication-type authentication-method auth-method protocol method authentication-order "
    "methods no-authentication"
)
"""After one of these ``password`` is a way to log in."""

SETTING = re.compile(
    r"\S* \S+ key-?chain \S+\Z"
    r"|ldp password (?:required\b|option [^\n]* key-chain \S+\Z)"
    r"|\S* password inheritance-disable\Z"
    r"|\d[\d.]*:\d+ password disable\Z"
    r"|\S+ password (?:default|none) mode "
    r"|\S* shared-secret profile \S"
    r"|\S* password shared-secret profile "
    r"|\S* authenticator eap "
    r"|security token required-for "
    r"|apply-to "
    r"|\S* pin verify auto\Z"
)
"""From the word before a word that announces a secret: a setting, and no secret."""

POLICY_HEADS = _words("no undo default security aaa feature system ssd set super security-policy")

POLICY_STOPS = _words(
    "encryption-key policy policies strength-check strength history expiration expire expires "
    "complexity complexity-check configuration configuration-control non-plaintext-sha256 "
    "minimum min-length minimum-length max-length maximum-length "
    "length aging "
    "recovery encryption encrypt control prompt logging synchronization required lockout alert "
    "modify change-interval restriction reuse hide format minimum-changes minimum-numerics "
    "change-type change retry validate storage display template check min-len secure-mode"
)
"""A line that begins with ``password`` and one of these is a rule for passwords."""

KEY_STOPS = _words(
    "chain generate pubkey-chain zeroize export import storage exchange mypubkey pubkey rsa dsa "
    "ecdsa ec size length id management name lifetime rotation lock param encrypt decrypt move "
    "label permissive server-public config-key wrap"
)
"""``key`` and one of these is no secret."""

LONG_FREE_HEADS = _words(
    "description remark comment descr note login-banner pre-login-message message login-message "
    "alias-name port-name"
)
"""The rest of the line is a person's text; after the other free heads one word is."""

FREE_HEADS = _words(
    "description remark location contact system-contact system-location sys-contact syscontact "
    "syslocation comment alias-name "
    "descr name info message login-message"
)
"""What follows is a person's text."""

QUOTED_HEADS = (
    FREE_HEADS | LONG_FREE_HEADS | _words("msg subject body display-string description-string")
)
"""A quoted text behind one of these is a person's, and no command."""

HASHES = re.compile(
    r"(?P<secret>\$1[a-z]\$[^\n]{4,200}?\$(?=\s|\Z)|\$[0-9A-Za-z][\w-]{0,15}\$[^\s\"';]{4,}"
    r"|(?P<mark>%\^%#|%@%[@#]|%#%#|%\$%\$|%\+%#|@%@%)[^\n]{1,600}?(?P=mark)"
    r"|(?:%\^%#|%@%[@#]|%#%#|%\$%\$|%\+%#|@%@%)\S{8,}"
    r"|(?<=\bENC )[A-Za-z0-9+/=]{8,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-)[A-Za-z0-9_-]{16,}"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|(?<=hooks\.slack\.com/services/)[^\s\"]{8,}"
    r"|(?<=/bot/v2/hook/)[\w-]{16,}|(?<=/bot)\d{8,10}:[\w-]{30,})"
)
"""Hashed and reversible forms that show by themselves."""

URL = re.compile(r"://[^\s:/@\"]{0,256}:(?P<secret>[^\s\"]{1,256})@")
"""A password within a URL."""

_SPOKEN = (
    r"(?:(?<!export-)password|passwd|passphrase|pwd|secret|psk|pre-shared-key|community|token|api-?key"
    r"|密码|口令|密钥|密碼|团体字|团体名)"
)
_VALUE = r"(?!</)(?:\"(?P<quoted>(?:[^\"\\\n]|\\[^\n])*)\"|\"?(?P<secret>[^\s\"，。；;,“”]+))"

SAID = re.compile(
    rf"(?i:{_SPOKEN}(?:\s{{0,3}}[:=：＝]\s{{0,3}}|\s{{1,3}}is\s{{1,3}}|\s{{0,3}}[为是][:：]?\s{{0,3}})"
    r"|\b(?:pass|pw)(?:\s?[:：=]\s?|\s{1,3}is\s{1,3})|(?:pwd|密码|口令)\s?/\s?)"
    rf"{_VALUE}"
)
"""A password told in a description or set by ``password=…``."""

ASSIGNED = re.compile(
    r"(?i:(?<![\w-])(?!(?:[\w.-]{0,40}-)?(?:public|host|sort)-?key)[\w.-]{0,60}"
    r"(?:key|key-\d|password|passwd|pwd|secret|token|psk|passphrase|credential|_pass)"
    r"(?:=|[ ]=[ ]))"
    r"(?:\\?\"(?P<quoted>(?:[^\"\\\n]|\\[^\"\n])*)\\?\"|(?P<secret>[^\s\"&;,]+))"
)
"""What is assigned: ``private-key="…"``, ``?api_key=…&``."""

SPOKEN = re.compile(
    rf"(?i:{_SPOKEN})\s{{1,3}}"
    r"(?P<secret>(?=[^\s\"]{0,80}\d)(?=[^\s\"]{0,80}[A-Za-z])[^\s\"]{6,})"
    r"|(?i:(?<![\w-])(?:pw|pass))\s{1,3}"
    r"(?P<secret_short>(?=[^\s\"]{0,80}\d)(?=[^\s\"]{0,80}[A-Za-z])[^\s\"/:]{6,}(?=[\s\"]|$))"
    r"|(?i:(?:^|description |remark |comment |motd |login |exec |port-name |[\"#!%@/]|\^C)[ ]?"
    r"(?:password|passwd|pwd))\s{1,3}(?!(?i:polic|reset|requi|prote|recov|chang|manag|server|list|only"
    r"|here|below|please|must|expir|need|prompt|auth|login|less|store|vault|safe|aging|rule|set|desk)\w*)"
    r"(?P<secret_alone>[^\s\"~;\\]{4,})(?=(?:\\n)?[\"~%@;]{0,2}(?: ?\^C)?\s*$)"
    r"|(?i:\b(?:admin|administrator|root))/"
    r"(?P<secret_pair>(?=[^\s\"]{0,80}\d)(?=[^\s\"]{0,80}[@!#$%&*^])[^\s\"]{6,})"
    r"|(?<![\w/])(?i:admin|administrator|root)/(?P<secret_weak>\d{6,12}"
    r"|(?i:admin|root|cisco|huawei|h3c|ruijie|password|abc)[@!#._-]{0,3}\d{1,8})(?=[\s\"',;)]|$)"
)
"""In a person's text: a word after ``password`` that looks like one, or stands alone."""

TOLD = re.compile(
    r"(?:密码|口令|密钥|密碼|团体[字名])\s{0,3}[「『“（(【\[]?"
    r"(?!(?i:see|in|at|to|for|by|reset|policy|server|desk|vault)\b)(?P<secret>(?![:=])[!#-~]{3,})"
)
"""The same in Chinese, which no command is written in: it counts in every line."""

_SPI = (
    r"(?:(?:esp|ah|null|md5|sha1|aes-cbc|aes|3des|3des-cbc|des|des-cbc|128|192|256|authentication"
    r"|encryption|passphrase|password|encrypted|clear|ciphertext|cipher|plaintext"
    r"|simple|[0-9]) ){0,8}"
)

FORMS = re.compile(
    r"(?:\bmail[- ]server \"?[^\s:@\"]{1,80}:(?P<secret_mail>[^\s\"]{1,80})@"
    r"|\bhello-authentication ah-md5 (?:\d )?(?P<secret_pim>\S+)"
    r"|\b(?:comment|note)=\"(?:[^\"\\\n]|\\.){0,200}?(?i:\b(?:password|passwd|pwd|pw|pass)) "
    r"(?P<secret_comment>(?=[^\s\"]{0,80}\d)(?=[^\s\"]{0,80}[A-Za-z])[^\s\"]{6,})"
    r"|\"[\w-]{0,40}(?i:password|passwd|pwd|secret|token|api_?key)\\?\"\s?:\s?\\?\""
    r"(?P<secret_json>[^\"\\\n]+)"
    r"|(?:\bcurl\b[^\n]{0,200}?\s)(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,80}:"
    r"(?P<secret_curl>[^\s\"']+)"
    r"|\bsshpass -p ?(?P<secret_sshpass>\S+)"
    r"|auth=(?:key|token-secure|token-secret),(?P<secret_exec>[^\s,]+)"
    r"|(?i:\bbearer |authorization: ?(?:basic|digest|token) )(?P<secret_bearer>[^\s\"]{6,})"
    r"|\brmon event \d{1,6} [^\n]{0,100}?\btrap (?:community )?"
    r"(?!description\b|owner\b)(?P<secret_rmon>\S+)"
    r"|\bnhrp authentication (?:(?:[0-9]|simple|plain|cipher) )?(?P<secret_nhrp>\S+)"
    rf"|\bipsec spi \d{{1,10}} {_SPI}(?P<secret_spi>\S+)(?: {_SPI}(?P<secret_spi_too>\S+))?"
    r"|\bauthentication (?:encrypted )?(?:md5|sha\d{0,3}) \d{1,3} (?:\d )?"
    r"(?!key|cipher|plain|password|start-time|\d+$)(?P<secret_id>\S+)"
    r"|^\s*(?:configure )?(?:create account (?:admin|user) (?:\"[^\"\n]+\"|[^\s\"]+)|login user \S+"
    r"|pp auth (?:my|user)name \S+"
    r"|mgmt-user \S+ \S+) (?:encrypted )?(?P<secret_account>[^\n]+)"
    r"|^aaa-server \S+ (?:\(\S+\) )?host \S+ (?!key\b|timeout\b|protocol\b)(?P<secret_asa>\S+))"
)
"""What is written in one way only, and by several vendors or in no vendor's file yet."""

MENUS = (
    (
        re.compile(r"\s*config system snmp community\s*$"),
        re.compile(r"end\b"),
        re.compile(r"^ {4,16}set name (?P<secret>\"[^\"]*\"|\S+)"),
    ),
    *(
        (
            re.compile(rf" {{{indent}}}config snmp-community\s*$"),
            re.compile(rf" {{{indent}}}end\b"),
            re.compile(r"^ {12,24}set name (?P<secret>\"[^\"]*\"|\S+)"),
        )
        for indent in (4, 8, 12)
    ),
    (
        re.compile(r"/snmp community\b"),
        re.compile(r"/"),
        re.compile(r"\bname=(?P<secret>\"[^\"]*\"|\S+)"),
    ),
    *(
        (
            re.compile(rf" {{{indent}}}(?:inactive: |protect: )*snmp \{{"),
            re.compile(rf" {{{indent}}}\}}"),
            re.compile(
                r"^\s*(?:inactive: |protect: )*(?:community|trap-group) "
                r"(?P<secret>\"[^\"]*\"|[^\s;{\"]+)(?= \{|;)"
            ),
        )
        for indent in (0, 4, 8, 12)
    ),
)
"""Parts of a configuration where a name is the secret: how they begin and end, and which."""

XML = re.compile(
    r"<(?!(?:[\w.-]{1,40}-)?public-key\b)(?:[\w.-]{1,40}[-_])?(?:password|passwd|phash|secret|key|psk|passphrase"
    r"|community|community-string|authpwd|privpwd|pwd|token|pin)(?:\s[^<>]{0,200})?>"
    r"(?P<secret>[^<>]{1,20000})(?=</|\Z)"
)
"""An element whose name says that its text is secret; the text may have several lines."""
