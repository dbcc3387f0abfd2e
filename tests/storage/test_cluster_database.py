"""What the set-up of a database promises: who owns it, what each role may, that the spatial operator is leakproof."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gis_app.storage.cluster_database import ensure_database


def asked(engine, question):
    with engine.connect() as connection:
        return connection.execute(text(question)).all()


def test_both_roles_may_log_in_and_nothing_more(empty_database):
    powers = asked(
        empty_database.superuser,
        "SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication "
        "FROM pg_roles WHERE rolname IN ('jingwei_app', 'jingwei_owner') ORDER BY 1",
    )
    assert [tuple(row) for row in powers] == [("jingwei_app", True, False), ("jingwei_owner", True, False)]
    assert asked(empty_database.superuser, "SELECT pg_has_role('jingwei_app', 'jingwei_owner', 'MEMBER')") == [(False,)]


def test_the_database_is_the_owners_and_in_utf_8_with_the_c_order(empty_database):
    found = asked(
        empty_database.owner,
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate "
        "FROM pg_database WHERE datname = current_database()",
    )
    assert [tuple(row) for row in found] == [("jingwei_owner", "UTF8", "C.UTF-8")]


def test_the_app_makes_no_tables_and_the_owner_does(empty_database):
    with pytest.raises(ProgrammingError, match="permission denied for schema public"):
        asked(empty_database.app, "CREATE TABLE mine (id int)")
    with empty_database.owner.begin() as connection:
        connection.execute(text("CREATE TABLE ours (id int)"))
    with pytest.raises(ProgrammingError, match="permission denied for table ours"):
        asked(empty_database.app, "SELECT * FROM ours")


def test_only_the_apps_statements_are_cut_off_after_15_seconds(empty_database):
    assert asked(empty_database.app, "SHOW statement_timeout") == [("15s",)]
    assert asked(empty_database.owner, "SHOW statement_timeout") == [("0",)]


def test_the_function_behind_the_overlap_of_two_geometries_is_leakproof(empty_database):
    behind = asked(
        empty_database.superuser,
        "SELECT oprcode::text, proleakproof FROM pg_operator JOIN pg_proc p ON p.oid = oprcode "
        "WHERE oprname = '&&' AND oprleft = 'geometry'::regtype AND oprright = 'geometry'::regtype",
    )
    assert [tuple(row) for row in behind] == [("geometry_overlaps", True)]


def test_a_second_set_up_restores_what_a_restored_dump_lost(cluster, empty_database):
    name = empty_database.app.url.database
    with empty_database.superuser.begin() as connection:
        connection.execute(text("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"))
    assert ensure_database(cluster, name) == empty_database.urls
    leakproof = "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry, geometry)'::regprocedure"
    assert asked(empty_database.owner, leakproof) == [(True,)]
