"""The page in a real browser: phone, desk, dark, print, filter (headless Chromium)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from weibao.reports.backup import render_html

from .sample import night

CHROMIUM = Path(os.environ.get("WEIBAO_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing")
        pytest.skip(f"no browser at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    report = night()
    long = "SW-" + "x" * 180
    rows = tuple(
        row.model_copy(update={"device": long, "site": "机" * 90, "platform": "p" * 120})
        if row.device == "MZ-3F-ACC-01" else row
        for row in report.rows
    )  # fmt: skip
    changed = report.changes[0].model_copy(
        update={"change_ref": "BG" * 80, "diff": "+" + "y" * 900}
    )
    long_names = night(rows=rows, changes=(changed, *report.changes[1:]))
    made = {"zh": (report, "zh"), "en": (report, "en"), "long": (long_names, "zh")}
    urls = {}
    for name, (shown, language) in made.items():
        path = folder / f"{name}.html"
        path.write_text("".join(render_html(shown, language)), encoding="utf-8")  # type: ignore[arg-type]
        urls[name] = path.as_uri()
    return urls


def opened(browser: Any, url: str, width: int, scheme: str = "light", script: bool = True) -> Any:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    page.troubles = []
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("request", lambda r: None if r.url == url else page.troubles.append(r.url))
    page.goto(url)
    return page


OVERFLOW = """() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) found.push('page ' +
    document.documentElement.scrollWidth);
  for (const e of document.querySelectorAll('main *')) {
    if (e.closest('svg')) continue;
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > width + 0.5 || box.left < -0.5))
      found.push(e.tagName + '.' + e.className + ' ' + Math.round(box.right));
  }
  return found.slice(0, 5);
}"""


@pytest.mark.parametrize("name", ["zh", "en", "long"])
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_overflows_and_nothing_is_loaded(
    browser: Any, pages: dict[str, str], name: str, width: int
) -> None:
    page = opened(browser, pages[name], width)
    assert page.evaluate(OVERFLOW) == []
    assert page.troubles == []
    page.context.close()


def test_the_totals_shown_add_up(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["zh"], 1280)
    shown = [int(text) for text in page.locator("[data-total]").all_inner_texts()]
    assert sum(shown) == 24 == page.locator("table.devices tbody tr").count()
    segments = page.evaluate(
        "[...document.querySelectorAll('.bar > rect')].map(r => r.getBoundingClientRect().width)"
    )
    bar = page.evaluate("document.querySelector('.bar').getBoundingClientRect().width")
    assert sum(segments) == pytest.approx(bar, abs=1)
    page.context.close()


def test_the_filter_finds_devices(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["zh"], 1280)
    page.locator(".filter input").fill("住院楼 神经")
    page.wait_for_function("document.querySelectorAll('.devices tbody tr:not([hidden])').length==1")
    assert page.locator(".filter output").inner_text() == "显示 1 / 24 台"
    page.locator(".filter input").fill("")
    page.locator('.filter button[data-o="failed"]').click()
    page.wait_for_function("document.querySelectorAll('.devices tbody tr:not([hidden])').length==2")
    assert page.troubles == []
    page.context.close()


def test_it_reads_without_script(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["zh"], 1280, script=False)
    assert page.locator("table.devices tbody tr:visible").count() == 24
    assert page.locator(".filter").is_hidden()
    page.context.close()


CONTRAST = """() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c) && c !== 'transparent') return c; } return 'rgb(255,255,255)'; };
  const poor = [];
  for (const e of document.querySelectorAll('main *')) {
    if (e.closest('svg')) continue;
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
  }
  return [...new Set(poor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(browser: Any, pages: dict[str, str], scheme: str) -> None:
    """WCAG AA: every text stands out at least 4.5 to 1, by day and by night."""
    page = opened(browser, pages["zh"], 1280, scheme)
    assert page.evaluate(CONTRAST) == []
    page.context.close()


def test_it_prints_with_all_differences(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["zh"], 1280, scheme="dark")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('thead')).display")
        == "table-header-group"
    )
    heights = page.evaluate(
        "[...document.querySelectorAll('.diff')].map(d => d.getBoundingClientRect().height)"
    )
    assert min(heights) > 20
    page.emulate_media(media=None)  # type: ignore[arg-type]
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 50_000
    page.context.close()
