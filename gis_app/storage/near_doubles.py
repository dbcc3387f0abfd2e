"""Hazards of an import that lie close to another one of the same category and day, found in time that grows with it.

Places are put into cells so small that two in one cell are always close, and into blocks of 4 by 4 cells. Whoever
shares a cell is a double without being measured; only the first of each cell is compared, with the blocks around it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

METRES_OF_DEGREE = 80_000
"""A degree of longitude is at least so long up to 44 degrees north or south."""
_DAY = "(h.discovered_at AT TIME ZONE 'Asia/Shanghai')::date"
# The blocks that the corners of the box around a place lie in, each once: two cells either way are ``within_m`` long.
_AROUND = """
JOIN (VALUES (-2, -2), (-2, 2), (2, -2), (2, 2)) c (across, up)
  ON (across < 0 OR (n.x + 2) >> 2 > (n.x - 2) >> 2) AND (up < 0 OR (n.y + 2) >> 2 > (n.y - 2) >> 2)"""
_BLOCK = "(n.x + c.across) >> 2", "(n.y + c.up) >> 2"
_PLACED = f"""
SELECT h.id, h.number, h.category_code, {_DAY} AS day, h.stage <> 'void' AS is_valid, h.geom,
       floor(ST_X(h.geom) / :cell)::bigint AS x, floor(ST_Y(h.geom) / :cell)::bigint AS y"""
_OF_FILE = f"""
CREATE TEMPORARY TABLE near_place ON COMMIT DROP AS
{_PLACED}, true AS is_of_file,
       h.id::text NOT IN (SELECT was ->> 'id' FROM import_change WHERE import_id = :import_id
                          AND table_name = 'hazard' AND was ->> 'id' IS NOT NULL) AS is_new
FROM hazard h WHERE h.import_id = :import_id"""  # noqa: S608
_REACHED = f"""
CREATE TEMPORARY TABLE near_reach ON COMMIT DROP AS
SELECT DISTINCT n.category_code, n.day, {_BLOCK[0]} AS block_x, {_BLOCK[1]} AS block_y
FROM near_place n {_AROUND} WHERE n.is_new"""  # noqa: S608
_OTHERS = f"""
INSERT INTO near_place
SELECT * FROM ({_PLACED}, false, false
               FROM hazard h WHERE h.import_id IS DISTINCT FROM :import_id AND h.stage <> 'void') o
WHERE (o.category_code, o.day, o.x >> 2, o.y >> 2) IN (
    SELECT category_code, day, block_x, block_y FROM near_reach)"""  # noqa: S608
# One of a pair is new with this import; the other is older, or of the same file and listed before it.
_CAN_BE_OTHER = "o.is_valid AND (NOT o.is_of_file OR o.number < n.number)"
_ROWS = """
CREATE TEMPORARY TABLE near_row ON COMMIT DROP AS
SELECT id, number, category_code, day, geom, x, y,
       coalesce(is_beside_other OR first_number < number, false) AS is_double
FROM (SELECT *, bool_or(is_valid AND NOT is_of_file) OVER in_cell AS is_beside_other,
             min(number) FILTER (WHERE is_valid AND is_of_file) OVER in_cell AS first_number
      FROM near_place WINDOW in_cell AS (PARTITION BY category_code, day, x, y)) placed
WHERE is_new"""
_BESIDE = f"""
UPDATE near_row r SET is_double = true WHERE r.id IN (
    SELECT n.id FROM near_row n {_AROUND} WHERE NOT n.is_double AND EXISTS (
        SELECT FROM near_place o
        WHERE o.category_code = n.category_code AND o.day = n.day AND o.x >> 2 = {_BLOCK[0]}
          AND o.y >> 2 = {_BLOCK[1]} AND {_CAN_BE_OTHER} AND ST_DistanceSphere(o.geom, n.geom) <= :within_m))"""  # noqa: S608
_PAIRS = text(f"""
WITH pair AS MATERIALIZED (
    SELECT n.id, o.id AS other_id, o.distance_m, o.is_of_file
    FROM (SELECT * FROM near_row WHERE is_double ORDER BY number LIMIT :most) n
    CROSS JOIN LATERAL (
        SELECT o.id, o.number, o.is_of_file, ST_DistanceSphere(n.geom, o.geom) AS distance_m FROM near_place o
        WHERE o.category_code = n.category_code AND o.day = n.day AND o.x BETWEEN n.x - 2 AND n.x + 2
          AND o.y BETWEEN n.y - 2 AND n.y + 2 AND {_CAN_BE_OTHER} AND ST_DistanceSphere(o.geom, n.geom) <= :within_m
        ORDER BY distance_m, o.number LIMIT :most) o
    ORDER BY n.number, o.distance_m LIMIT :most)
SELECT n.number, n.external_id, n.title, o.id AS other_id, o.number AS other_number, o.title AS other_title,
       o.stage AS other_stage, o.external_id AS other_external_id, p.is_of_file,
       round(p.distance_m::numeric, 1)::float8 AS distance_m, {_DAY.replace("h.", "n.")} AS day,
       ST_X(n.geom) AS lon, ST_Y(n.geom) AS lat, ST_X(o.geom) AS other_lon, ST_Y(o.geom) AS other_lat
FROM pair p JOIN hazard n ON n.id = p.id JOIN hazard o ON o.id = p.other_id
ORDER BY n.number, distance_m, o.number""")  # noqa: S608 - our own words


@dataclass(frozen=True)
class NearDoubles:
    """Pairs that may be one hazard each, how many rows of the file have one, and whether pairs were left out."""

    pairs: Sequence[RowMapping]
    row_count: int
    is_cut: bool


def near_doubles(connection: Connection, import_id: uuid.UUID, *, within_m: float, most: int) -> NearDoubles:
    """Return hazards that an import added within some metres of another one of the same category and day.

    Parameters
    ----------
    most
        So many pairs at most, in the order of the numbers of the hazards added.
    """
    values = {"import_id": import_id, "within_m": within_m, "cell": within_m / METRES_OF_DEGREE / 2, "most": most + 1}
    with _no_nested_loops(connection):
        for statement in (_OF_FILE, "ANALYZE near_place", _REACHED, "ANALYZE near_reach", _OTHERS):
            connection.execute(text(statement), values)
        for statement in ("ANALYZE near_place", _ROWS, "ANALYZE near_row", _BESIDE):
            connection.execute(text(statement), values)
    connection.execute(text("CREATE INDEX ON near_place (category_code, day, x, y)"))
    row_count = connection.execute(text("SELECT count(*) FROM near_row WHERE is_double")).scalar_one()
    pairs = connection.execute(_PAIRS, values).mappings().all()
    connection.execute(text("DROP TABLE near_place, near_reach, near_row"))
    return NearDoubles(pairs[:most], int(row_count), len(pairs) > most)


@contextmanager
def _no_nested_loops(connection: Connection) -> Iterator[None]:
    """Join by hashes: nothing is known yet of the rows that this transaction wrote, and few are expected."""
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    connection.execute(text("SET LOCAL enable_nestloop = on"))
