"""Search, details, keys, phone, accessibility."""

import re

import mapbox_vector_tile
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAYLOADS = (
    "<img src=x onerror='window.executed=1'>",
    "${window.executed=1}",
    "<script>window.executed=1</script>",
    "\"><svg onload='window.executed=1'>",
    "{{constructor.constructor('window.executed=1')()}}",
    "javascript:window.executed=1",
)


def config_of(page):
    return page.evaluate("JSON.parse(document.getElementById('jingwei-config').textContent)")


def a_name_to_look_for(page):
    answer = page.evaluate("fetch('/layers/place_names.json').then((answer) => answer.json())")
    villages = [place for place in answer["features"] if place["properties"]["level"] == "village"]
    return villages[0]["properties"]["name_zh"]


def test_search_lists_places_and_enter_moves_the_map_there(watched):
    page = watched.open("/")
    name = a_name_to_look_for(page)
    before = page.evaluate("jingwei.map.getZoom()")
    page.keyboard.press("/")
    expect(page.locator("#search-input")).to_be_focused()
    page.keyboard.type(name)
    expect(page.get_by_role("option").first).to_contain_text(name)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results")).to_be_hidden()
    watched.wait_for(f"jingwei.map.getZoom() > {before}")


def test_a_search_without_result_says_so_and_escape_closes_it(watched):
    page = watched.open("/")
    page.locator("#search-input").fill("没有这个地方啊")
    expect(page.locator("#search-note")).to_contain_text("没有这个地方啊")
    page.keyboard.press("Escape")
    expect(page.locator("#search-note")).to_be_hidden()


def open_a_village(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    west, south, east, north = config_of(page)["city"]["bounds"]
    places = page.evaluate("fetch('/layers/place_names.json').then((answer) => answer.json())")["features"]
    lon, lat = min(
        (place["geometry"]["coordinates"] for place in places),
        key=lambda at: (at[0] - (west + east) / 2) ** 2 + (at[1] - (south + north) / 2) ** 2,
    )
    page.goto("about:blank")
    watched.open(f"/?renderer={renderer}#map=14/{lat}/{lon}&layers=villages,townships")
    box = page.locator(".folium-map").bounding_box()
    return page, box["width"] / 2, box["height"] / 2


@pytest.mark.parametrize("renderer", ["canvas", "gl"])
def test_hovering_names_a_village_and_a_click_tells_more(watched, renderer):
    page, x, y = open_a_village(watched, renderer)
    page.mouse.move(x - 5, y - 5)
    page.mouse.move(x, y)
    expect(page.locator("#tooltip")).to_contain_text("村（社区）")
    name = page.locator("#tooltip .tooltip-first").inner_text()
    page.mouse.click(x, y)
    expect(page.locator("#details-title")).to_have_text(name)
    expect(page.locator("#details-body .fields dt").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#details-panel")).to_be_hidden()


@pytest.mark.parametrize("renderer", ["canvas", "gl"])
def test_hostile_texts_of_features_are_shown_as_text(watched, renderer):
    page, x, y = open_a_village(watched, renderer)
    hostile = " ".join(PAYLOADS)
    square = {
        "geometry": "POLYGON ((0 0, 4096 0, 4096 4096, 0 4096, 0 0))",
        "properties": {"id": 1, "name_zh": hostile},
    }
    tile = mapbox_vector_tile.encode({"name": "villages", "features": [square]})
    page.route("**/tiles/villages/**", lambda route: route.fulfill(body=tile, content_type="application/x-protobuf"))
    details = {
        "id": "1",
        "title": hostile,
        "synthetic": True,
        "fields": [{"title": each, "value": each} for each in PAYLOADS],
    }
    page.route("**/features/villages/**", lambda route: route.fulfill(json=details))
    page.get_by_role("checkbox", name=re.compile("村（社区）")).uncheck()
    page.reload()
    page.get_by_role("checkbox", name=re.compile("村（社区）")).check()
    watched.wait_until_drawn()
    page.mouse.move(x - 5, y - 5)
    page.mouse.move(x, y)
    expect(page.locator("#tooltip .tooltip-first")).to_have_text(hostile)
    page.mouse.click(x, y)
    expect(page.locator("#details-title")).to_have_text(hostile)
    for payload in PAYLOADS:
        expect(page.locator("dd", has_text=payload)).to_have_count(1)
    assert page.evaluate("window.executed") is None
    assert page.locator("#details-panel img, #details-panel script, #tooltip img").count() == 0


def test_hostile_names_of_places_are_shown_as_text(watched):
    page = watched.page
    found = [
        {"name": each, "kind": "grid", "kindTitle": each, "parent": each, "lon": 120.6, "lat": 27.8, "bounds": None}
        for each in PAYLOADS
    ]
    page.route("**/api/search?*", lambda route: route.fulfill(json={"results": found}))
    watched.open("/")
    page.locator("#search-input").fill("x")
    expect(page.locator(".search-name")).to_have_text(list(PAYLOADS))
    page.keyboard.press("Enter")
    assert page.evaluate("window.executed") is None


def test_a_click_on_counted_hazards_zooms_in(watched):
    page = watched.open("/?renderer=canvas#layers=hazards")
    tile = mapbox_vector_tile.encode(
        {
            "name": "hazards",
            "features": [{"geometry": "POINT (2048 2048)", "properties": {"count": 120, "open_count": 3}}],
        }
    )
    page.route("**/tiles/hazards/**", lambda route: route.fulfill(body=tile, content_type="application/x-protobuf"))
    page.reload()
    watched.wait_until_drawn()
    # The middle of a tile of 512 pixels that lies in view.
    x, y, zoom = page.evaluate("""() => {
      const { map } = jingwei, zoom = map.getZoom();
      const centre = map.project(map.getCenter(), zoom);
      const middle = L.point(Math.floor(centre.x / 512) * 512 + 256, Math.floor(centre.y / 512) * 512 + 256);
      const at = map.latLngToContainerPoint(map.unproject(middle, zoom));
      return [at.x, at.y, zoom];
    }""")
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    expect(page.locator("#tooltip")).to_contain_text("120 起隐患")
    page.mouse.click(x, y)
    watched.wait_for(f"jingwei.map.getZoom() === {zoom + 2}")


def test_shapes_merged_for_size_keep_their_colour_and_are_not_called_hazards(watched):
    page = watched.open("/?renderer=canvas#layers=density")
    square = {
        "geometry": "POLYGON ((0 0, 0 4096, 4096 4096, 4096 0, 0 0))",
        "properties": {"id": 1, "level": 5, "merged": 24000},
    }
    tile = mapbox_vector_tile.encode({"name": "density", "features": [square]})
    page.route("**/tiles/density/**", lambda route: route.fulfill(body=tile, content_type="application/x-protobuf"))
    page.reload()
    watched.wait_until_drawn()
    paint = next(layer["paint"] for layer in config_of(page)["layers"] if layer["id"] == "density")
    fills = page.evaluate("""() => {
      const found = new Set();
      jingwei.map.eachLayer((grid) => Object.values(grid._vectorTiles ?? {}).forEach((tile) =>
        Object.values(tile._features ?? {}).forEach(({ feature }) => found.add(feature.options?.fillColor))));
      return [...found];
    }""")
    assert fills == [paint["stops"][-1]["color"]]
    page.mouse.move(700, 500)
    page.mouse.move(704, 500)
    tooltip = page.locator("#tooltip")
    expect(tooltip).to_contain_text(paint["stops"][-1]["label"])
    assert "隐患" not in tooltip.inner_text()


def test_keys_open_help_and_toggle_the_layer_panel(watched):
    page = watched.open("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("#layer-panel")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("#layer-panel")).to_be_visible()


def test_the_link_can_be_copied(watched):
    page = watched.open("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制链接").click()
    expect(page.locator("#toast")).to_contain_text("链接已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(watched.address)
    for part in ("map=", "layers=", "from=", "to=", "night="):
        assert part in copied


def test_everything_is_reached_by_tab_with_a_visible_focus(watched):
    page = watched.open("/")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle"
            " + getComputedStyle(document.activeElement).boxShadow]"
        )
        reached.add(name)
        if name:
            assert outline != "nonenone", name
    assert {"search-input", "copy-link", "open-help", "other-language", "layer-hazards"} <= reached


def test_on_a_phone_nothing_is_wider_than_the_screen_and_targets_fit_a_finger(phone):
    page = phone.open("/")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="图层").click()
    expect(page.locator("#layer-panel")).to_be_visible()
    small = page.evaluate("""() => [...document.querySelectorAll('button, a, select, input, .layer-switch, summary')]
      .filter((each) => each.checkVisibility() && !each.classList.contains('skip-link') && each.type !== 'checkbox')
      .map((each) => [each.id || each.className, each.getBoundingClientRect()])
      .filter(([, box]) => box.height < 44 || box.width < 44)
      .map(([name, box]) => `${name} ${box.width}x${box.height}`)""")
    assert small == []


def test_on_a_phone_sheets_open_one_at_a_time(phone):
    page = phone.open("/")
    expect(page.locator("#layer-panel")).to_be_hidden()
    page.get_by_role("button", name="图层").click()
    expect(page.locator("#layer-panel")).to_be_visible()
    page.get_by_role("button", name="时间").click()
    expect(page.locator("#time-panel")).to_be_visible()
    expect(page.locator("#layer-panel")).to_be_hidden()
    page.get_by_role("button", name="搜索地名").click()
    expect(page.locator("#search-input")).to_be_focused()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_serious(request, size, language):
    watched = request.getfixturevalue("phone" if size == "phone" else "watched")
    page = watched.open(f"/?lang={language}")
    if size == "phone":
        page.locator("#tab-layers").click()
    found = Axe().run(page).response["violations"]
    serious = [
        (finding["id"], node["html"][:120])
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
    assert serious == []


def test_a_layer_is_exported_from_the_list_in_the_format_and_coordinates_chosen(watched):
    page = watched.open("/?lang=en")
    row = page.locator("[data-layer=villages]")
    if not row.locator("input[type=checkbox]").first.is_checked():
        row.locator(".layer-switch").click()
    row.locator(".adjust").click()
    format_, system = (row.get_by_label(name) for name in ("Format of the file", "Coordinates"))
    format_.select_option("csv")
    system.select_option(label="another (EPSG)")
    expect(row.get_by_label("EPSG", exact=True)).to_have_value("EPSG:4549")
    with page.expect_download() as download:
        row.get_by_role("link", name="Export").click()
    assert download.value.url.endswith("/api/layers/villages/export?format=csv&crs=EPSG%3A4549")
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) > 10
    format_.select_option("kml")
    expect(system).to_be_disabled()
    expect(system).to_have_value("wgs84")
    format_.select_option("geojson")
    system.select_option("gcj02")
    row.get_by_label("only what is in view").check()
    with page.expect_download() as download:
        row.get_by_role("link", name="Export").click()
    assert "crs=gcj02&bbox=1" in download.value.url
    assert download.value.path().read_text(encoding="utf-8").startswith("{")


def test_who_may_not_export_sees_no_way_to(visit):
    page = visit("screen").open("/?lang=en")
    assert page.locator(".layer-export").count() == 0
