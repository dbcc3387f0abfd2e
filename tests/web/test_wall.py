"""The wall: its page, its figures, and how a desk steers it."""

import json
import re
from datetime import timedelta

import pytest

from gis_app.domain.rights import Role, Scope
from gis_app.services.live_events import EventFeed
from tests.callers import PASSWORD
from tests.web.conftest import NOW

OUR_PAGE = {"Origin": "http://localhost"}
CITY, TOWNSHIP = "/330381/", "/330381/330381001/"


@pytest.fixture
def dispatcher(make_client):
    client = make_client(CITY, Role.DISPATCHER)
    yield client
    for scene in client.get("/api/scenes").get_json()["scenes"]:
        client.delete(f"/api/scenes/{scene['id']}")


def shown_in(page):
    found = re.search(r'<script type="application/json" id="jingwei-config"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found.group(1))["wall"]


def test_the_wall_opens_for_a_screen_in_both_languages_with_all_it_shows(make_client):
    screen = make_client(CITY, Role.KIOSK)
    for language, title in (("zh", "指挥大屏"), ("en", "Wall")):
        answer = screen.get(f"/wall?lang={language}")
        page = answer.get_data(as_text=True)
        assert title in page
        assert "//cdn" not in page
        known = shown_in(page)
        assert known["desk"] == "330381"
        assert known["command"] == {"number": 0, "scene": "", "paused": False}


def test_the_figures_are_those_of_the_area_with_their_last_two_weeks(make_client):
    shown = make_client(CITY, Role.KIOSK).get("/api/wall").get_json()
    figures = {each["key"]: each for each in shown["figures"]}
    # A1 and A2 are open, A1 since before the window; B1 was closed yesterday; A1's deadline is over.
    assert (figures["open"]["value"], figures["overdue"]["value"]) == (2, 1)
    assert figures["closed_today"]["value"] == 0
    assert figures["closed_today"]["bars"][-2:] == [1, 0]
    assert figures["open"]["line"][-3:] == [3, 2, 2]
    assert len(figures["open"]["line"]) == len(figures["new_today"]["bars"]) == 14
    assert figures["coverage"]["value"] == pytest.approx(0.1)
    assert figures["teams"]["bars"] == [1, 1]
    other = make_client("/330381/330381002/", Role.KIOSK).get("/api/wall").get_json()
    assert {each["key"]: each["value"] for each in other["figures"]}["open"] == 0


def test_a_desk_steers_the_walls_of_its_area_and_they_are_told(dispatcher, make_client, engine):
    view = {"layers": ["hazards"]}
    made = dispatcher.post("/api/scenes", json={"name": "港口", "view": view, "on_wall": True}).get_json()
    feed = EventFeed(engine)
    begin = {path: feed.begin(Scope("x", path), None)[0] for path in (CITY, TOWNSHIP)}
    told = dispatcher.post("/api/wall/command", json={"scene": made["id"], "paused": True}).get_json()
    assert (told["scene"], told["paused"]) == (made["id"], True)
    news, _ = feed.since(Scope("x", CITY), begin[CITY], count=0)
    assert [lines.partition("\n")[0] for _, lines in news] == ["event: wall"]
    assert json.loads(news[0][1].partition("data: ")[2])["number"] == told["number"]
    assert feed.since(Scope("x", TOWNSHIP), begin[TOWNSHIP], count=0)[0] == []
    screen = make_client(CITY, Role.KIOSK)
    assert screen.get("/api/wall").get_json()["command"] == told
    assert screen.post("/api/wall/command", json={}).status_code == 403
    again = dispatcher.post("/api/wall/command", json={}).get_json()
    assert again == {"number": told["number"] + 1, "scene": "", "paused": False}
    remote = dispatcher.get("/wall/remote?lang=en").get_data(as_text=True)
    assert "港口" in remote
    missing = {"scene": "00000000-0000-4000-8000-000000000000"}
    assert dispatcher.post("/api/wall/command", json=missing).status_code == 404


def test_a_scene_of_the_wall_that_changes_is_told_to_the_walls(dispatcher, engine):
    feed = EventFeed(engine)
    begin, _ = feed.begin(Scope("x", CITY), None)
    for name, on_wall in (("a", True), ("b", False)):
        dispatcher.post("/api/scenes", json={"name": name, "view": {"layers": ["hazards"]}, "on_wall": on_wall})
    news, _ = feed.since(Scope("x", CITY), begin, count=0)
    assert [lines.partition("\n")[0] for _, lines in news] == ["event: scenes"]


def test_a_screen_goes_to_the_wall_when_it_logs_in_and_its_log_in_is_put_off_by_use(make_app, make_client):
    clock = [NOW]
    app = make_app(now=lambda: clock[0])
    make_client(CITY, Role.KIOSK, app=app)
    entered = app.test_client().post("/login", data={"login": "kiosk-330381", "password": PASSWORD}, headers=OUR_PAGE)
    assert entered.headers["Location"] == "/wall"
    # One screen at a time: the later log-in ended the earlier.
    screen = make_client(CITY, Role.KIOSK, app=app)
    for days in range(0, 800, 100):
        clock[0] = NOW + timedelta(days=days)
        app.extensions["jingwei"].gate._known.clear()
        assert screen.get("/wall").status_code == 200, days
    assert "jingwei_session" in "".join(screen.get("/wall").headers.getlist("Set-Cookie"))
