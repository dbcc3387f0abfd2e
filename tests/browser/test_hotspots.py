"""The page of hotspots in Chromium: the slider by keys, what then happened, two methods side by side, a phone."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser
CELLS = "jingwei.hotspots.shown()"


def opened(watched, place="/hotspots?lang=en"):
    watched.page.goto(watched.address + place)
    settled(watched)
    return watched.page


def settled(watched):
    watched.wait_for("window.jingwei?.hotspots")
    watched.wait_for("jingwei.hotspots.state() === 'ready'")


def statement(page):
    return page.locator("#statement li").all_inner_texts()


def test_the_slider_goes_week_by_week_and_shows_what_then_happened(watched):
    page = opened(watched)
    newest = page.locator("#moment-words").inner_text()
    assert newest.endswith("(newest)")
    assert page.locator(".then-only:visible").count() == 0
    assert statement(page)[-1].startswith("What then happens is known on ")
    page.locator("#moment").focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    watched.wait_for(f"{CELLS}[0].then !== null && jingwei.hotspots.state() === 'ready'")
    earlier = page.locator("#moment-words").inner_text()
    assert earlier < newest
    assert page.locator("#moment").get_attribute("aria-valuetext") == earlier
    then = json.loads(page.evaluate(f"JSON.stringify({CELLS}[0].then)"))
    assert f"{then['event_count']} hazards until" in statement(page)[-1]
    assert f"{then['hits']} in the hottest places" in statement(page)[-1]
    assert page.locator(".then-only:visible").count() == 2
    assert page.locator("#scores h2").all_inner_texts() == [
        "What then happened",
        "Score on the latest held-back window",
    ]
    page.keyboard.press("End")
    watched.wait_for(f"{CELLS}[0].then === null && jingwei.hotspots.state() === 'ready'")
    assert page.locator("#moment-words").inner_text() == newest


def test_two_methods_stand_side_by_side_and_move_together(watched):
    page = opened(watched)
    page.select_option("#f-method", "kernel_density")
    page.select_option("#f-compare", "count_so_far")
    page.locator(".hotspot-form .primary").click()
    settled(watched)
    assert page.locator("figcaption").all_inner_texts()[1] == "count so far"
    assert page.locator("figcaption").all_inner_texts()[0].startswith("kernel density, bandwidth")
    heads = page.locator("#scores table").first.locator("thead tr").first.locator("th").all_inner_texts()
    assert heads == ["Hottest", "kernel density", "count so far"]
    first, second = (page.evaluate(f"{CELLS}[{n}].held_back.scores[2].hit_rate") for n in (0, 1))
    shown = page.locator("#scores table").first.locator("tbody tr").nth(2).locator("td").all_inner_texts()
    assert [shown[0], shown[3]] == [f"{100 * each:.1f} %" for each in (first, second)]
    page.evaluate("jingwei.hotspots.maps[0].setView([27.78, 120.65], 14, {animate: false})")
    place = "jingwei.hotspots.maps.map((map) => `${map.getZoom()} ${map.getCenter().lat.toFixed(3)}`)"
    assert page.evaluate(place) == ["14 27.780", "14 27.780"]


def test_a_hot_cell_leads_to_its_place_and_to_its_newest_cases(watched):
    page = opened(watched)
    hottest = page.locator("#top li").first
    hottest.locator("button").click()
    top = json.loads(page.evaluate(f"JSON.stringify({CELLS}[0].top[0])"))
    watched.wait_for("jingwei.hotspots.maps[0].getZoom() === 15")
    watched.wait_for(f"Math.abs(jingwei.hotspots.maps[0].getCenter().lat - {top['lat']}) < 0.001")
    link = hottest.locator("a").first
    assert link.get_attribute("href") == f"/cases/{top['latest'][0]['id']}"
    link.click()
    assert page.locator("h1").inner_text()


def test_chosen_hazards_have_a_map_without_a_slider_and_too_few_say_so(visit):
    guarded = visit("city")
    page = opened(guarded, "/hotspots?lang=en&guard=1&found=discovered")
    assert page.locator("#moment").is_hidden()
    assert any("The guard left out" in each for each in statement(page))
    assert page.locator("#f-found").input_value() == "discovered"
    few = visit("village")
    few.page.goto(few.address + "/hotspots?lang=en&severity=severe&hours=morning&days=weekend")
    few.wait_for("window.jingwei?.hotspots?.state() === 'failed'")
    assert "too few for a map" in few.page.locator("#fault").inner_text()


def test_a_township_on_a_phone_reads_its_own_maps(visit):
    phone = visit("township", viewport={"width": 390, "height": 844})
    page = opened(phone, "/hotspots?lang=zh")
    assert page.locator("h1").inner_text() == "热点"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(f"{CELLS}[0].cell_count") < 1000
    assert len(statement(page)) >= 4


@pytest.mark.parametrize(("kind", "shape"), [("grids", "Polygon"), ("streets", "LineString")])
def test_grids_and_streets_have_maps_with_a_score_of_their_own(watched, kind, shape):
    page = opened(watched, f"/hotspots?lang=en&places={kind}")
    assert page.locator("#f-places").input_value() == kind
    shown = json.loads(page.evaluate(f"JSON.stringify({CELLS}[0])"))
    assert shown["places"] == kind
    assert {each["geometry"]["type"].removeprefix("Multi") for each in shown["cells"]["features"]} == {shape}
    assert page.locator("#top li").count() == min(20, len(shown["top"])) > 0
    assert [each["share"] for each in shown["held_back"]["scores"]] == [0.01, 0.025, 0.05, 0.1]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_serious(visit, language):
    for viewport in ({"width": 1920, "height": 1080}, {"width": 390, "height": 844}):
        watched = visit("city", viewport=viewport)
        page = opened(watched, f"/hotspots?lang={language}&compare=kernel_density")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = Axe().run(page).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert [(each["id"], each["nodes"][0]["html"][:90]) for each in serious] == []
