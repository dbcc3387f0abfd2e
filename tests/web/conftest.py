"""The application on a small city: a city, two townships, a village with a grid in each, hazards, one night."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services.loop_data import begin_loop, complete_loaded_hazards
from gis_app.settings import Settings
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from gis_app.web import create_app
from tests.callers import ReadingClient, account_in, logged_in

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
CITY = (
    """
    INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
    VALUES (1, '瑞安市', 'Rui''an', true, 4549, 120.5, 27.7, 120.9, 27.9)""",
    """
    INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from)
    SELECT code, level, zh, en, (SELECT id FROM area WHERE code = parent), path, ST_Multi(box), ST_Centroid(box), m2,
           '2020-01-01'
    FROM (VALUES
        (1, '330381', 'city', '瑞安市', 'Rui''an', NULL, '/330381/', 120.5, 120.9, 8e8),
        (2, '330381001', 'township', '塘下镇', 'Tangxia', '330381', '/330381/330381001/', 120.5, 120.7, 4e8),
        (2, '330381002', 'township', '安阳街道', 'Anyang', '330381', '/330381/330381002/', 120.7, 120.9, 4e8)
    ) t (n, code, level, zh, en, parent, path, west, east, m2), ST_MakeEnvelope(west, 27.7, east, 27.9, 4326) box
    ORDER BY n""",
    """
    UPDATE area a SET parent_id = c.id FROM area c WHERE c.level = 'city' AND a.level = 'township'""",
    """
    INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from)
    SELECT p.code || '01', 'village', '村' || p.name_zh, 'Village of ' || p.name_en, p.id,
           p.scope_path || p.code || '01/', p.geom, p.label_point, p.area_m2, '2020-01-01'
    FROM area p WHERE p.level = 'township'""",
    """
    INSERT INTO area (code, level, name_zh, parent_id, scope_path, geom, label_point, area_m2, valid_from)
    SELECT v.code || 'g', 'grid', '网格' || v.code, v.id, v.scope_path || v.code || 'g/', v.geom, v.label_point,
           CASE v.code WHEN '33038100101' THEN 1e6 ELSE 3e6 END, '2020-01-01'
    FROM area v WHERE v.level = 'village'""",
    "INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1)",
    """
    INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, description,
                        discovered_at, due_at, closed_at, village_id, scope_path, geom, is_synthetic)
    SELECT number, 'fire', 'severe', stage, 'patrol', title, '<img onerror=alert(1)> ${1+1}', found, due, closed, v.id,
           v.scope_path, v.label_point, true
    FROM (VALUES
        ('A1', 'handling', '通道堵塞', timestamptz '2026-06-01 00:00Z', timestamptz '2026-06-10 00:00Z', NULL, '001'),
        ('A2', 'handling', '电线老化', '2026-06-02 00:00Z', '2026-06-20 00:00Z', NULL, '001'),
        ('A3', 'closed', '井盖缺失', '2026-05-20 00:00Z', '2026-06-01 00:00Z', timestamptz '2026-05-25 00:00Z', '001'),
        ('A4', 'void', '误报', '2026-06-03 00:00Z', '2026-06-05 00:00Z', NULL, '001'),
        ('B1', 'closed', '河岸塌陷', '2026-06-04 00:00Z', '2026-06-14 00:00Z', '2026-06-14 12:00Z', '002'),
        ('B2', 'closed', '旧案', '2026-03-04 00:00Z', '2026-03-14 00:00Z', '2026-03-13 00:00Z', '002')
    ) h (number, stage, title, found, due, closed, town)
    JOIN area v ON v.level = 'village' AND v.code = '330381' || town || '01'""",
    """
    INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
    SELECT 'T' || code, name_zh || '义务队', 'volunteer', 'foot', id, label_point, scope_path
    FROM area WHERE level = 'village'""",
    """
    INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path)
    SELECT id, night, night + time '20:00', night + time '23:00', 'foot', 900, 9,
           ST_GeomFromText('MULTILINESTRING((120.6 27.8, 120.61 27.8))', 4326), scope_path
    FROM team, unnest(ARRAY[date '2026-06-13', date '2026-06-14']) night WHERE code = 'T33038100101'""",
    """
    INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current)
    VALUES (gen_random_uuid(), 'grid_coverage', '{}', '2026-05-15Z', '2026-06-15Z', '0', 'x', true)""",
    """
    INSERT INTO grid_coverage (run_id, night, grid_id, area_share, state, scope_path)
    SELECT r.id, '2026-06-14', g.id, CASE g.code WHEN '33038100101g' THEN 0.4 ELSE 0 END,
           CASE g.code WHEN '33038100101g' THEN 'checked_clear' ELSE 'unchecked' END, g.scope_path
    FROM area g, analysis_run r WHERE g.level = 'grid'""",
    """
    INSERT INTO facility (kind, name_zh, name_en, area_id, scope_path, geom)
    SELECT 'school', '安阳小学', 'Anyang school', id, scope_path, label_point FROM area WHERE code = '33038100201'""",
    """
    INSERT INTO street_segment (name_zh, name_en, kind, length_m, geom)
    SELECT '安阳路', 'Anyang Road', 'trunk', 1, ST_GeomFromText('LINESTRING(120.75 27.8, 120.76 27.8)', 4326)
    FROM generate_series(1, 2)""",
)


@pytest.fixture(scope="session")
def city_url(migrated_template, clone):
    urls = clone(migrated_template)
    engine = make_engine(urls.app_url)
    with scoped(engine, system_scope()) as connection:
        for statement in CITY:
            connection.execute(text(statement))
        begin_loop(connection)
        complete_loaded_hazards(connection, "test")
        refresh_hazard_month_cells(connection)
    engine.dispose()
    return urls.app_url


@pytest.fixture(scope="session")
def engine(city_url):
    engine = make_engine(city_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def heads(tmp_path_factory):
    return tmp_path_factory.mktemp("audit") / "heads.log"


@pytest.fixture(scope="session")
def make_app(engine, heads):
    """Make the application, on the small city unless another engine is given."""

    def make(*, on=None, now=NOW, **settings):
        database = on or engine
        # A chain of its own for each copy of the city.
        own_heads = heads.with_name(f"{database.url.database}.log")
        chosen = Settings(home=heads.parent, audit_heads=own_heads, **settings)
        app = create_app(chosen, database, now=now if callable(now) else lambda: now)
        app.test_client_class = ReadingClient
        return app

    return make


@pytest.fixture(scope="session")
def make_client(make_app, engine):
    """Make a client that is logged in: as a supervisor of the city, unless another role or area is asked for."""

    def make(area_path="/330381/", role=Role.SUPERVISOR, *, on=None, app=None):
        app = app or make_app(on=on)
        client = app.test_client()
        return logged_in(client, account_in(on or engine, app, area_path, role))

    return make


@pytest.fixture(scope="session")
def client(make_client):
    return make_client()
