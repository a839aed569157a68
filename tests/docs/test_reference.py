"""The reference is what the program says, and leaves nothing out."""

from __future__ import annotations

import json

import generate_reference
import pytest
from documents import ROOT
from reference import commands, lists, models

from weibao.errors import WeibaoError

HOW_TO = ROOT / "docs" / "how-to"


def test_no_page_is_stale() -> None:
    assert generate_reference.stale() == [], "run: python scripts/generate_reference.py"


def test_every_command_is_documented() -> None:
    from weibao.cli.app import root
    from weibao_lab.cli import main

    made = generate_reference.pages()
    for command, name, page in (
        (root, "weibao", "commands.md"),
        (main, "weibao-lab", "lab-commands.md"),
    ):
        for full, each in commands.commands(command, name):
            assert f"## {full}\n" in made[page]
            assert (each.help or "").strip(), f"{full} has no help"


def test_every_option_says_what_it_does() -> None:
    import click

    from weibao.cli.app import root

    silent = {
        option.opts[-1]
        for _, command in commands.commands(root, "weibao")
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    }
    # What the name alone says.
    assert silent <= {"--ignore-case", "--language", "--contract"}


@pytest.mark.parametrize("name", sorted(models.models()))
def test_every_field_has_a_meaning(name: str) -> None:
    for model in models.nested(models.models()[name]):
        more = set(models.more_words().get(model.__name__, {}))
        docs = set(models.field_docs(model))
        fields = set(model.model_fields)
        assert fields - docs - more == set(), f"{model.__name__}: give the field a docstring"
        assert docs & more == set(), f"{model.__name__}: take it out of field_words.yml"
        assert more <= fields, f"{model.__name__}: field_words.yml names unknown fields"


def test_schemas_are_those_of_the_program() -> None:
    from weibao.adapters.estate_files import schemas

    for name, schema in schemas().items():
        text = (ROOT / "docs/reference/schemas" / f"{name}.json").read_text(encoding="utf-8")
        written = json.loads(text)
        assert set(written["properties"]) == set(schema["properties"])
        assert written["additionalProperties"] is False


@pytest.mark.parametrize(
    ("group", "guide"),
    [
        ("network", "when-a-device-failed.md"),
        ("acceptance", "when-a-device-failed.md"),
        ("records", "when-verify-complains.md"),
        ("archive", "when-verify-complains.md"),
    ],
)
def test_the_guides_tell_what_to_do_about_every_reason(group: str, guide: str) -> None:
    text = (HOW_TO / guide).read_text(encoding="utf-8")
    missing = [code for code in lists.reason_groups()[group] if f"`{code}`" not in text]
    assert missing == []


def test_the_readme_has_the_exit_codes() -> None:
    codes = {0, 130, *(each.exit_code for each in _errors(WeibaoError))}
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for code in codes:
            assert f"| {code} | " in text


def _errors(root: type[WeibaoError]) -> list[type[WeibaoError]]:
    return [root, *(each for below in root.__subclasses__() for each in _errors(below))]
