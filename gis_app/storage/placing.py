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

# Apart from the wide rows and in the order of their places, the points fit into memory page by page.
_POINTS = """
CREATE TEMPORARY TABLE {staged}_point ON COMMIT DROP AS
SELECT s.ctid AS place, {day} AS day, s.geom FROM {staged} s ORDER BY s.geom"""
# Area by area, so that PostGIS takes each boundary apart once and not once a point.
_HOLDERS = """
CREATE TEMPORARY TABLE {staged}_holder ON COMMIT DROP AS
SELECT p.place, a.id, a.level, a.scope_path
FROM area a JOIN {staged}_point p ON a.geom && p.geom AND ST_Intersects(a.geom, p.geom)
WHERE a.level IN ('village', 'grid') AND a.valid_from <= p.day AND (a.valid_to IS NULL OR a.valid_to > p.day)"""
# A point on a boundary goes to the older area, and to a grid and village that belong together.
_PLACE = """
WITH at_grid AS (
    SELECT DISTINCT ON (place) place, id, scope_path FROM {staged}_holder WHERE level = 'grid' ORDER BY place, id),
found AS (
    SELECT DISTINCT ON (v.place) v.place, v.id AS village_id, g.id AS grid_id, v.scope_path
    FROM {staged}_holder v LEFT JOIN at_grid g USING (place)
    WHERE v.level = 'village' ORDER BY v.place, NOT starts_with(g.scope_path, v.scope_path), v.id)
UPDATE {staged} t SET village_id = found.village_id, grid_id = found.grid_id, scope_path = found.scope_path
FROM found WHERE t.ctid = found.place"""


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
    for statement in (
        _POINTS,
        "CREATE INDEX ON {staged}_point USING gist (geom)",
        "ANALYZE {staged}_point",
        _HOLDERS,
        "ANALYZE {staged}_holder",
        _PLACE,
        "DROP TABLE {staged}_point, {staged}_holder",
    ):
        connection.execute(text(statement.format(staged=staged, day=day)))
    return int(connection.execute(text(f"SELECT count(*) FROM {staged} WHERE village_id IS NULL")).scalar_one())  # noqa: S608
