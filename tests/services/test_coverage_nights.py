"""Swept shares of a night are computed when its tracks or the grids changed, and else kept."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from gis_app.services import analyses
from gis_app.storage.engine import scoped, system_scope
from tests.services.two_grids import CITY, add_walk

NOW = datetime(2026, 6, 16, 4, tzinfo=UTC)
FIRST, SECOND = date(2026, 6, 14), date(2026, 6, 15)


@pytest.fixture
def engine(migrated_database):
    with scoped(migrated_database.app, system_scope()) as connection:
        for statement in CITY:
            connection.execute(text(statement))
        add_walk(connection, "A", FIRST, west=120.602, east=120.608)
        add_walk(connection, "A", SECOND, west=120.602, east=120.605)
    assert measured(migrated_database.app) == "computed"
    return migrated_database.app


def measured(engine):
    return analyses.run_all(engine, now=NOW, srid=4549, kinds=("grid_coverage",))["grid_coverage"]


def execute(engine, statement):
    with scoped(engine, system_scope()) as connection:
        connection.execute(text(statement))


def western(engine, column="area_share"):
    query = f"SELECT c.{column} FROM grid_coverage c JOIN area a ON a.id = c.grid_id AND a.code = 'AW' ORDER BY c.night"  # noqa: S608
    with scoped(engine, system_scope()) as connection:
        return list(connection.execute(text(query)).scalars())


def test_a_night_without_news_keeps_its_shares_and_a_changed_one_is_computed(engine):
    first, second = western(engine)
    # A mark that a new computation of the first night would wipe out.
    execute(engine, "UPDATE grid_coverage SET area_share = 0.987 WHERE night = '2026-06-14'")
    with scoped(engine, system_scope()) as connection:
        add_walk(connection, "B", SECOND, west=120.604, east=120.608)
    assert measured(engine) == "computed"
    assert western(engine)[0] == 0.987
    # From 120.602 to 120.608, as on the first night.
    assert western(engine)[1] == pytest.approx(first, abs=0.001)
    assert first > second
    assert measured(engine) == "unchanged"


def test_what_is_computed_beside_kept_nights_equals_what_is_computed_anew(engine):
    with scoped(engine, system_scope()) as connection:
        add_walk(connection, "B", SECOND, west=120.604, east=120.608)
    measured(engine)
    beside = western(engine), western(engine, "last_visit_at"), western(engine, "state")
    execute(engine, "DELETE FROM analysis_run")
    execute(engine, "DELETE FROM swept_night")
    measured(engine)
    assert (western(engine), western(engine, "last_visit_at"), western(engine, "state")) == beside


def test_other_grids_make_every_night_be_computed_again(engine):
    execute(engine, "UPDATE grid_coverage SET area_share = 0.987")
    smaller = "ST_Multi(ST_MakeEnvelope(120.6, 27.703, 120.61, 27.707, 4326))"
    execute(engine, f"UPDATE area SET geom = {smaller} WHERE code = 'AW'")  # noqa: S608
    assert measured(engine) == "computed"
    assert 0.987 not in western(engine)


def test_after_its_run_was_removed_nothing_counts_as_kept(engine):
    before = western(engine)
    execute(engine, "DELETE FROM analysis_run")
    assert measured(engine) == "computed"
    assert western(engine) == before
