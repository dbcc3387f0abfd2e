"""A file imported in Chromium: sent, its columns corrected, checked on the map, imported, undone; in both languages."""

import json
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser
READY = "window.jingwei?.importPage?.isReady()"
SLOWEST_MS = 120_000
HEADER = "案件编号,隐患类别,等级,来源,隐患标题,发现时间,东坐标,北坐标"
WORDS = {
    "zh": {
        "send": "上传文件",
        "check": "检查（不改动数据）",
        "commit": "导入 2 行",
        "undo": "撤销整次导入",
        "done": "已导入",
    },
    "en": {
        **{"send": "Send the file", "check": "Check, without changing anything", "commit": "Import 2 rows"},
        **{"undo": "Undo the whole import", "done": "imported"},
    },
}


@pytest.fixture(scope="module")
def spot(live_server):
    """A place in a village of the city, and a name that no other run of the test has."""
    return 120.648, 27.783


def file_of(spot, number):
    lon, lat = spot
    lines = (
        f"{number}-1,fire,一般,热线,通道堵塞,2026-10-01 09:00:00,{lon},{lat}",
        f"{number}-2,fire,重大,热线,电线老化,2026-10-01 10:00:00,{lon + 0.0001},{lat}",
        f"{number}-3,fire,一般,热线,坐标颠倒,2026-10-02 09:00:00,{lat},{lon}",
        f"{number}-4,fire,紧急,热线,词不认识,2026-10-02 09:00:00,{lon},{lat}",
    )
    return "\n".join([HEADER, *lines]).encode("gb18030")


def serious(page):
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def wait_for_state(who, state):
    who.wait_for(f"{READY} && jingwei.importPage.job().state === {json.dumps(state)}")


@pytest.mark.parametrize(("language", "viewport"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
def test_a_file_is_sent_checked_imported_and_undone(visit, spot, language, viewport):
    who, words, number = visit("city", viewport=viewport), WORDS[language], uuid.uuid4().hex[:8]
    page = who.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{who.address}/imports?lang={language}")
    assert serious(page) == []
    page.set_input_files("#i-file", {"name": f"{number}.csv", "mimeType": "text/csv", "buffer": file_of(spot, number)})
    page.get_by_role("button", name=words["send"]).click()
    page.wait_for_url("**/imports/*-*")
    wait_for_state(who, "uploaded")

    # Every column is guessed; the title's name is none we know, so its guess says how sure it is.
    guesses = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('#columns select[data-header]')]"
        ".map(({ dataset, value }) => [dataset.header, value]))"
    )
    assert (guesses["案件编号"], guesses["东坐标"], guesses["隐患标题"]) == ("external_id", "lon", "title")
    expect(page.locator("#datum-needed")).to_be_visible()
    named = page.locator("#columns option[value=category_code]").first
    expect(named).to_have_text({"zh": "隐患类别", "en": "category code"}[language])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#c-datum", "wgs84")
    expect(page.locator("#datum-needed")).to_be_hidden()
    page.fill("#c-keep", f"source {number}")
    assert serious(page) == []
    page.get_by_role("button", name=words["check"]).click()
    wait_for_state(who, "checked")

    expect(page.locator("[data-count=added] b")).to_have_text("2")
    expect(page.locator("[data-count=refused] b")).to_have_text("2")
    expect(page.locator("#refused tbody tr")).to_have_count(2)
    # Fields and their words as the reader's language has them.
    assert ("地点" in page.locator("#refused tbody").inner_text()) == (language == "zh")
    expect(page.locator("#doubles tbody tr")).to_have_count(1)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    commit = page.get_by_role("button", name=words["commit"])
    expect(commit).to_be_disabled()
    page.check("#leave-out")
    with page.expect_download() as download:
        page.locator("#refused a[download]").click()
    assert "refused_because" in download.value.path().read_text(encoding="utf-8-sig").splitlines()[0]
    commit.click()
    wait_for_state(who, "done")
    expect(page.locator("#state")).to_have_text(words["done"])

    page.get_by_role("button", name=words["undo"]).click()
    wait_for_state(who, "undone")
    page.goto(f"{who.address}/imports?lang={language}")
    expect(page.locator("tbody tr").first).to_contain_text(f"{number}.csv")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_pages_of_imports_fit_a_phone_and_are_hidden_from_who_may_not_import(visit, spot):
    phone = visit("township", viewport=PHONE)
    phone.page.goto(f"{phone.address}/imports")
    expect(phone.page.locator("#import-form")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    grid_worker = visit("gridworker", expects_faults=True)
    assert grid_worker.page.goto(f"{grid_worker.address}/imports").status == 403
