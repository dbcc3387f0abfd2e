"""Absences noticed once and ended: a team that is not where it should be, villages without their night check."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gis_app.domain.areas import AreaLevel
from gis_app.domain.rights import Role, Scope
from gis_app.services import absences
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.gate import Caller
from gis_app.storage.engine import scoped, system_scope
from tests.services.two_grids import CITY

EVERYBODY = system_scope()
BEGINS = datetime(2026, 6, 15, 12, tzinfo=UTC)
ROUTE = text("""
INSERT INTO patrol_route (team_id, night, starts_at, ends_at, length_m, geom, scope_path)
SELECT id, '2026-06-15', :start, :end, 1, ST_GeomFromText('LINESTRING(120.6 27.705, 120.62 27.705)', 4326), scope_path
FROM team WHERE code = 'A'""")
PATROL = text("""
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path)
SELECT id, '2026-06-15', :at, :at, mode, 0, 1, ST_GeomFromText('MULTILINESTRING EMPTY', 4326), scope_path
FROM team WHERE code = 'A' RETURNING id""")
FIX = text("""
INSERT INTO track_point (device, recorded_at, sequence, patrol_id, scope_path, geom)
VALUES ('A', :at, 1, :patrol, '/330381/A/', ST_Point(:lon, :lat, 4326))""")
VILLAGE = text("""
INSERT INTO area (code, level, name_zh, parent_id, scope_path, geom, label_point, area_m2, valid_from)
SELECT 'AV', 'village', '甲村', id, '/330381/A/AV/', geom, label_point, 1e6, '2020-01-01' FROM area WHERE code = 'A'""")


@pytest.fixture
def engine(migrated_database):
    with scoped(migrated_database.app, EVERYBODY) as connection:
        for statement in CITY:
            connection.execute(text(statement))
    return migrated_database.app


@pytest.fixture
def noticed_at(engine, tmp_path):
    """Look for absences at a moment and return how many were noticed and ended."""

    def look(now):
        return absences.notice(Ledger(engine, HeadsFile(tmp_path / "heads.log"), lambda: now))

    return look


def rows(engine, query="SELECT kind, count, levels, ended_at IS NOT NULL, scope_path FROM absence ORDER BY id"):
    with scoped(engine, EVERYBODY) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def plan_a_route(engine):
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(ROUTE, {"start": BEGINS, "end": BEGINS + timedelta(hours=3)})


def seen(engine, at, lon, lat):
    with scoped(engine, EVERYBODY) as connection:
        patrol = connection.execute(PATROL, {"at": at}).scalar_one()
        connection.execute(FIX, {"at": at, "patrol": patrol, "lon": lon, "lat": lat})


def minutes(count):
    return BEGINS + timedelta(minutes=count)


def test_a_team_that_does_not_come_is_noticed_once_after_half_an_hour(engine, noticed_at):
    plan_a_route(engine)
    assert noticed_at(minutes(29))["units"] == 0
    assert noticed_at(minutes(31))["units"] == 1
    assert noticed_at(minutes(41))["units"] == 0
    assert rows(engine) == [("unit", 1, ["city", "township", "village"], False, "/330381/A/")]
    assert rows(engine, "SELECT account FROM audit_entry WHERE action = 'absence.unit'") == [("clock",)]


def test_a_team_in_its_area_is_not_absent_and_one_elsewhere_is(engine, noticed_at):
    plan_a_route(engine)
    seen(engine, minutes(25), 120.61, 27.702)
    assert noticed_at(minutes(40))["units"] == 0
    # Seen last longer ago than 45 minutes: it left.
    assert noticed_at(minutes(75))["units"] == 1


def test_a_fix_far_from_area_and_route_does_not_count(engine, noticed_at):
    plan_a_route(engine)
    seen(engine, minutes(25), 120.70, 27.75)
    assert noticed_at(minutes(40))["units"] == 1


def test_an_absence_ends_when_the_team_comes_or_its_route_is_over(engine, noticed_at):
    plan_a_route(engine)
    noticed_at(minutes(31))
    seen(engine, minutes(35), 120.61, 27.705)
    assert noticed_at(minutes(41)) == {"units": 0, "night_checks": 0, "ended": 1}
    # It leaves again, which is another absence, and stays away to the end.
    assert noticed_at(minutes(90))["units"] == 1
    assert noticed_at(minutes(181))["ended"] == 1
    assert [ended for _, _, _, ended, _ in rows(engine)] == [True, True]


def test_villages_without_a_night_check_are_told_when_it_is_due(engine, noticed_at):
    with scoped(engine, EVERYBODY) as connection:
        connection.execute(VILLAGE)
    # Weeks begin on Monday, the 15th; a check is due from three days before the end on.
    assert noticed_at(datetime(2026, 6, 17, 12, tzinfo=UTC))["night_checks"] == 0
    assert noticed_at(datetime(2026, 6, 20, 12, tzinfo=UTC))["night_checks"] == 2
    assert rows(engine) == [
        ("night_check", 1, ["village"], False, "/330381/A/AV/"),
        ("night_check", 1, ["city", "township"], False, "/330381/A/"),
    ]
    # The next week is another one: what was open is over.
    assert noticed_at(datetime(2026, 6, 24, 12, tzinfo=UTC)) == {"units": 0, "night_checks": 0, "ended": 2}


def test_who_has_a_duty_in_the_area_is_told(engine, noticed_at):
    plan_a_route(engine)
    now = minutes(31)
    noticed_at(now)

    def told(role, path, level=AreaLevel.TOWNSHIP):
        caller = Caller(
            account_id=1,
            role=role,
            locale="zh",
            level=level,
            unit=None,
            scope=Scope("x", path),
            csrf="",
            must_change_password=False,
            expires_at=now,
        )
        return [row["team"] for row in absences.news(engine, caller, now=now).rows]

    assert told(Role.DISPATCHER, "/330381/A/") == ["A"]
    assert told(Role.SUPERVISOR, "/330381/", AreaLevel.CITY) == ["A"]
    assert told(Role.HANDLER, "/330381/A/") == []
    assert told(Role.DISPATCHER, "/330381/B/") == []
