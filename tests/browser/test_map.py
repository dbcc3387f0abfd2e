"""The command map in Chromium: both renderers, layers, time, address."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
RENDERERS = ("canvas", "gl")


def state_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).fragment).items()}


def window_of(page):
    return page.locator("#window-from").input_value(), page.locator("#window-to").input_value()


def config_of(page):
    return page.evaluate("JSON.parse(document.getElementById('jingwei-config').textContent)")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_map_is_drawn_and_nothing_leaves_the_machine(watched, renderer, language):
    page = watched.open(f"/?renderer={renderer}&lang={language}")
    assert page.evaluate("jingwei.renderer") == renderer
    assert page.evaluate("jingwei.errors") == []
    assert page.locator("html").get_attribute("lang") == language
    assert watched.tiles("hazards")
    assert all(request.startswith((watched.address, "blob:", "data:")) for request in watched.requests)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_layer_can_be_drawn_at_every_kind_of_zoom(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    layers = ",".join(layer["id"] for layer in config_of(page)["layers"])
    west, south, east, north = config_of(page)["city"]["bounds"]
    for zoom in (9, 13, 16):
        page.goto("about:blank")
        watched.open(f"/?renderer={renderer}#map={zoom}/{(south + north) / 2}/{(west + east) / 2}&layers={layers}")
        assert page.evaluate("jingwei.map.getZoom()") == zoom
        assert page.evaluate("jingwei.errors") == []


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_map_gets_ready_again_after_every_zoom(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    for zoom in (8, 15, 10):
        page.evaluate(f"void jingwei.map.setZoom({zoom})")
        watched.wait_until_drawn()
        assert page.evaluate("jingwei.map.getZoom()") == zoom
        expect(page.locator("#busy")).to_be_hidden()


def test_without_a_graphics_card_the_page_takes_the_canvas_by_itself(watched):
    page = watched.open("/")
    assert page.evaluate("jingwei.renderer") == "canvas"


def test_where_webgl_is_missing_altogether_the_map_is_drawn_all_the_same(watched):
    watched.page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy("
        "HTMLCanvasElement.prototype.getContext, { apply: (get, canvas, [kind, ...rest]) =>"
        " kind.startsWith('webgl') ? null : Reflect.apply(get, canvas, [kind, ...rest]) });"
    )
    page = watched.open("/?renderer=gl")
    assert page.evaluate("jingwei.renderer") == "canvas"
    assert watched.tiles("hazards")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_switching_a_layer_on_asks_for_its_tiles_and_off_takes_it_out_of_the_address(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    assert watched.tiles("coverage") == []
    page.get_by_role("checkbox", name=re.compile("巡逻覆盖率")).check()
    watched.wait_until_drawn()
    assert watched.tiles("coverage")
    assert "coverage" in state_of(page)["layers"].split(",")
    expect(page.locator("[data-layer=coverage] .legend")).to_be_visible()
    page.get_by_role("checkbox", name=re.compile("巡逻覆盖率")).uncheck()
    assert "coverage" not in page.evaluate("jingwei.layersLoaded")
    assert "layers" not in state_of(page), "what stands at its default is left out of the address"
    expect(page.locator("[data-layer=coverage] .legend")).to_be_hidden()


def test_an_empty_map_says_what_to_do(watched):
    page = watched.open("/#layers=")
    expect(page.locator("#empty")).to_contain_text("图层")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_another_time_window_asks_for_other_tiles_and_figures(watched, renderer):
    page = watched.open(f"/?renderer={renderer}")
    first, last = window_of(page)
    watched.requests.clear()
    page.get_by_role("button", name="7 天").click()
    watched.wait_until_drawn()
    after = state_of(page)
    assert after["to"] == last
    assert after["from"] > first
    assert all(f"from={after['from']}" in tile for tile in watched.tiles("hazards"))
    assert watched.tiles("hazards")
    assert watched.tiles("villages") == []
    assert any("/api/kpi?" in request and f"from={after['from']}" in request for request in watched.requests)
    expect(page.get_by_role("button", name="7 天")).to_have_attribute("aria-pressed", "true")


def test_a_window_given_backwards_is_turned_round(watched):
    page = watched.open("/")
    first, _ = window_of(page)
    page.locator("#window-to").fill("2020-01-01")
    page.locator("#window-to").dispatch_event("change")
    assert state_of(page)["from"] == "2020-01-01"
    assert state_of(page)["to"] == first


def test_the_night_before_asks_for_its_tracks(watched):
    page = watched.open("/")
    page.get_by_role("checkbox", name=re.compile("巡逻轨迹")).check()
    watched.wait_until_drawn()
    night = page.locator("#night-choice").input_value()
    page.get_by_role("button", name="前一夜").click()
    watched.wait_until_drawn()
    earlier = page.locator("#night-choice").input_value()
    assert earlier < night
    assert any(f"night={earlier}" in tile for tile in watched.tiles("patrol_tracks"))
    page.keyboard.press("]")
    expect(page.locator("#night-choice")).to_have_value(night)


def test_a_copied_address_restores_view_layers_window_night_and_opacity(watched):
    page = watched.open("/")
    nights = config_of(page)["nights"]
    west, south, east, north = config_of(page)["city"]["bounds"]
    lat, lon = round((south + north) / 2, 5), round((west + east) / 2, 5)
    shared = (
        f"/#map=13/{lat}/{lon}&layers=villages,coverage&from=2026-01-02&to=2026-02-03"
        f"&night={nights[1]}&opacity=coverage:40"
    )
    page.goto("about:blank")
    watched.open(shared)
    assert page.evaluate(
        "[jingwei.map.getZoom(), jingwei.map.getCenter().lat, jingwei.map.getCenter().lng]"
    ) == pytest.approx([13, lat, lon], abs=1e-4)
    assert set(page.evaluate("jingwei.layersLoaded")) == {"villages", "coverage"}
    expect(page.locator("#window-from")).to_have_value("2026-01-02")
    expect(page.locator("#night-choice")).to_have_value(nights[1])
    page.get_by_role("button", name="巡逻覆盖率：不透明度、次序、导出").click()
    expect(page.get_by_role("slider", name="巡逻覆盖率的不透明度")).to_have_value("40")


def test_back_and_forward_step_through_choices(watched):
    page = watched.open("/")
    page.get_by_role("button", name="90 天").click()
    page.get_by_role("button", name="7 天").click()
    page.go_back()
    expect(page.get_by_role("button", name="90 天")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.get_by_role("button", name="30 天")).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(page.get_by_role("button", name="90 天")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    "broken", ["#map=nan/x/y", "#map=99/999/999", "#layers=nothing,here", "#from=2026-13-45&to=x", "#night=1999-01-01"]
)
def test_a_broken_address_shows_the_map_with_defaults(watched, broken):
    page = watched.open("/" + broken)
    assert page.evaluate("Number.isFinite(jingwei.map.getZoom())")


def test_changing_the_language_keeps_what_was_chosen(watched):
    page = watched.open("/")
    page.get_by_role("button", name="90 天").click()
    chosen = state_of(page)
    page.get_by_role("link", name="English").click()
    page.wait_for_url(re.compile(r"lang=en"))
    watched.wait_until_drawn()
    assert page.locator("html").get_attribute("lang") == "en"
    assert chosen["from"] < chosen["to"]
    assert state_of(page) == chosen
    expect(page.get_by_role("heading", name="Layers")).to_be_visible()


def test_the_strip_of_figures_names_its_denominators(watched):
    page = watched.open("/")
    expect(page.locator("#figures")).to_have_attribute("data-condition", "fresh")
    figures = page.locator(".figure")
    expect(figures).to_have_count(5)
    assert re.fullmatch(r"[\d,]+", page.locator("[data-figure=open] .figure-value").inner_text())
    assert "/" in page.locator("[data-figure=closing_rate] .figure-part").inner_text()
    assert "网格" in page.locator("[data-figure=coverage] .figure-part").inner_text()


def test_figures_that_do_not_come_say_so_and_come_back(unwatched):
    page = unwatched.page
    page.route("**/api/kpi?*", lambda route: route.abort())
    unwatched.open("/")
    expect(page.locator(".figures-note")).to_have_text("指标暂不可用")
    page.unroute("**/api/kpi?*")
    page.get_by_role("button", name="7 天").click()
    expect(page.locator("#figures")).to_have_attribute("data-condition", "fresh")
    page.route("**/api/kpi?*", lambda route: route.abort())
    page.get_by_role("button", name="90 天").click()
    expect(page.locator("#figures")).to_have_attribute("data-condition", "stale")
    expect(page.locator(".figures-note")).to_contain_text("指标停在")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_tiles_that_do_not_come_are_told_and_tried_again(unwatched, renderer):
    page = unwatched.page
    page.route("**/tiles/hazards/**", lambda route: route.fulfill(status=503, body="busy"))
    page.goto(f"{unwatched.address}/?renderer={renderer}")
    expect(page.locator("#notice")).to_be_visible()
    page.unroute("**/tiles/hazards/**")
    unwatched.requests.clear()
    page.get_by_role("button", name="重试").click()
    unwatched.wait_until_drawn()
    assert unwatched.tiles("hazards")
    expect(page.locator("#notice")).to_be_hidden()
