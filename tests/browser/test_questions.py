"""Spatial questions in Chromium: an example, a condition by form, an area picked, kept and opened again; and SQL."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def rows(page):
    return page.locator("#panel-table tbody tr")


def test_a_question_is_asked_by_form_kept_and_opened_again(visit):
    reader = visit("analyst")
    page = reader.page
    page.goto(f"{reader.address}/questions?lang=zh")
    expect(page.locator("#question-map[data-ready]")).to_be_visible()
    page.select_option("#examples", label="各村每平方公里隐患数")
    expect(rows(page).first).to_be_visible()
    villages = int(page.locator("#result-words").inner_text().split()[0])
    assert villages > 20
    expect(page.locator(".map-legend")).to_contain_text("每平方公里")
    page.click("#tab-chart")
    expect(page.locator(".bars .bar")).to_have_count(min(villages, 60))
    page.click("#tab-table")
    # By form: only the major ones; areas without any stay with the count 0.
    page.click("#add-condition")
    page.locator("#conditions select").first.select_option("severity")
    page.locator("#conditions span select").select_option("major")
    page.click("#ask")
    expect(page.locator("#panel-code")).to_contain_text("severity = 'major'")
    expect(page.locator("#result-words")).to_have_text(f"{villages} 行")
    page.locator("#keep-card summary").click()
    page.fill("#keep-title", "较大隐患按村")
    page.click("#keep")
    expect(page.locator("#kept-list")).to_contain_text("较大隐患按村")
    page.click("#reset")
    page.locator("#kept-list .open").click()
    expect(page.locator("#filter")).to_have_value("severity = 'major'")
    expect(page.locator("#result-words")).to_have_text(f"{villages} 行")
    page.locator("#kept-list .danger").click()
    expect(page.locator("#kept-list")).to_contain_text("已删除")
    page.locator("#kept-list .small").first.click()
    expect(page.locator("#kept-list .danger")).to_have_count(1)
    page.locator("#kept-list .danger").click()
    expect(page.locator("#kept-list .danger")).to_have_count(0)


def test_a_drawn_area_chooses_features_and_back_undoes_it(visit):
    reader = visit("analyst")
    page = reader.page
    page.goto(f"{reader.address}/questions?lang=en")
    expect(page.locator("#question-map[data-ready]")).to_be_visible()
    page.select_option("#layer", "villages")
    page.click("#ask")
    expect(page.locator("#result-words")).to_contain_text("rows")
    every = page.locator("#result-words").inner_text()
    page.click("#draw")
    box = page.locator("#question-map").bounding_box()
    middle = (box["width"] / 2, box["height"] / 2)
    for dx, dy in ((-90, -60), (90, -60), (0, 80)):
        page.mouse.click(box["x"] + middle[0] + dx, box["y"] + middle[1] + dy)
    page.keyboard.press("Enter")
    expect(page.locator("#area-words")).to_have_text("Only inside the area drawn or picked.")
    page.click("#ask")
    # Not while it is still being asked: going back would undo nothing yet.
    expect(page.locator("body:not(.is-asking) #result-words")).not_to_have_text(every)
    page.go_back()
    expect(page.locator("#result-words")).to_have_text(every)
    page.fill("#limit", "3")
    page.click("#ask")
    expect(page.locator("#result-words")).to_have_text("3 rows; there are more than the limit.")


def test_a_wrong_filter_is_told_beside_the_form(visit):
    reader = visit("analyst", expects_faults=True)
    page = reader.page
    page.goto(f"{reader.address}/questions?lang=en")
    page.locator("summary", has_text="CQL2").click()
    page.fill("#filter", "severity =")
    page.click("#ask")
    expect(page.locator("#problem")).to_contain_text("line 1")


def test_sql_is_run_drawn_and_explained(visit):
    reader = visit("analyst")
    page = reader.page
    page.goto(f"{reader.address}/sql?lang=en")
    page.click("#ask")
    expect(rows(page).first).to_be_visible()
    assert page.locator("#panel-table thead th").all_inner_texts() == ["village", "hazards"]
    page.click("#explain")
    expect(page.locator("#plan")).to_contain_text("cost=")


@pytest.mark.parametrize("viewport", [{"width": 1920, "height": 1080}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_on_the_pages_of_questions(visit, viewport):
    reader = visit("analyst", viewport=viewport)
    page = reader.page
    for place in ("/questions?lang=en", "/sql?lang=zh"):
        page.goto(f"{reader.address}{place}")
        expect(page.locator("#question-map[data-ready]")).to_be_visible()
        if "questions" in place:
            page.select_option("#examples", "0")
        else:
            page.click("#ask")
        expect(rows(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = Axe().run(page).response["violations"]
        assert [
            (each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
        ] == []
