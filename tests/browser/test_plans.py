"""A night planned in Chromium: the form, an edit on the map, approval, publishing, and a team's sheet on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_closed_loop import PHONE

pytestmark = pytest.mark.browser
CORNER_OF_A_WAY = """() => {
  const { map, current } = window.jingwei.plan;
  map.getContainer().scrollIntoView({ block: "center" });
  const box = map.getContainer().getBoundingClientRect();
  // A corner of a team's way that no mark covers: marks take a click for themselves.
  for (const { line } of current().content.result.routes) {
    for (const [lon, lat] of line) {
      const { x, y } = map.latLngToContainerPoint([lat, lon]);
      const at = [box.left + x, box.top + y];
      const found = document.elementFromPoint(...at);
      if (found?.closest(".leaflet-container") && !found.closest(".leaflet-marker-icon, .leaflet-control")) return at;
    }
  }
  return null;
}"""
IDLE = "() => window.jingwei?.plan?.isReady() && !window.jingwei.plan.isBusy()"


def serious(page):
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def planned(who, *, language="zh"):
    page = who.page
    page.goto(f"{who.address}/plans?lang={language}")
    if not page.locator("#p-most").is_visible():
        page.locator("details.card summary").first.click()
    page.fill("#p-most", "40")
    page.locator("#plan-form button.primary").click(no_wait_after=True)
    page.wait_for_url("**/plans/*-*")
    page.wait_for_function(IDLE)
    return page


def plan_of(page):
    return page.evaluate("() => window.jingwei.plan.current()")


def test_a_night_is_planned_edited_approved_published_and_read_on_a_phone(visit):
    supervisor = visit("township")
    page = planned(supervisor)
    before = plan_of(page)
    assert before["state"] == "draft" and before["content"]["result"]["stop_count"] > 0
    route = next(each for each in before["content"]["result"]["routes"] if each["visits"])
    code = route["visits"][0]["stop"]

    team = next(each for each in before["content"]["teams"] if each["code"] == route["team"])
    page.locator("#teams button.team", has_text=team["name_zh"]).first.click()
    page.locator("#teams ol button").first.click()
    expect(page.locator("#chosen h2")).to_contain_text(code)
    page.get_by_role("button", name="取消此点").click()
    page.wait_for_function(IDLE)
    after = plan_of(page)
    assert after["version"] == 2 and after["content"]["dropped"] == [code]
    assert code not in {visit["stop"] for each in after["content"]["result"]["routes"] for visit in each["visits"]}

    page.locator("#undo").click()
    page.wait_for_function(IDLE)
    assert plan_of(page)["version"] == 3 and plan_of(page)["content"]["dropped"] == []
    page.locator("#what-if summary").click()
    page.locator("#teams-form button").click()
    page.wait_for_function(IDLE)
    assert [team["code"] for team in plan_of(page)["content"]["teams"]][-2:] == ["X01", "X02"]
    page.locator("#undo").click()
    page.wait_for_function(IDLE)
    after = plan_of(page)
    assert len(after["content"]["teams"]) == len(before["content"]["teams"])

    page.locator("#close").click()
    expect(page.locator("#map-hint")).to_be_visible()
    # Only now: the click on the button may have scrolled the page.
    page.mouse.click(*page.evaluate(CORNER_OF_A_WAY))
    page.wait_for_function(IDLE)
    expect(page.locator("#map-hint")).to_be_hidden()
    (closed,) = plan_of(page)["content"]["closed"]
    # It is told by its name, or by its kind and what it is near, not by its number.
    told = plan_of(page)["content"]["closed_names"][str(closed)]
    expect(page.locator("#closed .chip")).to_contain_text(told["name_zh"] or told["near_zh"])
    assert list(plan_of(page)["content"]["closed_lines"]) == [str(closed)]
    page.locator("#closed button").click()
    page.wait_for_function(IDLE)
    after = plan_of(page)
    assert after["content"]["closed"] == []

    for name, state in (("审批", "已审批"), ("发布给队伍", "已发布")):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator("#state")).to_have_text(state)
        page.wait_for_function(IDLE)
    routes = plan_of(page)["routes"]
    assert len(routes) == after["content"]["result"]["team_count"]

    phone = visit("village", viewport=PHONE)
    sheet = supervisor.page
    number = next(iter(routes.values()))
    sheet.goto(f"{supervisor.address}/routes/{number}?lang=zh")
    expect(sheet.locator("svg .spot")).to_have_count(sheet.locator(".route-stops tbody tr").count())
    expect(sheet.locator(".route-code svg")).to_be_visible()
    assert serious(sheet) == []
    with sheet.expect_download() as download:
        sheet.get_by_role("link", name="纸质路线单（PDF）").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    phone.page.goto(f"{phone.address}/plans")
    assert phone.page.locator("#plan-form").count() == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious_on_the_plan_and_its_list(visit, language):
    page = planned(visit("planner"), language=language)
    for place in (page.url, page.url.rpartition("/")[0]):
        page.goto(f"{place}?lang={language}")
        page.wait_for_load_state("networkidle")
        assert serious(page) == []
