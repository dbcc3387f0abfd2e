"""Search of areas, facilities and streets by name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

# A name that begins with the words comes before one that holds them; areas before facilities before streets.
_SEARCH = text("""
WITH found AS (
    SELECT 1 AS rank, a.level AS kind, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en,
           a.label_point AS geom, Box2D(a.geom) AS box, a.code
    FROM area a LEFT JOIN area p ON p.id = a.parent_id
    WHERE a.valid_to IS NULL AND (a.name_zh ILIKE :inside OR a.name_en ILIKE :inside OR a.code = :exact)
      AND a.level IN ('city', 'township', 'village', 'grid')
    UNION ALL
    SELECT 2, f.kind, f.name_zh, f.name_en, a.name_zh, a.name_en, f.geom, NULL, ''
    FROM facility f LEFT JOIN area a ON a.id = f.area_id
    WHERE f.name_zh ILIKE :inside OR f.name_en ILIKE :inside
    UNION ALL
    SELECT 3, 'street', s.name_zh, s.name_en, NULL, NULL, ST_PointOnSurface(ST_Collect(s.geom)),
           Box2D(ST_Collect(s.geom)), ''
    FROM street_segment s
    WHERE s.name_zh ILIKE :inside OR s.name_en ILIKE :inside
    GROUP BY s.name_zh, s.name_en)
SELECT kind, name_zh, name_en, parent_zh, parent_en, ST_X(geom) AS lon, ST_Y(geom) AS lat,
       ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north
FROM found
ORDER BY (name_zh ILIKE :begins OR name_en ILIKE :begins) DESC, rank, length(name_zh), code
LIMIT :limit""")


def search_places(connection: Connection, words: str, *, limit: int = 12) -> Sequence[RowMapping]:
    """Return the places whose Chinese or English name holds ``words``, best first."""
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {"inside": f"%{literal}%", "begins": f"{literal}%", "exact": words, "limit": limit}
    return connection.execute(_SEARCH, values).mappings().all()
