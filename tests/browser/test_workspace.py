"""A data set of one's own in Chromium: brought, refused with its rows, seen on the map, renamed, shared, deleted."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser
WELLS = "名称,深度,检查日期,经度,纬度\n东井,12.5,2026-05-01,120.641,27.781\n西井,8,2026-06-02,120.652,27.779\n"
SWAPPED = WELLS + "错井,9,2026-06-03,27.779,120.652\n"
WORDS = {
    "zh": {
        **{"send": "上传文件", "empty": "还没有数据集", "edit": "改名、共享", "save": "保存", "alone": "仅自己"},
        **{"area": "本辖区", "delete": "删除", "swapped": "第 4 行", "count": "2 / 2"},
    },
    "en": {
        **{"send": "Send the file", "empty": "There is no data set yet", "edit": "Rename, share", "save": "Save"},
        **{"alone": "me alone", "area": "my area", "delete": "Delete", "swapped": "Row 4"},
    },
}


def serious(page):
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def bring(page, content, send):
    page.set_input_files("#w-file", {"name": "水井.csv", "mimeType": "text/csv", "buffer": content.encode()})
    page.fill("#w-datum", "gcj02")
    page.get_by_role("button", name=send).click()


@pytest.mark.parametrize(("language", "viewport"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
def test_a_file_is_brought_seen_shared_and_deleted(visit, language, viewport):
    words = WORDS[language]
    # The refusal of the first file is answered with 400, which the page shows.
    reader = visit("analyst", viewport=viewport, expects_faults=True)
    page = reader.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{reader.address}/workspace?lang={language}")
    expect(page.locator(".empty-line")).to_contain_text(words["empty"])
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    bring(page, SWAPPED, words["send"])
    expect(page.locator("#problem li")).to_have_count(1)
    expect(page.locator("#problem li")).to_contain_text(words["swapped"])
    bring(page, WELLS, words["send"])
    expect(page.locator("#collection-map[data-ready]")).to_be_visible()
    expect(page.locator("tr[data-id]")).to_have_count(2)
    page.fill("#filter", '"深度" > 10 AND "检查日期" < DATE(\'2026-06-01\')')
    page.locator("form button.primary").click()
    expect(page.locator("tr[data-id]")).to_have_count(1)
    expect(page.locator("tr[data-id]")).to_contain_text("东井")
    page.goto(f"{reader.address}/workspace?lang={language}")
    row = page.locator("tr[data-id]")
    expect(row).to_contain_text(words["alone"])
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert serious(page) == []
    row.get_by_role("button", name=words["edit"]).click()
    page.fill("#e-title", "消防水井")
    page.check("#e-shared")
    assert serious(page) == []
    page.get_by_role("button", name=words["save"], exact=True).click()
    expect(row).to_contain_text(words["area"])
    expect(row.locator("th")).to_have_text("消防水井")
    colleague = visit("city", viewport=viewport)
    colleague.page.goto(f"{reader.address}/workspace?lang={language}")
    expect(colleague.page.locator("tr[data-id]")).to_contain_text(re.compile("analyst"))
    expect(colleague.page.get_by_role("button", name=words["delete"])).to_have_count(0)
    row.get_by_role("button", name=words["delete"]).click()
    expect(page.locator(".empty-line")).to_contain_text(words["empty"])
    assert [each for each in reader.collect() if "400" not in each] == []
