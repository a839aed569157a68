"""YAML whose every value knows its line, so that a mistake is named by file and line."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from weibao.domain.reasons import Reason
from weibao.errors import InputError, InputErrors

__all__ = ["Document", "Problem", "Tagged", "nearest", "parse_yaml", "read_model", "validate"]

Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


class Problem(NamedTuple):
    """Something wrong at a line (0: nowhere in particular)."""

    line: int
    reason: Reason


@dataclass(frozen=True)
class Tagged:
    """A value with a tag that is not YAML's own, such as ``!vault``."""

    tag: str
    text: str


@dataclass
class Document:
    """What a file says, and where."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    """The line of each key (or list item) by its path from the root."""
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Iterable[str | int]) -> int:
        """The line of ``place``, or of the nearest thing around it."""
        path = tuple(place)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_NUMBERS = {
    _INT: re.compile(
        r"^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[\da-fA-F_]+)$"
    ),
    _FLOAT: re.compile(
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}


class _Loader(_BASE):  # type: ignore[misc]
    """YAML 1.1 as Ansible reads it, but ``12:30`` is no number in base 60."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in resolvers]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Walker:
    """Turns nodes into plain values and notes lines and duplicate keys on the way."""

    def __init__(self, loader: Any, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.open: set[int] = set()

    def value(self, node: Any, place: Place) -> Any:
        if id(node) in self.open:
            self._problem(node, Reason.of("yaml_recursive"))
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(child, (*place, i)) for i, child in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self.open.discard(id(node))

    def _item(self, node: Any, place: Place) -> Any:
        self.document.lines[place] = node.start_mark.line + 1
        return self.value(node, place)

    def _scalar(self, node: Any) -> Any:
        if not str(node.tag).startswith("tag:yaml.org,2002:"):
            return Tagged(str(node.tag), str(node.value))
        try:
            return self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return node.value

    def _mapping(self, node: Any, place: Place) -> dict[Any, Any]:
        self._note_duplicates(node)
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            self.loader.flatten_mapping(node)
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or isinstance(key, Tagged):
                key = str(getattr(key_node, "value", ""))
            inner = (*place, key)
            self.document.lines[inner] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, inner)
        return found

    def _note_duplicates(self, node: Any) -> None:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            line = key_node.start_mark.line + 1
            first = seen.setdefault(key_node.value, line)
            if first != line:
                reason = Reason.of("yaml_duplicate_key", name=key_node.value, first=first)
                self.document.problems.append(Problem(line, reason))

    def _problem(self, node: Any, reason: Reason) -> None:
        self.document.problems.append(Problem(node.start_mark.line + 1, reason))


def parse_yaml(text: str) -> Document:
    """The first document of ``text`` with its lines; what is wrong is in ``problems``."""
    document = Document()
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                document.value = _Walker(loader, document).value(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        reason = Reason.of("yaml_syntax", said=said)
        document.problems.append(Problem(mark.line + 1 if mark else 0, reason))
    except yaml.YAMLError as error:
        reason = Reason.of("yaml_syntax", said=" ".join(str(error).split()))
        document.problems.append(Problem(0, reason))
    return document


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that ``word`` was probably meant to be, or nothing."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.72)), "")


def read_model(model: type[M], path: Path, shown: str = "") -> M:
    """The model that ``path`` holds; ``shown`` is how messages name the file.

    Raises:
        InputErrors: everything that is wrong in it, by file and line.
        InputError: it cannot be read.
    """
    shown = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("estate.not_utf8", file=shown) from error
    except OSError as error:
        raise InputError("estate.unreadable", file=shown, why=error.strerror or error) from error
    document = parse_yaml(text)
    value = document.value
    if not document.problems and not isinstance(value, dict):
        document.problems.append(Problem(1, Reason.of("yaml_not_mapping")))
    problems = list(document.problems)
    if not problems:
        result, problems = validate(model, document)
        if result is not None:
            return result
    raise InputErrors(
        (
            f"{shown}:{problem.line}" if problem.line else shown,
            problem.reason.key,
            problem.reason.params,
        )
        for problem in problems
    )


def validate(model: type[M], document: Document) -> tuple[M | None, list[Problem]]:
    """The model of a parsed document, or everything that is wrong with it."""
    try:
        return model.model_validate(_plain(document.value)), []
    except ValidationError as error:
        problems = [_problem(model, document, details) for details in error.errors()]
        return None, sorted(problems, key=lambda problem: problem.line)


def _plain(value: Any) -> Any:
    if isinstance(value, Tagged):
        return value.text
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


_KINDS = {
    "string_type": "text",
    "int_type": "number",
    "int_parsing": "number",
    "int_from_float": "number",
    "float_type": "number",
    "float_parsing": "number",
    "bool_type": "truth",
    "bool_parsing": "truth",
    "tuple_type": "list",
    "list_type": "list",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "date_type": "date",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
}


def _problem(model: type[BaseModel], document: Document, details: ErrorDetails) -> Problem:
    place = details["loc"]
    field_name = ".".join(str(part) for part in place)
    kind = details["type"]
    line = document.line(place)
    if kind == "missing":
        return Problem(line, Reason.of("field_missing", field=field_name))
    if kind == "extra_forbidden":
        return Problem(line, _unknown(model, place, field_name))
    if kind in {"enum", "literal_error"}:
        allowed = str(details.get("ctx", {}).get("expected", "")).replace("'", "")
        allowed = allowed.replace(" or ", ", ")
        found = details["input"]
        return Problem(
            line, Reason.of("field_choice", field=field_name, found=found, allowed=allowed)
        )
    if kind in _KINDS:
        return Problem(line, Reason.of(f"field_{_KINDS[kind]}", field=field_name))
    said = details["msg"].removeprefix("Value error, ")
    return Problem(line, Reason.of("field_invalid", field=field_name, said=said))


def _unknown(model: type[BaseModel], place: tuple[int | str, ...], name: str) -> Reason:
    owner = _model_at(model, place[:-1])
    known = sorted(owner.model_fields) if owner else []
    near = nearest(str(place[-1]), known)
    if near:
        return Reason.of("field_unknown_near", field=name, near=near)
    return Reason.of("field_unknown", field=name, known=", ".join(known))


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that stands at ``place`` inside of ``model``."""
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, int):
            continue
        info = current.model_fields.get(part) if current else None
        current = _model_in(info.annotation) if info else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for argument in typing.get_args(annotation):
        if found := _model_in(argument):
            return found
    return None
