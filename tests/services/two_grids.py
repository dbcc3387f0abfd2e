"""A city of two grids side by side with one street through both, and walks along it."""

from datetime import datetime, time, timedelta

from sqlalchemy import text

from gis_app.domain.periods import CITY_TIME

CITY = (
    """
    INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
    VALUES (1, '瑞安市', 'Rui''an', false, 4549, 120.6, 27.7, 120.7, 27.8)""",
    """
    INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
    SELECT code, level, code, path, ST_Multi(box), ST_Centroid(box), 1e6, '2020-01-01'
    FROM (VALUES ('330381', 'city', '/330381/', 120.6, 120.62), ('A', 'township', '/330381/A/', 120.6, 120.62),
                 ('AW', 'grid', '/330381/A/AW/', 120.6, 120.61), ('AE', 'grid', '/330381/A/AE/', 120.61, 120.62)
    ) t (code, level, path, west, east), ST_MakeEnvelope(west, 27.7, east, 27.71, 4326) box""",
    """
    INSERT INTO street_segment (kind, length_m, geom)
    VALUES ('residential', 1, ST_GeomFromText('LINESTRING(120.6 27.705, 120.62 27.705)', 4326))""",
    """
    INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
    SELECT word, word || '队', 'volunteer', 'foot', id, label_point, scope_path
    FROM area, unnest(ARRAY['A', 'B']) word WHERE code = 'A'""",
    "SELECT prepare_track_month('2026-06-01')",
)
_PATROL = text("""
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path)
SELECT id, :night, :start, :end, mode, 0, :count,
       ST_Multi(ST_MakeLine(ST_Point(:west, 27.705, 4326), ST_Point(:east, 27.705, 4326))), scope_path
FROM team WHERE code = :team RETURNING id""")
_FIX = text("""
INSERT INTO track_point (device, recorded_at, sequence, patrol_id, scope_path, geom)
VALUES (:team, :at, :number, :patrol, '/330381/A/', ST_Point(:lon, 27.705, 4326))""")


def add_walk(connection, team, night, *, west, east):
    """Walk along the street: a fix a minute, 0.0005 degrees apart."""
    start = datetime.combine(night, time(20), CITY_TIME)
    count = round((east - west) / 0.0005) + 1
    facts = {"team": team, "night": night, "start": start, "end": start + timedelta(minutes=count), "count": count}
    patrol = connection.execute(_PATROL, {**facts, "west": west, "east": east}).scalar_one()
    for number in range(count):
        at, lon = start + timedelta(minutes=number), west + number * 0.0005
        connection.execute(_FIX, {"team": team, "at": at, "number": number, "patrol": patrol, "lon": lon})
