"""Junos: candidate, commit, confirmed commit, rollback."""

from __future__ import annotations

import time

from lab_client import Cli

from weibao_lab import DeviceHandle


def edit(cli: Cli, *lines: str) -> str:
    cli.run("configure")
    answers = [cli.run(line).decode() for line in lines]
    cli.run("exit configuration-mode")
    return "".join(answers)


def test_a_candidate_counts_after_commit_only(junos: DeviceHandle) -> None:
    with Cli(junos).start() as cli:
        cli.run("configure")
        cli.run('set interfaces ge-0/0/5 description "new one"')
        assert b"new one" not in junos.render_running()
        assert b"+" in cli.run("show | compare")
        assert b"commit complete" in cli.run("commit")
        assert b'description "new one";' in junos.render_running()
        assert junos.render_running().startswith(b"## Last commit: ")
        cli.run("exit")
        assert b'set interfaces ge-0/0/5 description "new one"\n' in cli.run(
            "show configuration | display set"
        )


def test_rollback_brings_the_one_before_back(junos: DeviceHandle) -> None:
    before = junos.render_running().split(b"\n", 1)[1]
    with Cli(junos).start() as cli:
        edit(cli, "set vlans TEMP vlan-id 77", "delete snmp location", "commit")
        assert junos.render_running().split(b"\n", 1)[1] != before
        assert "load complete" in edit(cli, "rollback 1", "commit")
    assert junos.render_running().split(b"\n", 1)[1] == before


def test_an_unconfirmed_commit_is_rolled_back(junos: DeviceHandle) -> None:
    before = junos.render_running().split(b"\n", 1)[1]
    with Cli(junos).start() as cli:
        said = edit(cli, "set vlans TEMP vlan-id 77", "commit confirmed 1")
    assert "will be automatically rolled back in 1 minutes unless confirmed" in said
    assert b"TEMP" in junos.render_running()
    time.sleep(0.4)
    assert junos.render_running().split(b"\n", 1)[1] == before


def test_a_second_commit_confirms(junos: DeviceHandle) -> None:
    with Cli(junos).start() as cli:
        edit(cli, "set vlans TEMP vlan-id 77", "commit confirmed 1", "commit")
        time.sleep(0.4)
        assert b"TEMP" in junos.render_running()
        edit(cli, "delete vlans TEMP", "commit")
    assert b"TEMP" not in junos.render_running()


def test_set_lines_build_the_same_configuration(junos: DeviceHandle) -> None:
    from weibao_lab.braces import BraceTree

    tree = BraceTree.parse(junos.render_running().decode())
    again = BraceTree()
    for line in tree.render_set().splitlines():
        again.set(tuple(words(line)))
    assert sorted(again.render_set().splitlines()) == sorted(tree.render_set().splitlines())


def words(line: str) -> list[str]:
    from weibao_lab.dialects import dialect_for

    return dialect_for("juniper_junos").split(line)[1:]  # type: ignore[attr-defined]
