"""Lines as vendors write them, one secret or more in each (SEC-02, CFG-10).

A file ``secret_lines/<name>.yml`` holds ``lines`` and ``blocks`` in which secrets stand
between ⟦ and ⟧, and ``kept`` and ``kept_blocks``, of which
nothing is hidden. Dropping one in needs no new
test code. ``platform`` is an id; without one the generic rules stand alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from platforms.case_files import catalogue, tag
from weibao.domain.redaction import MASK, redact

FILES = sorted((Path(__file__).parent / "secret_lines").glob("*.yml"))
MARKED = re.compile("⟦(.*?)(?:⟧|\\Z)", re.DOTALL)


def content(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def marked(data: dict[str, Any]) -> list[str]:
    lines = [line for line in data["lines"].splitlines() if line.strip()]
    return [*lines, *data.get("blocks", ())]


def plain(text: str) -> str:
    return text.replace("⟦", "").replace("⟧", "")


def pieces(text: str) -> list[str]:
    """What must not be seen: each word of each secret."""
    return [part for m in MARKED.finditer(text) for part in re.split(r"\s|\\n", m[1])]


def leaks(text: str, platform: Any) -> list[str]:
    """What is wrong with how a marked text is redacted."""
    shown = redact(plain(text), platform, tag)
    unmasked = MASK.sub("\x00", shown)
    wrong = []
    first = text.find("⟦")
    if first > 0:
        if not shown.startswith(text[:first]):
            wrong.append("what stands before the secret is gone")
        unmasked = unmasked[first:]
        behind = text.rpartition("⟧")[2].strip(" \"';")
        if "⟧" in text and "\n" not in text and not shown.rstrip(" \"';").endswith(behind):
            wrong.append("what stands behind the secret is gone")
    rest = plain(MARKED.sub("\x01", text))
    for piece in filter(None, pieces(text)):
        if piece in unmasked and unmasked.count(piece) > rest.count(piece):
            wrong.append(f"{piece} is seen")
    if "⟦" in text and not MASK.search(shown):
        wrong.append("nothing is hidden")
    if redact(shown, platform, tag) != shown:
        wrong.append("a second time changes it")
    if shown.count("\n") != plain(text).count("\n") and not re.search("⟦[^⟧]*\n", text):
        wrong.append("lines are gone")
    changed = MARKED.sub(lambda m: m[1][:-2] + "Zq" if len(m[1]) > 4 else m[1] + "Zq", text, 1)
    if "⟦" in text and redact(plain(changed), platform, tag) == shown:
        wrong.append("another secret looks the same")
    return [f"{problem}: {shown!r}" for problem in wrong]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_secret_is_seen(path: Path) -> None:
    data = content(path)
    platform = catalogue().get(data.get("platform", ""))
    wrong = [problem for text in marked(data) for problem in leaks(text, platform)]
    assert not wrong, f"{len(wrong)} of {len(marked(data))}\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_else_is_hidden(path: Path) -> None:
    data = content(path)
    platform = catalogue().get(data.get("platform", ""))
    lines = [*data["kept"].splitlines(), *data.get("kept_blocks", ())]
    shown = [redact(line, platform, tag) for line in lines]
    assert shown == lines
