"""Reporting a hazard from a phone in Chromium: place, words, warning, pictures, and a lost connection."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_closed_loop import PHONE
from tests.browser.test_pictures import photo

pytestmark = pytest.mark.browser


def form_of(worker, language="zh"):
    page = worker.page
    page.goto(f"{worker.address}/report?lang={language}")
    page.wait_for_selector("#report-map .leaflet-zoom-animated", state="attached")
    return page


def tap_own_village(page):
    """Tap the middle of the map, which opens on the worker's own area."""
    page.locator("#report-map").click()
    expect(page.locator("#spot")).to_contain_text("120.")


def test_a_hazard_is_reported_with_place_words_and_pictures(visit):
    worker = visit("gridworker", viewport=PHONE)
    page = form_of(worker)
    page.fill("#title", "楼道堆放杂物")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("请在地图上点选")
    tap_own_village(page)
    page.fill("#description", "三楼，联系 13857712345")
    page.set_input_files("#pictures", [photo("red"), photo("blue")])
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#warnings")).to_contain_text("手机号码")
    expect(page.locator("#warnings")).not_to_contain_text("13857712345")
    page.fill("#description", "三楼")
    expect(page.locator("#warnings")).to_be_hidden()
    page.locator("#send").click()
    page.wait_for_url("**/cases/*")
    expect(page.locator("h1")).to_have_text("楼道堆放杂物")
    expect(page.locator("a.picture")).to_have_count(2)


def test_a_report_survives_a_lost_connection_and_is_stored_once(visit):
    worker = visit("gridworker", viewport=PHONE, expects_faults=True)
    page = form_of(worker)
    page.fill("#title", "断网上报")
    tap_own_village(page)
    sent = []
    page.route("**/api/hazards", lambda route: (sent.append(route.request.post_data), route.abort()))
    page.locator("#send").click()
    expect(page.locator("#outcome")).to_contain_text("仍在")
    page.unroute("**/api/hazards")
    with page.expect_request("**/api/hazards") as again:
        page.locator("#send").click()
    assert again.value.post_data == sent[0]
    page.wait_for_url("**/cases/*")


@pytest.mark.parametrize("viewport", [{"width": 1920, "height": 1080}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_on_the_form(visit, viewport):
    worker = visit("gridworker", viewport=viewport)
    page = form_of(worker, "en")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
