"""What is about a place: the nearest by street, isochrones, and what a drawn shape holds, in the caller's area only."""

from datetime import timedelta
from functools import lru_cache

import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import shape as shape_of
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.storage.engine import make_engine, scoped, system_scope
from tests.web.conftest import NOW
from tests.web.test_closed_loop import TOWNSHIP, VILLAGE

WEST, SOUTH = 120.6, 27.8
TO_METRES = Transformer.from_crs(4326, 4549, always_xy=True)
ADD_STREET = text("""
INSERT INTO street_segment (kind, length_m, one_way, geom)
SELECT 'residential', ST_Length(ST_Transform(line, 4549)), false, line
FROM ST_SetSRID(ST_MakeLine(ST_MakePoint(:a, :b), ST_MakePoint(:c, :d)), 4326) line""")
ADD_TEAM = text("""
INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
SELECT :code, '二队', 'volunteer', 'foot', area_id, ST_SetSRID(ST_MakePoint(:lon, 27.8), 4326), scope_path
FROM team WHERE code = 'T33038100101'""")
ADD_LIVE = text("""
INSERT INTO live_position (patrol_id, recorded_at, received_at, geom, scope_path)
SELECT id, :at, :at, ST_SetSRID(ST_MakePoint(:lon, 27.8), 4326), scope_path
FROM patrol WHERE night = '2026-06-14'""")
NEAR = f"lon={WEST}&lat={SOUTH}"


def metres(lon_a, lon_b):
    """Return the length of a street along the parallel of 27.8 degrees, in the projected CRS."""
    return abs(TO_METRES.transform(lon_a, SOUTH)[0] - TO_METRES.transform(lon_b, SOUTH)[0])


@pytest.fixture(scope="module")
def city(clone, engine):
    """A street of 0.02 degrees along which two teams and a school stand: at 0.01 and 0.02, and at 0.005."""
    engine.dispose()
    own_database = make_engine(clone(engine.url.database).app_url)
    with scoped(own_database, system_scope()) as connection:
        for at in range(4):
            west = WEST + 0.005 * at
            connection.execute(ADD_STREET, {"a": west, "b": SOUTH, "c": west + 0.005, "d": SOUTH})
        connection.execute(
            text("UPDATE team SET station = ST_SetSRID(ST_MakePoint(120.62, 27.8), 4326) WHERE code = 'T33038100101'")
        )
        connection.execute(ADD_TEAM, {"code": "T2", "lon": 120.61})
        connection.execute(
            text("""
            INSERT INTO facility (kind, name_zh, area_id, scope_path, geom)
            SELECT 'school', '塘下小学', id, scope_path, ST_SetSRID(ST_MakePoint(120.605, 27.8), 4326)
            FROM area WHERE code = '33038100101'""")
        )
    yield own_database
    own_database.dispose()


@pytest.fixture(scope="module")
def people(make_app, make_client, city):
    app = make_app(on=city)
    return lru_cache(lambda path, role: make_client(path, role, app=app, on=city))


@pytest.fixture
def live(city):
    """Say where the team of the west is, and forget it after the test."""

    def put(lon, minutes):
        with scoped(city, system_scope()) as connection:
            connection.execute(ADD_LIVE, {"at": NOW - timedelta(minutes=minutes), "lon": lon})

    yield put
    with scoped(city, system_scope()) as connection:
        connection.execute(text("DELETE FROM live_position"))


def asked(client, query, *, path="nearest"):
    answer = client.get(f"/api/{path}?{query}")
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_the_nearest_team_is_the_one_with_the_shortest_way_on_foot(people):
    found = asked(people(VILLAGE, Role.SUPERVISOR), NEAR)
    assert [team["code"] for team in found["teams"]] == ["T2", "T33038100101"]
    # 1.25 m/s on foot; no junction of three streets lies on the way.
    assert found["teams"][0]["seconds"] == pytest.approx(metres(120.6, 120.61) / 1.25, abs=2)
    assert found["teams"][1]["seconds"] == pytest.approx(metres(120.6, 120.62) / 1.25, abs=2)
    assert found["teams"][0]["unit_code"] == "town:330381001"
    assert {team["from"] for team in found["teams"]} == {"station"}
    # A school is reached by car, 6 m/s on such a street.
    assert found["facilities"][0]["seconds"] == pytest.approx(metres(120.6, 120.605) / 6.0, abs=2)


def test_teams_and_facilities_of_another_area_are_not_told(people):
    codes = {team["code"] for team in asked(people(TOWNSHIP, Role.SUPERVISOR), NEAR)["teams"]}
    assert codes == {"T2", "T33038100101"}
    # The streets of the east hang together with none of the west: its team does not come there.
    other = asked(people("/330381/330381002/", Role.SUPERVISOR), NEAR)
    assert {team["code"] for team in other["teams"]} <= {"T33038100201"}
    assert {each["name_zh"] for each in other["facilities"]} <= {"安阳小学"}


def test_a_live_position_counts_for_who_may_see_it_and_is_told_by_the_audit(people, city, live):
    live(120.602, minutes=5)
    for _ in range(2):
        found = asked(people(TOWNSHIP, Role.DISPATCHER), NEAR)
    assert found["teams"][0] | {"seconds": 0} == found["teams"][0] | {"code": "T33038100101", "seconds": 0}
    assert found["teams"][0]["from"] == "position"
    assert found["teams"][0]["seconds"] == pytest.approx(metres(120.6, 120.602) / 1.25, abs=2)
    # A supervisor sees no live positions: the station stands for the team.
    assert asked(people(TOWNSHIP, Role.SUPERVISOR), NEAR)["teams"][0]["code"] == "T2"
    with scoped(city, system_scope()) as connection:
        looks = connection.execute(
            text("SELECT account FROM audit_entry WHERE subject = 'layer:nearest_teams'")
        ).scalars()
        assert list(looks) == ["dispatcher-330381001"]


def test_a_position_of_an_hour_ago_counts_no_more(people, live):
    live(120.602, minutes=61)
    assert asked(people(TOWNSHIP, Role.DISPATCHER), NEAR)["teams"][0]["from"] == "station"


def test_an_isochrone_ends_where_the_time_does(people):
    found = asked(people(VILLAGE, Role.SUPERVISOR), f"{NEAR}&mode=foot&minutes=5,10", path="isochrones")
    areas = {each["properties"]["minutes"]: shape_of(each["geometry"]) for each in found["features"]}
    for minutes, area in areas.items():
        east = TO_METRES.transform(area.bounds[2], SOUTH)[0] - TO_METRES.transform(WEST, SOUTH)[0]
        # 1.25 m/s along the street, and 60 m beside its end.
        assert east == pytest.approx(minutes * 60 * 1.25 + 60, abs=6)
    assert areas[5].within(areas[10].buffer(1e-7))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lon=120.6", "lat"),
        ("lon=nan&lat=27.8", "lon"),
        ("lon=200&lat=27.8", "200"),
        ("lon=120.6&lat=27.8&mode=boat", "boat"),
        ("lon=120.6&lat=27.8&minutes=0", "minutes"),
        ("lon=120.6&lat=27.8&minutes=5,x", "minutes"),
        ("lon=121.5&lat=27.8", "street"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(people, query, words):
    client = people(VILLAGE, Role.SUPERVISOR)
    for path in ("nearest", "isochrones"):
        answer = client.get(f"/api/{path}?{query}&lang=en")
        if "minutes" in query and path == "nearest":
            continue
        assert answer.status_code == 400
        assert words in answer.get_json()["detail"]


def test_a_shape_tells_what_it_holds(people):
    client = people("/330381/", Role.SUPERVISOR)
    west = "polygon=120.5,27.7;120.7,27.7;120.7,27.9;120.5,27.9&from=2026-05-16&to=2026-06-15"
    found = asked(client, west, path="inside")
    # A1 and A2 are past their deadline by now, A3 is closed and A4 void, which is closed too.
    assert found["hazards"]["count"] == 4
    assert found["hazards"]["by_state"] == {"closed": 2, "overdue": 2}
    assert [each["number"] for each in found["hazards"]["list"]][:2] == ["A1", "A2"]
    assert (found["facilities"]["count"], found["facilities"]["by_kind"]) == (1, {"school": 1})
    assert [each["code"] for each in found["teams"]["list"]] == ["T2", "T33038100101"]
    assert "33038100101g" in [each["code"] for each in found["grids"]["list"]]
    box = shapely.box(*TO_METRES.transform(120.5, 27.7), *TO_METRES.transform(120.7, 27.9))
    assert found["area_km2"] == pytest.approx(box.area / 1e6, rel=0.01)


def test_a_shape_holds_nothing_of_another_area(people):
    client = people("/330381/330381002/", Role.SUPERVISOR)
    west = "polygon=120.5,27.7;120.69,27.7;120.69,27.9;120.5,27.9&from=2020-01-01&to=2026-06-15"
    found = asked(client, west, path="inside")
    counts = {kind: found[kind]["count"] for kind in ("hazards", "facilities", "grids")}
    assert counts == {"hazards": 0, "facilities": 0, "grids": 0}


def test_a_circle_holds_what_is_nearer_than_its_radius(people):
    client = people("/330381/", Role.SUPERVISOR)
    inside = round(metres(120.6, 120.605) + 5)
    outside = round(metres(120.6, 120.605) - 5)
    assert asked(client, f"circle=120.6,27.8,{inside}", path="inside")["facilities"]["count"] == 1
    found = asked(client, f"circle=120.6,27.8,{outside}", path="inside")
    assert found["facilities"]["count"] == 0
    # A polygon of 64 corners has 0.16 % less than the circle.
    assert found["area_km2"] == pytest.approx(3.14159 * outside**2 / 1e6 * 0.9984, rel=1e-3)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "shape"),
        ("polygon=1,2;3,4", "corners"),
        ("polygon=120,27;121,28;121,27;120,28", "Self-intersection"),
        ("polygon=120,27;120,27;120,27", "shape"),
        ("polygon=" + ";".join(["120.6,27.8"] * 151), "151"),
        ("polygon=1,2;3,4;5", "polygon"),
        ("circle=120,27", "circle"),
        ("circle=120,27,inf", "circle"),
        ("circle=120,27,-5", "radius"),
        ("polygon=100,20;130,20;130,40;100,40", "km2"),
    ],
)
def test_a_shape_that_is_none_is_refused_with_the_reason(people, query, words):
    answer = people("/330381/", Role.SUPERVISOR).get(f"/api/inside?{query}&lang=en")
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
