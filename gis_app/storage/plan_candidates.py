"""What plans are made from: areas, teams, villages, facilities, last visits, and nights places were planned on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, RowMapping, text

SAME_PLACE_DEGREES = 0.0006
"""A box about a place wide enough for 60 m: the index serves it before the distance is measured."""
SAME_PLACE_M = 60.0
"""Two planned stops are the same place if they are no farther apart."""
_AREA = text("""
SELECT code, level, name_zh, name_en, scope_path FROM area
WHERE code = :code AND valid_to IS NULL AND level <> 'grid'""")
_AREAS = text("""
SELECT code, level, name_zh, name_en FROM area
WHERE valid_to IS NULL AND level IN ('city', 'township') ORDER BY scope_path""")
_TEAMS = text("""
SELECT code, name_zh, name_en, kind, mode, ST_X(station) AS lon, ST_Y(station) AS lat
FROM team WHERE starts_with(scope_path, :path) ORDER BY code""")
_VILLAGES = text("""
SELECT code, name_zh, name_en, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat
FROM area WHERE level = 'village' AND valid_to IS NULL AND starts_with(scope_path, :path) ORDER BY code""")
_FACILITIES = text("""
SELECT kind, name_zh, name_en, ST_X(geom) AS lon, ST_Y(geom) AS lat
FROM facility WHERE starts_with(scope_path, :path) AND kind = ANY(:kinds) ORDER BY kind, id""")
_FACILITY_KINDS = text("SELECT kind, count(*) AS number FROM facility GROUP BY kind ORDER BY kind")
_GRIDS = text("""
SELECT ST_AsBinary(g.geom) AS shape, v.code AS village, v.name_zh, v.name_en, c.last_visit_at
FROM area g
LEFT JOIN area v ON v.id = g.parent_id
LEFT JOIN (SELECT grid_id, max(last_visit_at) AS last_visit_at FROM grid_coverage
           WHERE run_id IN (SELECT id FROM analysis_run WHERE is_current AND kind = 'grid_coverage')
           GROUP BY grid_id) c ON c.grid_id = g.id
WHERE g.level = 'grid' AND g.valid_to IS NULL AND starts_with(g.scope_path, :path) ORDER BY g.id""")
# Made before the join: a function in its condition would keep row-level security from using the index.
_PLANNED = text("""
WITH p AS MATERIALIZED (
    SELECT place, geom, ST_Expand(geom, :degrees) AS around
    FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY AS p (lon, lat, place)
    CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS geom) made)
SELECT p.place, count(DISTINCT r.night) AS nights
FROM p JOIN planned_stop s ON s.geom && p.around
     AND ST_DWithin(CAST(s.geom AS geography), CAST(p.geom AS geography), :metres)
JOIN patrol_route r ON r.id = s.route_id AND r.night >= :first AND r.night < :night
GROUP BY p.place""")


def area(connection: Connection, code: str) -> RowMapping | None:
    """Return a city, township or village of the caller's area."""
    return connection.execute(_AREA, {"code": code}).mappings().first()


def areas(connection: Connection) -> Sequence[RowMapping]:
    """Return the areas a plan may be made for: townships, and the city, of the caller's area."""
    return connection.execute(_AREAS).mappings().all()


def teams(connection: Connection, path: str) -> Sequence[RowMapping]:
    """Return the teams of an area with their stations, degrees."""
    return connection.execute(_TEAMS, {"path": path}).mappings().all()


def villages(connection: Connection, path: str) -> Sequence[RowMapping]:
    """Return the villages of an area with a point inside each, degrees."""
    return connection.execute(_VILLAGES, {"path": path}).mappings().all()


def facilities(connection: Connection, path: str, kinds: Sequence[str]) -> Sequence[RowMapping]:
    """Return the facilities of some kinds in an area, degrees."""
    return connection.execute(_FACILITIES, {"path": path, "kinds": list(kinds)}).mappings().all()


def facility_kinds(connection: Connection) -> Mapping[str, int]:
    """Return how many facilities of each kind the caller's area has."""
    return {row.kind: row.number for row in connection.execute(_FACILITY_KINDS)}


def grids(connection: Connection, path: str) -> Sequence[RowMapping]:
    """Return the grids of an area: shape (WKB, EPSG:4326), code and names of the village, and the last visit."""
    return connection.execute(_GRIDS, {"path": path}).mappings().all()


def planned_nights(
    connection: Connection, lon: Sequence[float], lat: Sequence[float], *, first: date, night: date
) -> Mapping[int, int]:
    """Return on how many nights from the first to before ``night`` each place was planned, by its position."""
    values = {
        "lon": list(lon),
        "lat": list(lat),
        "first": first,
        "night": night,
        "degrees": SAME_PLACE_DEGREES,
        "metres": SAME_PLACE_M,
    }
    return {row.place - 1: row.nights for row in connection.execute(_PLANNED, values)}
