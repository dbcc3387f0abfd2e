"""The pages of patrols and coverage, and positions on their way from a device to an open stream."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def village(live_server):
    """The code of a village of the demo city."""
    with requests.Session() as session:
        log_in(session, live_server, "dispatcher")
        told = session.get(f"{live_server.address}/api/coverage?kind=month&by=village", timeout=120).json()
    return told["areas"][0]["code"]


@pytest.fixture(scope="module")
def token(live_server):
    """A token that may send positions, made on the page of the account."""
    with requests.Session() as session:
        log_in(session, live_server, "dispatcher")
        page = session.get(f"{live_server.address}/account", headers={"Accept": "text/html"}, timeout=120).text
        form = {"label": "gateway", "days": "1", "rights": "send_tracks", "csrf": field(page, "csrf")}
        headers = {"Origin": live_server.address}
        made = session.post(f"{live_server.address}/account/tokens", data=form, headers=headers, timeout=120)
    return re.search(r"jw_[\w-]+", made.text)[0]


def log_in(session, server, login):
    form = {"login": login, "password": server.passwords[login]}
    headers = {"Origin": server.address}
    answer = session.post(f"{server.address}/login", data=form, headers=headers, allow_redirects=False, timeout=120)
    assert answer.status_code == 303


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page)[1]


def opened(visit, login, place, **options):
    watched = visit(login, **options)
    watched.page.goto(watched.address + place)
    return watched


def replay_of(visit, place="/patrols?lang=en", **options):
    watched = opened(visit, "dispatcher", place, **options)
    watched.wait_for("document.getElementById('replay').dataset.ready === 'yes'")
    return watched


def test_a_night_plays_and_stops_and_a_team_can_be_chosen(visit):
    watched = replay_of(visit)
    page = watched.page
    teams = page.locator(".teams button")
    assert teams.count() > 5
    assert re.fullmatch(r"\d+ of (1 stop|(?!1 )\d+ stops)", teams.nth(1).locator("span").inner_text())
    page.click("text=Play")
    watched.wait_for("Number(document.getElementById('p-time').value) > 120")
    page.click("text=Pause")
    at = page.input_value("#p-time")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page.locator("output").inner_text())
    teams.nth(1).click()
    assert teams.nth(1).get_attribute("aria-pressed") == "true"
    assert page.input_value("#p-time") == at
    # Something is drawn: not every pixel is the ground's.
    colours = "new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    assert page.evaluate(f"(() => {{ const c = document.querySelector('canvas'); return {colours}; }})()") > 20


_DRAWN_AT = """(second) => {
  const time = document.getElementById("p-time");
  time.value = second < 0 ? time.max : second;
  time.dispatchEvent(new Event("input"));
  const canvas = document.querySelector("canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let ways = 0;
  // Green, violet and pink of teams over the ground; outlines are paler, stops blue, yellow and orange.
  const isWay = ([red, green, blue, alpha]) => alpha > 150 && red > 90 && green > 140 && blue > 150 && blue < 245;
  for (let n = 0; n < pixels.length; n += 4) ways += isWay(pixels.subarray(n, n + 4));
  return ways;
}"""


def test_ways_grow_with_the_night_and_go_again_with_the_way_back(visit):
    page = replay_of(visit).page
    begin, later, end = (page.evaluate(_DRAWN_AT, second) for second in (0, 1800, -1))
    again = page.evaluate(_DRAWN_AT, 0)
    assert begin < later < end
    # Back in time all is drawn anew, forward only what was added; a browser may smooth edges otherwise after a while.
    assert again == pytest.approx(begin, abs=20)


def test_a_look_at_a_night_is_in_the_audit(visit):
    replay_of(visit)
    watched = opened(visit, "city", "/audit?lang=en&action=tracks.look")
    assert "layer:patrol_tracks" in watched.page.locator("main").inner_text()


def test_the_slider_asks_for_another_time(visit):
    watched = opened(visit, "dispatcher", "/coverage?lang=en&kind=night&by=township")
    page = watched.page
    last = page.locator("h1").inner_text()
    page.locator("#f-slider").focus()
    with page.expect_navigation():
        page.keyboard.press("Home")
    assert page.locator("h1").inner_text() != last
    assert page.locator("tbody tr").count() == 3
    assert page.locator("h1").inner_text().removeprefix("Coverage · ") == page.input_value("#f-night")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("place", ["/patrols", "/coverage", "/villages/{village}"])
def test_the_pages_can_be_used_by_all_and_fit_a_phone(visit, village, place, language):
    for viewport in (DESKTOP, PHONE):
        watched = opened(visit, "dispatcher", f"{place.format(village=village)}?lang={language}", viewport=viewport)
        page = watched.page
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = Axe().run(page).response["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        assert [(each["id"], each["nodes"][0]["html"][:90]) for each in grave] == []


def test_teams_walk_through_the_server_and_open_streams_are_told(live_server, token):
    # Before and while the teams walk: who may see positions has a stream open, and so has who may not.
    with requests.Session() as seeing, requests.Session() as blind:
        log_in(seeing, live_server, "dispatcher")
        log_in(blind, live_server, "analyst")
        streams = [each.get(f"{live_server.address}/api/events", stream=True, timeout=120) for each in (seeing, blind)]
        environment = os.environ | {"JINGWEI_HOME": str(live_server.home), "JINGWEI_TOKEN": token, "LANG": "C"}
        environment |= {"JINGWEI_LOCALE": "en"}
        environment.pop("DATABASE_URL", None)
        options = ["--url", live_server.address, "--teams", "4", "--minutes", "0.5", "--every", "5", "--rate", "0"]
        command = [Path(sys.executable).with_name("jingwei"), "simulate", "patrols", *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
        assert done.stdout.startswith("24 positions sent, 24 of them new, in ")
        told = {}
        for name, line in events_of(streams[0]):
            if name == "positions":
                told |= {each["patrol"]: each for each in json.loads(line)}
            if len(told) == 4:
                break
        assert all(set(each) == {"patrol", "mode", "recorded_at", "lon", "lat"} for each in told.values())
        newest = max(datetime.fromisoformat(each["recorded_at"]) for each in told.values())
        assert abs((datetime.now(UTC) - newest).total_seconds()) < 60
        first = next(name for name, _ in events_of(streams[1]))
        assert first == "data"
        for stream in streams:
            stream.close()


def events_of(stream):
    """Yield the name and the data of each event."""
    name = ""
    for line in stream.iter_lines(decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line.removeprefix("data: ")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_village_tells_its_rates_by_effort_with_the_warning_that_more_patrol_finds_more(
    visit, village, viewport, language
):
    page = opened(visit, "dispatcher", f"/villages/{village}?lang={language}", viewport=viewport).page
    warning = {"zh": "巡得越多，发现越多", "en": "More patrol finds more"}[language]
    assert warning in page.locator(".notice-line").inner_text()
    for rate in ("#found-per-hour b", "#found-per-km b"):
        assert re.fullmatch(r"\d+\.\d\d|–", page.locator(rate).inner_text())
    serious = [
        each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
