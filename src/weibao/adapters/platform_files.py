"""Reading ``platforms/*.yml``: the package's own and those of an estate."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from weibao.domain.platform import Platform
from weibao.domain.resolve_platform import PlatformCatalogue, name_key
from weibao.errors import InputError

__all__ = ["PlatformCatalogue", "load_platforms", "packaged_folder", "read_platform"]

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class _File:
    """A file's content before it is a platform."""

    path: Path
    root: yaml.Node
    content: Mapping[str, object]

    @property
    def id(self) -> str:
        return str(self.content["id"])

    def claims(self) -> list[str]:
        names = self.content.get("names")
        return [self.id, *(str(n) for n in names)] if isinstance(names, list) else [self.id]


def packaged_folder() -> Path:
    """Where the package's own platform files lie."""
    return Path(__file__).resolve().parent.parent / "platforms"


def load_platforms(extra: Sequence[Path] = ()) -> PlatformCatalogue:
    """The platforms of the package, and those of the folders ``extra``.

    A file of an estate adds a platform, or replaces the one of its ``id``; a later folder
    goes before an earlier one. The package's files are checked when first used (its own
    tests check all), an estate's at once.

    Raises:
        InputError: a file is no platform (names file, line and what is wrong), or two
            platforms claim one name.
    """
    files = dict(_packaged())
    sources: dict[str, Callable[[], Platform]] = {
        file.id: functools.partial(_platform, file) for file in files.values()
    }
    for folder in extra:
        for file in _folder(folder):
            platform = _platform(file)
            files[file.id] = file
            sources[file.id] = functools.partial(_same, platform)
    return PlatformCatalogue(sources, _names(files.values()))


def read_platform(path: Path) -> Platform:
    """One platform file.

    Raises:
        InputError: it is none; names file, line and what is wrong.
    """
    return _platform(_read(path))


def _same(platform: Platform) -> Platform:
    return platform


@functools.cache
def _packaged() -> Mapping[str, _File]:
    return {file.id: file for file in _folder(packaged_folder())}


def _folder(folder: Path) -> list[_File]:
    try:
        paths = sorted(
            p for p in folder.iterdir() if p.suffix in {".yml", ".yaml"} and p.name[0] != "."
        )
    except OSError as error:
        raise InputError(
            "platforms.folder_unreadable", folder=str(folder), why=error.strerror or str(error)
        ) from error
    files = [_read(path) for path in paths]
    seen: dict[str, _File] = {}
    for file in files:
        if file.id in seen:
            _fail(file, ("id",), f"{file.id!r} is already the id of {seen[file.id].path.name}")
        seen[file.id] = file
    return files


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            content = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("platforms.unreadable", file=str(path), why=str(error)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            "platforms.invalid", file=str(path), line=line, what=error.problem or str(error)
        ) from error
    except yaml.YAMLError as error:
        raise InputError("platforms.invalid", file=str(path), line=1, what=str(error)) from error
    if root is None or not isinstance(content, dict) or not isinstance(content.get("id"), str):
        raise InputError(
            "platforms.invalid", file=str(path), line=1, what="not a mapping with an id"
        )
    file = _File(path, root, content)
    _refuse_double_keys(file, root)
    return file


def _refuse_double_keys(file: _File, node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise InputError(
                    "platforms.invalid",
                    file=str(file.path),
                    line=key.start_mark.line + 1,
                    what=f"{key.value!r} stands here twice",
                )
            seen.add(key.value)
            _refuse_double_keys(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_double_keys(file, item)


def _platform(file: _File) -> Platform:
    try:
        return Platform.model_validate(file.content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # A misspelt key tells more than that the right one is missing.
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
        where = ".".join(str(part) for part in first["loc"])
        _fail(file, first["loc"], f"{where}: {first['msg']}" if where else first["msg"])
        raise


def _fail(file: _File, place: Iterable[int | str], what: str) -> None:
    raise InputError(
        "platforms.invalid", file=str(file.path), line=_line(file.root, place), what=what
    )


def _line(node: yaml.Node, place: Iterable[int | str]) -> int:
    """The line of the key that ``place`` leads to, as far as it can be followed."""
    line = int(node.start_mark.line)
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = [(k, v) for k, v in node.value if k.value == str(part)]
            if not pairs:
                break
            line, node = int(pairs[0][0].start_mark.line), pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = int(node.start_mark.line)
    return line + 1


def _names(files: Iterable[_File]) -> dict[str, str]:
    """Every name's platform; a netmiko type counts where nobody claims it by name."""
    names: dict[str, _File] = {}
    implied: dict[str, list[_File]] = {}
    for file in files:
        for claim in file.claims():
            other = names.setdefault(name_key(claim), file)
            if other.id != file.id:
                _fail(file, ("names",), f"{claim!r} is already a name of {other.id}")
        implied.setdefault(name_key(str(file.content.get("netmiko", ""))), []).append(file)
    for name, claimants in implied.items():
        if name and len(claimants) == 1:
            names.setdefault(name, claimants[0])
    return {name: file.id for name, file in names.items()}
