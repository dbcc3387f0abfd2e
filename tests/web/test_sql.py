"""Reading with SQL: what may stand in a statement, in whose area it reads, and what never runs."""

import pytest
from sqlalchemy import text

from gis_app import paths
from gis_app.domain.rights import Role
from gis_app.rendering.layer_spec import load_layers
from gis_app.storage.engine import make_engine
from gis_app.storage.read_only_sql import grant_views


@pytest.fixture(scope="module", autouse=True)
def granted_views(city_url):
    """What the server does at its start: let the reading role read the views of the layers."""
    owner = make_engine(city_url.replace("jingwei_app", "jingwei_owner"))
    with owner.begin() as connection:
        assert grant_views(connection, [layer.source for layer in load_layers(paths.layers())])
    yield
    owner.dispose()


@pytest.fixture(scope="module")
def analyst(make_client):
    return make_client(role=Role.ANALYST)


def run(client, statement, **body):
    return client.post("/api/sql?lang=en", json={"statement": statement, **body})


def test_a_select_answers_rows_and_the_shape_of_its_first_geometry(analyst):
    statement = """
    SELECT v.code, count(*) AS hazards, v.geom FROM village_map v
    JOIN hazard_map h ON h.geom && v.geom AND ST_Within(h.geom, v.geom)
    GROUP BY v.code, v.geom ORDER BY hazards DESC;"""
    answer = run(analyst, statement).json
    assert [each["name"] for each in answer["columns"]] == ["code", "hazards"]
    assert answer["rows"] == [["33038100101", 4], ["33038100201", 2]]
    assert [shape["type"] for shape in answer["shapes"]] == ["MultiPolygon"] * 2


def test_it_reads_in_the_callers_area_alone(make_client):
    west = make_client("/330381/330381001/", Role.ANALYST)
    assert run(west, "SELECT number FROM hazard_map ORDER BY 1").json["rows"] == [["A1"], ["A2"], ["A3"], ["A4"]]


def test_windows_dates_patterns_and_limits_work(analyst):
    ranked = """
    WITH m AS (SELECT date_trunc('month', discovered_at AT TIME ZONE 'Asia/Shanghai')::date AS month, count(*) AS n
               FROM hazard_map WHERE title NOT LIKE '%x%' GROUP BY 1)
    SELECT month, n, rank() OVER (ORDER BY n DESC) FROM m ORDER BY month"""
    assert run(analyst, ranked).json["rows"] == [["2026-03-01", 1, 2], ["2026-05-01", 1, 2], ["2026-06-01", 4, 1]]
    cut = run(analyst, "SELECT 1 FROM hazard_map", limit=2).json
    assert (len(cut["rows"]), cut["is_cut"]) == (2, True)
    plan = run(analyst, "SELECT * FROM hazard_map", explain=True).json["plan"]
    assert "hazard" in plan


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('jingwei.scope', '/', true)",
        "SELECT pg_catalog.set_config('role', 'none', false)",
        "SELECT current_setting('jingwei.scope')",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT pg_sleep(5)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT prepare_track_month('2030-01-01')",
        "SELECT ST_MakeValid(geom) FROM village_map",
        "SELECT * FROM account",
        "SELECT * FROM hazard",
        "SELECT * FROM patrol_map",
        "SELECT * FROM pg_catalog.pg_roles",
        'SELECT * FROM "pg_roles"',
        "SELECT * FROM information_schema.tables",
        "SELECT 'account'::regclass",
        "SELECT * INTO own FROM hazard_map",
        "SELECT * FROM hazard_map FOR UPDATE",
        "WITH gone AS (DELETE FROM hazard_map RETURNING *) SELECT * FROM gone",
        "DELETE FROM hazard_map",
        "UPDATE hazard_map SET title = ''",
        "INSERT INTO hazard_map VALUES (1)",
        "TRUNCATE hazard_map",
        "DROP VIEW hazard_map",
        "CREATE TABLE own (a int)",
        "COPY hazard_map TO '/tmp/x'",
        "SET ROLE jingwei_owner",
        "RESET ROLE",
        "SET jingwei.scope = '/'",
        "BEGIN",
        "DO $$ BEGIN END $$",
        "CALL x()",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1; SELECT 2",
        "VALUES (1)",
        "TABLE account",
        "LISTEN x",
        "VACUUM",
        "SELECT $1",
        "SELECT :x",
    ],
)
def test_anything_but_reading_the_own_views_is_refused(analyst, statement):
    answer = run(analyst, statement)
    assert answer.status_code in (400, 422), answer.json
    assert answer.json["code"] in ("invalid_input", "refused")


@pytest.mark.parametrize("statement", ["", "  ;", "SELECT 'open", "SELECT ((1", "sel", "SELECT nosuch FROM hazard_map"])
def test_what_cannot_be_read_or_run_is_told(analyst, statement):
    answer = run(analyst, statement)
    assert answer.status_code in (400, 422)
    assert answer.json["detail"]


def test_even_a_statement_that_slips_through_writes_nothing(city_url):
    """The role and the transaction are walls of their own, without the reading of the statement."""
    engine = make_engine(city_url)
    for statement, state in (
        ("SELECT * FROM account", "42501"),
        ("DELETE FROM hazard", "25006"),
        ("CREATE TABLE own (a int)", "25006"),
    ):
        with engine.connect() as connection:
            connection.execute(text("SELECT set_config('jingwei.scope', '/', true)"))
            connection.execute(text("SET LOCAL ROLE jingwei_reader"))
            connection.execute(text("SET TRANSACTION READ ONLY"))
            with pytest.raises(Exception) as caught:
                connection.execute(text(statement))
            assert caught.value.orig.sqlstate == state
    engine.dispose()


def test_a_statement_is_noted_in_the_audit_and_a_long_one_is_cut(analyst, make_client, monkeypatch):
    run(analyst, "SELECT 42 AS answer FROM hazard_map")
    entries = make_client().get("/audit?action=sql.read").get_data(as_text=True)
    assert "SELECT 42 AS answer" in entries
    monkeypatch.setattr("gis_app.services.sql_reading.LONGEST_S", 0.05)
    many = ", ".join(f"hazard_map h{n}" for n in range(12))
    answer = run(analyst, f"SELECT count(*) FROM {many}")  # noqa: S608
    assert answer.status_code == 400
    assert "was stopped" in answer.json["detail"]


def test_only_those_with_the_right_read_with_sql(make_client):
    for role in (Role.DISPATCHER, Role.KIOSK, Role.GRID_WORKER, Role.SUPERVISOR):
        assert run(make_client(role=role), "SELECT 1").status_code == 403
    assert "village_map" in make_client(role=Role.ANALYST).get("/sql").get_data(as_text=True)
