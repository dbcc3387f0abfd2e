"""What the rules find: hazards that just came, deadlines that passed, what is missing. Asked in the system's scope.

Each finding names its rule, a ``subject`` (a rule raises none twice for the same), the path of its place, and a point.
A rule never finds what lies outside its area.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

LOOKS_BACK = timedelta(hours=24)
"""A new rule finds what passed its limit in the day before; a city full of old cases is no news."""
_RANKS = "ARRAY['low', 'general', 'major', 'severe']"
# A case that was opened again is found again.
_SUBJECT = "'hazard:' || h.id || ':' || h.reopened_count"
_UNKNOWN = f"NOT EXISTS (SELECT FROM alert_subject s WHERE s.rule_id = r.id AND s.subject = {_SUBJECT})"
_ARRIVED = """
arrived AS (
    SELECT DISTINCT ON (h.id) h.id, h.severity, h.category_code, h.reopened_count, h.scope_path, h.geom, n.at
    FROM notice n JOIN hazard h ON h.id = n.hazard_id
    WHERE n.id > :after AND n.id <= :upto AND n.kind IN ('report', 'reopen') AND h.stage NOT IN ('closed', 'void')
    ORDER BY h.id, n.id DESC)"""
_FITS = f"""
r.is_active AND starts_with(h.scope_path, r.scope_path)
AND coalesce(r.parameters ->> 'category', h.category_code) = h.category_code
AND array_position({_RANKS}, h.severity) >= array_position({_RANKS}, coalesce(r.parameters ->> 'severity', 'low'))
AND {_UNKNOWN}"""
_FINDING = f"""
r.id AS rule_id, r.scope_path AS rule_path, {_SUBJECT} AS subject, h.id AS hazard_id, h.scope_path AS place_path,
ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat"""
_SEVERE = text(f"""
WITH {_ARRIVED}
SELECT {_FINDING}, 'severity' AS kind, h.at FROM arrived h JOIN alert_rule r ON r.kind = 'severity' AND {_FITS}
UNION ALL
SELECT {_FINDING}, 'geofence', h.at FROM arrived h JOIN alert_rule r ON r.kind = 'geofence' AND {_FITS}
    AND ST_Intersects(ST_SetSRID(ST_GeomFromGeoJSON(r.parameters -> 'fence'), 4326), h.geom)
ORDER BY at""")  # noqa: S608
# Every case of a cluster is a finding of the case that completed it. What is asked of its neighbours is made ready
# before the join: a function in the join's condition would keep row-level security from using the index of places.
_CLUSTERS = text(f"""
WITH {_ARRIVED},
seed AS MATERIALIZED (
    SELECT h.id, h.geom, r.id AS rule, r.scope_path AS rule_path, wanted.*,
           r.parameters ->> 'category' AS category,
           ST_Expand(h.geom, wanted.within_m / 80000) AS around,
           :now - wanted.within_h * interval '1 hour' AS since
    FROM arrived h JOIN alert_rule r ON r.kind = 'cluster' AND {_FITS}
    CROSS JOIN LATERAL (
        SELECT CAST(r.parameters ->> 'within_m' AS float8) AS within_m,
               CAST(r.parameters ->> 'within_h' AS float8) AS within_h) wanted),
near AS (
    SELECT seed.id AS seed_id, seed.rule, h.id, count(*) OVER (PARTITION BY seed.id, seed.rule) AS members
    FROM seed JOIN hazard h ON h.geom && seed.around AND h.discovered_at > seed.since
        AND ST_DWithin(CAST(h.geom AS geography), CAST(seed.geom AS geography), seed.within_m)
        AND h.stage <> 'void' AND starts_with(h.scope_path, seed.rule_path)
        AND coalesce(seed.category, h.category_code) = h.category_code)
SELECT DISTINCT ON (r.id, h.id) {_FINDING}, 'cluster' AS kind, near.seed_id,
       r.parameters ->> 'within_m' AS within_m, h.discovered_at AS at
FROM near JOIN alert_rule r ON r.id = near.rule JOIN hazard h ON h.id = near.id
WHERE near.members >= CAST(r.parameters ->> 'least' AS int) AND {_UNKNOWN}
ORDER BY r.id, h.id, near.seed_id""")  # noqa: S608
_OVERDUE = text(f"""
SELECT {_FINDING}, 'overdue' AS kind, h.due_at + wait.hours * interval '1 hour' AS at
FROM alert_rule r
CROSS JOIN LATERAL (SELECT CAST(coalesce(r.parameters ->> 'hours', '0') AS float8) AS hours) wait
JOIN hazard h ON h.stage NOT IN ('closed', 'void') AND h.suspended_at IS NULL
    AND h.due_at <= :now - wait.hours * interval '1 hour'
    AND h.due_at > r.created_at - wait.hours * interval '1 hour' - CAST(:looks_back AS interval)
WHERE r.kind = 'overdue' AND {_FITS} ORDER BY at LIMIT 5000""")  # noqa: S608
_NIGHT_CHECKS = text("""
SELECT r.id AS rule_id, r.scope_path AS rule_path, 'night_check:' || m.code || ':' || CAST(:monday AS text) AS subject,
       CAST(NULL AS uuid) AS hazard_id, a.scope_path AS place_path, ST_X(a.label_point) AS lon,
       ST_Y(a.label_point) AS lat, 'absence' AS kind, CAST(:now AS timestamptz) AS at
FROM alert_rule r, night_check_map m JOIN area a ON a.id = m.id
WHERE r.kind = 'absence' AND r.is_active AND r.parameters ->> 'what' = 'night_check' AND m.state = 'missed'
  AND starts_with(a.scope_path, r.scope_path)
  AND NOT EXISTS (SELECT FROM alert_subject s WHERE s.rule_id = r.id
                  AND s.subject = 'night_check:' || m.code || ':' || CAST(:monday AS text))""")
# A team that is out on its route and is neither heard of lately nor where its area is.
_PATROLS = text("""
SELECT r.id AS rule_id, r.scope_path AS rule_path, 'route:' || p.id AS subject, CAST(NULL AS uuid) AS hazard_id,
       p.scope_path AS place_path, ST_X(t.station) AS lon, ST_Y(t.station) AS lat, 'absence' AS kind,
       CAST(:now AS timestamptz) AS at
FROM alert_rule r
CROSS JOIN LATERAL (
    SELECT CAST(coalesce(r.parameters ->> 'minutes', '30') AS float8) * interval '1 minute' AS long) wait
JOIN patrol_route p ON p.starts_at + wait.long <= :now AND p.ends_at > :now AND starts_with(p.scope_path, r.scope_path)
JOIN team t ON t.id = p.team_id JOIN area a ON a.id = t.area_id
WHERE r.kind = 'absence' AND r.is_active AND r.parameters ->> 'what' = 'patrol'
  AND NOT EXISTS (
      SELECT FROM patrol w JOIN live_position l ON l.patrol_id = w.id
      WHERE w.team_id = p.team_id AND l.recorded_at > :now - wait.long AND l.geom && a.geom
        AND ST_Intersects(l.geom, a.geom))
  AND NOT EXISTS (SELECT FROM alert_subject s WHERE s.rule_id = r.id AND s.subject = 'route:' || p.id)""")


def arrivals(connection: Connection, *, after: int, upto: int, now: datetime) -> list[RowMapping]:
    """Return what rules find in the hazards reported or reopened by the events after one, up to another."""
    values = {"after": after, "upto": upto, "now": now}
    found = list(connection.execute(_SEVERE, values).mappings())
    return [*found, *connection.execute(_CLUSTERS, values).mappings()]


def passed(connection: Connection, *, now: datetime) -> list[RowMapping]:
    """Return what rules find as time passes: cases overdue, patrols not in their area, villages not checked."""
    monday = (now - timedelta(hours=4)).date() - timedelta(days=(now - timedelta(hours=4)).weekday())
    values = {"now": now, "looks_back": LOOKS_BACK, "monday": monday.isoformat()}
    return [
        row for query in (_OVERDUE, _NIGHT_CHECKS, _PATROLS) for row in connection.execute(query, values).mappings()
    ]


def kinds_watched(connection: Connection) -> Sequence[str]:
    """Return the kinds of the active rules."""
    return connection.execute(text("SELECT DISTINCT kind FROM alert_rule WHERE is_active")).scalars().all()
