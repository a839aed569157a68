"""Terminals as real devices and other people's test servers have them, each a few lines.

All cases of this file run at the same time, in threads; a test looks at one of them.
"""

from __future__ import annotations

import itertools
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import paramiko
import pytest

from weibao.adapters.network.collect import Attempt, Collector
from weibao.adapters.platform_files import load_platforms
from weibao.domain.acceptance import judge

from .conftest import LIMITS, Reader, endpoint, job
from .scripted import HANG_UP, Printed, Script, Scripted

PLATFORMS = load_platforms()
PATIENT = replace(LIMITS, silence=8)


def _text(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _many(*lines: str) -> list[str]:
    return [line.format(n=n) for n in range(30) for line in lines]


TEXTS = {
    "cisco_ios": _text(
        *("Building configuration...", "", "Current configuration : 900 bytes", "!"),
        *("version 15.2", "hostname SW1", "!"),
        *_many("interface Gi0/{n}", " description port {n}  \t ", " switchport"),
        *("!", "end", ""),
    ),
    "huawei": _text(
        *("!Software Version V200R019", "#", " sysname HUAWEI", "#"),
        *_many("interface GE0/0/{n}", " description port {n}"),
        *("#", "return"),
    ),
    "cisco_nxos": _text(
        *("", "!Command: show running-config", "", "version 7.3(8)N1(1)", "hostname N5K"),
        *_many("interface Ethernet1/{n}", "  description x"),
        *("line console", "line vty", ""),
    ),
    "arista_eos": _text(
        *("! Command: show running-config", "! device: sw1 (DCS, EOS-4.2)", "!", "hostname sw1"),
        *_many("interface Ethernet{n}", "   description x"),
        *("!", "end"),
    ),
    "juniper_junos": _text(
        *("## Last commit: 2024-01-01 00:00:00 UTC by root", "version 18.4R2;", "system {"),
        *("    host-name ex1;", "}", "interfaces {"),
        *_many("    ge-0/0/{n} {{", "        unit 0;", "    }}"),
        *("}",),
    ),
}
PROMPTS = {
    "cisco_ios": b"SW1#",
    "huawei": b"<HUAWEI>",
    "cisco_nxos": b"N5K# ",
    "arista_eos": b"sw1#",
    "juniper_junos": b"admin@ex1> ",
}
LOG = {
    "cisco_ios": b"*Mar  1 00:01:02.345: %SYS-5-CONFIG_I: Configured from console\r\n",
    "huawei": b"Nov  5 2023 10:11:12+08:00 SW1 %%01IFNET/4/IF_STATE(l)[12]:Interface up\r\n",
}
TERMINAL = ((b"Username: ", "admin"), (b"Password: ", "Right-pw1"))
ENABLE = (b"SW1#", b"Password: ", "En-1")


@dataclass
class Case:
    """A device, what it must come to, and what it has to print for it (None: its text)."""

    platform: str = "cisco_ios"
    text: Printed | None = None
    expected: bytes | None = None
    outcome: str = "accepted"
    telnet: bool = False
    key: str = "ecdsa"
    limits: object = LIMITS
    endpoint: dict = field(default_factory=dict)
    script: dict = field(default_factory=dict)
    secrets: tuple[str, ...] | None = None
    """Passwords that the device must have got, each once and no other."""


@dataclass
class Result:
    attempt: Attempt
    text: bytes | None
    expected: bytes
    device: Scripted
    seconds: float


def _run(case: Case) -> Result:
    platform = PLATFORMS[case.platform]
    text = TEXTS[case.platform] if case.text is None else case.text
    flat = text if isinstance(text, bytes) else b"".join(t for t in text if isinstance(t, bytes))
    answers: dict[str, Printed] = dict.fromkeys(platform.session.prepare, b"")
    answers[platform.configuration.running[0].send] = text
    options = {"prompt": PROMPTS.get(case.platform, b""), "answers": answers, **case.script}
    reader = Reader()
    with Scripted(Script(**options), telnet=case.telnet, key=case.key) as device:
        device.platform = case.platform
        collector = Collector(job(limits=case.limits), PLATFORMS, reader.keep)
        protocol = "telnet" if case.telnet else "ssh"
        began = time.monotonic()
        attempt = collector.attempt(
            endpoint(device, **{"protocol": protocol, **case.endpoint}), began + 60
        )
        seconds = time.monotonic() - began
    expected = re.sub(rb"\r+\n", b"\n", flat) if case.expected is None else case.expected
    return Result(attempt, reader.text(attempt, "running"), expected, device, seconds)


def _pagers() -> dict[str, Case]:
    back, blank = b"\x08" * 14, b" " * 14
    wipes = {
        "backspaces": back + blank + back,
        "carriage returns": b"\r" + blank + b"\r",
        "cursor left": b"\x1b[42D" + b" " * 42 + b"\x1b[42D",
        "erase line": b"\r\x1b[K",
        "erase whole line": b"\x1b[2K\r",
        "line up": b"\r\n\x1b[1A\x1b[2K",
        "nothing": b"",
    }
    pagers = {
        "huawei": b"  ---- More ----",
        "cisco_ios": b" --More-- ",
        "cisco_nxos": b"\x1b[7m--More--\x1b[27m",
        "juniper_junos": b"---(more 45%)---",
    }
    cases = {
        f"pager of {platform}, {name}": Case(platform, script={"pager": (shown, wipe, 20)})
        for platform, shown in pagers.items()
        for name, wipe in wipes.items()
    }
    strange = {"pager": (b"<--- More --->", b"\r" + blank + b"\r", 40)}
    left = {"dialogue": TERMINAL, "pager": (b" --More-- ", b"\r" + blank + b"\r", 20)}
    return {
        **cases,
        "a pager of another vendor": Case(script=strange),
        "Telnet, a pager that takes the LF of Enter": Case(telnet=True, script=left),
    }


def _prompts() -> dict[str, Case]:
    ios = [
        b"core_sw-1.lab",
        b"_sw",
        b"bj/idc/sw",
        b"x" * 63,
        "核心交换机".encode(),
        "核心".encode("gbk"),
        b"sw 1",
        b"RP/0/RP0/CPU0:sw1",
        b"sw1(config)",
    ]
    vrp = [b"[HUAWEI]", b"[~CE]", b"HRP_M<fw>", "<核心>".encode("gbk"), b"<" + b"x" * 200 + b">"]
    junos = [b"\r\n{master:0}\r\nu@host-re0> ", b"{master}\r\nu@ex-1> ", b"u@host.lab-re0> "]
    numbers = itertools.count(1)
    eos = {
        "counter": lambda: b"sw1.%d#" % next(numbers),
        "ticking clock": lambda: b"sw1." + time.strftime("%H:%M:%S").encode() + b"#",
        "colours": b"\x1b[1;32msw1\x1b[0m# \x1b[0m",
        "bracketed paste": b"\x1b[?2004hsw1# ",
        "title": b"\x1b]0;sw1\x07sw1# ",
        "erased line": b"\r\x1b[Ksw1#",
        "no blank": b"sw1#",
        "blanks": b"sw1#   ",
        "line end": b"sw1#\r\n",
    }
    return {
        **{f"prompt {name!r}": Case(script={"prompt": name + b"#"}) for name in ios},
        **{f"prompt {name!r}": Case("huawei", script={"prompt": name}) for name in vrp},
        **{f"prompt {name!r}": Case("juniper_junos", script={"prompt": name}) for name in junos},
        **{
            f"prompt with {name}": Case("arista_eos", script={"prompt": prompt})
            for name, prompt in eos.items()
        },
    }


def _echoes() -> dict[str, Case]:
    long = {"prompt": b"S" * 62 + b"#"}
    redrawn = {
        "wrapped by blank and CR": lambda p, c: c[:17] + b" \r" + c[17:],
        "wrapped by a line end": lambda p, c: c[:17] + (b"\r\n" + c[17:] if len(c) > 17 else b""),
        "wrapped twice": lambda p, c: b"\r\n".join(c[n : n + 9] for n in range(0, len(c), 9)),
        "shifted to the left": lambda p, c: (
            c[:16] + b"\x08" * 16 + (b"$" + c[8:]).ljust(16) + b"\x08" * 3 if len(c) > 16 else c
        ),
        "typed over itself": lambda p, c: b"".join(bytes([x, 8, x]) for x in c),
        "drawn again": lambda p, c: b"\r\x1b[K" + p + c,
    }
    return {
        **{f"no echo, {p}": Case(p, script={"echo": None}) for p in TEXTS},
        "echo with LF alone": Case(script={"echo": b"\n"}),
        "CR as Enter": Case(script={"enter": b"\r"}),
        "LF as Enter": Case(script={"enter": b"\n"}),
        **{f"echo {n}": Case(script={**long, "echo_as": f}) for n, f in redrawn.items()},
        "in pieces of one byte": Case(script={"piece": 1}),
        "in pieces of seven": Case("huawei", script={"piece": 7}),
    }


def _beginnings() -> dict[str, Case]:
    banner = _text("*****", "% Invalid input detected", "Access only#", "<HUAWEI>", "[NOTICE]")
    slow = [banner, 0.4, b"x@y>\r\n", 0.4, b"more\r\n", b"Authorized#\r\n", 0.5, b"last\r\n"]
    change = b"The password needs to be changed. Change now? [Y/N]:"
    late = {"late": [0.4, b"\r\nInfo: 10 users\r\n<HUAWEI>"]}
    cases = {
        "the password is given away to no banner": Case(
            script={"banner": [b"Never give away your password: ", 0.4, b"ok?\r\n"]},
            secrets=("Right-pw1",),
        ),
        "the user's name is no answer to Last login": Case(
            script={"banner": [b"Last login: ", 0.4, b"Mon Jan 1\r\n"]}
        ),
        "message after the first prompt": Case("huawei", script=late),
        "prompt only after Enter": Case(script={"prompt_first": False}),
        "press any key": Case(script={"dialogue": [(b"Press any key to continue", None)]}),
        "按任意键": Case(script={"dialogue": [("请按任意键继续...".encode(), None)]}),
        "a new password is declined": Case(
            "huawei", script={"dialogue": [(change, "n")]}, secrets=("Right-pw1", "n")
        ),
        "a new password is declined where only CR is Enter": Case(
            "huawei",
            script={"dialogue": [(change, "n")], "enter": b"\r"},
            secrets=("Right-pw1", "n"),
        ),
        "a new password is declined on an unknown platform": Case(
            "huawei",
            script={"dialogue": [(change, "n")]},
            endpoint={"network_os": ""},
            outcome="platform_undetected",
            secrets=("Right-pw1", "n"),
        ),
        "no old password is given for a new one": Case(
            script={"dialogue": [(b"Password expired.\r\nOld password: ", None)]},
            outcome="password_change_demanded",
            secrets=("Right-pw1",),
        ),
    }
    return {**cases, **{f"banner of {p}": Case(p, script={"banner": slow}) for p in TEXTS}}


def _logins() -> dict[str, Case]:
    wrong = {"password": "wrong"}
    once = {"endpoint": wrong, "outcome": "auth_failed", "secrets": ("wrong",)}
    right = ("Right-pw1",)
    chinese = (("用户名：".encode(), "admin"), ("密码：".encode(), "Right-pw1"))
    questions = [
        b"enable secret: ",
        b"Password for level 15:",
        "请输入密码：".encode(),
        b"Passcode:",
    ]
    user = b"SW1>"
    return {
        "keyboard-interactive": Case(script={"auth": "keyboard-interactive"}, secrets=right),
        "keyboard-interactive, wrong": Case(
            script={"auth": "keyboard-interactive", "challenges": 3}, **once
        ),
        "password or keyboard-interactive, wrong": Case(script={"auth": "both"}, **once),
        "password, wrong": Case(**once),
        "no SSH login": Case(script={"auth": "none", "dialogue": TERMINAL}, secrets=right),
        "no SSH login, wrong": Case(script={"auth": "none", "dialogue": TERMINAL}, **once),
        "no command line": Case(script={"shell": False}, outcome="shell_refused"),
        "no login at all": Case(script={"auth": "none"}, secrets=()),
        "an RSA key that signs with SHA-2": Case(key="rsa"),
        "a banner before the login": Case(script={"ssh_banner": "Welcome\nSW1#\n"}),
        "Telnet": Case(telnet=True, script={"dialogue": TERMINAL}, secrets=right),
        "Telnet in Chinese": Case(telnet=True, script={"dialogue": chinese}, secrets=right),
        "Telnet with a password alone": Case(
            telnet=True, script={"dialogue": TERMINAL[1:]}, secrets=right
        ),
        "Telnet, wrong": Case(telnet=True, script={"dialogue": TERMINAL}, **once),
        "Telnet, wrong, without a word": Case(
            telnet=True, script={"dialogue": TERMINAL, "rejected": [HANG_UP]}, **once
        ),
        **{
            f"enable asks {question!r}": Case(
                script={"prompt": user, "enable": (b"SW1#", question, "En-1")},
                secrets=("Right-pw1", "En-1"),
            )
            for question in questions
        },
        "enable asks nothing": Case(script={"prompt": user, "enable": (b"SW1#", b"", "En-1")}),
        "enable, wrong": Case(
            script={"prompt": user, "enable": ENABLE},
            endpoint={"enable_secret": "bad"},
            outcome="enable_failed",
            secrets=("Right-pw1", "bad"),
        ),
    }


def _contents() -> dict[str, Case]:
    ios = TEXTS["cisco_ios"]
    cases = {
        "GBK and UTF-8 mixed": Case(
            text=ios.replace(b"port 3 ", "上联".encode("gbk")).replace(b"port 4 ", "上联".encode())
        ),
        "CR CR LF": Case(text=ios.replace(b"\r\n", b"\r\r\n")),
        "LF alone": Case(text=ios.replace(b"\r\n", b"\n")),
        "empty lines around": Case(text=b"\r\n\r\n" + ios + b"\r\n\r\n"),
        "a pager within a line": Case(text=ios.replace(b"port 3", b"--More-- ---- More ----")),
        "the command as a line": Case(
            text=ios.replace(b"!\r\nend", b"alias x\r\nshow running-config\r\nend")
        ),
        "an error text in a short banner": Case(
            text=_text(
                "version 15.2", "hostname x", "banner motd ^C", "% Invalid input", "^C", "end"
            )
        ),
        "a pager as a line of a banner": Case(
            text=ios.replace(b"!\r\nend", b"banner motd ^C\r\n --More-- \r\n^C\r\nend"),
            outcome="refused",
        ),
        "NUL": Case(text=ios.replace(b"port 3", b"po\0rt"), outcome="refused"),
        "CR in mid-line": Case(text=ios.replace(b"port 3", b"po\rrt"), outcome="refused"),
        "form feed": Case(text=ios.replace(b"port 3", b"po\x0crt"), outcome="refused"),
        "hung up after the text": Case(text=[ios, HANG_UP], outcome="dropped"),
    }
    for platform, text in TEXTS.items():
        outcome = "refused" if platform in {"cisco_nxos", "juniper_junos"} else "accepted"
        cases[f"no line end at the end, {platform}"] = Case(
            platform, text.rstrip(), outcome=outcome
        )
        middle = text.index(b"\n", len(text) // 2) + 1
        alike = PROMPTS[platform].strip()
        for name, line in (("line", alike + b"\r\n"), ("beginning", alike)):
            # Half a line is no line; what follows the pause completes it.
            rest = text[middle:] if name == "line" else b" and on\r\n" + text[middle:]
            cases[f"a pause behind a prompt-like {name}, {platform}"] = Case(
                platform, [text[:middle] + line, 1.2, rest], limits=PATIENT
            )
    for platform, message in LOG.items():
        text, prompt = TEXTS[platform], PROMPTS[platform]
        bare = re.sub(rb"\r+\n", b"\n", text)
        cases[f"log message behind the prompt, {platform}"] = Case(
            platform, text + prompt + b"\r\n" + message, expected=bare
        )
        cases[f"log message before the prompt, {platform}"] = Case(
            platform, text + message, outcome="refused"
        )
        spaced = b"\r\n" + prompt
        cases[f"log message behind a prompt with an empty line in front, {platform}"] = Case(
            platform,
            text + spaced + b"\r\n" + message,
            script={"prompt": spaced},
            expected=bare,
        )
    return cases


CASES = {
    **_pagers(),
    **_prompts(),
    **_echoes(),
    **_beginnings(),
    **_logins(),
    **_contents(),
}


@pytest.fixture(scope="module")
def results():
    with ThreadPoolExecutor(16) as pool:
        yield {name: pool.submit(_run, case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_terminal_is_read_exactly_or_refused_with_its_reason(results, name):
    case = CASES[name]
    future: Future[Result] = results[name]
    result = future.result(timeout=120)
    attempt = result.attempt
    if case.outcome in {"accepted", "refused"}:
        assert attempt.trouble is None, attempt.trouble.reason
        assert result.text == result.expected
        verdict = judge(result.text, PLATFORMS[case.platform])
        assert verdict.accepted == (case.outcome == "accepted"), verdict.reasons
    else:
        assert attempt.trouble is not None
        assert attempt.trouble.reason.code == case.outcome
        assert result.text is None
    given = [secret for _, secret in result.device.secrets]
    if case.secrets is not None:
        assert given == list(case.secrets)
    assert not set(given) & set(result.device.lines)
    assert not [line for line in result.device.lines if re.match(r"conf|system-view|edit", line)]
    assert result.device.most_at_once <= 1


@pytest.mark.parametrize("kept", ["none", "another"])
def test_no_password_goes_to_a_host_key_that_is_not_on_record(tmp_path, reader, kept):
    with Scripted(Script()) as device:
        device.platform = "cisco_ios"
        hosts = tmp_path / "known_hosts"
        key = paramiko.ECDSAKey.generate()
        line = f"[{device.host}]:{device.port} {key.get_name()} {key.get_base64()}\n"
        hosts.write_text(line if kept == "another" else "")
        checked = job(known_hosts=str(hosts), host_key_checking=True)
        collector = Collector(checked, PLATFORMS, reader.keep)
        attempt = collector.attempt(endpoint(device), time.monotonic() + 20)
        code = {"none": "host_key_unknown", "another": "host_key_changed"}[kept]
        assert attempt.trouble.reason.code == code
        assert device.secrets == []


def test_a_password_that_is_met_with_silence_is_not_tried_again(reader):
    script = Script(dialogue=TERMINAL, rejected=[4.0, HANG_UP])
    with Scripted(script, telnet=True) as device:
        device.platform = "cisco_ios"
        attempt = reader.read(device, protocol="telnet", password="wrong")
        assert attempt.trouble.reason.code == "login_hangs"
        assert not attempt.trouble.may_pass


def test_two_megabytes_cost_little_processor_time():
    lines = (f" description line {n} of very many".encode() for n in range(70_000))
    text = b"version 15.2\r\nhostname SW1\r\n" + b"\r\n".join(lines) + b"\r\nend\r\n"
    began = time.process_time()
    result = _run(Case(text=text))
    assert result.text == result.expected
    assert time.process_time() - began < 8


def test_a_plain_session_wastes_no_time():
    assert _run(Case()).seconds < 2.5
