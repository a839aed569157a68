"""The differences of many devices are the same as those of each alone."""

from __future__ import annotations

from weibao.adapters.archive import GitArchive

from .helping import Night
from .test_git_archive import ODD

HARD = {
    "returns": "a\r\nb\rc\n",
    "no end": "no line end",
    "like a patch": "diff --git a/sw1.cfg b/sw1.cfg\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n",
    "bytes": "\udcff\x0b\x0c\x1c\u2028text\n",
    "empty": "",
}


def test_they_are_those_of_each_alone(archive: GitArchive, night: Night) -> None:
    texts = {**ODD, **HARD, "rarely": "1\n", "twice": "1\n", "stays": "s\n"}
    first = night(texts)
    second = night({**texts, "rarely": "2\n", "new": "n\n"})
    both = {name: text + "more\n" for name, text in texts.items() if name != "stays"}
    third = night({**texts, **both, "rarely": "3\n", "new": "n\nm\n", "stays": "s\n"})
    wanted = [(name, first, third) for name in [*texts, "nobody"] if name != "rarely"]
    wanted += [("rarely", second, third), ("new", second, third)]
    found = dict(archive.diffs(wanted))
    assert set(found) == {name for name, _, _ in wanted}
    assert found == {name: archive.diff(name, old, new) for name, old, new in wanted}
    assert sum(bool(text) for text in found.values()) == len(texts) - 1 + 1


def test_an_older_commit_than_the_one_before(archive: GitArchive, night: Night) -> None:
    first = night({"sw1": "1\n", "sw2": "1\n"})
    night({"sw1": "2\n", "sw2": "1\n"})
    third = night({"sw1": "3\n", "sw2": "3\n"})
    found = dict(archive.diffs([("sw1", first, third), ("sw2", first, third)]))
    assert "-1\n+3\n" in found["sw1"]
    assert "-1\n+3\n" in found["sw2"]


def test_commits_that_are_not_there(archive: GitArchive, night: Night) -> None:
    assert dict(archive.diffs([("sw1", "0" * 40, "1" * 40)])) == {"sw1": ""}
    first = night({"sw1": "1\n"})
    second = night({"sw1": "2\n"})
    wanted = [("sw1", "0" * 40, second), ("sw1", first, "--help"), ("sw1", "", first)]
    texts = [text for one in wanted for _, text in archive.diffs([one])]
    assert texts[:2] == ["", ""]
    assert texts[2] == archive.diff("sw1", "", first)
