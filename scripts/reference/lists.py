"""Pages of platforms, inventory variables, reasons and findings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from reference.tables import MADE, table

__all__ = ["findings", "platforms", "reason_groups", "reasons", "variables"]

ROOT = Path(__file__).resolve().parent.parent.parent


_PLATFORM_HEAD = """What `ansible_network_os` may say, and what is sent to the device. The first
command that the device does not refuse counts. *Tried on*: `recorded` outputs of real devices,
`simulated` devices (the lab, or invented sessions), `real` devices or their real software."""

_PLATFORM_NAMES = """`ansible_network_os` may be our id, a netmiko device type (also with `_ssh` or
`_telnet`), or Ansible's name, short (`ios`) or qualified (`cisco.ios.ios`). Without it the
platform is detected after login by what the version command prints. An unknown name is an
error of that device alone."""


def platforms() -> str:
    """The platforms."""
    from weibao.adapters.platform_files import load_platforms

    rows = []
    catalogue = load_platforms([])
    for platform in catalogue.values():
        own = sorted(n for n, i in catalogue.names().items() if i == platform.id != n)
        names = ", ".join(f"`{n}`" for n in own)
        commands = ", ".join(f"`{c.send}`" for c in platform.configuration.running)
        startup = ", ".join(f"`{c.send}`" for c in platform.configuration.startup) or "—"
        tried = ", ".join(t.value for t in platform.tried_on)
        rows.append((f"`{platform.id}`", platform.title, tried, commands, startup, names))
    return (
        "\n\n".join(
            [
                MADE,
                "# Platforms",
                _PLATFORM_HEAD,
                _PLATFORM_NAMES,
                table(("Id", "Name", "Tried on", "Running", "Startup", "Also called"), rows),
                "How to add one: [source tour](../source-tour.md#a-platform).",
            ]
        )
        + "\n"
    )


_VARIABLE_WORDS = {
    "address": "Address; default: the host's name",
    "port": "Port; default 22, with Telnet 23",
    "username": "Login name; default: the user who runs the backup",
    "password": "Password. Without one and without a key file, the SSH agent and the default keys",
    "enable_secret": "Enable secret, where the platform has a privileged level; sudo's password",
    "key_file": "Private key for SSH",
    "key_passphrase": "Its passphrase",
    "network_os": "Platform, see [platforms.md](platforms.md); empty: detected",
    "common": "SSH arguments. Read are the jump (`-J`, `-o ProxyJump=`, `-o ProxyCommand=`) and "
    "old algorithms (`-o KexAlgorithms=+…`, `HostKeyAlgorithms`, `Ciphers`, `MACs`, "
    "`PubkeyAcceptedAlgorithms`)",
    "extra": "The same, added to them",
    "check": "`false`: host keys are not checked for this device; the report warns",
    "contract": "Which contract the device belongs to; default `default`",
    "protocol": "`telnet`: Telnet instead of SSH; the report warns",
    "become": "`true`: on a host whose configuration is files, be root by sudo to read them; "
    "sudo's question is answered with the enable secret, or else with the password",
    "files": "Paths of a [host whose configuration is files](../how-to/back-up-linux-hosts.md): "
    "a list adds to the platform's; `{add: […], leave_out: […]}`, `{only: […], leave_out: […]}`",
    "legacy": "`true`: old SSH algorithms are allowed for this device; the report warns",
}

_SOURCE_WORDS = (
    "`cli` (default): ports are read at the device's command line; `snmp`: from its SNMP agent; "
    "`napalm`: at its API"
)

_NAPALM_WORDS = {
    "transport": "`https` (default), `http`: the password crosses the network in clear; the report "
    "warns",
    "port": "TCP port; default 443, with `http` 80, of Junos 830",
    "verify": "`false`: the certificate (of Junos the host key) is not checked; the report warns",
    "ca_file": "Absolute path of the certificates (PEM) that are trusted in place of the system's; "
    "a device's has to name `ansible_host`",
}

_SNMP_WORDS = {
    "version": "`2c` (default without a user), `3` (default with one), `1`",
    "community": "Community (1, 2c). It crosses the network in clear",
    "user": "User (3)",
    "auth": "`sha1` (default with a password), `sha224`, `sha256`, `sha384`, `sha512`, `md5`",
    "auth_password": "Authentication password, 8 characters at least",
    "priv": "`aes128` (default with a password), `aes192`, `aes256`, `aes192c` and `aes256c` (keys "
    "as Cisco makes them), `des`",
    "priv_password": "Privacy password",
    "port": "UDP port; default 161",
}

_FIELD_WORDS = {
    "contract": "see above",
    "site": "site or room (站点、机房)",
    "unit": "unit or department (单位、科室)",
    "role": "what it is for (用途)",
    "model": "model (型号)",
    "serial_number": "serial number (序列号)",
    "parent": "the device that it hangs on; a change of one is felt by the other (上级设备)",
    "redundancy_group": "devices of one group stand in for each other, and a change never works on "
    "two of them at once (冗余组)",
    "ports": "what its ports should be: pattern → `used`, `reserved`, `closed`, `ignored`, or "
    "fields; goes before the accepted baseline, see [ports](../how-to/check-ports.md) (端口期望)",
    "port_waivers": "known findings that are accepted until a day: `match`, `reason`, `until`, "
    "`codes` (豁免)",
}


def variables() -> str:
    """The inventory's variables."""
    from weibao.adapters.network.endpoints import VARIABLES
    from weibao.adapters.network.port_source import SOURCE
    from weibao.adapters.network.port_source import VARIABLES as SOURCES
    from weibao.domain.inventory import DEVICE_FIELDS

    read = [
        (", ".join(f"`{v}`" for v in names), _VARIABLE_WORDS[meaning])
        for meaning, names in VARIABLES.items()
    ]
    snmp = [(f"`{v}`", _SNMP_WORDS[n]) for n, v in SOURCES["snmp"].items()]
    napalm = [(f"`{v}`", _NAPALM_WORDS[n]) for n, v in SOURCES["napalm"].items()]
    fields = [(f"`{name}`", _FIELD_WORDS[name]) for name in DEVICE_FIELDS]
    return (
        "\n\n".join(
            [
                MADE,
                "# Inventory variables",
                "An inventory is an ordinary Ansible inventory. Weibao reads these variables of a\n"
                "host, as Ansible resolves them (groups, `group_vars/`, `host_vars/`, templates,\n"
                "vault). Where several names are given, the first that is set counts.",
                "## How to reach the device",
                table(("Variable", "Meaning"), read),
                "`--ask-pass` style defaults of a plain `ansible-playbook` call (remote user,\n"
                "connection password, become password) are used where a host has none of its own.",
                "## Where ports are read",
                "Only `weibao ports check` reads these.",
                table(("Variable", "Meaning"), [(f"`{SOURCE}`", _SOURCE_WORDS)]),
                "[By SNMP](../how-to/ports-by-snmp.md):",
                table(("Variable", "Meaning"), snmp),
                "[At an API](../how-to/ports-by-api.md); user, password and key are those of SSH:",
                table(("Variable", "Meaning"), napalm),
                "## What it is (设备档案)",
                "They make reports complete; none is needed for a backup.",
                table(("Variable", "Meaning"), fields),
                "Other variables are left alone. `weibao inventory check` warns of names that are\n"
                "nearly one of these.",
            ]
        )
        + "\n"
    )


def reason_groups() -> dict[str, dict[str, Mapping[str, str]]]:
    """The reasons' words by catalogue file: code → ``zh`` and ``en``."""
    import yaml

    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for path in sorted((ROOT / "src" / "weibao" / "messages").glob("*.yml")):
        for key, words in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if key.startswith("reason."):
                found.setdefault(path.stem, {})[key.removeprefix("reason.")] = words
    return found


_GROUPS = {
    "network": "Why a device could not be read",
    "acceptance": "Why a text was refused",
    "files": "Hosts whose configuration is files",
    "backup": "What a run found",
    "archive": "Archive and encrypted texts",
    "records": "What verification says",
    "estate": "Inventory and settings",
    "schedule": "Schedule",
    "notify": "Notices",
}


_VOCABULARY = re.compile(r":@[\w.]+\+?(?=\})")
"""Where a place of a text says how its code becomes a word."""


def reasons() -> str:
    """All reasons in both languages."""
    parts = [
        MADE,
        "# Reasons",
        "A reason is a code with parameters; `--json` shows it as `reason_code` and the words\n"
        "as `reason`. What to do about each:\n"
        "[when a device failed](../how-to/when-a-device-failed.md) and\n"
        "[when verify complains](../how-to/when-verify-complains.md).",
    ]
    groups = reason_groups()
    for group in [*_GROUPS, *sorted(set(groups) - set(_GROUPS))]:
        if group in groups:
            rows = [
                (f"`{code}`", *(_VOCABULARY.sub("", words[language]) for language in ("en", "zh")))
                for code, words in groups[group].items()
            ]
            parts += [
                f"## {_GROUPS.get(group, group)}",
                table(("Code", "English", "中文"), rows),
            ]
    return "\n\n".join(parts) + "\n"


def findings() -> str:
    """Outcomes and findings."""
    from weibao.domain.records import FindingCode, Outcome, Severity
    from weibao.i18n import messages

    known = messages()

    def word(key: str, language: str) -> str:
        return known.get(key, {}).get(language, "")

    outcomes = [
        (
            f"`{o.value}`",
            word(f"cli.outcome.{o.value}", "zh"),
            word(f"report.outcome.{o.value}.means", "en"),
            "yes" if o.good else "no",
        )
        for o in Outcome
    ]
    findings = [
        (
            f"`{c.value}`",
            word(f"report.finding.{c.value}", "en"),
            word(f"report.finding.{c.value}", "zh"),
            word(f"report.finding.{c.value}.advice", "en"),
        )
        for c in FindingCode
    ]
    severities = ", ".join(f"`{s.value}`" for s in Severity)
    return (
        "\n\n".join(
            [
                MADE,
                "# Outcomes and findings",
                "## Outcomes of a device",
                "Each device of a run has one. *Good*: it has a proven current backup.",
                table(("Outcome", "中文", "Meaning", "Good"), outcomes),
                "## Findings",
                f"What a run found about a device, or about itself. Severity: {severities}.",
                table(("Code", "Finding", "发现", "What to do"), findings),
            ]
        )
        + "\n"
    )
