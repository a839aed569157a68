"""Hosts whose configuration is files: what is asked for, what is sent, what is made of it."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weibao.adapters.network.endpoints import endpoint_of
from weibao.adapters.network.file_choice import file_choice
from weibao.adapters.network.job import Endpoint, FileChoice, Job, Limits
from weibao.adapters.network.session import Answer
from weibao.adapters.network.shell import name_files
from weibao.adapters.platform_files import load_platforms
from weibao.domain.acceptance import judge
from weibao.domain.host_files import document, left_out, problems

LINUX = load_platforms()["linux"]


def codes(text: bytes) -> set[str]:
    return {reason.code for reason in judge(text, LINUX).reasons}


# the variable


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/etc/a", FileChoice(("/etc/a",))),
        (["/etc/a/", "/srv/b c/*.conf"], FileChoice(("/etc/a", "/srv/b c/*.conf"))),
        ({"add": ["/a"], "leave_out": "/b"}, FileChoice(("/a",), leave_out=("/b",))),
        ({"only": ["/a"]}, FileChoice(("/a",), only=True)),
        ([], FileChoice()),
    ],
)
def test_what_may_be_asked_for(value: object, expected: FileChoice) -> None:
    assert file_choice(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "etc/hosts", ["/ok", "../x"], "/etc/../root/x", "/etc/\nreboot", "/etc/\x00", "/a\\b", 7,
        [7], {"olny": ["/a"]}, {"only": ["/a"], "add": ["/b"]}, "/" + "x" * 500, ["/a"] * 501, [""],
    ],
)  # fmt: skip
def test_what_may_not(value: object) -> None:
    with pytest.raises(ValueError, match=r"path|unknown|exclude"):
        file_choice(value)


def test_a_bad_path_is_that_devices_problem_alone() -> None:
    values = {"weibao_files": ["/ok", "relative"]}
    endpoint = endpoint_of("web", values.get)
    assert endpoint.problem is not None
    assert endpoint.problem[0] == "variable_error"
    assert dict(endpoint.problem[1])["variable"] == "weibao_files"


def test_it_travels_to_the_worker() -> None:
    values = {"weibao_files": {"only": ["/a"], "leave_out": ["/b"]}, "ansible_become": True}
    endpoint = endpoint_of("web", values.get)
    assert endpoint.become
    job = Job("b", "k", (), {}, 1, Limits(), (endpoint,))
    assert Job.load(job.dump()) == job


# what is sent


class Terminal:
    """Takes commands in place of a session."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def ask(self, command: str, **_: Any) -> Answer:
        self.sent.append(command)
        return Answer(b"")


def sent_for(choice: FileChoice) -> list[str]:
    terminal = Terminal()
    endpoint = Endpoint("web", "default", "192.0.2.1", 22, files=choice)
    name_files(terminal, LINUX, endpoint)  # type: ignore[arg-type]
    return [*LINUX.session.prepare, *terminal.sent, LINUX.configuration.running[0].send]


def on_this_host(choice: FileChoice, shell: str = "sh") -> bytes:
    """What a shell here prints when it is sent what a session sends."""
    script = "\n".join(sent_for(choice)) + "\n"
    return subprocess.run(
        [shell], input=script.encode(), capture_output=True, check=True, timeout=60
    ).stdout


def test_no_line_is_too_long_for_a_terminal() -> None:
    many = FileChoice(tuple(f"/srv/{'x' * 300}/{n}" for n in range(200)))
    assert max(len(line) for line in sent_for(many)) < 1400
    assert all("\n" not in line and "\t" not in line for line in sent_for(many))


def test_only_readers_are_called() -> None:
    """Whatever stands where a command can stand reads; nothing is redirected into a file."""
    own = LINUX.session.own_shell
    assert own is not None
    assert LINUX.session.enable is not None
    lines = [own.command, LINUX.session.enable.command, *LINUX.session.prepare]
    for line in lines:
        redirected = re.findall(r"(?<![-$])\d?>(?!&1)\s*(\S+)", re.sub(r'"[^"]*"', '""', line))
        assert {word.rstrip(";)") for word in redirected} <= {"/dev/null"}, line
        assert not re.search(
            r"\b(?:rm|mv|cp|tee|dd|install|chmod|chown|mkdir|touch|kill|reboot|eval)\b", line
        ), line


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b.conf").write_bytes(b"b\r\nc\r\n")
    (tmp_path / "a 'quoted' $(id) `id`;.conf").write_bytes("ü\n".encode())
    (tmp_path / "open").write_bytes(b"no end")
    (tmp_path / ".hidden").write_bytes(b"h\n")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "mixed").write_bytes(b"a\r\nb\n")
    (tmp_path / "link").symlink_to("open")
    (tmp_path / "@w4096 E 0").write_bytes(b"@w4096 E 0\n")
    return tmp_path


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh", "zsh"])
def test_what_a_shell_here_prints_is_whole(tree: Path, shell: str) -> None:
    words = shell.split()
    try:
        subprocess.run([*words, "-c", ":"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"{shell} is not installed")
    if shell == "zsh":
        pytest.skip("never the sh of a Linux host")
    choice = FileChoice((str(tree), f"{tree}/none"), only=True, leave_out=(f"{tree}/@*",))
    script = "\n".join(sent_for(choice)) + "\n"
    printed = subprocess.run(words, input=script.encode(), capture_output=True, check=True).stdout
    text = document(printed)
    assert codes(text) == set()
    assert f"#== {tree}/d/b.conf (".encode() in text
    assert b", 2 lines, CRLF, sha256 " in text
    assert b"a 'quoted' $\\x28id\\x29 `id`;.conf" in text
    assert b", 1 lines, no line end, sha256 " in text
    assert f"#-- {tree}/link (link to open)".encode() in text
    assert left_out(text) == {"no text": [f"{tree}/binary", f"{tree}/mixed"],
                              "absent": [f"{tree}/none"]}  # fmt: skip
    assert b"@w4096" not in text


# what is made of it


def record(path: str, data: bytes, letter: str = "F") -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    head = f"@w4096 {letter} ={path} {len(data)} {digest} - 644|root|root\n"
    return head.encode() + base64.encodebytes(data) + b"\n@w4096 .\n"


HEAD = b"@w4096 H base64 sha256 =web-01\n"


def test_files_stand_in_the_order_of_their_paths_and_once() -> None:
    one, two = record("/etc/b", b"b\n"), record("/etc/a", b"a\n")
    text = document(HEAD + one + two + one + b"@w4096 E 3\n")
    assert re.findall(rb"^#== (/\S+)", text, re.MULTILINE) == [b"/etc/a", b"/etc/b"]
    assert text.endswith(b"#== end: 2 files\n")
    assert codes(text) == set()


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        (HEAD + record("/a", b"a\n"), "truncated_no_end"),
        (HEAD + record("/a", b"a\n") + b"@w4096 E 2\n", "truncated_no_end"),
        (HEAD + record("/a", b"a\n").replace(b"YQo=", b"Ygo=") + b"@w4096 E 1\n", "file_differs"),
        (HEAD + record("/a", b"a\n").replace(b"YQo=", b"") + b"@w4096 E 1\n", "file_differs"),
        (HEAD + record("/a", b"a\n").replace(b"YQo=", b"Broadcast message!") + b"@w4096 E 1\n",
         "file_differs"),
        (b"sh: wb_print: not found\n", "error_text"),
        (b"", "empty_text"),
    ],
)  # fmt: skip
def test_what_is_damaged_is_refused(printed: bytes, code: str) -> None:
    assert code in codes(document(printed))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("644|root|root", "0644 root:root"),
        ("4755|root|domain users", "4755 root:domain users"),
        ("-rw-r----- 1 0 42 7 Jan  1 00:00 /etc/a", "0640 0:42"),
        ("-rwsr-xr-t+ 1 0 0 7 Jan  1 00:00 /etc/a", "5755 0:0"),
    ],
)
def test_mode_and_owner_by_stat_and_by_ls(said: str, shown: str) -> None:
    printed = HEAD + record("/etc/a", b"a\n").replace(b"644|root|root", said.encode())
    text = document(printed + b"@w4096 E 1\n")
    assert f"#== /etc/a ({shown}, 2 bytes, ".encode() in text
    assert codes(text) == set()


def test_a_file_whose_hash_could_not_be_taken_is_unreadable() -> None:
    printed = re.sub(rb"[0-9a-f]{64}", b"", HEAD + record("/a", b"a\n"))
    text = document(printed + b"@w4096 E 1\n")
    assert left_out(text) == {"unreadable": ["/a"]}


LINES = st.sampled_from(
    [b"#== /a (0644 root:root, 2 bytes, 1 lines, sha256 00)", b"#== end: 1 files", b"x", b"",
     b"@w4096 E 1", b"#-- /b (unreadable)", b"# weibao files 1"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(st.lists(LINES, max_size=4), st.booleans(), st.booleans()), max_size=4))
def test_whatever_files_hold_they_are_proven(files: list[tuple[list[bytes], bool, bool]]) -> None:
    bodies = [
        (b"\r\n" if crlf else b"\n").join(lines) + (b"\n" if ended and not crlf else b"")
        for lines, crlf, ended in files
    ]
    printed = b"".join(record(f"/f{n}", body) for n, body in enumerate(bodies))
    text = document(HEAD + printed + b"@w4096 E %d\n" % len(bodies))
    assert problems(text) == []
    assert not codes(text) - {"too_short"}
    for end in range(0, len(text) - 1, 11):
        assert codes(text[:end]), end
