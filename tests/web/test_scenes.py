"""Saved scenes of the map: kept per area, changed by version, on the wall only by those who steer it."""

import pytest

from gis_app.domain.rights import Role

CITY, TOWNSHIP = "/330381/", "/330381/330381001/"
VIEW = {"layers": ["hazards", "townships"], "bounds": [120.5, 27.7, 120.7, 27.9], "options": {"base": "own"}}


@pytest.fixture
def city_dispatcher(make_client):
    client = make_client(CITY, Role.DISPATCHER)
    yield client
    for scene in client.get("/api/scenes").get_json()["scenes"]:
        assert client.delete(f"/api/scenes/{scene['id']}").status_code == 204


def saved(client, name="港口", **more):
    answer = client.post("/api/scenes", json={"name": name, "view": VIEW, **more})
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()


def test_a_scene_saved_again_as_it_is_is_saved_once_and_another_of_its_name_is_refused(city_dispatcher):
    scene = saved(city_dispatcher)
    assert city_dispatcher.get(f"/api/scenes/{scene['id']}").get_json() == scene
    assert scene["view"] == VIEW
    again = city_dispatcher.post("/api/scenes", json={"name": "港口", "view": VIEW})
    assert (again.status_code, again.get_json()["id"]) == (200, scene["id"])
    other = city_dispatcher.post("/api/scenes", json={"name": "港口", "view": {"layers": ["hazards"]}})
    assert other.status_code == 409
    assert "港口" in other.get_json()["detail"]


def test_a_scene_is_changed_by_version_and_its_area_stays(city_dispatcher):
    scene = saved(city_dispatcher, area="330381001")
    assert scene["area_code"] == "330381001"
    body = {"name": "老城", "view": VIEW, "version": 1}
    changed = city_dispatcher.put(f"/api/scenes/{scene['id']}", json=body).get_json()
    assert (changed["name"], changed["version"], changed["area_code"]) == ("老城", 2, "330381001")
    stale = city_dispatcher.put(f"/api/scenes/{scene['id']}", json=body)
    assert stale.status_code == 409


def test_the_wall_of_an_area_shows_the_scenes_of_exactly_this_area_in_their_turn(city_dispatcher, make_client):
    names = [saved(city_dispatcher, name, on_wall=True)["name"] for name in ("second", "first")]
    saved(city_dispatcher, "not on it")
    saved(city_dispatcher, "a township's", on_wall=True, area="330381001")
    first = next(each for each in city_dispatcher.get("/api/scenes").get_json()["scenes"] if each["name"] == "first")
    shown = city_dispatcher.get("/api/scenes?wall=1").get_json()["scenes"]
    assert [each["name"] for each in shown] == names
    swapped = {"name": "first", "view": VIEW, "on_wall": True, "place": 0, "version": first["version"]}
    assert city_dispatcher.put(f"/api/scenes/{first['id']}", json=swapped).status_code == 200
    screen = make_client(CITY, Role.KIOSK)
    assert [each["name"] for each in screen.get("/api/scenes?wall=1").get_json()["scenes"]] == ["first", "second"]
    township = make_client(TOWNSHIP, Role.KIOSK).get("/api/scenes").get_json()["scenes"]
    assert [each["name"] for each in township] == ["a township's"]


def test_only_who_steers_the_wall_puts_a_scene_on_it_or_takes_it_off(city_dispatcher, make_client):
    analyst = make_client(CITY, Role.ANALYST)
    refused = analyst.post("/api/scenes", json={"name": "mine", "view": VIEW, "on_wall": True})
    assert refused.status_code == 403
    assert saved(analyst, "mine")["on_wall"] is False
    scene = saved(city_dispatcher, "wall", on_wall=True)
    off = {"name": "wall", "view": VIEW, "on_wall": False, "version": 1}
    assert analyst.put(f"/api/scenes/{scene['id']}", json=off).status_code == 403
    assert analyst.delete(f"/api/scenes/{scene['id']}").status_code == 403
    assert make_client(CITY, Role.KIOSK).post("/api/scenes", json={"name": "x", "view": VIEW}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "view": VIEW}, "name"),
        ({"name": "x", "view": {"bounds": [120, 27, 200, 28]}}, "view.bounds.2"),
        ({"name": "x", "view": {"colour": "red"}}, "view.colour"),
        ({"name": "x", "view": VIEW, "dwell_s": 4}, "dwell_s"),
        ({"name": "x", "view": VIEW, "area": "999"}, "999"),
    ],
)
def test_what_cannot_be_saved_is_named(city_dispatcher, body, field):
    answer = city_dispatcher.post("/api/scenes", json=body)
    assert answer.status_code == 400
    assert field in answer.get_json()["detail"]
