"""One city square with two townships, for questions of place."""

import pytest
from sqlalchemy import text

from gis_app.storage.cluster_database import DatabaseUrls
from gis_app.storage.engine import make_engine, scoped, system_scope

EAST, WEST = "/330381/330381002/", "/330381/330381001/"
ADD_TOWNSHIPS = text("""
INSERT INTO area (code, level, name_zh, name_en, scope_path, geom, label_point, area_m2, valid_from)
SELECT code, 'township', zh, en, '/330381/' || code || '/', ST_Multi(box), ST_Centroid(box), 1e8, '2020-01-01'
FROM (VALUES ('330381001', '塘下镇', 'Tangxia', 120.5), ('330381002', '安阳街道', NULL, 120.7)) t (code, zh, en, west),
     ST_MakeEnvelope(west, 27.7, west + 0.2, 27.9, 4326) box""")
ADD_CATEGORY = text("INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1)")
ADD_CITY = text("""
INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
VALUES (1, '瑞安市', 'Rui''an', true, 4549, 120.17, 27.61, 121.23, 27.99)""")


def cleared(engine):
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('jingwei.scope', '/', true)"))
        tables = "hazard, hazard_month_cell, patrol, team, street_segment, facility, grid_coverage, analysis_run"
        for table in tables.split(", "):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608


@pytest.fixture(scope="module")
def square_engine(migrated_template, clone):
    urls: DatabaseUrls = clone(migrated_template)
    engine = make_engine(urls.app_url)
    with scoped(engine, system_scope()) as connection:
        for statement in (ADD_CITY, ADD_TOWNSHIPS, ADD_CATEGORY):
            connection.execute(statement)
    yield engine
    engine.dispose()


@pytest.fixture
def square(square_engine):
    """An engine on the two townships; what a test adds is gone after it."""
    yield square_engine
    cleared(square_engine)
