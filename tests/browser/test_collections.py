"""Collections as pages in Chromium: list, table and map, a filter, a wrong filter."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def test_a_collection_is_filtered_and_shown_on_the_map(visit):
    reader = visit("analyst")
    page = reader.page
    page.goto(f"{reader.address}/ogc/collections?f=html&lang=zh")
    page.get_by_role("link", name="风险隐患", exact=True).click()
    expect(page.locator("#collection-map[data-ready]")).to_be_visible()
    expect(page.locator("tr[data-id]")).to_have_count(50)
    page.fill("#filter", "severity = 'major' AND stage = 'closed'")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("#collection-map[data-ready]")).to_be_visible()
    severities = page.locator("tr[data-id] td:nth-child(6)").all_inner_texts()
    assert set(page.locator("tr[data-id]").first.locator("td").all_inner_texts()) >= {"major", "closed"}
    assert len(severities) == 50
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("#filter")).to_have_value("severity = 'major' AND stage = 'closed'")
    page.locator("tr[data-id] a").first.click()
    expect(page.locator("tr[data-id]")).to_have_count(1)


@pytest.mark.parametrize("viewport", [{"width": 1920, "height": 1080}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_on_the_pages_of_collections(visit, viewport):
    reader = visit("city", viewport=viewport)
    for place in ("/ogc/collections?f=html", "/ogc/collections/villages/items?f=html"):
        reader.page.goto(f"{reader.address}{place}&lang=en")
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = Axe().run(reader.page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
