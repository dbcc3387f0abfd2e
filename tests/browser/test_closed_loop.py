"""A hazard through all stages in Chromium, with four accounts: phone in the field, desk with keys and map."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
REPORT = """async ([id, village]) => {
  const { member } = JSON.parse(document.getElementById("jingwei-config").textContent);
  const places = await (await fetch("/layers/place_names.json")).json();
  const inside = places.features.find(({ properties }) => properties.level === "village");
  const [lon, lat] = inside.geometry.coordinates;
  const body = { id, category: "fire", severity: "low", title: village, discovered_by: "patrol",
    discovered_at: "2026-01-05T01:00:00Z", location: { lon, lat, datum: "wgs84" } };
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": member.csrf };
  return (await fetch("/api/hazards", { method: "POST", headers, body: JSON.stringify(body) })).status;
}"""


def press(page, name, **fields):
    """Fill in a step's form on a case page and send it."""
    form = page.locator("form.step").filter(has=page.get_by_role("button", name=name, exact=True))
    for field, value in fields.items():
        form.locator(f"[name={field}]").fill(value)
    form.get_by_role("button", name=name, exact=True).click()


def test_a_hazard_goes_from_a_phone_in_the_field_to_its_close_out(visit):
    title = f"消防通道堵塞 {uuid.uuid4().hex[:6]}"
    worker = visit("gridworker", viewport=PHONE)
    worker.open("/?lang=zh")
    assert worker.page.evaluate(REPORT, [str(uuid.uuid4()), title]) == 201

    desk = visit("township")
    page = desk.page
    page.goto(f"{desk.address}/desk?lang=zh&stage=reported&q={title}")
    expect(page.locator("#queue tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#chosen")).to_have_text("已选 1 条")
    page.select_option("#bulk-action", "file")
    page.click("#bulk-go")
    expect(page.locator(".empty-line")).to_have_text("没有符合条件的案件。")

    command = visit("dispatcher")
    page = command.page
    page.goto(f"{command.address}/desk?lang=zh&q={title}")
    page.get_by_role("link", name=title).click()
    expect(page.locator("form.step select")).to_contain_text("按规则, 3 工作日")
    press(page, "交办")
    expect(page.locator(".states")).to_contain_text("已交办")

    handler = visit("handler", viewport=PHONE)
    page = handler.page
    page.goto(f"{handler.address}/tasks?lang=zh")
    page.get_by_role("link", name=title).click()
    press(page, "开始处置")
    press(page, "申请延期", value="2", reason="等待物业配合")
    expect(page.locator(".states")).to_contain_text("申请延期: 2 工作日")
    press(page, "处置反馈")
    expect(page.locator(".states")).to_contain_text("已反馈")
    place = page.url

    # A page of its own: the desk's list may be reloading itself just now.
    page = visit("township").page
    page.goto(place)
    press(page, "返工", reason="仍有杂物")
    expect(page.locator(".timeline")).to_contain_text("仍有杂物")
    handler.page.goto(place)
    press(handler.page, "处置反馈")
    page.goto(place)
    press(page, "核查通过")
    press(page, "销号")
    expect(page.locator(".states")).to_contain_text("已销号")
    told = page.locator(".timeline li strong").all_inner_texts()
    assert told == ["上报", "立案", "交办", "开始处置", "申请延期", "处置反馈", "返工", "处置反馈", "核查通过", "销号"]


def test_the_desk_is_worked_by_keys_and_shows_the_case_on_the_map(visit):
    desk = visit("city")
    page = desk.page
    page.goto(f"{desk.address}/desk?lang=en")
    rows = page.locator("#queue tbody tr")
    assert rows.count() >= 3
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("m")
    desk.wait_for("jingwei.desk.map.getZoom() === 15")
    title = rows.nth(1).locator("a").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious_on_desk_tasks_and_case(visit, language):
    for viewport in ({"width": 1920, "height": 1080}, PHONE):
        desk, handler = visit("city", viewport=viewport), visit("handler", viewport=viewport)
        desk.page.goto(f"{desk.address}/desk?lang={language}")
        case = desk.page.locator("#queue tbody a").first.get_attribute("href")
        places = ((desk, "/desk"), (handler, "/tasks"), (desk, case))
        for watched, place in places:
            watched.page.goto(f"{watched.address}{place}?lang={language}")
            if place == "/desk":
                # A list with a chosen row does not load itself anew while it is looked at.
                watched.page.keyboard.press("j")
                expect(watched.page.locator("#queue tr[aria-selected=true]")).to_have_count(1)
            assert watched.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
            found = Axe().run(watched.page).response["violations"]
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert [(place, each["id"], each["nodes"][0]["html"][:90]) for each in serious] == []
