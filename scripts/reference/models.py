"""Pages and JSON Schemas of the files that a user may write."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import types
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from reference.tables import MADE, table

__all__ = [
    "field_docs",
    "field_words",
    "model_pages",
    "models",
    "more_words",
    "nested",
    "schemas",
]

_WORDS = Path(__file__).with_name("field_words.yml")


_SETTINGS = (
    "The settings of an estate. `weibao init` writes the file with every field in it, commented\n"
    "out at its default. Relative paths start from the file's folder; `~` is the home folder."
)
_CONTRACT = (
    "What one customer's contract says. The file's name is the contract's `id`. A device belongs\n"
    "to the contract that its inventory variable `contract` names, else to `default`."
)
_RUNBOOK = (
    "How a job is done, in steps. The packaged runbook `backup-configs` needs no copy; an\n"
    "estate's own file of the same name takes its place, and its digest stands in every run."
)
_PLATFORM = (
    "What a network operating system prints and wants. The packaged platforms are listed in\n"
    "[platforms.md](platforms.md); an estate's `platforms/` adds to them or replaces one of the\n"
    "same `id`. Regular expressions are Python's `re` with MULTILINE."
)


_SESSION = (
    "What one device printed, from its login on; written by `weibao platform record`, played by\n"
    "`weibao platform try`. How control characters are written, and how it is used:\n"
    "[add a platform](../how-to/add-a-platform.md)."
)


_BASELINE = (
    "What the ports of one device should be; written by `weibao ports baseline accept`, then\n"
    "refined by hand. `ports` and `waivers` may also stand in the inventory (`ports`,\n"
    "`port_waivers`), which goes before: [check the ports](../how-to/check-ports.md)."
)
_READINGS = (
    "How the ports of a platform are read:\n"
    "[teach it a device's ports](../how-to/add-port-readings.md)."
)


_NOTICE = (
    "A vendor's notice of an update that no package manager lists. It stands in\n"
    "`weibao patch catalogue` until it is dealt with:\n"
    "[patch Linux servers](../how-to/patch-linux.md#2-what-is-missing)."
)


_FILES = {
    "settings": ("weibao.yml", _SETTINGS),
    "contract": ("contracts/<id>.yml", _CONTRACT),
    "runbook": ("runbooks/<id>.yml", _RUNBOOK),
    "platform": ("platforms/<id>.yml", _PLATFORM),
    "platform-session": ("<model>.session.yml", _SESSION),
    "port-baseline": ("ports/<contract>/<device>.yml", _BASELINE),
    "port-readings": ("port_readings/<platform>/ports.yml", _READINGS),
    "vendor-notice": ("notices/<name>.yml", _NOTICE),
}


def model_pages() -> dict[str, str]:
    """The pages by file name."""
    return {f"{name}.md": _page(file, name, head) for name, (file, head) in _FILES.items()}


def models() -> dict[str, type[BaseModel]]:
    """The models of the files that a user may write, as ``weibao schema`` names them."""
    from weibao.domain.contract import Contract
    from weibao.domain.device_session import DeviceSession
    from weibao.domain.patch_catalogue import VendorNotice
    from weibao.domain.platform import Platform
    from weibao.domain.port_expectation import PortBaseline
    from weibao.domain.port_rules import PortRules
    from weibao.domain.runbook import Runbook
    from weibao.domain.settings import Settings

    return {
        "settings": Settings,
        "contract": Contract,
        "runbook": Runbook,
        "platform": Platform,
        "platform-session": DeviceSession,
        "port-baseline": PortBaseline,
        "port-readings": PortRules,
        "vendor-notice": VendorNotice,
    }


def _page(file: str, name: str, head: str) -> str:
    model = models()[name]
    parts = [
        MADE,
        f"# `{file}`",
        head,
        f"An unknown field is an error that names the file and the line. JSON Schema:\n"
        f"[schemas/{name}.json](schemas/{name}.json), or `weibao schema {name}`.",
    ]
    for each in nested(model):
        if each is not model:
            parts.append(f"## {_words(each)}\n\n{_doc(each)}")
        else:
            parts.append(f"## Fields\n\n{_doc(each)}")
        parts.append(_fields(each))
    return "\n\n".join(parts) + "\n"


def nested(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and all models in its fields."""
    found = [model]
    for each in found:
        for field in each.model_fields.values():
            for inner in _models_in(field.annotation):
                if inner not in found:
                    found.append(inner)
    return found


def _models_in(kind: Any) -> list[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for argument in get_args(kind) for model in _models_in(argument)]


def _fields(model: type[BaseModel]) -> str:
    docs = field_words(model)
    rows = []
    for name, field in model.model_fields.items():
        limits = "; ".join(filter(None, map(_limit, field.metadata)))
        kind = _kind(field.annotation) + (f" ({limits})" if limits else "")
        rows.append((f"`{name}`", kind, _value(field), docs.get(name, "").replace("``", "`")))
    return table(("Field", "Kind", "Default", "Meaning"), rows)


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings that stand below a model's fields; what it inherits means the same."""
    tree = ast.parse(inspect.getsource(model))
    assert isinstance(tree.body[0], ast.ClassDef)  # noqa: S101 - a class's source is a class
    docs: dict[str, str] = {}
    for base in model.__bases__:
        if issubclass(base, BaseModel) and base.model_fields:
            docs |= field_words(base)
    name = ""
    for node in tree.body[0].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            docs[name] = " ".join(str(node.value.value).split())
            name = ""
        else:
            name = ""
    return docs


@functools.cache
def more_words() -> dict[str, dict[str, str]]:
    """Meanings of fields without a docstring, by model and field."""
    words: dict[str, dict[str, str]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return words


def field_words(model: type[BaseModel]) -> dict[str, str]:
    """What each field of a model means."""
    return {**more_words().get(model.__name__, {}), **field_docs(model)}


def _kind(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Annotated:
        return _kind(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(a) for a in get_args(kind) if a is not type(None))
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if origin in (tuple, list):
        return f"list of {_kind(get_args(kind)[0])}"
    if origin is dict:
        return f"mapping of {_kind(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{_words(kind)}](#{_words(kind).lower().replace(' ', '-')})"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return plain.get(kind, getattr(kind, "__name__", str(kind)))


def _limit(limit: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    for name, sign in signs.items():
        if (bound := getattr(limit, name, None)) is not None:
            return f"{sign} {bound:g}"
    if (length := getattr(limit, "min_length", None)) is not None:
        return f"at least {length}"
    if pattern := getattr(limit, "pattern", ""):
        return "pattern `" + str(pattern) + "`"
    return ""


def _value(field: Any) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "**required**" if field.is_required() else "empty"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if value is None or value in ("", (), {}, []):
        return "none" if value is None else "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (tuple, list)):
        return "`[" + ", ".join(map(str, value)) + "]`"
    return f"`{value}`"


def _words(model: type[BaseModel]) -> str:
    name = model.__name__
    return "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name))


def _doc(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def schemas() -> dict[str, str]:
    """JSON Schemas by name, as text."""
    return {
        name: json.dumps(_described(model), ensure_ascii=False, indent=2) + "\n"
        for name, model in models().items()
    }


def _described(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON Schema with the fields' docstrings as descriptions."""
    schema = model.model_json_schema()
    places = {model.__name__: schema, **schema.get("$defs", {})}
    for each in nested(model):
        properties = places[each.__name__]["properties"]
        for name, text in field_words(each).items():
            if name in properties:
                properties[name].setdefault("description", text)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
