"""What is about a place: teams with their last positions, facilities, and what lies inside a drawn shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

# A team answers to the office of its township, which hazards are assigned to.
_TEAMS = text("""
SELECT t.code, t.name_zh, t.name_en, t.kind, t.mode, ST_X(t.station) AS lon, ST_Y(t.station) AS lat,
       l.recorded_at, ST_X(l.geom) AS live_lon, ST_Y(l.geom) AS live_lat,
       u.code AS unit_code, u.name_zh AS unit_zh, u.name_en AS unit_en
FROM team t
LEFT JOIN LATERAL (
    SELECT p.recorded_at, p.geom FROM live_position p JOIN patrol o ON o.id = p.patrol_id
    WHERE o.team_id = t.id AND p.recorded_at >= CAST(:since AS timestamptz)
    ORDER BY p.recorded_at DESC LIMIT 1) l ON true
LEFT JOIN unit u ON u.code = 'town:' || split_part(t.scope_path, '/', 3) AND u.is_active
ORDER BY t.code""")
_FACILITIES = text("""
SELECT id, kind, name_zh, name_en, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM facility
ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), id LIMIT :most""")
# The box first: it is what the index serves under row-level security.
_SHAPE = "ST_GeomFromText(:shape, 4326)"
_INSIDE = f"geom && {_SHAPE} AND ST_Intersects(geom, {_SHAPE})"
_HAZARD_COUNTS = text(f"""
SELECT state, severity, count(*) AS count FROM hazard_map
WHERE {_INSIDE} AND discovered_at >= :start AND discovered_at < :end GROUP BY state, severity""")  # noqa: S608
_HAZARDS = text(f"""
SELECT id, number, title, state, stage, severity, discovered_at, due_at, ST_X(geom) AS lon, ST_Y(geom) AS lat
FROM hazard_map WHERE {_INSIDE} AND discovered_at >= :start AND discovered_at < :end
ORDER BY array_position(ARRAY['overdue', 'open', 'closed'], state), due_at NULLS LAST, discovered_at DESC, id
LIMIT :most""")  # noqa: S608
_FACILITIES_INSIDE = text(f"""
SELECT id, kind, name_zh, name_en, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM facility
WHERE {_INSIDE} ORDER BY kind, id""")  # noqa: S608
_GRIDS_INSIDE = text(f"""
SELECT code, name_zh, name_en, ST_X(label_point) AS lon, ST_Y(label_point) AS lat FROM area
WHERE level = 'grid' AND valid_to IS NULL AND {_INSIDE} ORDER BY code""")  # noqa: S608
_TEAMS_INSIDE = text(f"""
SELECT code, name_zh, name_en, mode, ST_X(station) AS lon, ST_Y(station) AS lat FROM team
WHERE station && {_SHAPE} AND ST_Intersects(station, {_SHAPE}) ORDER BY code""")  # noqa: S608


def teams(connection: Connection, *, live_since: datetime) -> Sequence[RowMapping]:
    """Return the teams of the caller's area: station, the newest position since a moment, the office over them."""
    return connection.execute(_TEAMS, {"since": live_since}).mappings().all()


def facilities(connection: Connection, lon: float, lat: float, *, most: int) -> Sequence[RowMapping]:
    """Return the facilities of the caller's area nearest to a place as the crow flies."""
    return connection.execute(_FACILITIES, {"lon": lon, "lat": lat, "most": most}).mappings().all()


def hazards_inside(
    connection: Connection, shape: str, *, start: datetime, end: datetime, most: int
) -> tuple[Sequence[RowMapping], Sequence[RowMapping]]:
    """Return counts by state and severity, and the most urgent hazards, of a shape (WKT, EPSG:4326) and a time."""
    values: dict[str, Any] = {"shape": shape, "start": start, "end": end}
    counts = connection.execute(_HAZARD_COUNTS, values).mappings().all()
    return counts, connection.execute(_HAZARDS, {**values, "most": most}).mappings().all()


def facilities_inside(connection: Connection, shape: str) -> Sequence[RowMapping]:
    """Return the facilities in a shape (WKT, EPSG:4326)."""
    return connection.execute(_FACILITIES_INSIDE, {"shape": shape}).mappings().all()


def grids_inside(connection: Connection, shape: str) -> Sequence[RowMapping]:
    """Return the grids that a shape (WKT, EPSG:4326) touches."""
    return connection.execute(_GRIDS_INSIDE, {"shape": shape}).mappings().all()


def teams_inside(connection: Connection, shape: str) -> Sequence[RowMapping]:
    """Return the teams whose station lies in a shape (WKT, EPSG:4326)."""
    return connection.execute(_TEAMS_INSIDE, {"shape": shape}).mappings().all()
