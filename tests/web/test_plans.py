"""Plans of patrols over HTTP: made from hotspots and duties, edited around locks, approved, published, revised."""

import json
import re
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyogrio
import pypdfium2
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services.audit import verify
from gis_app.storage import hotspot_maps
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.street_names import street_names
from tests.web.test_closed_loop import TOWNSHIP, VILLAGE, clock, own_database  # noqa: F401 - fixtures

STEPS = [round(0.004 * number, 3) for number in range(5)]
"""Streets every 0.004 degrees, about 400 m, from the station of the village's first team."""
WEST, SOUTH = 120.6, 27.8
RUN = uuid.UUID(int=7)


def _streets():
    for one in STEPS:
        for start, end in pairwise(STEPS):
            yield (WEST + start, SOUTH + one), (WEST + end, SOUTH + one)
            yield (WEST + one, SOUTH + start), (WEST + one, SOUTH + end)


@pytest.fixture
def city(own_database):  # noqa: F811
    """The city with streets, a second team, and a hotspot map of twelve cells about the streets."""
    lon, lat = np.meshgrid(WEST + np.array(STEPS)[1:], SOUTH + np.array(STEPS)[1:4])
    x, y = Transformer.from_crs(4326, 4549, always_xy=True).transform(lon.ravel(), lat.ravel())
    cells = np.floor(np.column_stack([x, y]) / 250.0).astype(np.int64)
    count = np.arange(12, 0, -1)
    parts = hotspot_maps.packed_parts(
        np.array([VILLAGE] * 12, dtype=object),
        cells,
        event_count=count,
        scores=count[None, :].astype(float),
        later_count=None,
    )
    result = {"is_map": True, "method": "decayed_count", "methods": ["decayed_count"]}
    run = {
        "id": RUN,
        "kind": "hotspots:all",
        "parameters": {"cell_m": 250.0},
        "data_from": "2025-06-15Z",
        "data_to": "2026-06-14Z",
        "code_version": "0",
        "input_digest": "x",
        "result": result,
    }
    add_street = text("""
    INSERT INTO street_segment (kind, length_m, geom)
    VALUES ('residential', :length_m, ST_SetSRID(ST_MakeLine(ST_MakePoint(:a, :b), ST_MakePoint(:c, :d)), 4326))""")
    add_team = text("""
    INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
    SELECT 'T2', '二队', 'volunteer', 'foot', area_id, ST_Translate(station, 0.016, 0.012), scope_path
    FROM team WHERE code = 'T33038100101'""")
    with scoped(own_database, system_scope()) as connection:
        hotspot_maps.store_run(connection, run, parts)
        hotspot_maps.make_current(connection, "hotspots:all", RUN)
        for (a, b), (c, d) in _streets():
            connection.execute(add_street, {"length_m": 420.0, "a": a, "b": b, "c": c, "d": d})
        connection.execute(add_team)
    return own_database


@pytest.fixture
def people(make_app, make_client, city, clock):  # noqa: F811
    app = make_app(on=city, now=clock)
    of = lambda path, role: make_client(path, role, app=app, on=city)  # noqa: E731
    return {
        "planner": of(TOWNSHIP, Role.PATROL_PLANNER),
        "supervisor": of(TOWNSHIP, Role.SUPERVISOR),
        "worker": of(VILLAGE, Role.GRID_WORKER),
        "elsewhere": of("/330381/330381002/", Role.SUPERVISOR),
    }


def wish(**more):
    shift = {"starts_at": "2026-06-15T20:00+08:00", "ends_at": "2026-06-15T22:00+08:00"}
    return {"id": str(uuid.uuid4()), "area": "330381001", **shift, "seconds": 0.5, "loss": 0.0, **more}


def made(client, **more):
    body = wish(**more)
    answer = client.post("/api/plans", json=body)
    assert answer.status_code == 201, answer.get_json()
    return client.get(f"/api/plans/{body['id']}").get_json()


def edited(client, plan, **changes):
    answer = client.post(f"/api/plans/{plan['id']}/edits", json={"version": plan["version"], **changes})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def stepped(client, plan, step):
    return client.post(f"/api/plans/{plan['id']}/steps", json={"version": plan["version"], "step": step})


def published(people, **more):
    plan = made(people["planner"], **more)
    plan = stepped(people["supervisor"], plan, "approve").get_json()
    return stepped(people["planner"], plan, "publish").get_json()


def visits(plan):
    return {route["team"]: [each["stop"] for each in route["visits"]] for route in plan["content"]["result"]["routes"]}


def all_visits(plan):
    return [stop for own in visits(plan).values() for stop in own]


def asked(database, query, **values):
    with scoped(database, system_scope()) as connection:
        return connection.execute(text(query), values).all()


def test_a_plan_visits_the_riskiest_cells_and_says_what_each_stop_is_worth(people):
    plan = made(people["planner"])
    stops = {stop["code"]: stop for stop in plan["content"]["stops"]}
    # Twelve cells; the riskiest is worth ten, and the village's open night check four for its first stop alone.
    assert sorted(stop["prize_parts"]["risk"] for stop in stops.values()) == [
        pytest.approx(10 * rank / 12, abs=0.01) for rank in range(1, 13)
    ]
    assert stops["S001"]["prize_parts"] == {"risk": 10.0, "idleness": 4.9, "duty": 4.0}
    assert sum("duty" in stop["prize_parts"] for stop in stops.values()) == 1
    own = visits(plan)
    went = [stop for each in own.values() for stop in each]
    assert set(own) == {"T33038100101", "T2"} and max(Counter(went).values()) == 1 and "S001" in went
    value = sum(sum(stops[stop]["prize_parts"].values()) for stop in went)
    result = plan["content"]["result"]
    assert result["value"] == pytest.approx(value, abs=0.01) and result["value"] >= result["greedy_value"] > 0
    for route in result["routes"]:
        assert route["departs_at"] >= "2026-06-15T20:00" and route["returns_at"] <= "2026-06-15T22:00:00.001+08:00"
        for visit in route["visits"]:
            times = (datetime.fromisoformat(visit[name]) for name in ("begins_at", "leaves_at"))
            begins, leaves = times
            assert leaves - begins >= timedelta(minutes=10) - timedelta(milliseconds=1)
    assert {each["stop"] for each in result["left_out"]} == stops.keys() - set(went)
    assert all(each["because"] in ("costs_others", "out_of_reach", "room_left") for each in result["left_out"])


def test_the_same_wish_sent_again_is_planned_once_and_another_under_its_id_is_refused(people, city):
    body = wish()
    assert [people["planner"].post("/api/plans", json=body).status_code for _ in range(2)] == [201, 200]
    assert people["planner"].post("/api/plans", json={**body, "most_stops": 3}).status_code == 409
    assert asked(city, "SELECT count(*) FROM patrol_plan") == [(1,)]


def test_edits_drop_lock_and_order_stops_and_the_rest_is_planned_around_them(people):
    planner = people["planner"]
    plan = made(planner)
    plan = edited(planner, plan, drop=["S001"])
    assert "S001" not in all_visits(plan)
    plan = edited(planner, plan, lock={"T2": ["S001"]})
    assert "S001" in visits(plan)["T2"] and plan["content"]["dropped"] == []
    other = next(stop for stop in visits(plan)["T2"] if stop != "S001")
    for order in ([other, "S001"], ["S001", other]):
        plan = edited(planner, plan, order={"T2": order})
        own = visits(plan)["T2"]
        assert own[own.index(order[0]) + 1] == order[1]
    plan = edited(planner, plan, absent=["T33038100101"])
    assert visits(plan)["T33038100101"] == [] and len(visits(plan)["T2"]) > 1
    added = {"lon": WEST + 0.01, "lat": SOUTH + 0.0001, "dwell_min": 15}
    plan = edited(planner, plan, add=[added], present=["T33038100101"])
    stop = plan["content"]["stops"][-1]
    # It is moved onto the street beside it, 11 m away, and has to be visited.
    assert (stop["code"], stop["lat"]) == ("A01", pytest.approx(SOUTH, abs=2e-6))
    assert "A01" in all_visits(plan) and plan["content"]["result"]["missed_required"] == []


def test_an_edit_that_names_nothing_of_the_plan_or_an_old_version_changes_nothing(people, city):
    planner = people["planner"]
    plan = made(planner)
    place = f"/api/plans/{plan['id']}/edits"
    for changes, status in (
        ({"drop": ["S999"]}, 400),
        ({"absent": ["nobody"]}, 400),
        ({"add": [{"lon": 120.9, "lat": 27.7}]}, 400),
        ({"version": 5}, 409),
    ):
        assert planner.post(place, json={"version": 1, **changes}).status_code == status
    assert asked(city, "SELECT version, (SELECT count(*) FROM patrol_plan_version) FROM patrol_plan") == [(1, 1)]


def test_every_version_is_kept_and_an_earlier_one_comes_back(people):
    planner = people["planner"]
    first = made(planner)
    second = edited(planner, first, drop=["S001", "S002"])
    assert visits(second) != visits(first)
    body = {"version": second["version"], "number": 1}
    third = planner.post(f"/api/plans/{first['id']}/restore", json=body).get_json()
    assert third["content"] == first["content"]
    assert [(each["version"], each["step"]) for each in third["versions"]] == [
        (3, "restore"),
        (2, "edit"),
        (1, "make"),
    ]


def test_a_plan_is_approved_by_a_supervisor_and_published_gives_each_team_its_route(people, city):
    plan = made(people["planner"])
    assert stepped(people["planner"], plan, "approve").status_code == 403
    assert stepped(people["planner"], plan, "publish").status_code == 409
    plan = published(people)
    routes = plan["routes"]
    assert routes.keys() == {team for team, own in visits(plan).items() if own}
    for team, number in routes.items():
        stored = asked(city, "SELECT code FROM planned_stop WHERE route_id = :id ORDER BY ordinal", id=number)
        assert [row[0] for row in stored] == visits(plan)[team]
        # The village's own people see the route, those of another township do not.
        page = people["worker"].get(f"/routes/{number}?lang=en")
        assert page.status_code == 200 and "<svg" in page.text and "Next stop" in page.text
        assert people["elsewhere"].get(f"/routes/{number}").status_code == 404
    assert people["worker"].get(f"/plans/{plan['id']}").status_code == 403
    withdrawn = stepped(people["planner"], plan, "withdraw").get_json()
    assert (withdrawn["state"], withdrawn["routes"]) == ("withdrawn", {})
    entries = asked(city, "SELECT action FROM audit_entry WHERE subject = :s ORDER BY sequence", s=f"plan:{plan['id']}")
    assert [row[0] for row in entries] == ["plan.make", "plan.approve", "plan.publish", "plan.withdraw"]
    assert verify(people["planner"].application.extensions["jingwei"].ledger).faults == []


def test_a_plan_revised_during_the_shift_keeps_what_is_done(people, clock):  # noqa: F811
    plan = published(people)
    before = {route["team"]: route["visits"] for route in plan["content"]["result"]["routes"]}
    clock.now = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)  # 20:30 in the city
    behind = {team: [each for each in own if each["begins_at"] < "2026-06-15T20:30"] for team, own in before.items()}
    assert any(behind.values())
    team = max(before, key=lambda each: len(before[each]))
    dropped = before[team][-1]["stop"]
    after = edited(people["planner"], plan, drop=[dropped], absent=["T2"])
    assert after["state"] == "published"
    for route in after["content"]["result"]["routes"]:
        done = behind[route["team"]]
        assert route["visits"][: len(done)] == done
        assert all(each["begins_at"] >= "2026-06-15T20:30" for each in route["visits"][len(done) :])
        if route["team"] == "T2":
            assert route["visits"] == done
    assert dropped not in all_visits(after)


def test_a_copy_is_edited_apart_and_shown_beside_its_original(people):
    planner = people["planner"]
    plan = made(planner)
    copy = str(uuid.uuid4())
    told = [planner.post(f"/api/plans/{plan['id']}/copies", json={"id": copy}).status_code for _ in range(2)]
    assert told == [201, 200]
    changed = edited(planner, planner.get(f"/api/plans/{copy}").get_json(), absent=["T33038100101"])
    assert planner.get(f"/api/plans/{plan['id']}").get_json()["content"] == plan["content"]
    page = planner.get(f"/plans/{plan['id']}/beside/{copy}?lang=en").text
    lost = set(all_visits(plan)) - set(all_visits(changed))
    assert lost and f"Only in the first ({len(lost)})" in page
    moved = set(all_visits(plan)) - lost - set(visits(plan)["T2"])
    assert f"By another team ({len(moved)})" in page
    assert people["elsewhere"].get(f"/plans/{plan['id']}/beside/{copy}").status_code == 404


def test_a_plan_is_taken_away_as_gpx_kml_geojson_and_a_calendar(people):
    plan = made(people["planner"])
    stop_count = plan["content"]["result"]["stop_count"]
    of = lambda kind: people["planner"].get(f"/api/plans/{plan['id']}/file.{kind}")  # noqa: E731
    features = json.loads(of("geojson").text)["features"]
    assert Counter(each["properties"]["kind"] for each in features)["visit"] == stop_count
    gpx = ElementTree.fromstring(of("gpx").text)  # noqa: S314 - our own answer
    assert len(gpx.findall(".//{http://www.topografix.com/GPX/1/1}rtept")) == stop_count
    kml = ElementTree.fromstring(of("kml").text)  # noqa: S314 - our own answer
    assert len(kml.findall(".//{http://www.opengis.net/kml/2.2}Point")) == stop_count
    calendar = of("ics").text
    assert calendar.count("BEGIN:VEVENT") == stop_count and "DTSTART:20260615T12" in calendar
    assert max(len(line.encode()) for line in calendar.split("\r\n")) <= 75
    assert of("exe").status_code == 400


def test_the_files_of_a_plan_are_read_by_gdal_and_its_calendar_keeps_the_rules_of_rfc_5545(people, tmp_path):
    plan = made(people["planner"])
    content = plan["content"]
    routes = [route for route in content["result"]["routes"] if route["visits"]]
    places = {stop["code"]: (stop["lon"], stop["lat"]) for stop in content["stops"]}
    planned = sorted(places[visit["stop"]] for route in routes for visit in route["visits"])
    for kind in ("gpx", "kml", "geojson", "ics"):
        answer = people["planner"].get(f"/api/plans/{plan['id']}/file.{kind}")
        (tmp_path / f"plan.{kind}").write_bytes(answer.data)

    def read(kind, layer=None):
        frame = pyogrio.read_dataframe(tmp_path / f"plan.{kind}", layer=layer, fid_as_index=True)
        assert frame.crs.to_epsg() == 4326
        return frame

    def points(geometry):
        return sorted(zip(geometry.x, geometry.y, strict=True))

    gpx = read("gpx", "route_points")
    assert np.allclose(points(gpx.geometry), planned, atol=1e-9)
    assert gpx["time"].notna().all()
    tracks = read("gpx", "tracks")
    ways = [route["line"] for route in routes if len(route["line"]) > 1]
    facts = pyogrio.read_info(tmp_path / "plan.gpx", layer="routes", force_feature_count=True)
    assert (len(tracks), facts["features"]) == (len(ways), len(routes))
    assert shapely.get_num_coordinates(tracks.geometry).sum() == sum(map(len, ways))

    layers = [name for name, _ in pyogrio.list_layers(tmp_path / "plan.kml")]
    assert len(layers) == len(routes)
    kml = pd.concat([read("kml", name) for name in layers])
    is_stop = kml.geom_type == "Point"
    assert np.allclose(points(kml[is_stop].geometry), planned, atol=1e-9)
    assert kml[~is_stop].geom_type.value_counts().to_dict() == {"LineString": len(ways)}

    geojson = read("geojson")
    assert np.allclose(points(geojson[geojson["kind"] == "visit"].geometry), planned, atol=1e-9)
    assert set(geojson[geojson["kind"] == "route"]["team"]) == {route["team"] for route in routes}

    changed_at = datetime.fromisoformat(plan["changed_at"]).replace(microsecond=0)
    planned_visits = [visit for route in routes for visit in route["visits"]]
    _keeps_the_rules((tmp_path / "plan.ics").read_bytes(), planned_visits, changed_at)


def _keeps_the_rules(raw, planned, changed_at):
    """RFC 5545: CRLF ends every line, 75 octets at most, folded lines unfold, events have UID, DTSTAMP and DTSTART."""
    assert raw.endswith(b"\r\n") and raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    lines = raw.decode().replace("\r\n ", "").split("\r\n")[:-1]
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    events, now = [], None
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            now = {}
        elif line == "END:VEVENT":
            events.append(now)
            now = None
        elif now is not None:
            assert name not in now
            now[name] = value
    assert len({event["UID"] for event in events}) == len(events) == len(planned)
    moment = lambda words: datetime.strptime(words, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)  # noqa: E731
    told = sorted((moment(event["DTSTART"]), moment(event["DTEND"])) for event in events)
    as_planned = [tuple(datetime.fromisoformat(each[name]) for name in ("begins_at", "leaves_at")) for each in planned]
    # Whole seconds: the calendar knows none smaller.
    assert told == sorted(tuple(each.replace(microsecond=0) for each in pair) for pair in as_planned)
    assert {moment(event["DTSTAMP"]) for event in events} == {changed_at} and all(event["SUMMARY"] for event in events)


def test_a_shift_that_is_none_and_an_area_without_hotspots_are_refused_with_the_remedy(people):
    planner = people["planner"]
    answer = planner.post("/api/plans?lang=en", json=wish(ends_at="2026-06-15T19:00+08:00"))
    assert (answer.status_code, "shift" in answer.get_json()["detail"]) == (400, True)
    assert planner.post("/api/plans", json=wish(teams=["T33038100201"])).status_code == 400
    assert planner.post("/api/plans", json=wish(area="330381002")).status_code == 400
    assert people["elsewhere"].post("/api/plans", json=wish(area="330381002")).status_code == 400
    page = planner.post("/plans?lang=en", data={"id": str(uuid.uuid4()), "night": "2026-06-15", "starts": "x"})
    assert page.status_code == 400 and "not a time of the day" in page.text


def facility(city, kind, lon, lat):
    add = """
    INSERT INTO facility (kind, name_zh, name_en, area_id, scope_path, geom)
    SELECT :kind, '矛盾调解中心', 'Mediation Centre', id, scope_path, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
    FROM area WHERE code = :village AND valid_to IS NULL"""
    with scoped(city, system_scope()) as connection:
        connection.execute(
            text(add), {"kind": kind, "lon": lon, "lat": lat, "village": VILLAGE.strip("/").split("/")[-1]}
        )


def test_facilities_are_stops_with_windows_and_only_for_teams_that_can(people, city):
    facility(city, "mediation_centre", WEST + 0.004, SOUTH + 0.004)
    asked_for = {"facilities": ["mediation_centre"], "facility_windows": "20:30-21:00", "minimum": 1}
    plan = made(people["planner"], **asked_for, facility_skill="volunteer")
    (stop,) = (each for each in plan["content"]["stops"] if each["facility"])
    assert stop["prize_parts"]["facility"] == 3.0 and stop["skill"] == "volunteer"
    assert stop["windows"] == [["2026-06-15T20:30:00+08:00", "2026-06-15T21:00:00+08:00"]]
    plan = edited(people["planner"], plan, lock={"T2": [stop["code"]]})
    (visit,) = (
        each
        for route in plan["content"]["result"]["routes"]
        for each in route["visits"]
        if each["stop"] == stop["code"]
    )
    assert stop["code"] in visits(plan)["T2"] and "T20:30" <= visit["begins_at"][10:16] <= "T21:00"
    other = edited(people["planner"], plan, team_skills={"T2": ["first aid"]})
    assert other["content"]["result"]["missed_required"] == [stop["code"]]
    body = wish(facilities=["mediation_centre"], facility_windows="half past eight")
    assert people["planner"].post("/api/plans", json=body).status_code == 400


def test_a_place_planned_on_as_many_nights_as_allowed_is_left_out(people):
    first = published(people, most_stops=12)
    went = all_visits(first)
    shift = {"starts_at": "2026-06-16T20:00+08:00", "ends_at": "2026-06-16T22:00+08:00"}
    again = made(people["planner"], **shift, most_visits=1)
    assert again["content"]["settings"]["often_enough"] == len(went)
    places = {(each["lon"], each["lat"]) for each in first["content"]["stops"] if each["code"] in went}
    assert not places & {(each["lon"], each["lat"]) for each in again["content"]["stops"]}
    assert made(people["planner"], **shift, most_visits=2)["content"]["settings"]["often_enough"] == 0


def test_a_closed_street_is_told_by_its_name_else_by_a_street_it_meets_else_by_the_village(city):
    with scoped(city, system_scope()) as connection:
        connection.execute(text("UPDATE street_segment SET name_zh = NULL, name_en = NULL"))
        first, second = connection.execute(
            text("""
            SELECT a.id, b.id FROM street_segment a JOIN street_segment b ON ST_Touches(a.geom, b.geom)
            WHERE a.kind = 'residential' AND b.kind = 'residential' ORDER BY a.id, b.id LIMIT 1""")
        ).one()
        named = street_names(connection, [first])[str(first)]
        assert (named["kind"], named["name_zh"]) == ("residential", None)
        village = text("""
        SELECT a.name_zh FROM area a, street_segment s
        WHERE a.level = 'village' AND s.id = :id ORDER BY ST_Distance(a.geom, s.geom) LIMIT 1""")
        assert named["near_zh"] == connection.execute(village, {"id": first}).scalar_one()
        rename = text("UPDATE street_segment SET name_zh = '滨江路', name_en = 'River Road' WHERE id = :id")
        connection.execute(rename, {"id": second})
        named = street_names(connection, [first, second])
        assert (named[str(first)]["near_zh"], named[str(first)]["near_en"]) == ("滨江路", "River Road")
        assert (named[str(second)]["name_zh"], named[str(second)]["near_zh"]) == ("滨江路", None)
        assert street_names(connection, []) == {}


def test_what_if_more_teams_a_closed_street_and_another_dwell_are_planned_and_compared(people):
    planner = people["planner"]
    plan = made(planner)
    copy = str(uuid.uuid4())
    planner.post(f"/api/plans/{plan['id']}/copies", json={"id": copy})
    more = edited(planner, planner.get(f"/api/plans/{copy}").get_json(), extra=[{"like": "T2"}, {"like": "T2"}])
    assert [team["code"] for team in more["content"]["teams"]][-2:] == ["X01", "X02"]
    assert more["content"]["result"]["value"] >= plan["content"]["result"]["value"]
    # The street from the station eastwards is closed; its line comes back to be drawn.
    shut = edited(planner, more, close_at=[{"lon": WEST + 0.002, "lat": SOUTH}])
    (number,) = shut["content"]["closed"]
    assert shut["content"]["closed_lines"][str(number)] == [[WEST, SOUTH], [round(WEST + 0.004, 6), SOUTH]]
    assert shut["content"]["closed_names"][str(number)]["kind"] == "residential"
    longer = edited(planner, shut, dwell_all=40, reopen=[number])
    assert longer["content"]["closed"] == [] and len(all_visits(longer)) < len(all_visits(more))
    page = planner.get(f"/plans/{plan['id']}/beside/{copy}?lang=en").text
    assert "Teams tried out" in page
    assert re.search(r"Minutes at every stop</th>\s*<td[^>]*>10</td>\s*<td[^>]*>40</td>", page)
    given = edited(planner, longer, dwell_all=10, lock={"X01": ["S002"]})
    assert "S002" in visits(given)["X01"]
    approved = stepped(people["supervisor"], given, "approve").get_json()
    assert stepped(planner, approved, "publish").status_code == 409
    assert (
        planner.post(
            f"/api/plans/{copy}/edits", json={"version": approved["version"], "close_at": [{"lon": 120.9, "lat": 27.7}]}
        ).status_code
        == 400
    )


def test_whether_a_stop_fits_is_told_at_once_for_each_team(people):
    planner = people["planner"]
    plan = edited(planner, made(planner), drop=["S001"])
    told = planner.get(f"/api/plans/{plan['id']}/fits/S001").get_json()
    assert told.keys() == {"T33038100101", "T2"}
    # Ten minutes of dwell, less a turn that is saved by stopping there; or there is no room.
    assert all(minutes is None or minutes > 9.5 for minutes in told.values())
    roomy = edited(planner, plan, dwell_all=1)
    told = planner.get(f"/api/plans/{roomy['id']}/fits/S001").get_json()
    assert all(minutes is not None and 0.5 < minutes < 60 for minutes in told.values())
    assert planner.get(f"/api/plans/{plan['id']}/fits/S999").status_code == 400


def test_closing_tells_what_came_of_each_stop_and_a_later_plan_what_tracks_would_collect(people, city):
    plan = published(people)
    team = max(visits(plan), key=lambda each: len(visits(plan)[each]))
    stayed, passed, *_ = visits(plan)[team]
    stops = {stop["code"]: stop for stop in plan["content"]["stops"]}
    fixes = [(stops[stayed], second) for second in range(0, 720, 60)] + [(stops[passed], 1500)]
    with scoped(city, system_scope()) as connection:
        patrol = connection.execute(
            text("""
            INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path)
            SELECT id, '2026-06-15', '2026-06-15 12:00Z', '2026-06-15 13:00Z', 'foot', 500, 13,
                   ST_GeomFromText('MULTILINESTRING((120.6 27.8, 120.61 27.8))', 4326), scope_path
            FROM team WHERE code = :team RETURNING id, scope_path"""),
            {"team": team},
        ).one()
        connection.execute(text("SELECT prepare_track_month(CAST('2026-06-15' AS date))"))
        for number, (stop, second) in enumerate(fixes):
            connection.execute(
                text("""
                INSERT INTO track_point (patrol_id, device, recorded_at, sequence, geom, scope_path)
                VALUES (:patrol, 'd', CAST('2026-06-15 12:10Z' AS timestamptz) + make_interval(secs => :second),
                        :number, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :path)"""),
                {
                    "patrol": patrol.id,
                    "second": second,
                    "number": number,
                    "lon": stop["lon"],
                    "lat": stop["lat"],
                    "path": patrol.scope_path,
                },
            )
    closed = stepped(people["planner"], plan, "close").get_json()
    rows = {row["stop"]: row for row in closed["content"]["actual"]["stops"]}
    assert (rows[stayed]["state"], rows[stayed]["stayed_min"], rows[stayed]["came_at"][11:16]) == (
        "visited",
        11,
        "20:10",
    )
    assert rows[passed]["state"] == "passed" and rows[passed]["stayed_min"] == 0
    assert {row["state"] for code, row in rows.items() if code not in (stayed, passed)} <= {"missed"}
    worth = sum(stops[stayed]["prize_parts"].values())
    assert closed["content"]["actual"]["value"] == pytest.approx(worth, abs=0.01)
    later = made(people["planner"], starts_at="2026-06-16T20:00+08:00", ends_at="2026-06-16T22:00+08:00")
    last = later["content"]["last_night"]
    assert (last["night"], last["teams"]) == ("2026-06-15", 1) and last["value"] > 0 and last["stops"] >= 1


def test_a_route_is_a_pdf_of_one_sheet_with_its_chinese_words_for_those_who_may_see_routes(people, make_client, city):
    plan = published(people)
    team, number = next(iter(plan["routes"].items()))
    answer = people["worker"].get(f"/routes/{number}/sheet.pdf?lang=zh")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    sheet = pypdfium2.PdfDocument(answer.data)
    assert len(sheet) == 1 and [round(side / 72 * 25.4) for side in sheet[0].get_size()] == [210, 297]
    words = sheet[0].get_textpage().get_text_bounded()
    name = next(each["name_zh"] for each in plan["content"]["teams"] if each["code"] == team)
    assert name in words and all(stop in words for stop in visits(plan)[team])
    # Not white: the map, the table and the code are drawn.
    drawn = np.asarray(sheet[0].render(scale=1).to_pil().convert("L"))
    assert (drawn < 128).mean() > 0.01
    assert people["elsewhere"].get(f"/routes/{number}/sheet.pdf").status_code == 404
    for role in (Role.HANDLER, Role.ANALYST, Role.KIOSK):
        other = make_client(TOWNSHIP, role, app=people["planner"].application, on=city)
        assert [other.get(f"/routes/{number}{each}").status_code for each in ("", "/sheet.pdf")] == [403, 403]
