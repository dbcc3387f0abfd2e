"""Streets walked, from fixes in the database to shares of street length by grid."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from gis_app.services import analyses, street_walks
from gis_app.storage.engine import scoped, system_scope
from tests.services.two_grids import CITY, add_walk

NOW = datetime(2026, 6, 16, 4, tzinfo=UTC)
FIRST, SECOND = date(2026, 6, 14), date(2026, 6, 15)
SHARES = text("""
SELECT w.night, right(a.code, 1) AS grid, sum(w.high - w.low) / max(p.high - p.low) AS share
FROM street_walk w JOIN area a ON a.id = w.area_id
JOIN street_piece p ON p.area_id = w.area_id AND p.segment_id = w.segment_id GROUP BY 1, 2 ORDER BY 1, 2""")


@pytest.fixture
def engine(migrated_database):
    with scoped(migrated_database.app, system_scope()) as connection:
        for statement in CITY:
            connection.execute(text(statement))
        # One street of 0.02 degrees, half of it in each grid; two teams overlap on it.
        add_walk(connection, "A", FIRST, west=120.602, east=120.608)
        add_walk(connection, "B", FIRST, west=120.606, east=120.614)
        add_walk(connection, "A", SECOND, west=120.611, east=120.616)
    return migrated_database.app


def measured(engine):
    analyses.run_all(engine, now=NOW, srid=4549, kinds=("street_pieces",))
    return street_walks.update(engine, now=NOW, srid=4549)


def shares(engine):
    with scoped(engine, system_scope()) as connection:
        return [(row.night, row.grid, pytest.approx(row.share, abs=0.002)) for row in connection.execute(SHARES)]


def test_what_two_teams_walked_counts_once_in_each_grid(engine):
    assert measured(engine) == [FIRST, SECOND]
    assert shares(engine) == [(FIRST, "E", 0.4), (FIRST, "W", 0.8), (SECOND, "E", 0.5)]


def test_only_the_night_that_changed_is_computed_again(engine):
    measured(engine)
    assert measured(engine) == []
    with scoped(engine, system_scope()) as connection:
        add_walk(connection, "B", SECOND, west=120.601, east=120.604)
    assert measured(engine) == [SECOND]
    assert shares(engine)[2:] == [(SECOND, "E", 0.5), (SECOND, "W", 0.3)]


def test_what_forgotten_tracks_walked_stays(engine):
    measured(engine)
    before = shares(engine)
    with scoped(engine, system_scope()) as connection:
        connection.execute(text("DELETE FROM track_point WHERE recorded_at < '2026-06-15Z'"))
        connection.execute(text("UPDATE patrol SET geom = NULL WHERE night = '2026-06-14'"))
    assert measured(engine) == []
    assert [(night, grid) for night, grid, _ in before] == [(night, grid) for night, grid, _ in shares(engine)]


def test_a_new_street_makes_every_night_be_computed_again(engine):
    measured(engine)
    with scoped(engine, system_scope()) as connection:
        connection.execute(
            text(
                "INSERT INTO street_segment (kind, length_m, geom) "
                "SELECT 'footpath', 1, ST_GeomFromText('LINESTRING(120.605 27.705, 120.605 27.709)', 4326)"
            )
        )
    assert measured(engine) == [FIRST, SECOND]
