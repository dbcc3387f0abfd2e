"""Teams and the work they did: nights out, ways, villages. Teams are units of duty; no member is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, RowMapping, text

_WORK = """
LEFT JOIN (SELECT team_id, count(DISTINCT night) AS nights_out, sum(length_m) AS walked_m, max(ended_at) AS last_at,
                  sum(extract(epoch FROM ended_at - started_at)) AS seconds
           FROM patrol WHERE night BETWEEN :first AND :last GROUP BY team_id) p ON p.team_id = t.id
LEFT JOIN (SELECT r.team_id, count(s.id) AS planned, count(*) FILTER (WHERE v.state = 'visited') AS visited,
                  count(*) FILTER (WHERE v.state = 'passed') AS passed,
                  count(*) FILTER (WHERE v.state = 'missed') AS missed
           FROM patrol_route r JOIN planned_stop s ON s.route_id = r.id JOIN stop_visit v ON v.stop_id = s.id
           WHERE r.night BETWEEN :first AND :last GROUP BY r.team_id) s ON s.team_id = t.id
LEFT JOIN (SELECT r.team_id, sum(w.followed_share * r.length_m) / nullif(sum(r.length_m), 0) AS followed_share
           FROM patrol_route r JOIN route_walk w ON w.route_id = r.id
           WHERE r.night BETWEEN :first AND :last GROUP BY r.team_id) w ON w.team_id = t.id"""
_TEAMS = f"""
SELECT t.id, t.code, t.name_zh, t.name_en, t.kind, t.mode, a.name_zh AS area_zh, a.name_en AS area_en,
       coalesce(p.nights_out, 0) AS nights_out, coalesce(p.walked_m, 0) AS walked_m, p.last_at,
       CAST(coalesce(p.seconds, 0) AS float8) AS seconds, coalesce(s.planned, 0) AS planned,
       coalesce(s.visited, 0) AS visited, coalesce(s.passed, 0) AS passed, coalesce(s.missed, 0) AS missed,
       w.followed_share
FROM team t LEFT JOIN area a ON a.id = t.area_id {_WORK}"""  # noqa: S608 - texts of our own
_ALL = text(f"{_TEAMS} ORDER BY t.code")
_ONE = text(f"{_TEAMS} WHERE t.code = :code")
_OUTINGS = text("""
SELECT p.night, p.started_at, p.ended_at, p.mode, p.length_m, p.fix_count, p.geom IS NOT NULL AS has_track
FROM patrol p JOIN team t ON t.id = p.team_id
WHERE t.code = :code AND p.night BETWEEN :first AND :last ORDER BY p.night DESC, p.started_at""")
_VILLAGES = text("""
SELECT v.code, v.name_zh, v.name_en, count(DISTINCT p.night) AS nights,
       sum(ST_Length(CAST(ST_Intersection(p.geom, v.geom) AS geography))) AS walked_m, max(p.night) AS last_night
FROM patrol p JOIN team t ON t.id = p.team_id
JOIN area v ON v.level = 'village' AND v.valid_to IS NULL AND v.geom && p.geom AND ST_Intersects(v.geom, p.geom)
WHERE t.code = :code AND p.night BETWEEN :first AND :last AND p.geom IS NOT NULL
GROUP BY v.code, v.name_zh, v.name_en ORDER BY walked_m DESC""")


def teams(connection: Connection, *, first: date, last: date) -> Sequence[RowMapping]:
    """Return the teams of the caller's area with their work of some nights, by code."""
    return connection.execute(_ALL, {"first": first, "last": last}).mappings().all()


def team(connection: Connection, code: str, *, first: date, last: date) -> RowMapping | None:
    """Return a team of the caller's area with its work of some nights."""
    return connection.execute(_ONE, {"code": code, "first": first, "last": last}).mappings().first()


def outings(connection: Connection, code: str, *, first: date, last: date) -> Sequence[RowMapping]:
    """Return the patrols of a team, the newest first."""
    return connection.execute(_OUTINGS, {"code": code, "first": first, "last": last}).mappings().all()


def villages(connection: Connection, code: str, *, first: date, last: date) -> Sequence[RowMapping]:
    """Return the villages a team came to while its tracks are kept, those with the longest ways first."""
    return connection.execute(_VILLAGES, {"code": code, "first": first, "last": last}).mappings().all()
