"""Where in a device's texts something stands that says whose device it is.

Each pattern names what is replaced by the group ``value``. Secrets are not here: they are
found by redaction (``domain.redaction``).
"""

from __future__ import annotations

import re

__all__ = [
    "BANNERS",
    "BODIES",
    "DOMAIN",
    "FREE_TEXTS",
    "IPV4",
    "IPV6",
    "MAC",
    "MAIL",
    "NAMED_DOMAINS",
    "PHONES",
    "RELEASE",
    "SERIALS",
    "USERS",
]

_I = re.IGNORECASE | re.MULTILINE
_QUOTED = r'"(?:[^"\\\n]|\\(?:.|\n))*"?'

FREE_TEXTS = tuple(
    re.compile(pattern, _I)
    for pattern in (
        # description to the printer; set interfaces x description "y"; snmp-server location z
        r"(?<![\w-])(?:description|descr|remark|comments?|port-name|port-description|location"
        r"|contact|sys-?location|sys-?contact|annotation|display-string|memo)\b"
        rf"(?: *: *|[ \t]+)(?P<value>{_QUOTED}|[^\n\"][^\n]*)",
        # comment="the printer", comment=printer
        r"(?<![\w-])(?:comment|description|location|contact|note)="
        rf"(?P<value>{_QUOTED}|[^\s\"]+)",
        # set alias "to the printer", alias of an interface; but no alias of a command
        rf"^[ \t]+(?:set )?alias[ \t]+(?P<value>{_QUOTED}|[^\n\"][^\n]*)",
        # The name of a VLAN.
        rf"^[ \t]+(?:vlan-)?name[ \t]+(?P<value>{_QUOTED}|[^\n\"][^\n]*)",
        rf"(?<![\w-])ssid[ \t=]+(?P<value>{_QUOTED}|[^\s\"]+)",
    )
)

_BANNER_KINDS = r"motd|login|exec|incoming|asdm|lcd|prompt-timeout|slip-ppp|legal|shell"

BANNERS = (
    # banner motd ^C … ^C, header login information % … %
    re.compile(
        rf"^[ \t]*(?:set )?(?:banner (?:{_BANNER_KINDS})|header \w{{1,20}}(?: information)?)[ \t]?"
        r"(?P<mark>\^C|\x03|[^\w\s\"\U000f0000])(?P<value>(?:(?!(?P=mark)).|\n){0,20000})(?P=mark)",
        re.MULTILINE,
    ),
    # banner motd only for our own people: one line each
    re.compile(rf"^banner (?:{_BANNER_KINDS})[ \t]+(?P<value>[\w\U000f0000][^\n]*)$", re.M),
    re.compile(
        r"^banner (?:motd|login|exec)[ \t]*\n(?P<value>(?:.|\n){0,20000}?)^EOF$", re.MULTILINE
    ),
    re.compile(
        r"(?<![\w-])(?:banner(?: [\w-]{1,20}){0,2}|header \w{1,20}(?: information)?|message"
        r"|announcement|(?:pre|post)-login(?:-banner)?|login-banner|buffer|note)[ \t=]+"
        r"(?P<value>\"(?:[^\"\\]|\\(?:.|\n)){0,20000}\")",
        re.MULTILINE,
    ),
)

_SOMEBODY = r"\"?(?P<value>[A-Za-z][\w.@\\-]{1,62})"

USERS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^[ \t]*(?:username|local-user|user-name|snmp-server user|aaa local-user)[ \t]+"
        rf"{_SOMEBODY}",
        rf"^[ \t]*(?:set system login user|set users|set mgt-config users)[ \t]+{_SOMEBODY}",
        rf"^[ \t]*user[ \t]+{_SOMEBODY}\"?(?= *(?:\{{|$|password|group|access))",
        rf"^[ \t]*snmp-agent (?:local-user|usm-user) v3[ \t]+{_SOMEBODY}",
        rf"^[ \t]*password manager user-name[ \t]+{_SOMEBODY}",
        rf"^[ \t]*(?:create|configure) account \w+[ \t]+{_SOMEBODY}",
        rf"^[!#;/ :][^\n]{{0,120}}\bby[ \t]+{_SOMEBODY}[ \t]*(?:\*/)?$",
        rf"(?<![\w-])(?:Last login:|Welcome,?|User)[ \t]+{_SOMEBODY}(?= (?:logged|from|on)\b)",
    )
)

SERIALS = tuple(
    re.compile(pattern, _I)
    for pattern in (
        r"\b(?:serial[ _-]?(?:number|no|num|#)?|s/?n|esn|barcode|system[ _-]id|software id"
        r"|chassis[ _-]id|asset[ _-]tag|service[ _-]tag|processor board id|uuid)\b\.?"
        r"(?: of [\w ]{1,30}?)?[ \t]*(?:[:=#]|is\b)?[ \t]*\"?"
        r"(?P<value>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{5,40})\b",
        r"^license udi pid \S+ sn[: ]+(?P<value>\S+)",
        r"(?P<value>\b[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\b)",
    )
)

BODIES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # Certificates and public keys: a name may be in them.
        r"-----BEGIN [A-Z ]*(?:CERTIFICATE|PUBLIC KEY)[A-Z ]*-----"
        r"(?P<value>[^-]{20,20000})-----END",
        r"^(?P<value>[ \t]+[0-9A-F]{8}(?: [0-9A-F]{2,8}){3,}[ \t]*)$",
        r"\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+) (?P<value>AAAA[A-Za-z0-9+/]{20,}=*)",
    )
)

IPV4 = re.compile(
    r"(?<![\w.-])(?P<value>(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})"
    r"(?![\w-])(?!\.\w)"
)
RELEASE = re.compile(r"(?i:(?:version|release|rel|ver|revision|firmware|xos)[ :=,]*)\Z")
"""In front of four numbers that are no address."""
IPV6 = re.compile(
    r"(?<![\w:.])(?P<value>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])(?!\.\d)"
)
MAC = re.compile(
    r"(?<![\w:.-])(?P<value>[0-9A-Fa-f]{2}(?P<one>[:-])(?:[0-9A-Fa-f]{2}(?P=one)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}(?P<two>[.:-])[0-9A-Fa-f]{4}(?P=two)[0-9A-Fa-f]{4}"
    r"|[0-9A-Fa-f]{6}-[0-9A-Fa-f]{6})(?![\w:-])(?!\.\w)"
)
MAIL = re.compile(r"(?<![\w.+-])(?P<value>[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,12})")
DOMAIN = re.compile(
    r"(?<![\w@.-])(?P<value>(?:[A-Za-z0-9](?:[\w-]{0,61})\.){1,6}(?i:com|net|org|edu|gov|mil|info"
    r"|biz|name|int|io|ai|me|tv|cc|top|xyz|site|cloud|local|lan|internal|intra|intranet|corp|home"
    r"|arpa|cn|hk|tw|jp|kr|sg|ru|de|uk|fr|nl|eu|us|ca|au|br|in|it|es|pl|cz|se|fi|dk|ch|be"
    r"|ua|kz|by|tr|gr|pt|ro|hu|sk|lt|lv|ee|za|mx|ar|nz|my|th|vn|ph))(?![\w-])(?!\.\w)"
)
NAMED_DOMAINS = re.compile(
    r"\b(?:domain-name|domain name|dns-domain|dns domain|domain-search|search-domain|domain)"
    r"[ \t=]+\"?(?P<value>[A-Za-z0-9][\w-]*(?:\.[\w-]+)+)",
    _I,
)
PHONES = tuple(
    re.compile(pattern, _I)
    for pattern in (
        r"(?<![\w.+])(?P<value>\+\d{1,3}[ -]?[\d() -]{6,16}\d)(?![\w.])",
        r"(?<![\w.:/-])(?P<value>1[3-9]\d{9}|0\d{2,3}-\d{7,8}|400-\d{3,4}-\d{3,4})(?![\w.-])",
        r"(?<![\w.:/-])(?P<value>\(?\d{3}\)?[ .-]\d{3}[.-]\d{4})(?![\w.-])",
        r"(?:\b(?:tel|phone|fax|mobile|hotline|telephone)\b|电话|手机|热线)[.:： ]{0,3}"
        r"(?P<value>\+?\d[\d() -]{4,16}\d)",
    )
)
