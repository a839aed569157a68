"""Sheets of devices (XLSX, CSV) as rows of text, and inventories written as YAML."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import yaml
from openpyxl.utils.exceptions import InvalidFileException

from weibao.adapters import files
from weibao.adapters.package_data import data_folder
from weibao.adapters.yaml_lines import read_model
from weibao.domain.device_sheet import Row, SheetWords
from weibao.errors import InputError

__all__ = ["VaultSealer", "load_words", "read_sheets", "write_inventories"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST_UNPACKED = 512 * 1024 * 1024
_SEAL = Path(__file__).parent / "ansible_inventory" / "_seal.py"


def load_words() -> SheetWords:
    """The packaged words of sheets."""
    return read_model(SheetWords, data_folder("sheet") / "words.yml")


def read_sheets(path: Path) -> list[tuple[str, list[Row]]]:
    """Each sheet's name and rows; merged cells all hold what the first of them says.

    Raises:
        InputError: no such file, none that we read, or a broken one.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("estate.sheet_broken", file=path, why=f"> {_MOST_BYTES >> 20} MiB")
        if path.suffix.lower() == ".csv":
            return [(path.stem, _csv_rows(path.read_bytes()))]
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            return _workbook(path)
    except OSError as error:
        raise InputError("estate.unreadable", file=path, why=error.strerror or error) from error
    raise InputError("estate.sheet_kind", file=path)


def _csv_rows(data: bytes) -> list[Row]:
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [(reader.line_num, cells) for cells in reader]


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")  # what Excel writes on a Chinese Windows


def _workbook(path: Path) -> list[tuple[str, list[Row]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
                raise InputError("estate.sheet_broken", file=path, why="zip bomb")
        book = openpyxl.load_workbook(path, data_only=True)
    except InputError:
        raise
    except OSError:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError) as error:
        raise InputError("estate.sheet_broken", file=path, why=error) from error
    return [(sheet.title, _sheet_rows(sheet)) for sheet in book.worksheets]


def _sheet_rows(sheet: Any) -> list[Row]:
    cells = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    for span in sheet.merged_cells.ranges:
        first = cells[span.min_row - 1][span.min_col - 1]
        for row in range(span.min_row - 1, min(span.max_row, len(cells))):
            for column in range(span.min_col - 1, min(span.max_col, len(cells[row]))):
                cells[row][column] = first
    return list(enumerate(cells, sheet.min_row or 1))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return str(value)


class VaultSealer:
    """Encrypts texts with the vault password that Ansible finds for an estate."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        """``folder`` is the estate, whose ``ansible.cfg`` counts."""
        self._folder = folder
        config = folder / "ansible.cfg"
        self._env = dict(env) | ({"ANSIBLE_CONFIG": str(config)} if config.is_file() else {})

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """``texts`` encrypted, in order; they go by pipe, never as arguments.

        Raises:
            InputError: no password can be read.
        """
        done = subprocess.run(
            [sys.executable, "-P", str(_SEAL)],
            cwd=self._folder,
            env=self._env,
            input=json.dumps(list(texts)).encode(),
            capture_output=True,
            check=False,
            start_new_session=True,  # no terminal, so nothing can ask for a password
        )
        try:
            return [str(text) for text in json.loads(done.stdout)]
        except ValueError:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            said = lines[-1] if lines else "ansible"
            raise InputError("estate.encrypt_failed", said=said) from None


class _Dumper(yaml.SafeDumper):
    """Block style, with ``!vault`` values as Ansible writes them."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: people read and edit this."""
        return True


def _represent_sealed(dumper: yaml.SafeDumper, value: Any) -> yaml.Node:
    if not hasattr(value, "text"):
        raise TypeError(f"cannot be written as YAML: {type(value).__name__}")
    return dumper.represent_scalar("!vault", value.text, style="|")


_Dumper.add_multi_representer(object, _represent_sealed)


def write_inventories(documents: Mapping[Path, Mapping[str, object]]) -> None:
    """Write each inventory at its path, all or none; encrypted values have a ``text``.

    Raises:
        FailedError: one cannot be written; the others are as they were.
    """
    before = {path: path.read_bytes() if path.exists() else None for path in documents}
    done: list[Path] = []
    try:
        for path, document in documents.items():
            files.replace(path, _yaml(document).encode(), 0o644)
            done.append(path)
    except BaseException:
        for path in done:
            old = before[path]
            if old is None:
                path.unlink(missing_ok=True)
            else:
                files.replace(path, old, 0o644)
        raise


def _yaml(document: Mapping[str, object]) -> str:
    return yaml.dump(
        document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False
    )
