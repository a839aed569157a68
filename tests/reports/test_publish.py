"""Writing the report: both languages, the page last, and an error that leaves the old one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from weibao.adapters.files import replace
from weibao.domain.report import BackupReport
from weibao.errors import FailedError
from weibao.reports.backup import write_report

from .sample import night


def test_all_files_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "n1"
    paths = write_report(night(), folder, "zh", replace)
    assert sorted(p.name for p in folder.iterdir()) == [
        "index.en.html", "index.html", "report.en.md", "report.json", "report.md",
    ]  # fmt: skip
    assert 'lang="zh-CN"' in paths.html.read_text(encoding="utf-8")
    assert 'lang="en"' in (folder / "index.en.html").read_text(encoding="utf-8")
    assert "网络设备配置备份报告" in paths.markdown.read_text(encoding="utf-8")
    data = paths.json.read_bytes()
    assert BackupReport.model_validate_json(data) == night()
    assert hashlib.sha256(data).hexdigest() == paths.json_sha256
    assert set(paths.others) == {folder / "index.en.html", folder / "report.en.md"}


def test_the_page_is_written_last_and_an_error_keeps_the_old_one(tmp_path: Path) -> None:
    old = write_report(night(), tmp_path, "en", replace).html.read_bytes()
    written: list[str] = []

    def full(path: Path, data: bytes) -> None:
        written.append(path.name)
        if path.name == "report.md":
            raise FailedError("files.full", path=path, why="ENOSPC")
        replace(path, data)

    with pytest.raises(FailedError, match="no space"):
        write_report(night(version=2), tmp_path, "en", full)
    assert "index.html" not in written
    assert (tmp_path / "index.html").read_bytes() == old


def test_half_a_character_is_written_as_something_visible(tmp_path: Path) -> None:
    report = night()
    broken = report.changes[0].model_copy(update={"diff": "@@ -1 +1 @@\n+a\udcb0b\n"})
    paths = write_report(
        report.model_copy(update={"changes": (broken,), "estate": "e\udc80"}),
        tmp_path, "zh", replace,
    )  # fmt: skip
    assert "+a⟨U+DCB0⟩b" in paths.html.read_text(encoding="utf-8")
