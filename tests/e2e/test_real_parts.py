"""PostgreSQL, Chromium and plain Ansible around a whole run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from weibao_lab import DeviceHandle

from .estates import BIN, Estate, missing_part, new_estate


def test_a_night_on_postgresql(
    tmp_path: Path, devices: list[DeviceHandle], postgres_server: str
) -> None:
    name = f"night_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = tmp_path / "database.url"
    url.write_text(postgres_server.replace("/postgres", f"/{name}", 1) + "\n")
    url.chmod(0o600)
    estate = new_estate(tmp_path, devices[:5], database_file=str(url))
    assert {d["outcome"] for d in estate.run().values()} == {"archived"}
    devices[0].set_fault(refuse_login=True)
    shown = estate.run(code=1)
    assert shown[devices[0].name]["reason_code"] == "auth_failed"
    rows = estate.weibao("backup", "status", "--json").json["devices"]
    assert {row["version"] for row in rows} == {1}
    estate.ok("verify")
    assert not list(estate.folder.rglob("*.db"))
    with psycopg.connect(postgres_server.replace("/postgres", f"/{name}", 1)) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
        ).fetchall()
    assert tables


@pytest.fixture
def browser() -> Any:
    program = Path(os.environ.get("WEIBAO_CHROMIUM", "/usr/bin/chromium"))
    if not program.exists():
        missing_part(f"no browser at {program}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(program), args=["--no-sandbox", "--disable-gpu"]
        )
        yield launched
        launched.close()


def test_the_report_of_a_real_run_in_a_browser(
    estate: Estate, devices: list[DeviceHandle], browser: Any
) -> None:
    estate.run()
    devices[0].set_fault(refuse_login=True)
    devices[1].set_fault(error_instead=True)
    shown = estate.run(code=1)
    run = estate.ok("run", "show", "last", "--json").json["run"]["id"]
    folder = estate.state / "contracts/default/reports" / run
    for name in ("index.html", "index.zh.html"):
        _look(browser, (folder / name).as_uri(), set(shown))


def _look(browser: Any, url: str, names: set[str]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: None if asked.url == url else troubles.append(asked.url))
    page.goto(url)
    text = page.inner_text("body")
    assert troubles == []
    assert {name for name in names if name in text} == names
    totals = [int(each) for each in page.locator("[data-total]").all_inner_texts()]
    assert sum(totals) == len(names)
    page.close()


def _ansible(estate: Estate, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "ansible-playbook"), "weibao.core.backup_configs", *words],
        cwd=estate.folder,
        env=estate.env(PATH=f"{BIN}:/usr/bin:/bin", LC_ALL="C.UTF-8"),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_plain_ansible_collects_and_weibao_archives(
    estate: Estate, devices: list[DeviceHandle]
) -> None:
    done = _ansible(estate)
    assert done.returncode == 0, done.stdout + done.stderr
    # The next command of Weibao judges and archives what Ansible collected.
    estate.run()
    runs = estate.ok("run", "list", "--json").json["runs"]
    assert [run["trigger"] for run in runs] == ["manual", "ansible"]
    assert runs[1]["outcomes"] == {"archived": 5}
    assert runs[0]["outcomes"] == {"unchanged": 5}

    devices[0].set_fault(refuse_login=True)
    done = _ansible(estate)
    assert done.returncode == 2, done.stdout + done.stderr
    assert devices[0].name in done.stdout
    assert devices[0].password not in done.stdout + done.stderr
    estate.ok("verify")


def test_the_command_as_a_module(estate: Estate) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "weibao", "backup", "status", "--json"],
        cwd=estate.folder,
        env=estate.env(),
        check=False,
        capture_output=True,
    )
    assert done.returncode == 4  # never backed up
    assert len(yaml.safe_load(done.stdout)["devices"]) == 5
