"""The operator's tools on the command map, as a desk uses them: real server, real browser."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from pyproj import Geod

HAS_PLACES = "document.querySelectorAll('#tool-body .places li').length > 0"


def draw(page, places):
    for x, y in places:
        page.mouse.click(x, y)
    page.keyboard.press("Enter")


def test_what_is_drawn_is_counted_undone_and_ended_by_escape(watched):
    page = watched.open("/?renderer=canvas")
    page.keyboard.press("d")
    draw(page, [(700, 300), (1200, 300), (1200, 800), (700, 800)])
    watched.wait_for(HAS_PLACES)
    counted = int(page.locator("#tool-body .count").first.inner_text().replace(",", ""))
    assert counted > 0
    serious = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
    assert [each["id"] for each in serious] == []
    page.keyboard.press("Control+z")
    watched.wait_for(f"!({HAS_PLACES})")
    page.get_by_role("button", name="圆", exact=True).click()
    page.mouse.click(950, 500)
    page.keyboard.press("Escape")
    # The first Escape ends the drawing alone, the next one the tool.
    assert page.locator("#tool-panel").is_visible()
    watched.wait_for("!jingwei.drawing.isActive()")
    page.keyboard.press("Escape")
    assert not page.locator("#tool-panel").is_visible()


def test_lengths_and_areas_are_those_of_the_ellipsoid(watched):
    page = watched.open("/?renderer=canvas")
    path = page.evaluate("document.querySelector('script[src$=\"main.js\"]').src").replace("main.js", "geodesy.js")
    ring = [(120.60, 27.78), (120.70, 27.781), (120.69, 27.85), (120.61, 27.84)]
    places = [{"lng": lon, "lat": lat} for lon, lat in ring]
    found = page.evaluate(
        """async ([path, places]) => {
          const {lengthM, areaM2, toGcj02} = await import(path);
          return [lengthM(places), areaM2(places), toGcj02({lat: 40, lng: 120})];
        }""",
        [path, places],
    )
    geod = Geod(ellps="WGS84")
    lon, lat = zip(*ring, strict=True)
    assert found[0] == pytest.approx(geod.line_length(lon, lat), abs=0.01)
    assert found[1] == pytest.approx(abs(geod.polygon_area_perimeter(lon, lat)[0]), rel=2e-5)
    assert (found[2]["lng"], found[2]["lat"]) == pytest.approx((120.00567568355486, 40.0013047896019), abs=1e-9)


FILE_ONE = """async () => {
  const {config} = await import(document.querySelector("script[src$='main.js']").src.replace("main.js", "config.js"));
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": config.member.csrf};
  const send = async (address, body) =>
    (await fetch(address, {method: "POST", headers, body: JSON.stringify(body)})).json();
  const {cases} = await (await fetch("/api/queue?limit=1")).json();
  const hazard = await send("/api/hazards", {
    id: crypto.randomUUID(), category: cases[0].category_code, severity: "low", discovered_by: "patrol",
    title: "挡土墙开裂", discovered_at: new Date().toISOString(),
    location: {lon: cases[0].lon, lat: cases[0].lat, datum: "wgs84"},
  });
  await send("/api/steps", {action: "file", hazards: [{id: hazard.id, version: 1}]});
  return {id: hazard.id, lon: cases[0].lon, lat: cases[0].lat};
}"""


def test_a_hazard_is_dispatched_in_three_clicks(visit):
    hazard = visit("city").open("/?renderer=canvas").evaluate(FILE_ONE)
    desk = visit("dispatcher")
    address = f"/?renderer=canvas#map=18/{hazard['lat']}/{hazard['lon']}&layers=hazards"
    page = desk.open(address)
    # Another hazard may lie at the same spot: the one of the test is opened as a list of places opens one.
    page.evaluate(f"jingwei.showPlace({{layer: 'hazards', id: '{hazard['id']}'}}, {json.dumps(hazard)})")
    page.locator(".dispatch-body .place").first.wait_for()
    page.locator(".dispatch-body .place").first.click()
    page.get_by_role("button", name="确认派遣").click()
    page.locator(".tool-done").wait_for()
    found = page.evaluate(f"fetch('/api/hazards/{hazard['id']}/case').then((answer) => answer.json())")
    assert found["case"]["stage"] == "assigned"
    assert found["events"][-1]["account"] == "dispatcher"


def test_a_click_on_a_hazard_opens_its_details_with_the_way_to_its_case(watched):
    hazard = watched.open("/?renderer=canvas").evaluate(
        "fetch('/api/hazards?limit=1').then((answer) => answer.json())"
    )["features"][0]
    lon, lat = hazard["geometry"]["coordinates"]
    watched.page.goto("about:blank")
    page = watched.open(f"/?renderer=canvas#map=18/{lat}/{lon}&layers=hazards")
    at = page.evaluate(f"jingwei.map.latLngToContainerPoint([{lat}, {lon}])")
    page.mouse.click(at["x"], at["y"])
    watched.wait_for("document.querySelector('.dispatch a')?.href.includes('/cases/')")


def test_the_other_language_comes_without_loading_the_page_anew(watched):
    page = watched.open("/?renderer=canvas")
    page.evaluate("window.same = true")
    page.keyboard.press("m")
    page.locator("#other-language").click()
    watched.wait_for("document.documentElement.lang === 'en'")
    assert page.evaluate("window.same") is True
    assert page.locator("#layer-panel h2").inner_text() == "Layers"
    assert page.locator("#tool-title").inner_text() == "Measure"
    shown = page.evaluate("document.body.innerText")
    # What is left of Chinese is the product's name, names of the city's places, and the way back.
    assert "图层" not in shown
    assert "隐患发现于" not in shown
    assert page.locator("#other-language").inner_text() == "中文"
    page.locator("#other-language").click()
    watched.wait_for("document.documentElement.lang === 'zh'")
    assert page.locator("#tool-title").inner_text() == "量测"


@pytest.mark.parametrize("renderer", ["canvas", "gl"])
def test_classes_are_filtered_and_layers_put_in_another_order(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    page.locator('[data-layer="hazards"] .legend-class').first.click()
    watched.wait_until_drawn()
    assert page.evaluate("[...jingwei.viewState.current.hidden.get('hazards')]") == ["overdue"]
    assert "hide=hazards:overdue" in page.evaluate("location.hash")
    page.locator('[data-layer="villages"] .adjust').click()
    before = page.evaluate("jingwei.viewState.current.layers.size")
    page.locator('[data-layer="villages"] .move-up').click()
    watched.wait_until_drawn()
    order = page.evaluate("jingwei.viewState.current.order")
    assert len(order) > before
    # A link carries both to somebody else.
    page.goto("about:blank")
    page = watched.open(f"/?renderer={renderer}#hide=hazards:overdue&order={','.join(order)}")
    assert page.locator('[data-layer="hazards"] .legend-class').first.get_attribute("aria-pressed") == "false"
    assert page.evaluate("jingwei.viewState.current.order") == order


def test_two_times_stand_side_by_side_and_a_span_of_days_moves(watched):
    page = watched.open("/?renderer=canvas")
    page.keyboard.press("c")
    watched.wait_for("document.querySelectorAll('.compare-frame canvas').length > 0")
    page.locator(".compare-handle").focus()
    page.keyboard.press("ArrowLeft")
    assert "inset(0px 51% 0px 0px)" in page.evaluate(
        "getComputedStyle(document.querySelector('.compare-frame')).clipPath"
    )
    page.keyboard.press("r")
    assert page.locator(".compare-frame").count() == 0
    window = page.evaluate("jingwei.viewState.current.from + jingwei.viewState.current.to")
    page.get_by_role("button", name="前进").click()
    assert page.evaluate("jingwei.viewState.current.from") != window[:10]
    page.keyboard.press("Escape")
    assert page.evaluate("jingwei.viewState.current.to") != page.evaluate("jingwei.viewState.current.from")


def test_a_picture_is_saved_as_png_and_as_pdf(watched):
    page = watched.open("/?renderer=canvas")
    page.keyboard.press("p")
    starts = {}
    for kind in ("PNG", "PDF"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        content = download.value.path().read_bytes()
        starts[kind] = content[:4]
        assert len(content) > 20_000
        if kind == "PDF":
            table = int(re.search(rb"startxref\n(\d+)", content)[1])
            assert content[table:].startswith(b"xref")
            assert content.count(b"/DCTDecode") == 1
    assert starts == {"PNG": b"\x89PNG", "PDF": b"%PDF"}


def test_marks_and_lines_of_a_shift_are_kept_with_the_map(visit):
    desk = visit("dispatcher")
    page = desk.open("/?renderer=canvas")
    page.keyboard.press("s")
    page.locator("#mark-words").fill("路障")
    page.get_by_role("button", name="点", exact=True).click()
    page.mouse.click(900, 500)
    desk.wait_for("document.querySelector('.measured-label')?.textContent === '路障'")
    page.locator("#shift-text").fill("三号泵站水位偏高")
    page.get_by_role("button", name="交班", exact=True).click()
    desk.wait_for("document.querySelector('.shift-newest')?.textContent.includes('三号泵站水位偏高')")
    page.keyboard.press("Control+z")
    page.goto(desk.address + "/shift")
    assert "三号泵站水位偏高" in page.locator(".shift-lines").inner_text()
    page.locator(".shift-view").first.click()
    desk.wait_until_drawn()
    assert "map=14/" in page.evaluate("location.hash")


def test_the_tools_fit_a_phone(phone):
    page = phone.open("/?renderer=canvas")
    page.locator("#tab-tools").tap()
    page.locator('[data-tool="measure"]').tap()
    assert page.locator("#tool-panel").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(100, 300)
    page.touchscreen.tap(300, 300)
    phone.wait_for("document.querySelector('.measured').textContent !== '–'")
