"""A city of two townships with a village each, and a year of hazards that come back to few places."""

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import text

from gis_app.storage.engine import scoped, system_scope

NOW = datetime(2026, 6, 18, 4, tzinfo=UTC)
"""A Thursday, noon in the city."""
END = datetime(2026, 6, 17, 16, tzinfo=UTC)
"""The beginning of that day in the city."""
MONDAY = datetime(2026, 6, 14, 16, tzinfo=UTC)
SRID = 4549
WEST, EAST = "/330381/330381001/", "/330381/330381002/"
CITY = (
    """
    INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
    VALUES (1, '瑞安市', 'Rui''an', true, 4549, 120.6, 27.8, 120.66, 27.83)""",
    """
    INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from)
    SELECT code, level, zh, en, (SELECT id FROM area WHERE code = parent), path, ST_Multi(box), ST_Centroid(box), 1e6,
           '2020-01-01'
    FROM (VALUES
        (1, '330381', 'city', '瑞安市', 'Rui''an', NULL, '/330381/', 120.6, 120.66),
        (2, '330381001', 'township', '塘下镇', 'Tangxia', '330381', '/330381/330381001/', 120.6, 120.63),
        (2, '330381002', 'township', '安阳街道', 'Anyang', '330381', '/330381/330381002/', 120.63, 120.66),
        (3, 'west', 'village', '西村', 'West', '330381001', '/330381/330381001/west/', 120.6, 120.63),
        (3, 'east', 'village', '=东村', '=East', '330381002', '/330381/330381002/east/', 120.63, 120.66),
        (4, 'westg', 'grid', '西网格', 'West grid', 'west', '/330381/330381001/west/westg/', 120.6, 120.63)
    ) t (n, code, level, zh, en, parent, path, west, east), ST_MakeEnvelope(west, 27.8, east, 27.83, 4326) box
    ORDER BY n""",
    """
    INSERT INTO hazard_category VALUES ('fire', '消防', 'Fire', 5, 'work_day', 1),
        ('road', '道路', 'Road', 5, 'work_day', 2), ('rare', '稀有', 'Rare', 5, 'work_day', 3)""",
)
ADD = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, changed_at, village_id,
                    scope_path, geom)
SELECT :number, :category, :severity, :stage, :way, 't', CAST(:at AS timestamptz),
       CAST(:at AS timestamptz), id, scope_path, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
FROM area WHERE level = 'village' AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
ORDER BY id LIMIT 1""")
WAYS = ("resident", "hotline", "patrol", "inspection")


def hazards(count=900, seed=5, days=360):
    """Return hazards over the days before the end, two thirds of them at five places."""
    chance = np.random.default_rng(seed)
    hot = chance.uniform((120.602, 27.802), (120.658, 27.828), (5, 2))
    place = chance.uniform((120.601, 27.801), (120.659, 27.829), (count, 2))
    at_hot = chance.random(count) < 0.66
    place[at_hot] = hot[chance.integers(0, 5, at_hot.sum())] + chance.normal(0, 0.0006, (at_hot.sum(), 2))
    age = chance.uniform(0.01, days, count)
    return [
        {
            **{"number": f"H{n:05}", "category": ("fire", "fire", "road")[n % 3], "stage": "filed", "way": WAYS[n % 4]},
            **{"severity": "major" if n % 5 == 0 else "low", "at": END - timedelta(days=float(age[n]))},
            **dict(zip(("lon", "lat"), (float(x) for x in place[n]), strict=True)),
        }
        for n in range(count)
    ]


def build(engine, rows=None):
    """Fill a migrated database with the city and its hazards."""
    with scoped(engine, system_scope()) as connection:
        for statement in CITY:
            connection.execute(text(statement))
        for row in hazards() if rows is None else rows:
            connection.execute(ADD, row)
