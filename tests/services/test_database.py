"""Opening the database: the embedded one, or an operator's own with one log-in and few rights."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_app.domain.errors import InvalidInput, Unavailable
from gis_app.services.database import database_facts, open_database, opened
from gis_app.settings import Settings
from gis_app.storage import cluster as embedded
from gis_app.storage import schema
from gis_app.storage.cluster_database import MARK_OVERLAPS_LEAKPROOF
from gis_app.storage.engine import make_engine

LOG_IN = "city_office"


@pytest.fixture(scope="module")
def settings():
    home = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    home.chmod(0o755)
    embedded.start(home)
    yield Settings(home=home)
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.fixture
def own(empty_database):
    """Make a log-in of an operator that owns a database, with PostGIS but without our superuser's help."""
    with empty_database.superuser.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        if connection.execute(text("SELECT FROM pg_roles WHERE rolname = :role"), {"role": LOG_IN}).first() is None:
            connection.execute(text(f"CREATE ROLE {LOG_IN} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO {LOG_IN}"))
        connection.execute(text(f"GRANT ALL ON SCHEMA public TO {LOG_IN}"))
        connection.execute(text(f"REVOKE jingwei_app FROM {LOG_IN}"))
    url = empty_database.urls.owner_url.replace("jingwei_owner@", f"{LOG_IN}@")
    return Settings(home=Path("/nonexistent"), database_url=url), empty_database.superuser


def run(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


def answer(engine, query):
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_the_embedded_database_is_opened_at_the_newest_revision(settings):
    with opened(settings) as database:
        assert answer(database.owner, "SELECT version_num FROM alembic_version") == schema.newest_revision()
        assert answer(database.app, "SELECT current_user") == "jingwei_app"
        assert answer(database.owner, "SELECT current_user") == "jingwei_owner"


def test_tables_that_are_up_to_date_are_not_migrated_again(settings):
    with opened(settings):
        pass
    told = []
    with opened(settings, told.append):
        pass
    assert told == []


def test_a_database_that_ran_before_keeps_running_after(settings):
    with opened(settings) as database:
        assert not database.was_started
    assert embedded.status(settings.home) is not None


def test_two_programs_that_open_at_once_both_get_the_newest_tables(settings):
    database = open_database(settings)
    schema.downgrade(database.owner, "base")
    database.disconnect()
    with ThreadPoolExecutor(2) as pool:
        both = [future.result() for future in [pool.submit(open_database, settings) for _ in range(2)]]
    revisions = [answer(database.app, "SELECT version_num FROM alembic_version") for database in both]
    for database in both:
        database.disconnect()
    assert revisions == [schema.newest_revision()] * 2


def test_facts_of_the_embedded_database_tell_its_process_and_that_it_holds_no_city(settings):
    facts = database_facts(settings)
    assert facts["process"] == str(embedded.status(settings.home).pid)
    assert facts["city"] == "none"
    assert "data" not in facts


def test_in_ones_own_database_the_app_works_as_a_role_that_is_bound_and_timed(own):
    settings, superuser = own
    run(superuser, f"GRANT jingwei_app TO {LOG_IN}")
    with opened(settings) as database:
        assert database.cluster is None
        assert answer(database.app, "SELECT current_user") == "jingwei_app"
        assert answer(database.app, "SHOW statement_timeout") == "15s"
        assert answer(database.app, "SELECT count(*) FROM area") == 0
        with pytest.raises(DBAPIError, match="permission denied"):
            run(database.app, "TRUNCATE area CASCADE")
        further = database.make_app_engine(1)
        assert answer(further, "SELECT current_user") == "jingwei_app"
        further.dispose()


def test_a_role_that_may_not_take_the_apps_role_gets_the_statement_for_its_dba(own):
    settings, _ = own
    with pytest.raises(Unavailable) as refused:
        open_database(settings)
    assert refused.value.remedy == f'Have a superuser run in that database: GRANT jingwei_app TO "{LOG_IN}";'


def test_a_database_without_postgis_gets_the_statement_for_its_dba(own):
    settings, superuser = own
    run(superuser, "DROP EXTENSION postgis")
    with pytest.raises(Unavailable) as refused:
        open_database(settings)
    assert refused.value.remedy == "Have a superuser run in that database: CREATE EXTENSION postgis;"


def test_a_database_whose_maps_would_be_slow_is_opened_with_a_word_on_it(own):
    settings, superuser = own
    run(superuser, f"GRANT jingwei_app TO {LOG_IN}")
    run(superuser, "ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    told = []
    with opened(settings, told.append):
        pass
    assert told[0] == (f"Maps will be slow: a superuser should run once in this database: {MARK_OVERLAPS_LEAKPROOF};")


def test_a_database_that_does_not_answer_is_named_with_the_setting():
    settings = Settings(home=Path("/nonexistent"), database_url="postgresql://x@127.0.0.1:9/none?connect_timeout=2")
    with pytest.raises(Unavailable, match="The database of DATABASE_URL does not answer"):
        open_database(settings)


def test_an_app_role_that_bypasses_row_security_is_refused(own):
    settings, superuser = own
    run(superuser, f"GRANT jingwei_app TO {LOG_IN}")
    run(superuser, "ALTER ROLE jingwei_app BYPASSRLS")
    try:
        with pytest.raises(InvalidInput, match="jingwei_app bypasses row-level security"):
            open_database(settings)
    finally:
        run(superuser, "ALTER ROLE jingwei_app NOBYPASSRLS")


def test_ones_own_database_stays_as_it_is_for_a_look_at_its_facts(own):
    settings, superuser = own
    assert database_facts(settings)["tables"].startswith("none ")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
    assert answer(superuser, tables) == 0


def test_the_engine_of_a_plain_url_runs_through_psycopg_3(own):
    settings, _ = own
    engine = make_engine(settings.database_url.replace("postgresql+psycopg://", "postgresql://"))
    assert engine.driver == "psycopg"
    assert answer(engine, "SELECT current_user") == LOG_IN
    engine.dispose()
