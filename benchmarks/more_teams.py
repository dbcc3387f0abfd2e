"""Teams added to a small demo city, so that loads of a whole city can be tried on it."""

from __future__ import annotations

from sqlalchemy import Connection, text

_ADD = text("""
INSERT INTO team (code, name_zh, name_en, kind, mode, area_id, station, scope_path, is_synthetic)
SELECT 'X' || lpad(n::text, 4, '0'), '增援' || n, 'Reinforcement ' || n, 'volunteer', 'foot', v.id, v.label_point,
       v.scope_path, true
FROM generate_series(1, :missing) n
JOIN (SELECT id, label_point, scope_path, row_number() OVER (ORDER BY code) AS at, count(*) OVER () AS whole
      FROM area WHERE level = 'village' AND valid_to IS NULL) v ON v.at = n % v.whole + 1
ON CONFLICT DO NOTHING""")


def ensure_teams(connection: Connection, count: int) -> None:
    """Add volunteer teams at the villages until there are so many; those added before count."""
    known = int(connection.execute(text("SELECT count(*) FROM team")).scalar_one())
    if known < count:
        connection.execute(_ADD, {"missing": count - known})
