"""Which village and grid a point lies in, answered by the database from the boundaries valid on the point's day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, text
from sqlalchemy.types import TypeEngine

PLACE_COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "village_id": BigInteger(),
    "grid_id": BigInteger(),
    "scope_path": Text(collation="C"),
}
"""Columns that ``place_staged`` adds to a temporary table."""

DAY_OF_HAZARD = "(s.discovered_at AT TIME ZONE 'Asia/Shanghai')::date"

# array_agg, not LIMIT 1 or min(): those tempt the planner to walk the primary key instead of the spatial index.
# A point on a boundary goes to the older area, and to a grid and village that belong together.
_HOLDER = """
SELECT (array_agg(a.id ORDER BY {order}a.id))[1] AS id FROM area a
WHERE a.level = '{level}' AND a.geom && s.geom AND ST_Intersects(a.geom, s.geom)
  AND a.valid_from <= {day} AND (a.valid_to IS NULL OR a.valid_to > {day})"""
_PLACE = """
UPDATE {staged} t SET village_id = found.village_id, grid_id = found.grid_id, scope_path = found.scope_path
FROM (
    SELECT s.ctid AS place, v.id AS village_id, g.id AS grid_id, v.scope_path
    FROM {staged} s
    CROSS JOIN LATERAL ({grid}) at_grid
    LEFT JOIN area g ON g.id = at_grid.id
    CROSS JOIN LATERAL ({village}) at_village
    JOIN area v ON v.id = at_village.id) found
WHERE t.ctid = found.place"""


def place_staged(connection: Connection, staged: str, *, day: str) -> int:
    """Fill village, grid and scope path of the points of a temporary table, and return how many lie in no village.

    Parameters
    ----------
    staged
        Name of the temporary table, with a column ``geom``; gets the ``PLACE_COLUMNS``, NULL where no village is.
    day
        SQL for the day whose boundaries count, ``s`` being the row: ``DAY_OF_HAZARD`` or ``CURRENT_DATE``.
    """
    for column, kind in PLACE_COLUMNS.items():
        connection.execute(text(f"ALTER TABLE {staged} ADD {column} {kind.compile(connection.dialect)}"))
    grid = _HOLDER.format(level="grid", day=day, order="")
    village = _HOLDER.format(level="village", day=day, order="NOT starts_with(g.scope_path, a.scope_path), ")
    connection.execute(text(_PLACE.format(staged=staged, grid=grid, village=village)))
    return int(connection.execute(text(f"SELECT count(*) FROM {staged} WHERE village_id IS NULL")).scalar_one())  # noqa: S608
