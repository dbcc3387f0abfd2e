"""Every route declares who may call it; nothing of another area is seen through any of them."""

import math
import re

import pytest

OPEN_ROUTES = {
    *("static_files.static_file", "static_files.versioned_file", "static_files.favicon", "api.health"),
    *("log_in.page", "log_in.log_in", "provider_log_in.leave", "provider_log_in.come_back"),
}
WINDOW = "from=2026-01-01&to=2026-06-15"


def tile(layer, zoom, *, lon=120.8, lat=27.8):
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"/tiles/{layer}/{zoom}/{int((lon + 180) / 360 * 2**zoom)}/{int(row * 2**zoom)}.mvt?{WINDOW}"


ROUTES = (
    *(tile("hazards", zoom) for zoom in (9, 14)),
    *(tile(layer, 12) for layer in ("villages", "grids", "townships", "coverage", "facilities", "patrol_tracks")),
    "/layers/place_names.json",
    "/api/search?q=安阳",
    "/api/search?q=Anyang",
    "/api/kpi",
)
FOREIGN = ("安阳街道", "Anyang school", "安阳小学", "33038100201", "旧案", "河岸塌陷")


def test_every_route_declares_its_right(client):
    undeclared = {
        rule.endpoint
        for rule in client.application.url_map.iter_rules()
        if getattr(client.application.view_functions[rule.endpoint], "declared_right", None) is None
    }
    assert undeclared == set()


def test_only_static_files_health_and_the_log_in_are_open_to_all(client):
    views = client.application.view_functions
    assert {name for name, view in views.items() if view.declared_right == "open"} == OPEN_ROUTES


@pytest.mark.parametrize("route", ["/", *ROUTES, "/features/villages/1"])
def test_a_caller_without_the_right_is_refused_everywhere(make_app, narrow_token, route):
    answer = make_app().test_client().get(route, headers={"Authorization": f"Bearer {narrow_token}"})
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "forbidden"


@pytest.fixture(scope="module")
def narrow_token(client):
    """A token that may read the audit and nothing else."""
    made = client.post("/account/tokens", data={"label": "narrow", "days": "1", "rights": "read_audit"})
    return re.search(r"jw_[\w-]{43}", made.get_data(as_text=True)).group(0)


@pytest.mark.parametrize("route", ROUTES)
def test_a_township_sees_nothing_of_another_on_any_route(make_client, route):
    answer = make_client("/330381/330381001/").get(route)
    assert answer.status_code in (200, 204)
    assert not [word for word in FOREIGN if word in answer.get_data().decode("utf-8", "replace")]


def test_the_foreign_words_are_there_for_the_city(make_client):
    seen = "".join(make_client("/330381/").get(route).get_data().decode("utf-8", "replace") for route in ROUTES)
    assert [word for word in FOREIGN if word not in seen] == []


def test_a_foreign_feature_and_a_missing_one_answer_alike(make_client, client):
    own = make_client("/330381/330381001/")
    village = next(
        n for n in range(1, 20) if "Anyang" in client.get(f"/features/villages/{n}?lang=en").get_data(as_text=True)
    )
    foreign, missing = own.get(f"/features/villages/{village}"), own.get("/features/villages/987654321")
    assert client.get(f"/features/villages/{village}").status_code == 200
    assert (foreign.status_code, foreign.data) == (missing.status_code, missing.data)
    assert foreign.status_code == 404
