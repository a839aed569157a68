"""What dnf and rpm themselves say of kernels, locks, architectures and signatures."""

from __future__ import annotations

import importlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .booted import run
from .rpms import KERNEL, NOTICE, Root, built, needed
from .test_patch_reading import utils

LOCK = """\
import dnf
class Lock(dnf.Plugin):
    name = "versionlock"
    def sack(self):
        print("chatter of a plugin")
        query = self.base.sack.query().filter(name="tool", version__neq="1.0")
        self.base.sack.add_excludes(query.available())
"""
"""What the plugin of that name does, in short; it comes with another package."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    needed()
    folder = tmp_path_factory.mktemp("rpms")
    made = [built(folder, "kernel-core", f"5.{n}", "x86_64", KERNEL) for n in range(1, 6)]
    made += [built(folder, "tool", f"{n}.0") for n in (1, 2, 3)]
    made += [built(folder, "multi", f"{n}.0", arch) for n in (1, 2) for arch in ("x86_64", "i686")]
    made += [built(folder, "dep", "1.0"), built(folder, "dep", "2.0", more="Requires: tool >= 3")]
    return {path.name.removesuffix(".rpm"): path for path in made}


@pytest.fixture
def root(tmp_path: Path, packages: dict[str, Path]) -> Root:
    found = Root(tmp_path)
    found.offer(*packages.values())
    first = [f"kernel-core-5.{n}-1.x86_64" for n in (1, 2, 3)]
    first += ["tool-1.0-1.noarch", "multi-1.0-1.x86_64", "multi-1.0-1.i686", "dep-1.0-1.noarch"]
    found.install(*(packages[name] for name in first))
    return found


def ask(root: Root, do: str, **more: Any) -> dict[str, Any]:
    said = root.ask(utils("linux_dnf").DNF, do, **more)
    assert said["error"] == "" or do == "resolve", said
    return said


def short(rows: list[dict[str, Any]], *fields: str) -> list[Any]:
    return sorted([row["name"], row["arch"], row["version"], *map(row.get, fields)] for row in rows)


def test_a_new_kernel_comes_beside_all_that_are_there(root: Root) -> None:
    """Three are what Red Hat's hosts keep; the oldest went without a word."""
    said = ask(root, "upgrades")
    assert short(said["upgrades"], "before", "beside") == [
        ["dep", "noarch", "2.0-1", "1.0-1", []],
        ["kernel-core", "x86_64", "5.5-1", "", ["5.1-1", "5.2-1", "5.3-1"]],
        ["multi", "i686", "2.0-1", "1.0-1", []],
        ["multi", "x86_64", "2.0-1", "1.0-1", []],
        ["tool", "noarch", "3.0-1", "1.0-1", []],
    ]
    assert said["kept"] == []
    said = ask(root, "resolve", wanted=["kernel-core-5.4-1.x86_64", "multi-2.0-1.i686"])
    assert short(said["resolved"]) == [
        ["kernel-core", "x86_64", "5.4-1"], ["multi", "i686", "2.0-1"],
    ]  # fmt: skip
    assert (said["error"], said["removed"]) == ("", [])
    assert short(said["earlier"]) == [["multi", "i686", "1.0-1"]]
    assert all(row["signed"] and len(row["sha256"]) == 64 for row in said["resolved"])


def test_a_lock_is_listed_and_hides_what_it_locks(root: Root) -> None:
    plugins = root.folder / "plugins"
    plugins.mkdir()
    (plugins / "versionlock.py").write_text(LOCK)
    (plugins / "versionlock.list").write_text("# of ours\ntool-0:1.0-1.*\n!multi-3.0\n")
    locked = f"[main]\nenabled=1\nlocklist={plugins}/versionlock.list\n"
    (plugins / "versionlock.conf").write_text(locked)
    root.configure(f"pluginpath={plugins}\npluginconfpath={plugins}\n")
    assert ask(root, "state")["held"] == ["tool"]
    said = ask(root, "upgrades")
    assert not [row for row in said["upgrades"] if row["name"] in ("tool", "dep")]
    assert short(said["kept"], "held") == [
        ["dep", "noarch", "2.0-1", False], ["tool", "noarch", "3.0-1", True],
    ]  # fmt: skip
    for wanted in ("tool-2.0-1.noarch", "dep-2.0-1.noarch"):
        said = ask(root, "resolve", wanted=[wanted])
        assert wanted.partition("-")[0] in said["error"] and not said["resolved"]
    (plugins / "versionlock.conf").write_text("[main]\nenabled=0\n")
    assert ask(root, "state")["held"] == []


def test_an_exclusion_of_dnf_is_a_lock_too(root: Root) -> None:
    root.configure("excludepkgs=too*\n")
    assert ask(root, "state")["held"] == ["tool"]
    assert ["tool", "noarch", "3.0-1", True] in short(ask(root, "upgrades")["kept"], "held")


def test_a_fix_that_something_newer_took_the_place_of_is_still_security(root: Root) -> None:
    """The advisory is of 2.0, and 3.0 is what there is to be had."""
    notice = root.folder / "updateinfo.xml"
    notice.write_text(NOTICE.replace("wr-tool", "tool"))
    run("modifyrepo_c", str(notice), str(root.repository / "repodata"))
    (found,) = [row for row in ask(root, "upgrades")["upgrades"] if row["name"] == "tool"]
    assert found["version"] == "3.0-1"
    assert [(n["id"], n["type"]) for n in found["advisories"]] == [("LAB-2026:0001", "security")]
    rows = ask(root, "upgrades")["upgrades"]
    assert [row["name"] for row in rows if row["advisories"]] == ["tool"]


def test_what_there_is_of_a_great_many_packages_is_not_cut_off(root: Root) -> None:
    """Of a command's output two million characters are kept."""
    rows = [{"name": f"package-{n}", "uri": "http://mirror/" + "x" * 300} for n in range(9000)]
    script = utils("linux_dnf").DNF
    asked = "base = opened(asked["
    assert script.count(asked) == 1
    wide = script.replace(asked, f"answer['kept'] = asked['rows']\n    {asked}")
    assert len(root.ask(wide, "state", rows=rows)["kept"]) == 9000
    done = subprocess.run(["/usr/bin/python3", "-c", wide], capture_output=True, text=True,
                          input=json.dumps({"do": "state", "root": str(root.root), "rows": rows}),
                          check=True)  # fmt: skip
    assert len(done.stdout) < utils("linux_command").LIMIT // 10


def test_one_version_beside_another_is_no_sound_database_but_of_kernels(
    root: Root, packages: dict[str, Path]
) -> None:
    assert ask(root, "state")["twice"] == []
    root.install(packages["tool-2.0-1.noarch"])
    assert ask(root, "state")["twice"] == ["tool-1.0-1.noarch tool-2.0-1.noarch"]


def test_a_version_that_is_no_longer_to_be_had_is_refused_in_words(root: Root) -> None:
    said = ask(root, "resolve", wanted=["tool-2.5-1.noarch"])
    assert "tool-2.5-1.noarch is not to be had" in said["error"] and not said["resolved"]


@pytest.fixture
def signed(
    tmp_path: Path, packages: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """A package that a trusted key signed, one that another signed, and one without."""
    found = {}
    monkeypatch.setenv("HOME", str(tmp_path))  # rpm's database and keys of this test alone
    (tmp_path / ".rpmmacros").write_text(f"%_dbpath {tmp_path}/db\n")
    run("rpm", "--initdb")
    for who in ("trusted", "other"):
        home = tmp_path / who
        home.mkdir(mode=0o700)
        gpg = ("gpg", "--homedir", str(home), "--batch", "-q")
        run(*gpg, "--passphrase", "", "--quick-gen-key", who, "rsa2048", "sign", "never")
        found[who] = tmp_path / f"{who}.rpm"
        found[who].write_bytes(packages["tool-1.0-1.noarch"].read_bytes())
        run("rpmsign", "--addsign", "--define", f"_gpg_name {who}", "--define",
            f"_gpg_path {home}", "--define", "__gpg /usr/bin/gpg", str(found[who]))  # fmt: skip
        run("gpgconf", "--homedir", str(home), "--kill", "all")
    key = tmp_path / "key"
    key.write_text(run("gpg", "--homedir", str(tmp_path / "trusted"), "--export", "-a").stdout)
    run("rpm", "--import", str(key))
    found["unsigned"] = packages["tool-1.0-1.noarch"]
    return found


def test_a_signature_that_the_repository_wants_has_to_hold(signed: dict[str, Path]) -> None:
    """``rpm -K`` calls a file without a signature good."""
    stage = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.stage_packages"
    )
    names = {"name": "tool", "arch": "noarch", "version": "1.0-1"}
    for who, good in (("trusted", True), ("other", False), ("unsigned", False)):
        path = str(signed[who])
        hashed = {**names, "sha256": stage.digest_of(path)}
        for asked in ({**hashed, "signed": True}, {**names, "signed": True}):
            why = stage.wrong(path, asked, "dnf")
            assert ("gpgcheck" in why) is not good and bool(why) is not good
        assert stage.wrong(path, hashed, "dnf") == ""
        assert "nothing tells it" in stage.wrong(path, names, "dnf")
    path = str(signed["trusted"])
    newer = {**names, "version": "2.0-1", "signed": True}
    assert "another package" in stage.wrong(path, newer, "dnf")
    assert "sha256" in stage.wrong(path, {**names, "sha256": "0" * 64, "signed": True}, "dnf")
    assert "nothing tells it" in stage.wrong(path, names, "apt")


def test_no_kernel_goes_because_another_comes(tmp_path: Path) -> None:
    stage = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.stage_packages"
    )
    own = tmp_path / "own"
    for text in ("[main]\ngpgcheck=1\ninstallonly_limit = 3\n[x]\na=1\n", "", "[x]\na=1\n"):
        own.write_text(text)
        stage.configure(str(tmp_path), str(own))
        lines = (tmp_path / "dnf.conf").read_text().splitlines()
        assert lines[:2] == ["[main]", "installonly_limit=0"]
        kept = [line for line in text.splitlines() if "limit" not in line and line != "[main]"]
        assert lines[2:] == kept
