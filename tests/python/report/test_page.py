"""The page in a real browser: nothing fetched, nothing complained about, nothing cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

WIDTHS = [360, 768, 1280]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_opens_clean(browser: Browser, report_page: Path, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report_page.as_uri())
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert overflow == 0


def test_charts_are_drawn_and_named(browser: Browser, report_page: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(report_page.as_uri())
    for kind in ("bar", "flow", "heatmap", "matrix", "months"):
        box = page.locator(f"svg.{kind}").first.bounding_box()
        assert box is not None, kind
        assert box["width"] > 40, kind
        assert box["height"] > 8, kind
    unnamed = page.locator("svg:not([aria-label]), svg[aria-label='']").count()
    page.close()
    assert unnamed == 0
