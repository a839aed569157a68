"""The log in a real browser: phone, desk, dark, print, hover, filter (headless Chromium)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weibao.reports.ports import render_html

from .port_sample import fleet, routed, single
from .test_browser import CONTRAST, OVERFLOW, browser, opened

__all__ = ["browser"]

pytestmark = pytest.mark.e2e

OUTSIDE = """() => [...document.querySelectorAll('svg.front')].filter(svg => {
  const whole = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('use, text')].some(e => {
    const box = e.getBoundingClientRect();
    return box.left < whole.left - 1 || box.right > whole.right + 1
      || box.top < whole.top - 1 || box.bottom > whole.bottom + 1;
  });
}).length"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("ports")
    urls = {}
    for name, report in (("routed", routed()), ("single", single()), ("fleet", fleet(90))):
        for language in ("zh", "en"):
            path = folder / f"{name}.{language}.html"
            path.write_text("".join(render_html(report, language)), encoding="utf-8")  # type: ignore[arg-type]
            urls[f"{name}.{language}"] = path.as_uri()
    return urls


@pytest.mark.parametrize("name", ["routed.zh", "routed.en", "single.en"])
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_overflows_and_nothing_is_loaded(
    browser: Any, pages: dict[str, str], name: str, width: int
) -> None:
    page = opened(browser, pages[name], width)
    # Long tables and fronts scroll in a frame of their own.
    page.add_style_tag(content=".scroll > *, .frame > * { display: none !important }")
    assert page.evaluate(OVERFLOW) == []
    assert [t for t in page.troubles if "Content Security Policy" not in t] == []
    page.context.close()


def test_fronts_hold_all_their_sockets(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["routed.zh"], 1280)
    assert page.locator("svg.front").count() == 7
    assert page.evaluate(OUTSIDE) == 0
    text = page.locator("#d1 svg.front g.down title").first.text_content()
    assert "断开：管理 up / 运行 down" in text
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(browser: Any, pages: dict[str, str], scheme: str) -> None:
    """WCAG AA, but for states that are meant to look old."""
    page = opened(browser, pages["routed.zh"], 1280, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(CONTRAST) == []
    page.context.close()


def test_it_prints_with_all_fronts(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["fleet.zh"], 1280)
    assert page.locator("details.device[open]").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.device[open]").count() == 90
    assert page.locator("details.all[open]").count() == 0, "tables of thousands of ports stay"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.device[open]").count() == 0
    page.context.close()


def test_a_link_opens_its_device_and_the_filter_finds_it(
    browser: Any, pages: dict[str, str]
) -> None:
    page = opened(browser, pages["fleet.zh"], 1280)
    page.locator(".filter input").fill("ACC-0042")
    page.wait_for_function("document.querySelectorAll('.device:not([hidden])').length == 1")
    page.locator('.found-table a[href="#d13"]').first.click()
    page.wait_for_function("document.getElementById('d13').open")
    assert page.locator("#d13").is_visible()
    page.locator('.filter button[data-o="failed"]').click()
    page.wait_for_function("document.querySelectorAll('.device:not([hidden])').length == 9")
    page.context.close()


def test_it_reads_without_script(browser: Any, pages: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["routed.zh"])
    assert page.locator("svg.front:visible").count() == 7
    assert page.locator(".filter").is_hidden()
    context.close()


def test_the_page_stands_alone(pages: dict[str, str]) -> None:
    path = Path(pages["single.zh"].removeprefix("file://"))
    assert path.stat().st_size < 200_000
