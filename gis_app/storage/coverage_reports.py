"""What coverage by area is told from: areas, hazards by grid, swept shares, and a village's last findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, text

_AREAS = text("""
SELECT a.code, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en, a.scope_path
FROM area a LEFT JOIN area p ON p.id = a.parent_id
WHERE a.level = :level AND a.valid_to IS NULL ORDER BY a.code""")
_GRIDS = text("""
SELECT g.id, g.code, g.scope_path, coalesce(h.found, 0) AS found, coalesce(h.risk, 0) AS risk,
       c.area_share, c.last_visit_at
FROM area g
LEFT JOIN (SELECT grid_id, count(*) AS risk, count(*) FILTER (WHERE discovered_at >= :start) AS found
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
_WALKED_NIGHTS = text("""
SELECT w.night, sum((w.high - w.low) * s.length_m) AS walked_m
FROM street_walk w JOIN street_segment s ON s.id = w.segment_id
WHERE starts_with(w.scope_path, :path) AND w.night <= :last GROUP BY w.night ORDER BY w.night DESC LIMIT :most""")


def areas(connection: Connection, level: str) -> Sequence[RowMapping]:
    """Return code, names, parent's names and scope_path of the areas of a level that are valid now."""
    return connection.execute(_AREAS, {"level": level}).mappings().all()


def grids(
    connection: Connection, *, first: date, last: date, start: datetime, end: datetime, year_before: datetime
) -> pd.DataFrame:
    """Return id, code, scope_path, found, risk, area_share and last_visit_at of each grid."""
    values: dict[str, Any] = {"first": first, "last": last, "start": start, "end": end, "year_before": year_before}
    result = connection.execute(_GRIDS, values)
    return pd.DataFrame(result.all(), columns=list(result.keys()))


def nights(connection: Connection) -> list[date]:
    """Return the nights of which something is known in the caller's area, oldest first."""
    return list(connection.execute(_NIGHTS).scalars())


def village(connection: Connection, code: str) -> RowMapping | None:
    """Return code, names and scope_path of a village of the caller's area."""
    return connection.execute(_VILLAGE, {"code": code}).mappings().first()


def findings(connection: Connection, path: str, *, end: datetime, most: int) -> Sequence[RowMapping]:
    """Return the newest hazards of an area, void ones left out."""
    return connection.execute(_FOUND, {"path": path, "end": end, "most": most}).mappings().all()


def walked_nights(connection: Connection, path: str, *, last: date, most: int) -> Sequence[RowMapping]:
    """Return the newest nights on which streets of an area were walked, and how many metres."""
    return connection.execute(_WALKED_NIGHTS, {"path": path, "last": last, "most": most}).mappings().all()
