"""A night as it was walked and as it was planned: patrols with their fixes, and planned stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.bulk_read import read_numbers

_NIGHTS = text("SELECT DISTINCT night FROM patrol WHERE geom IS NOT NULL ORDER BY night")
_PATROLS = text("""
SELECT p.id, p.mode, p.length_m, p.started_at, p.ended_at, p.route_id, p.team_id,
       t.name_zh AS team_zh, t.name_en AS team_en
FROM patrol p JOIN team t ON t.id = p.team_id
WHERE p.night = :night AND p.geom IS NOT NULL ORDER BY t.code, p.id""")
_FIXES = """
SELECT f.patrol_id, CAST(extract(epoch FROM f.recorded_at) AS float8) AS second, ST_X(f.geom) AS lon,
       ST_Y(f.geom) AS lat, f.flag, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM patrol p JOIN track_point f ON f.patrol_id = p.id
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, %(srid)s) AS xy) m
WHERE p.night = %(night)s AND p.geom IS NOT NULL
ORDER BY f.patrol_id, f.device, f.recorded_at, f.sequence"""
_FIX_TYPES = {
    "patrol_id": "int8",
    **dict.fromkeys(("second", "lon", "lat"), "float8"),
    "flag": "int2",
    **dict.fromkeys(("x", "y"), "float8"),
}
_STOPS = text("""
SELECT s.id, s.ordinal, s.dwell_min, r.team_id, r.id AS route_id, t.name_zh AS team_zh, t.name_en AS team_en,
       ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM planned_stop s JOIN patrol_route r ON r.id = s.route_id JOIN team t ON t.id = r.team_id
CROSS JOIN LATERAL (SELECT ST_Transform(s.geom, :srid) AS xy) m
WHERE r.night = :night ORDER BY t.code, r.id, s.ordinal""")
_OUTLINES = text("""
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.0002), 5) FROM area
WHERE level = 'village' AND valid_to IS NULL AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)""")


def nights(connection: Connection) -> list[date]:
    """Return the nights whose tracks are kept, oldest first."""
    return list(connection.execute(_NIGHTS).scalars())


def patrols(connection: Connection, night: date) -> Sequence[RowMapping]:
    """Return the patrols of a night with their team's names."""
    return connection.execute(_PATROLS, {"night": night}).mappings().all()


def fixes(connection: Connection, night: date, *, srid: int) -> pd.DataFrame:
    """Return patrol_id, second, lon, lat, flag and projected x, y of the fixes of a night, in their order."""
    return pd.DataFrame(read_numbers(connection, _FIXES, {"night": night, "srid": srid}, _FIX_TYPES))


def stops(connection: Connection, night: date, *, srid: int) -> Sequence[RowMapping]:
    """Return the planned stops of a night with their team's names and projected x, y."""
    return connection.execute(_STOPS, {"night": night, "srid": srid}).mappings().all()


def outlines(connection: Connection, box: tuple[float, float, float, float]) -> list[str]:
    """Return the villages about a box (west, south, east, north) as GeoJSON geometries."""
    west, south, east, north = box
    values = {"west": west, "south": south, "east": east, "north": north}
    return list(connection.execute(_OUTLINES, values).scalars())
