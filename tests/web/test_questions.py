"""Spatial questions over HTTP on the small city: four hazards in the west, two and a school in the east."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from pyproj import Geod

from gis_app.domain.questions import Repeat
from gis_app.domain.rights import Role
from gis_app.services import kept_questions

WEST, EAST = (120.6, 27.8), (120.8, 27.8)
GEOD = Geod(ellps="WGS84")
APART_M = GEOD.inv(*WEST, *EAST)[2]
BOWTIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}
BY_VILLAGE = {"layer": "hazards", "join": {"layer": "villages", "relation": "within"}, "group": ["partner"]}


def ask(client, **question):
    answer = client.post("/api/questions/answer?lang=en", json=question)
    assert answer.status_code == 200, answer.json
    names = [each["name"] for each in answer.json["columns"]]
    return [dict(zip(names, row, strict=True)) for row in answer.json["rows"]], answer.json


def refusal(client, status=400, **question):
    answer = client.post("/api/questions/answer?lang=en", json=question)
    assert answer.status_code == status
    return answer.json["detail"]


def test_hazards_are_counted_in_the_village_they_lie_in_with_its_rate(client):
    rows, whole = ask(client, **BY_VILLAGE, rate="per_km2")
    assert {row["partner.code"]: row["count"] for row in rows} == {"33038100101": 4, "33038100201": 2}
    square = [120.5, 120.7, 120.7, 120.5], [27.7, 27.7, 27.9, 27.9]
    area_km2 = abs(GEOD.polygon_area_perimeter(*square)[0]) / 1e6
    assert rows[0]["area_km2"] == pytest.approx(area_km2, rel=1e-9)
    assert rows[0]["per_km2"] == pytest.approx(4 / area_km2, rel=1e-9)
    assert [shape["type"] for shape in whole["shapes"]] == ["MultiPolygon"] * 2


def test_an_area_where_nothing_happened_counts_nought_unless_left_out(client):
    rare = {**BY_VILLAGE, "filter": "number = 'B1'"}
    assert [row["count"] for row in ask(client, **rare)[0]] == [1, 0]
    alone = {**rare, "join": {**BY_VILLAGE["join"], "keeps_lonely": False}}
    assert [row["count"] for row in ask(client, **alone)[0]] == [1]


def test_rates_without_a_denominator_are_no_data(client):
    rows, _ = ask(client, **BY_VILLAGE, rate="per_1000_households")
    assert [(row["households"], row["per_1000_households"]) for row in rows] == [(None, None)] * 2
    streets, _ = ask(client, **BY_VILLAGE, rate="per_street_km", sort=["partner.code"])
    length_km = 2 * GEOD.inv(120.75, 27.8, 120.76, 27.8)[2] / 1000
    assert streets[0]["street_km"] is None
    assert streets[1]["street_km"] == pytest.approx(length_km, rel=1e-6)
    assert streets[1]["per_street_km"] == pytest.approx(2 / length_km, rel=1e-6)


def test_what_is_near_counts_once_in_each_group_however_many_partners_it_has(client):
    near = {"layer": "facilities", "relation": "distance", "distance_m": 500}
    assert [row["count"] for row in ask(client, layer="hazards", join=near, group=["severity"])[0]] == [2]
    far = {**near, "distance_m": APART_M + 1}
    rows, _ = ask(client, layer="hazards", join=far, group=["partner.kind", "severity"])
    assert [(row["partner.kind"], row["count"]) for row in rows] == [("school", 6)]
    # Two streets lie one upon the other: a hazard beside both is one hazard.
    streets = {"layer": "streets", "relation": "distance", "distance_m": 5000}
    assert [row["count"] for row in ask(client, layer="hazards", join=streets, group=["severity"])[0]] == [2]


def test_the_nearest_is_measured_over_the_ellipsoid(client):
    nearest = {"layer": "facilities", "relation": "nearest"}
    rows, _ = ask(client, layer="hazards", join=nearest, sort=["number"])
    assert [row["partner.name_zh"] for row in rows] == ["安阳小学"] * 6
    assert rows[0]["distance_m"] == pytest.approx(APART_M, rel=1e-6)
    assert rows[-1]["distance_m"] == pytest.approx(0, abs=1e-6)


def test_months_are_those_of_the_city_and_run_on(client):
    rows, _ = ask(client, layer="hazards", group=["time/month"])
    months = [("2026-03-01", 1), ("2026-05-01", 1), ("2026-06-01", 4)]
    assert [(row["time/month"], row["count"]) for row in rows] == months
    latest = [{"kind": "max", "of": "discovered_at"}, {"kind": "count"}]
    rows, whole = ask(client, layer="hazards", group=["stage"], measures=latest, sort=["stage"])
    assert rows[0] == {"stage": "closed", "max_discovered_at": "2026-06-04T00:00:00+00:00", "count": 3}
    assert [each["title"] for each in whole["columns"]] == ["Stage", "Greatest Found at", "Count"]
    assert whole["columns"][0]["values"]["closed"] == "Closed"


def test_days_and_a_drawn_area_choose_features(client):
    days = {"first_day": "2026-06-01", "last_day": "2026-06-02"}
    rows, _ = ask(client, layer="hazards", **days, sort=["number"])
    assert [row["number"] for row in rows] == ["A1", "A2"]
    ring = [[120.75, 27.75], [120.85, 27.75], [120.85, 27.85], [120.75, 27.85], [120.75, 27.75]]
    rows, _ = ask(client, layer="hazards", shape={"type": "Polygon", "coordinates": [ring]}, sort=["-number"])
    assert [row["number"] for row in rows] == ["B2", "B1"]


def test_more_rows_than_the_limit_are_told_of(client):
    rows, whole = ask(client, layer="hazards", limit=2)
    assert (len(rows), whole["is_cut"]) == (2, True)
    assert ask(client, layer="hazards", limit=6)[1]["is_cut"] is False


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ({"layer": "hazards", "group": ["nosuch"]}, "group is 'nosuch'"),
        ({"layer": "hazards", "group": ["partner"]}, "Name a second layer first."),
        ({"layer": "hazards", "group": ["time/century"]}, "time/hour, weekday, day, week or month"),
        ({"layer": "streets", "group": ["time/day"]}, "of a layer that has times"),
        ({"layer": "hazards", "measures": [{"kind": "count"}]}, "Figures need groups."),
        ({"layer": "hazards", "group": ["stage"], "measures": [{"kind": "sum", "of": "title"}]}, "sum_title"),
        ({"layer": "hazards", "sort": ["nosuch"]}, "Name columns of the answer"),
        ({"layer": "streets", "first_day": "2026-01-01"}, "has no times"),
        ({"layer": "hazards", "filter": "severity ="}, "line 1"),
        ({"layer": "hazards", "filter": "nosuch = 1"}, "nosuch"),
        ({"layer": "hazards", "join": {"layer": "villages", "relation": "beside"}}, "join.relation"),
        ({"layer": "hazards", "limit": 0}, "limit"),
        (
            {
                "layer": "hazards",
                "shape": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
            },
            "",
        ),
    ],
)
def test_a_wrong_question_is_refused_with_its_part_and_a_remedy(client, question, part):
    assert part in refusal(client, **question)


def test_an_area_sees_its_own_and_a_layer_without_the_right_is_not_there(make_client):
    west = make_client("/330381/330381001/", Role.SUPERVISOR)
    rows, _ = ask(west, **BY_VILLAGE)
    assert [(row["partner.code"], row["count"]) for row in rows] == [("33038100101", 4)]
    analyst = make_client(role=Role.ANALYST)
    assert "no collection patrol_tracks" in refusal(analyst, 404, layer="patrol_tracks")
    assert analyst.get("/questions").status_code == 200
    assert make_client(role=Role.HANDLER).get("/questions").status_code == 403


def test_files_hold_the_rows_and_need_the_right_to_export(client, make_client):
    question = {**BY_VILLAGE, "measures": [{"kind": "count"}]}
    answer = client.post("/api/questions/answer?f=csv&lang=en", json=question)
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0][-1] == "Count"
    assert [row[-1] for row in rows[1:]] == ["4", "2"]
    features = client.post("/api/questions/answer?f=geojson", json=question).get_json(force=True)["features"]
    assert [(each["geometry"]["type"], each["properties"]["count"]) for each in features] == [
        ("MultiPolygon", 4),
        ("MultiPolygon", 2),
    ]
    assert make_client(role=Role.DISPATCHER).post("/api/questions/answer?f=csv", json=question).status_code == 403


def keep(client, identity, **changes):
    body = {"id": str(identity), "title": "隐患按村", "question": BY_VILLAGE, **changes}
    return client.post("/api/questions?lang=en", json=body)


def titles(client):
    return [(each["title"], each["is_own"]) for each in client.get("/api/questions").json["questions"]]


def test_a_kept_question_is_its_accounts_own_until_it_is_shared_within_the_area(make_client):
    analyst, supervisor = make_client(role=Role.ANALYST), make_client()
    west = make_client("/330381/330381001/", Role.SUPERVISOR)
    identity = uuid.uuid4()
    assert keep(analyst, identity).status_code == 200
    assert titles(analyst) == [("隐患按村", True)]
    assert titles(supervisor) == []
    assert supervisor.get(f"/api/questions/{identity}").status_code == 404
    assert keep(supervisor, identity).status_code == 409
    keep(analyst, identity, is_shared=True, title="按村")
    assert titles(supervisor) == [("按村", False)]
    assert titles(west) == []
    assert supervisor.delete(f"/api/questions/{identity}").status_code == 404
    assert analyst.delete(f"/api/questions/{identity}").status_code == 204
    assert titles(supervisor) == []
    assert keep(analyst, uuid.uuid4(), title=" ").status_code == 400


def test_a_question_is_asked_again_in_the_morning_with_the_rights_of_then(make_client, make_app, engine):
    analyst = make_client(role=Role.ANALYST)
    identity = uuid.uuid4()
    assert keep(analyst, identity, repeat="daily").json["next_at"] == "2026-06-16T05:30:00+08:00"
    desk = make_app().extensions["jingwei"].questions
    assert kept_questions.ask_due(desk, datetime(2026, 6, 15, 21, tzinfo=UTC)) == 0
    morning = datetime(2026, 6, 15, 21, 31, tzinfo=UTC)
    assert kept_questions.ask_due(desk, morning) == 1
    assert kept_questions.ask_due(desk, morning) == 0
    told = analyst.get(f"/api/questions/{identity}").json
    assert told["next_at"] == "2026-06-17T05:30:00+08:00"
    [answer] = told["answers"]
    assert (answer["rows"], answer["problem"]) == (2, "")
    whole = analyst.get(f"/api/questions/{identity}/answers/{answer['number']}?lang=en").json
    count = [each["name"] for each in whole["columns"]].index("count")
    assert [row[count] for row in whole["rows"]] == [4, 2]
    assert len(whole["shapes"]) == 2
    analyst.delete(f"/api/questions/{identity}")


def test_weekly_questions_are_asked_on_mondays():
    monday = datetime(2026, 6, 15, 4, tzinfo=UTC)
    assert kept_questions.next_time(Repeat.WEEKLY, monday) == datetime(2026, 6, 21, 21, 30, tzinfo=UTC)
    assert kept_questions.next_time(Repeat.WEEKLY, monday - timedelta(hours=7)) == datetime(
        2026, 6, 14, 21, 30, tzinfo=UTC
    )
    assert kept_questions.next_time(Repeat.NEVER, monday) is None
