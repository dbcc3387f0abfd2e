"""Scope lives in the database: what one caller sees and changes, and what the catalogue promises."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.storage.engine import make_engine, refuse_unbound_role, scoped, system_scope
from gis_app.storage.models import REFERENCE_TABLES, SYSTEM_TABLES

TOWNSHIPS = ("/330381/330381001/", "/330381/330381002/")
ADD_AREA = text("""
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT :code, :level, :code, :path, ST_Multi(box), ST_Centroid(box), 1, '2020-01-01'
FROM ST_MakeEnvelope(:west, 27.6, :west + 0.1, 27.7, 4326) box""")
ALL_TABLES = text("""
SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner,
       EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'scope_path') AS has_area,
       EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid
               AND polwithcheck IS NOT NULL AND polqual IS NOT NULL) AS has_policy
FROM pg_class c
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'spatial_ref_sys'""")


def refused():
    return pytest.raises(ProgrammingError, match="row-level security")


def caller(path):
    return Scope(account="test", area_path=path)


@pytest.fixture
def two_townships(migrated_database):
    with scoped(migrated_database.app, system_scope()) as connection:
        for number, path in enumerate(TOWNSHIPS):
            place = {"code": path[-10:-1], "level": "township", "path": path, "west": 120.2 + number}
            connection.execute(ADD_AREA, place)
    return migrated_database


def codes(connection):
    return set(connection.execute(text("SELECT code FROM area")).scalars())


def test_each_township_sees_its_own_area_and_the_city_sees_both(two_townships):
    for path, expected in zip(
        (*TOWNSHIPS, "/330381/"), ({"330381001"}, {"330381002"}, {"330381001", "330381002"}), strict=True
    ):
        with scoped(two_townships.app, caller(path)) as connection:
            assert codes(connection) == expected
            assert set(connection.execute(text("SELECT code FROM township_map")).scalars()) == expected


@pytest.mark.parametrize("path", ["", "/%/", "/330381/330381001/x/", "/330382/"])
def test_an_empty_or_invented_scope_sees_nothing(two_townships, path):
    with scoped(two_townships.app, caller(path)) as connection:
        assert codes(connection) == set()


def test_without_a_scope_nothing_is_seen_also_right_after_a_scoped_transaction(two_townships):
    engine = make_engine(two_townships.app_url, pool_size=1)
    with scoped(engine, caller("/330381/")) as connection:
        assert len(codes(connection)) == 2
    with engine.begin() as connection:
        assert codes(connection) == set()
    engine.dispose()


def test_writing_into_a_foreign_township_is_refused(two_townships):
    place = {"code": "x", "level": "village", "path": "/330381/330381002/x/", "west": 120.5}
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        scoped(two_townships.app, caller(TOWNSHIPS[0])) as connection,
    ):
        connection.execute(ADD_AREA, place)


def test_moving_a_row_out_of_ones_own_township_is_refused_and_foreign_rows_are_not_touched(two_townships):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        scoped(two_townships.app, caller(TOWNSHIPS[0])) as connection,
    ):
        connection.execute(text("UPDATE area SET scope_path = :path"), {"path": TOWNSHIPS[1]})
    with scoped(two_townships.app, caller(TOWNSHIPS[0])) as connection:
        assert connection.execute(text("DELETE FROM area")).rowcount == 1
    with scoped(two_townships.app, caller("/330381/")) as connection:
        assert codes(connection) == {"330381002"}


def test_the_owner_is_under_the_policy_too(two_townships):
    with two_townships.owner.begin() as connection:
        assert codes(connection) == set()


def test_every_table_with_an_area_is_forced_under_a_policy_and_all_others_are_listed(migrated_database):
    with migrated_database.owner.connect() as connection:
        tables = connection.execute(ALL_TABLES).all()
    assert {table.relname for table in tables if not table.has_area} == REFERENCE_TABLES | SYSTEM_TABLES
    unprotected = [
        table.relname
        for table in tables
        if table.has_area and not (table.relrowsecurity and table.relforcerowsecurity and table.has_policy)
    ]
    assert unprotected == []
    assert {table.owner for table in tables} == {"jingwei_owner"}


def test_every_view_runs_with_the_rights_of_its_caller(migrated_database):
    with migrated_database.owner.connect() as connection:
        views = dict(
            connection.execute(
                text(
                    "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                    "AND relkind IN ('v', 'm') AND relowner = 'jingwei_owner'::regrole"
                )
            ).all()
        )
    assert len(views) >= 10
    assert {name for name, options in views.items() if "security_invoker=true" not in (options or [])} == set()


def test_a_role_that_bypasses_the_policies_is_refused(migrated_database):
    refuse_unbound_role(migrated_database.app)
    with pytest.raises(InvalidInput, match="bypasses row-level security"):
        refuse_unbound_role(migrated_database.superuser)


def test_the_spatial_index_is_used_under_the_policy(two_townships):
    with scoped(two_townships.app, system_scope()) as connection:
        connection.execute(
            text("""
            INSERT INTO facility (kind, name_zh, area_id, scope_path, geom)
            SELECT 'shelter', n::text, (SELECT min(id) FROM area), '/330381/330381001/',
                   ST_SetSRID(ST_MakePoint(120.2 + 0.0001 * (n % 1000), 27.6 + 0.0001 * (n / 1000)), 4326)
            FROM generate_series(0, 19999) n""")
        )
    with two_townships.owner.begin() as connection:
        connection.execute(text("ANALYZE facility"))
    with scoped(two_townships.app, caller(TOWNSHIPS[0])) as connection:
        query = (
            "SELECT count(*) FROM facility WHERE geom && ST_MakeEnvelope(120.20995, 27.6, 120.21995, 27.60005, 4326)"
        )
        plan = "\n".join(connection.execute(text("EXPLAIN " + query)).scalars())
        assert "idx_facility_geom" in plan
        assert connection.execute(text(query)).scalar_one() == 100
