"""Posts of professionals in villages: counts by profession, never persons."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

_COUNTS = text("""
SELECT v.code, v.name_zh, v.name_en, t.code AS township_code, t.name_zh AS township_zh, t.name_en AS township_en,
       coalesce(jsonb_object_agg(p.profession, p.post_count) FILTER (WHERE p.profession IS NOT NULL), '{}') AS posts
FROM area v LEFT JOIN area t ON t.id = v.parent_id LEFT JOIN professional_post p ON p.village_id = v.id
WHERE v.level = 'village' AND v.valid_to IS NULL
GROUP BY v.code, v.name_zh, v.name_en, t.code, t.name_zh, t.name_en ORDER BY t.code, v.code""")
_SET = text("""
INSERT INTO professional_post (village_id, profession, office, post_count, scope_path)
SELECT id, :profession, :office, :count, scope_path FROM area
WHERE level = 'village' AND valid_to IS NULL AND code = :village
ON CONFLICT (village_id, profession) DO UPDATE SET office = excluded.office, post_count = excluded.post_count
RETURNING scope_path""")
_REMOVE = text("""
DELETE FROM professional_post p USING area v
WHERE v.id = p.village_id AND v.valid_to IS NULL AND v.code = :village AND p.profession = :profession""")
# One of each where a village is large enough for its number to say so: a rule, so that a demo city is the same again.
_SEED = text("""
INSERT INTO professional_post (village_id, profession, office, post_count, scope_path)
SELECT v.id, :profession, coalesce(t.name_zh, '') || :office, 1 + (v.id + :number) % 7 / 5, v.scope_path
FROM area v LEFT JOIN area t ON t.id = v.parent_id
WHERE v.level = 'village' AND v.valid_to IS NULL AND (v.id + :number) % 5 <> 0
ON CONFLICT DO NOTHING""")


def counts(connection: Connection) -> Sequence[RowMapping]:
    """Return the villages of the caller's area with their township and ``posts``: the number by profession."""
    return connection.execute(_COUNTS).mappings().all()


def scope_of_village(connection: Connection, code: str) -> str | None:
    """Return the scope path of a village, None if there is none in the caller's area."""
    query = text("SELECT scope_path FROM area WHERE level = 'village' AND valid_to IS NULL AND code = :code")
    path: str | None = connection.execute(query, {"code": code}).scalar_one_or_none()
    return path


def set_posts(connection: Connection, village: str, profession: str, *, office: str, count: int) -> None:
    """Store how many posts of a profession a village has; none removes them."""
    values = {"village": village, "profession": profession, "office": office, "count": count}
    connection.execute(_SET if count else _REMOVE, values)


def seed(connection: Connection, offices: Sequence[tuple[str, str]]) -> None:
    """Give the villages of a demo city posts, for each profession and name of its office."""
    for number, (profession, office) in enumerate(offices):
        connection.execute(_SEED, {"profession": profession, "office": office, "number": number})
