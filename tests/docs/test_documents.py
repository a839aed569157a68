"""What the documents say can be done, can be done: commands, settings, links."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest
import yaml
from documents import DOCUMENTS, ROOT, WRITTEN, anchors, blocks, commands, links
from pydantic import BaseModel

from weibao.domain.contract import Contract
from weibao.domain.settings import Settings


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_no_link_is_dead(document: Path) -> None:
    for link in links(document):
        if "://" in link or link.startswith("mailto:"):
            continue
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_document_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    missing = [d for d in WRITTEN if "docs" in d.parts and d != index and d not in linked]
    assert missing == []


@pytest.mark.parametrize("document", WRITTEN, ids=_name)
def test_every_command_and_option_exists(document: Path) -> None:
    for words in commands(document):
        assert _trouble(words) == "", " ".join(words)


def test_what_does_not_exist_is_found() -> None:
    assert _trouble(["weibao", "backup", "rum"])
    assert _trouble(["weibao", "backup", "run", "--limits", "x"])
    assert _trouble(["weibao-lab", "begin"])
    assert not _trouble(["weibao", "-C", "x", "backup", "list|diff|show", "core-sw-01"])
    assert not _trouble(["weibao", "backup", "run", "--limit=core", "--json"])
    assert len(list(commands(ROOT / "docs/tutorial.md"))) > 20


def _trouble(words: list[str]) -> str:
    from weibao.cli.app import root
    from weibao_lab.cli import main

    command: click.Command = root if words[0] == "weibao" else main
    known = _options(command)
    takes_value = False
    for word in words[1:]:
        if takes_value:
            takes_value = False
        elif word.startswith("-") and len(word) > 1:
            name, equals, _ = word.partition("=")
            if name not in known:
                return f"no option {name}"
            takes_value = not equals and not known[name]
        elif isinstance(command, click.Group):
            # "list|show" names both; a capital word or "X" stands for any.
            each = [command.get_command(click.Context(command), w) for w in word.split("|")]
            if any(one is None for one in each):
                return "" if word == "X" or not word.isascii() else f"no command {word}"
            command = next(one for one in each if one is not None)
            known |= _options(command)
    return ""


def _options(command: click.Command) -> dict[str, bool]:
    """Names of options, and whether each is a flag."""
    found = {"--help": True, "-h": True}
    for option in command.params:
        if isinstance(option, click.Option):
            flag = option.is_flag or option.count
            found |= dict.fromkeys([*option.opts, *option.secondary_opts], flag)
    return found


class _Loader(yaml.SafeLoader):
    """Takes ``!vault`` as text."""


_Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("document", WRITTEN, ids=_name)
def test_yaml_is_valid_and_settings_are_known(document: Path) -> None:
    for block in blocks(document):
        if block.kind not in {"yaml", "yml"}:
            continue
        content = yaml.load(block.text, _Loader)
        if not isinstance(content, dict):
            continue
        keys = set(content)
        if keys <= set(Contract.model_fields) and keys & {"customer", "standing_authorisation"}:
            _valid(Contract, content)
        elif keys <= set(Settings.model_fields) - {"name"}:
            _valid(Settings, {"name": "x", "keys": "/keys", **content})


def _valid(model: type[BaseModel], content: dict[str, object]) -> None:
    model.model_validate(content)


@pytest.mark.parametrize("document", WRITTEN, ids=_name)
def test_python_compiles(document: Path) -> None:
    for block in blocks(document):
        if block.kind == "python":
            ast.parse(block.text)


def test_both_languages_of_the_tutorial_use_the_same_commands() -> None:
    english = {tuple(w[:3]) for w in commands(ROOT / "docs/tutorial.md") if len(w) > 2}
    chinese = {tuple(w[:3]) for w in commands(ROOT / "docs/zh/tutorial.md") if len(w) > 2}
    assert {w for w in chinese if w[0] == "weibao"} <= english
