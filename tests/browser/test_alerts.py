"""Alert rules and the wall's remote control in Chromium: a rule is made, paused and removed, a wall is held."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser
SAVE_SCENE = """async (scene) => {
  const { csrf } = document.getElementById("remote").dataset;
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  return (await fetch("/api/scenes", { method: "POST", headers, body: JSON.stringify(scene) })).status;
}"""


def serious(page):
    return [each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]


def test_a_rule_shows_the_fields_of_its_kind_and_is_made_paused_and_removed(visit):
    who, name = visit("city"), f"rule {uuid.uuid4().hex[:8]}"
    page = who.page
    page.goto(f"{who.address}/alert-rules?lang=en")
    page.select_option("#kind", "cluster")
    expect(page.locator("#within_m")).to_be_visible()
    expect(page.locator("#fence-map")).to_be_hidden()
    page.select_option("#kind", "geofence")
    expect(page.locator("#within_m")).to_be_hidden()
    expect(page.locator("#fence-map[data-ready]")).to_be_visible()
    page.fill("#name", name)
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("#fence-note")).to_have_text("Draw the fence first.")
    page.get_by_role("button", name="Draw an area").click()
    for x, y in ((200, 100), (400, 100), (400, 300)):
        page.locator("#fence-map").click(position={"x": x, "y": y})
    page.keyboard.press("Enter")
    expect(page.locator("#fence-note")).to_have_text("The fence is drawn.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#fence-note")).to_have_text("No fence is drawn yet.")
    page.get_by_role("button", name="Draw a circle").click()
    for x, y in ((300, 200), (350, 200)):
        page.locator("#fence-map").click(position={"x": x, "y": y})
    expect(page.locator("#fence-note")).to_have_text("The fence is drawn.")
    page.get_by_role("button", name="Add the rule").click()
    row = page.locator("tbody tr", has_text=name)
    expect(row).to_contain_text("Rui'an")
    fences = page.evaluate("JSON.parse(document.getElementById('jingwei-config').textContent).rules.fences")
    (shape,) = [each["shape"] for each in fences if each["name"] == name]
    corners = shape["coordinates"][0]
    # A circle over fifty pixels: as many corners on each side of its middle, and no two alike.
    assert len(corners) == 49
    assert len({tuple(each) for each in corners}) == 48
    west, east = min(corners)[0], max(corners)[0]
    assert 120 < west < east < 121.2
    assert serious(page) == []
    row.get_by_role("button", name="Pause").click()
    expect(row.locator(".chip")).to_have_text("paused")
    row.get_by_role("button", name="Resume").click()
    expect(row.locator(".chip")).to_have_count(0)
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_a_refused_rule_is_explained_on_the_page(visit):
    who = visit("city", expects_faults=True)
    page = who.page
    page.goto(f"{who.address}/alert-rules?lang=en")
    page.fill("#name", "elsewhere")
    page.evaluate("document.getElementById('area').append(new Option('nowhere', '999999', true, true))")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.locator("#problem")).to_be_visible()
    assert page.locator("#problem").inner_text() != ""
    # The browser's own note of the refused request is the only fault.
    assert [fault for fault in who.collect() if not fault.startswith(("4", "console: Failed to load resource"))] == []


def test_the_remote_control_holds_a_scene_and_lets_scenes_take_turns(visit):
    who = visit("city")
    page = who.page
    page.goto(f"{who.address}/?lang=zh")
    view = {"layers": ["hazards"], "bounds": [120.6, 27.75, 120.65, 27.8]}
    scene = {"name": f"东门 {uuid.uuid4().hex[:6]}", "view": view, "on_wall": True}
    page.goto(f"{who.address}/wall/remote?lang=zh")
    assert page.evaluate(SAVE_SCENE, scene) == 201
    page.reload()
    button = page.get_by_role("button", name=scene["name"])
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    turns = page.locator(".remote-button").first
    turns.click()
    expect(turns).to_have_attribute("aria-pressed", "true")
    assert serious(page) == []
    page.locator("tr[data-scene]", has_text=scene["name"]).locator("[data-do=remove]").click()
    expect(button).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_of_alerts_walls_and_shifts_are_quiet_and_fit(visit, viewport, language):
    who = visit("city", viewport=viewport)
    for place in ("/alerts", "/alert-rules", "/wall/remote", "/shift"):
        who.page.goto(f"{who.address}{place}?lang={language}")
        assert serious(who.page) == []
        assert who.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
