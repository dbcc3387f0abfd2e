"""Migrations on a real PostGIS: up, down, with data, and equal to the models."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers
from sqlalchemy import text

from gis_app.storage import schema
from gis_app.storage.models import Base

INSERT_CITY = text("""
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT '330381', 'city', '瑞安市', '/330381/', ST_Multi(box), ST_Centroid(box), 1, '2020-01-01'
FROM ST_MakeEnvelope(120, 27, 121, 28, 4326) box""")


def table_names(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT relname FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
            )
        )
        return set(rows.scalars())


def test_migrations_go_up_down_and_up_again(empty_database):
    before = table_names(empty_database.owner)
    schema.upgrade(empty_database.owner)
    assert {"hazard", "track_point", "hazard_map"} <= table_names(empty_database.owner)
    schema.downgrade(empty_database.owner, "base")
    assert table_names(empty_database.owner) - {"alembic_version"} == before
    schema.upgrade(empty_database.owner)
    with empty_database.owner.connect() as connection:
        assert schema.current_revision(connection) == schema.newest_revision()


def test_each_migration_goes_down_and_up_with_data_in_the_tables(empty_database):
    schema.upgrade(empty_database.owner)
    with empty_database.superuser.begin() as connection:
        connection.execute(INSERT_CITY)
        connection.execute(text("SELECT prepare_track_month('2026-11-05')"))
    schema.downgrade(empty_database.owner, "0001")
    schema.upgrade(empty_database.owner)
    with empty_database.superuser.connect() as connection:
        assert connection.execute(text("SELECT code, area_km2 FROM township_map")).all() == []
        assert connection.execute(text("SELECT code, ST_Area(geom) FROM area")).all() == [("330381", 1.0)]
    schema.downgrade(empty_database.owner, "base")
    assert "track_point_2026_11" not in table_names(empty_database.owner)


def test_the_models_and_the_migrated_database_are_the_same(migrated_database):
    with migrated_database.owner.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda thing, name, kind, reflected, other: (
                    not (kind == "table" and (name == "spatial_ref_sys" or name.startswith("track_point_2")))
                    and alembic_helpers.include_object(thing, name, kind, reflected, other)
                )
            },
        )
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    ("day", "partition"), [("2026-11-30", "track_point_2026_11"), ("2026-12-01", "track_point_2026_12")]
)
def test_a_months_partition_is_prepared_once_and_stands_under_the_policy(migrated_database, day, partition):
    with migrated_database.app.begin() as connection:
        for _ in range(2):
            connection.execute(text("SELECT prepare_track_month(CAST(:day AS date))"), {"day": day})
        row = connection.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = :name"), {"name": partition}
        ).one()
        assert tuple(row) == (True, True)
        assert not connection.execute(
            text("SELECT has_table_privilege('jingwei_app', CAST(:name AS regclass), 'SELECT')"), {"name": partition}
        ).scalar_one()
