"""What nights before a plan were like: fixes of the teams of an area, and how much of each grid was swept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
import shapely
from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.frames import frame_of

_LAST_NIGHT = text("""
SELECT max(night) FROM patrol WHERE geom IS NOT NULL AND night < :night AND starts_with(scope_path, :path)""")
_FIXES = text("""
SELECT f.patrol_id, t.code AS team, extract(epoch FROM f.recorded_at)::float8 AS second,
       ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM patrol p JOIN team t ON t.id = p.team_id JOIN track_point f ON f.patrol_id = p.id
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, :srid) AS xy) m
WHERE p.night = :night AND p.geom IS NOT NULL AND starts_with(p.scope_path, :path)
ORDER BY f.patrol_id, f.recorded_at, f.sequence""")
# Of each grid the night on which most of it was swept, and the last night known.
_GRIDS = text("""
WITH known AS (
    SELECT c.grid_id, c.night, c.area_share
    FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
    WHERE c.night >= :first AND c.night < :night)
SELECT a.id, ST_AsBinary(ST_Transform(a.geom, :srid)) AS shape, coalesce(max(k.area_share), 0) AS best_share,
       coalesce(max(k.area_share) FILTER (WHERE k.night = (SELECT max(night) FROM known)), 0) AS last_share
FROM area a LEFT JOIN known k ON k.grid_id = a.id
WHERE a.level = 'grid' AND a.valid_to IS NULL AND starts_with(a.scope_path, :path)
GROUP BY a.id ORDER BY a.id""")


def last_night(connection: Connection, night: date, path: str) -> date | None:
    """Return the last night before one on which teams of an area were out."""
    return connection.execute(_LAST_NIGHT, {"night": night, "path": path}).scalar()


def fixes(connection: Connection, night: date, path: str, *, srid: int) -> pd.DataFrame:
    """Return patrol_id, team, second, x and y (metres) of the fixes of an area's teams on a night, in their order."""
    result = connection.execute(_FIXES, {"night": night, "path": path, "srid": srid})
    return frame_of(result)


def grids(
    connection: Connection, path: str, *, first: date, night: date, srid: int
) -> tuple[Sequence[RowMapping], list[shapely.Geometry]]:
    """Return the grids of an area, and their shapes in metres.

    Each has ``best_share``, the most of it that was swept on any night from the first to before ``night``, and
    ``last_share``, that of the last of these nights that is known.
    """
    values = {"path": path, "first": first, "night": night, "srid": srid}
    rows = connection.execute(_GRIDS, values).mappings().all()
    return rows, list(shapely.from_wkb([bytes(row["shape"]) for row in rows]))
