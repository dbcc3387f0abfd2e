"""Files of plans with a route that needs no way: its only stop is at the station."""

from datetime import UTC, datetime

import pyogrio
import pytest

from gis_app.services.plan_files import plan_file

STATION = [120.65, 27.78]


@pytest.fixture
def plan():
    def stop(code, lon):
        place = {"code": code, "lon": lon, "lat": STATION[1], "village": "V", "village_zh": "东村"}
        return {**place, "prize_parts": {"risk": 1.0}}

    def route(team, code, line):
        moments = {"begins_at": "2026-06-15T20:00:00+08:00", "leaves_at": "2026-06-15T20:10:00+08:00"}
        return {"team": team, "line": line, "length_m": 0.0, "visits": [{"stop": code, **moments}]}

    routes = [route("A", "S1", [STATION]), route("B", "S2", [STATION, [120.66, 27.78]])]
    teams = [{"code": code, "name_zh": f"{code}队"} for code in "AB"]
    content = {"teams": teams, "stops": [stop("S1", 120.65), stop("S2", 120.66)], "result": {"routes": routes}}
    return {"id": "p", "changed_at": datetime(2026, 6, 15, 1, tzinfo=UTC), "content": content}


@pytest.mark.parametrize(
    ("kind", "layers"),
    [
        ("gpx", {"route_points": ["Point", "Point"], "tracks": ["MultiLineString"]}),
        ("kml", {"A队": ["Point"], "B队": ["LineString", "Point"]}),
        ("geojson", {None: ["none", "LineString", "Point", "Point"]}),
    ],
)
def test_a_route_without_a_way_is_a_stop_without_a_line(plan, tmp_path, kind, layers):
    path = tmp_path / f"plan.{kind}"
    path.write_text(plan_file(plan, kind)[0], encoding="utf-8")
    for layer, shapes in layers.items():
        found = pyogrio.read_dataframe(path, layer=layer).geometry
        assert sorted(found.geom_type.fillna("none")) == sorted(shapes)
