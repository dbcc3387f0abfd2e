"""What coverage by area is told from: areas, hazards by grid, swept shares, and a village's last findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.frames import frame_of

_AREAS = text("""
SELECT a.code, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en, a.scope_path
FROM area a LEFT JOIN area p ON p.id = a.parent_id
WHERE a.level = :level AND a.valid_to IS NULL ORDER BY a.code""")
_GRIDS = text("""
SELECT g.id, g.code, g.scope_path, g.area_m2, coalesce(h.found, 0) AS found, coalesce(h.risk, 0) AS risk,
       coalesce(h.found_by_patrols, 0) AS found_by_patrols, c.area_share, c.last_visit_at
FROM area g
LEFT JOIN (SELECT grid_id, count(*) AS risk, count(*) FILTER (WHERE discovered_at >= :start) AS found,
                  count(*) FILTER (WHERE discovered_at >= :start AND discovered_by = 'patrol'
                                   AND CAST(extract(hour FROM discovered_at AT TIME ZONE 'Asia/Shanghai') AS int)
                                       = ANY(:hours)) AS found_by_patrols
           FROM hazard WHERE stage <> 'void' AND discovered_at >= :year_before AND discovered_at < :end
           GROUP BY grid_id) h ON h.grid_id = g.id
LEFT JOIN (SELECT c.grid_id, max(c.area_share) FILTER (WHERE c.night >= :first) AS area_share,
                  max(c.last_visit_at) AS last_visit_at
           FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
           WHERE c.night <= :last GROUP BY c.grid_id) c ON c.grid_id = g.id
WHERE g.level = 'grid' AND g.valid_to IS NULL ORDER BY g.code""")
_NIGHTS = text("SELECT DISTINCT night FROM street_walk UNION SELECT DISTINCT night FROM patrol ORDER BY night")
_VILLAGE = text("""
SELECT a.code, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en, a.scope_path
FROM area a LEFT JOIN area p ON p.id = a.parent_id
WHERE a.level = 'village' AND a.valid_to IS NULL AND a.code = :code""")
_FOUND = text("""
SELECT h.id, h.number, h.title, h.discovered_at, h.discovered_by, h.stage, h.severity,
       c.name_zh AS category_zh, c.name_en AS category_en
FROM hazard h JOIN hazard_category c ON c.code = h.category_code
WHERE starts_with(h.scope_path, :path) AND h.stage <> 'void' AND h.discovered_at < :end
ORDER BY h.discovered_at DESC LIMIT :most""")
# Nights and kinds of work are united bit by bit: what was swept twice counts once.
_SWEEPS = text("""
SELECT area_id, bit_length(cells) AS size, max(cell_count) AS cell_count, bit_count(bit_or(cells)) AS swept_count,
       sum(visits) AS visits, sum(seconds) AS seconds, sum(walked_m) AS moved_m, max(night) AS night
FROM grid_sweep
WHERE night BETWEEN :first AND :last AND (:shift = '' OR shift = :shift) AND (:mode = '' OR mode = :mode)
  AND (:team_kind = '' OR team_kind = :team_kind)
GROUP BY area_id, bit_length(cells)""")
_STOPS = text("""
SELECT v.grid_id, count(*) AS planned_stops, count(*) FILTER (WHERE v.state = 'visited') AS visited_stops,
       coalesce(sum(v.stayed_min), 0) AS stayed_min
FROM stop_visit v JOIN planned_stop s ON s.id = v.stop_id JOIN patrol_route r ON r.id = s.route_id
JOIN team t ON t.id = r.team_id
WHERE r.night BETWEEN :first AND :last AND v.grid_id IS NOT NULL AND (:mode = '' OR t.mode = :mode)
  AND (:team_kind = '' OR t.kind = :team_kind)
  AND (:shift = '' OR CAST(extract(hour FROM coalesce(v.came_at, s.begins_at, r.starts_at)
                                   AT TIME ZONE 'Asia/Shanghai') AS int) = ANY(:hours))
GROUP BY v.grid_id""")
_TEAM_KINDS = text("SELECT DISTINCT kind FROM team ORDER BY kind")
_SHAPES = text("""
SELECT code, ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, :tolerance), 5) AS shape
FROM area WHERE level = :level AND valid_to IS NULL""")
_WALKED_NIGHTS = text("""
SELECT w.night, sum((w.high - w.low) * s.length_m) AS walked_m
FROM street_walk w JOIN street_segment s ON s.id = w.segment_id
WHERE starts_with(w.scope_path, :path) AND w.night <= :last GROUP BY w.night ORDER BY w.night DESC LIMIT :most""")


def areas(connection: Connection, level: str) -> Sequence[RowMapping]:
    """Return code, names, parent's names and scope_path of the areas of a level that are valid now."""
    return connection.execute(_AREAS, {"level": level}).mappings().all()


def grids(
    connection: Connection,
    *,
    first: date,
    last: date,
    start: datetime,
    end: datetime,
    year_before: datetime,
    hours: Sequence[int],
) -> pd.DataFrame:
    """Return of each grid id, code, scope_path, area_m2, found, risk, found_by_patrols, area_share, last_visit_at.

    Parameters
    ----------
    hours
        Hours of the city's day; what patrols found is counted in these alone.
    """
    values: dict[str, Any] = {"first": first, "last": last, "start": start, "end": end, "year_before": year_before}
    values["hours"] = list(hours)
    result = connection.execute(_GRIDS, values)
    return frame_of(result)


def nights(connection: Connection) -> list[date]:
    """Return the nights of which something is known in the caller's area, oldest first."""
    return list(connection.execute(_NIGHTS).scalars())


def village(connection: Connection, code: str) -> RowMapping | None:
    """Return code, names and scope_path of a village of the caller's area."""
    return connection.execute(_VILLAGE, {"code": code}).mappings().first()


def findings(connection: Connection, path: str, *, end: datetime, most: int) -> Sequence[RowMapping]:
    """Return the newest hazards of an area, void ones left out."""
    return connection.execute(_FOUND, {"path": path, "end": end, "most": most}).mappings().all()


def sweeps(connection: Connection, *, first: date, last: date, shift: str, mode: str, team_kind: str) -> pd.DataFrame:
    """Return what was swept of each grid by some kinds of work (empty: any), united over the nights.

    Returns
    -------
    Indexed by area_id: cell_count, swept_count, visits, seconds, moved_m. Of a grid whose cells were laid out anew,
    the newest layout counts.
    """
    values = {"first": first, "last": last, "shift": shift, "mode": mode, "team_kind": team_kind}
    result = connection.execute(_SWEEPS, values)
    frame = frame_of(result)
    newest = frame.sort_values("night").drop_duplicates("area_id", keep="last").set_index("area_id")
    return newest[["cell_count", "swept_count", "visits", "seconds", "moved_m"]].astype("float64")


def planned_stops(
    connection: Connection, *, first: date, last: date, shift: str, mode: str, team_kind: str, hours: Sequence[int]
) -> pd.DataFrame:
    """Return by grid_id how many stops were planned and visited, and the minutes somebody stayed at them."""
    values = {"first": first, "last": last, "shift": shift, "mode": mode, "team_kind": team_kind, "hours": list(hours)}
    result = connection.execute(_STOPS, values)
    return frame_of(result).set_index("grid_id").astype("float64")


def team_kinds(connection: Connection) -> list[str]:
    """Return the kinds of teams of the caller's area."""
    return list(connection.execute(_TEAM_KINDS).scalars())


def shapes(connection: Connection, level: str, *, tolerance: float) -> dict[str, str]:
    """Return the outlines of the areas of a level by code, as GeoJSON texts, simplified by so many degrees."""
    rows = connection.execute(_SHAPES, {"level": level, "tolerance": tolerance})
    return {row.code: row.shape for row in rows}


def walked_nights(connection: Connection, path: str, *, last: date, most: int) -> Sequence[RowMapping]:
    """Return the newest nights on which streets of an area were walked, and how many metres."""
    return connection.execute(_WALKED_NIGHTS, {"path": path, "last": last, "most": most}).mappings().all()
