"""Coverage by area against hand arithmetic, and a night played again with its planned stops."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Scope
from gis_app.services import analyses, coverage_reports, patrol_replay, plan_following, street_walks
from gis_app.services.coverage_grids import WorkFilter
from gis_app.services.coverage_reports import CoverageQuestion
from gis_app.storage.engine import scoped, system_scope
from tests.services.two_grids import CITY, add_walk

NOW = datetime(2026, 6, 16, 4, tzinfo=UTC)
FIRST, SECOND = date(2026, 6, 14), date(2026, 6, 15)
EVERYBODY = system_scope()
HAZARDS = (
    "INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1)",
    # Three of the last year in the east, one of them found on the second night; one long ago, one void.
    """
    INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, description, discovered_at,
                        village_id, grid_id, scope_path, geom)
    SELECT number, 'fire', 'low', stage, 'patrol', number, '', at, p.id, g.id, g.scope_path, g.label_point
    FROM (VALUES ('H1', 'filed', timestamptz '2026-06-15 14:00Z'), ('H2', 'closed', '2026-03-01 00:00Z'),
                 ('H3', 'filed', '2026-02-01 00:00Z'), ('H4', 'filed', '2024-02-01 00:00Z'),
                 ('H5', 'void', '2026-06-15 14:00Z')) h (number, stage, at), area g, area p
    WHERE g.code = 'AE' AND p.code = 'A'""",
)
ROUTE = text("""
WITH route AS (
    INSERT INTO patrol_route (team_id, night, starts_at, ends_at, length_m, geom, scope_path)
    SELECT id, :night, :start, :start, 1, ST_GeomFromText('LINESTRING(120.6 27.705, 120.62 27.705)', 4326), scope_path
    FROM team WHERE code = 'A' RETURNING id, scope_path)
INSERT INTO planned_stop (route_id, ordinal, dwell_min, geom, scope_path)
SELECT route.id, n, 12, ST_Point(lon, 27.705, 4326), scope_path
FROM route, (VALUES (1, 120.604), (2, 120.608), (3, 120.619)) s (n, lon)""")
STAY = text("""
INSERT INTO track_point (device, recorded_at, sequence, patrol_id, scope_path, geom)
SELECT device, last + n * interval '1 minute', 1000 + n, patrol_id, scope_path, ST_Point(120.608, 27.7051, 4326)
FROM (SELECT device, patrol_id, scope_path, max(recorded_at) AS last FROM track_point
      WHERE device = 'A' AND recorded_at < '2026-06-15Z' GROUP BY 1, 2, 3) f, generate_series(1, 11) n""")


@pytest.fixture
def engine(migrated_database):
    with scoped(migrated_database.app, EVERYBODY) as connection:
        for statement in (*CITY, *HAZARDS):
            connection.execute(text(statement))
        add_walk(connection, "A", FIRST, west=120.602, east=120.608)
        add_walk(connection, "B", FIRST, west=120.606, east=120.614)
        add_walk(connection, "A", SECOND, west=120.611, east=120.616)
    analyses.run_all(migrated_database.app, now=NOW, srid=4549, kinds=("street_pieces", "grid_coverage"))
    street_walks.update(migrated_database.app, now=NOW, srid=4549)
    return migrated_database.app


def report(engine, kind, night, level="grid", scope=EVERYBODY, work=None):
    question = CoverageQuestion(kind, night, level, work or WorkFilter())
    return coverage_reports.report(engine, scope, question, now=NOW)


def told(known, *names):
    near = {row["code"]: [row[name] for name in names] for row in known.rows}
    return {code: pytest.approx(values, abs=0.003) for code, values in near.items()}


def test_a_night_tells_shares_states_and_the_risk_left_out(engine):
    known = report(engine, "night", FIRST)
    assert told(known, "share", "found", "checked_clear", "unchecked") == {"AW": [0.8, 0, 1, 0], "AE": [0.4, 0, 1, 0]}
    # All risk known by then is in the east, of which 60 % were left out.
    assert known.risk_left == pytest.approx(0.6, abs=0.003)
    assert [row["code"] for row in known.rows] == ["AE", "AW"]
    second = report(engine, "night", SECOND)
    assert told(second, "share", "found", "checked_clear", "unchecked") == {"AW": [0, 0, 0, 1], "AE": [0.5, 1, 0, 0]}


def test_over_a_month_what_was_walked_twice_counts_once(engine):
    known = report(engine, "month", SECOND)
    assert (known.nights.first, known.nights.last) == (date(2026, 6, 1), date(2026, 6, 30))
    # East: 120.610 to 120.616 of 0.01 degrees; 0.8 in the west.
    assert told(known, "share") == {"AW": [0.8], "AE": [0.6]}
    assert told(report(engine, "month", SECOND, "township"), "share") == {"A": [0.7]}
    assert known.risk_left == pytest.approx(0.4, abs=0.003)


def test_a_week_begins_on_monday(engine):
    # 14 June 2026 is a Sunday, 15 June the Monday after.
    assert report(engine, "week", FIRST).nights.last == FIRST
    assert report(engine, "week", SECOND).nights.first == SECOND
    assert list(report(engine, "week", SECOND).choices) == [date(2026, 6, 8), SECOND]


def test_another_area_sees_nothing_of_it(engine):
    known = report(engine, "month", SECOND, scope=Scope("x", "/330381/B/"))
    assert (known.rows, known.risk_left) == ([], None)
    with pytest.raises(NotFound):
        coverage_reports.village_report(engine, EVERYBODY, "A", now=NOW)


def test_planned_stops_are_visited_passed_or_missed(engine):
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(ROUTE, {"night": FIRST, "start": NOW - timedelta(days=2)})
        connection.execute(STAY)
    night = patrol_replay.replay(engine, EVERYBODY, FIRST, srid=4549, language="zh")
    assert [(stop["ordinal"], stop["state"]) for stop in night["stops"]] == [
        (1, "passed"),
        (2, "visited"),
        (3, "missed"),
    ]
    # Eleven fixes a minute apart, and the last of the walk.
    assert night["stops"][1]["stayed_min"] == 11.0
    assert [patrol["team"] for patrol in night["patrols"]] == ["A队", "B队"]
    # Of an even walk of 12 minutes and a stay 11 m beside it, ends are enough.
    walk, stay = (
        [[0, 12060200, 2770500], [720, 12060800, 2770500]],
        [[780, 12060800, 2770510], [1380, 12060800, 2770510]],
    )
    assert night["patrols"][0]["pieces"] == [walk + stay]
    assert night["within_m"] == 4.0


def test_a_night_of_more_fixes_than_a_browser_draws_is_told_less_exactly(engine, monkeypatch):
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(STAY)
        # Ten metres north and back, minute by minute.
        connection.execute(text("UPDATE track_point SET geom = ST_Translate(geom, 0, 0.0001 * (sequence % 2))"))
    told = {}
    for most in (60_000, 10, 0):
        monkeypatch.setattr(patrol_replay, "MOST_FIXES", most)
        night = patrol_replay.replay(engine, EVERYBODY, FIRST, srid=4549, language="zh")
        told[most] = night["within_m"], sum(len(piece) for each in night["patrols"] for piece in each["pieces"])
    assert [within for within, _ in told.values()] == [4.0, 16.0, 32.0]
    assert told[60_000][1] > told[10][1] <= 10


def test_coverage_is_told_by_shift_mode_and_kind_of_team(engine):
    # All walks begin at 20 o'clock on foot, by volunteers; none lasts until 22.
    for work in (WorkFilter(shift="evening"), WorkFilter(mode="foot"), WorkFilter(team_kind="volunteer")):
        assert told(report(engine, "night", FIRST, work=work), "share") == {"AW": [0.8], "AE": [0.4]}
    for work in (WorkFilter(shift="night"), WorkFilter(mode="car"), WorkFilter(team_kind="police")):
        known = report(engine, "night", FIRST, work=work)
        assert told(known, "share", "area_share", "visits") == {"AW": [0, 0, 0], "AE": [0, 0, 0]}
        assert {row["checked_clear"] for row in known.rows} == {0}


def test_ground_swept_on_several_nights_is_united(engine):
    # A grid is 1,108 m high; 60 m of it are swept along the part of the street that was walked.
    high_m = 0.01 * 110_860
    first, second = (report(engine, "night", night) for night in (FIRST, SECOND))
    assert told(first, "area_share")["AW"] == [0.8 * 60 / high_m]
    # The ends of a walk sweep half circles.
    assert told(second, "area_share")["AE"] == [0.5 * 60 / high_m + 0.003]
    both = report(engine, "month", SECOND)
    assert told(both, "area_share")["AE"] == [0.6 * 60 / high_m + 0.002]


def test_work_is_counted_where_it_was_done(engine):
    rows = {row["code"]: row for row in report(engine, "night", FIRST).rows}
    # Team A walks 0.602-0.608 in the west, team B 0.606-0.614 through both; a fix a minute, 13 and 17 of them.
    assert (rows["AW"]["visits"], rows["AE"]["visits"]) == (2, 1)
    assert sum(row["patrol_hours"] for row in rows.values()) == pytest.approx((12 + 16) / 60)
    metre = 0.001 * 111_320 * 0.8854
    assert sum(row["patrol_km"] for row in rows.values()) == pytest.approx((6 + 8) * metre / 1000, abs=0.003)


def test_rates_are_told_of_enough_work_only(engine):
    second = {row["code"]: row for row in report(engine, "night", SECOND).rows}["AE"]
    # One hazard found on half a kilometre in ten minutes tells no rate.
    assert (second["found_by_patrols"], second["found_per_hour"], second["found_per_km"]) == (1, None, None)
    both = report(engine, "month", SECOND).whole
    assert both["patrol_km"] > 1
    assert both["found_per_km"] == pytest.approx(1 / both["patrol_km"])
    assert report(engine, "month", SECOND, work=WorkFilter(mode="foot")).whole["found_by_patrols"] is None


def test_idleness_is_the_time_up_to_the_end_of_the_nights(engine):
    rows = {row["code"]: row for row in report(engine, "night", SECOND).rows}
    # Up to noon of the 16th, which is now: A came to the east on the 15th and left at 20:11; A and B to the west the
    # night before, B until 20:17.
    assert rows["AE"]["idle_mean_days"] == pytest.approx((16 * 60 - 11) / 1440)
    assert rows["AW"]["idle_worst_days"] == pytest.approx((40 * 60 - 17) / 1440)
    assert rows["AW"]["overdue_share"] == 0


def test_stops_are_marked_from_tracks_and_routes_measured(engine):
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(ROUTE, {"night": FIRST, "start": NOW - timedelta(days=2)})
        connection.execute(STAY)
    assert plan_following.update(engine, now=NOW, srid=4549) == [FIRST]
    known = plan_following.night_followed(engine, EVERYBODY, FIRST, now=NOW)
    (route,) = known.routes
    assert (route["visited"], route["passed"], route["missed"]) == (1, 1, 1)
    # 0.602 to 0.608 of a route of 0.02 degrees, and 40 m at both ends.
    assert route["followed_share"] == pytest.approx(0.3 + 80 / 1971, abs=0.003)
    assert (route["deviation_count"], route["in_order_share"]) == (0, 1.0)
    stops = [(stop["state"], stop["stayed_min"], stop["came_as"]) for stop in known.stops[route["id"]]]
    assert stops == [("passed", 0.0, 1), ("visited", 11.0, 2), ("missed", None, None)]
    # What did not change is not computed again; what did is.
    assert plan_following.update(engine, now=NOW, srid=4549) == []
    rows = {row["code"]: row for row in report(engine, "night", FIRST).rows}
    assert (rows["AW"]["visited_stops"], rows["AW"]["planned_stops"], rows["AW"]["stayed_min"]) == (1, 2, 11.0)
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(text("UPDATE planned_stop SET geom = ST_Point(120.6, 27.7, 4326) WHERE ordinal = 1"))
    assert plan_following.update(engine, now=NOW, srid=4549) == [FIRST]
