"""Plan against actual: routes and stops of a night with the tracks of their teams, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.bulk_read import read_numbers
from gis_app.storage.frames import frame_of

# A night whose tracks were forgotten, or are being made anew, keeps what was found.
_WORDS = text("""
SELECT r.night, md5(string_agg(r.word, ',' ORDER BY r.id)) || coalesce(max(p.word), '') AS word
FROM (SELECT r.id, r.night, r.id || ':' || r.team_id || md5(ST_AsBinary(r.geom)) || coalesce(
             (SELECT md5(string_agg(s.ordinal || ST_AsText(s.geom), ',' ORDER BY s.id))
              FROM planned_stop s WHERE s.route_id = r.id), '') AS word
      FROM patrol_route r WHERE r.starts_at <= :now AND r.night >= :first) r
LEFT JOIN (SELECT night, bool_and(geom IS NOT NULL) AND NOT bool_or(is_stale) AS is_whole,
                  md5(string_agg(coalesce(md5(ST_AsBinary(geom)), '') || mode || fix_count, ',' ORDER BY id)) AS word
           FROM patrol WHERE night >= :first GROUP BY night) p ON p.night = r.night
WHERE p.is_whole IS NOT false GROUP BY r.night ORDER BY r.night""")
_KNOWN = text("SELECT night, digest FROM followed_night")
_NOTE = text("""
INSERT INTO followed_night (night, digest) VALUES (:night, :digest)
ON CONFLICT (night) DO UPDATE SET digest = excluded.digest""")
_ROUTES = text("""
SELECT r.id, r.team_id, r.starts_at, r.ends_at, r.scope_path, ST_AsBinary(ST_Transform(r.geom, :srid)) AS route,
       (SELECT ST_AsBinary(ST_Transform(ST_Collect(d.geom), :srid))
        FROM patrol p, ST_Dump(p.geom) d
        WHERE p.team_id = r.team_id AND p.night = r.night) AS tracks
FROM patrol_route r WHERE r.night = :night AND r.starts_at <= :now ORDER BY r.id""")
_STOPS = text("""
SELECT s.id, s.route_id, s.ordinal, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM planned_stop s JOIN patrol_route r ON r.id = s.route_id
CROSS JOIN LATERAL (SELECT ST_Transform(s.geom, :srid) AS xy) m
WHERE r.night = :night ORDER BY s.route_id, s.ordinal""")
_FIXES = """
SELECT p.team_id, CAST(extract(epoch FROM f.recorded_at) AS float8) AS second, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM patrol p JOIN track_point f ON f.patrol_id = p.id
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, %(srid)s) AS xy) m
WHERE p.night = %(night)s AND p.geom IS NOT NULL AND f.recorded_at >= %(start)s AND f.recorded_at < %(end)s
  AND p.team_id IN (SELECT team_id FROM patrol_route WHERE night = %(night)s)"""
_FIX_TYPES = {"team_id": "int8", "second": "float8", "x": "float8", "y": "float8"}
_STORE_ROUTE = text("""
INSERT INTO route_walk (route_id, first_at, last_at, walked_m, followed_share, off_route_m, deviation_count, farthest_m,
                        in_order_share, scope_path)
VALUES (:route_id, :first_at, :last_at, :walked_m, :followed_share, :off_route_m, :deviation_count, :farthest_m,
        :in_order_share, :scope_path)
ON CONFLICT (route_id) DO UPDATE
SET first_at = excluded.first_at, last_at = excluded.last_at, walked_m = excluded.walked_m,
    followed_share = excluded.followed_share, off_route_m = excluded.off_route_m,
    deviation_count = excluded.deviation_count, farthest_m = excluded.farthest_m,
    in_order_share = excluded.in_order_share""")
_STORE_STOPS = text("""
INSERT INTO stop_visit (stop_id, state, came_at, stayed_min, ordinal, grid_id, scope_path)
SELECT s.id, v.state, v.came_at, v.stayed_min, v.ordinal, v.grid_id, s.scope_path
FROM unnest(CAST(:stop_id AS bigint[]), CAST(:state AS text[]), CAST(:came_at AS timestamptz[]),
            CAST(:stayed_min AS float8[]), CAST(:ordinal AS int[]), CAST(:grid_id AS bigint[]))
     v (stop_id, state, came_at, stayed_min, ordinal, grid_id)
JOIN planned_stop s ON s.id = v.stop_id
ON CONFLICT (stop_id) DO UPDATE
SET state = excluded.state, came_at = excluded.came_at, stayed_min = excluded.stayed_min, ordinal = excluded.ordinal,
    grid_id = excluded.grid_id""")
_FACTS = """
SELECT r.id, r.night, r.starts_at, r.ends_at, r.length_m, r.plan_id, t.code AS team, t.name_zh AS team_zh,
       t.name_en AS team_en, t.kind, t.mode, w.first_at, w.last_at, w.walked_m, w.followed_share, w.off_route_m,
       w.deviation_count, w.farthest_m, w.in_order_share, w.route_id IS NOT NULL AS is_known,
       count(s.id) AS planned, count(*) FILTER (WHERE v.state = 'visited') AS visited,
       count(*) FILTER (WHERE v.state = 'passed') AS passed, count(*) FILTER (WHERE v.state = 'missed') AS missed,
       sum(v.stayed_min) AS stayed_min
FROM patrol_route r JOIN team t ON t.id = r.team_id
LEFT JOIN route_walk w ON w.route_id = r.id
LEFT JOIN planned_stop s ON s.route_id = r.id LEFT JOIN stop_visit v ON v.stop_id = s.id"""
_GROUPED = "GROUP BY r.id, t.code, t.name_zh, t.name_en, t.kind, t.mode, w.route_id"
_OF_NIGHT = text(f"{_FACTS} WHERE r.night = :night {_GROUPED} ORDER BY t.code, r.starts_at")
_OF_TEAM = text(f"""
{_FACTS} WHERE t.code = :team AND r.night BETWEEN :first AND :last {_GROUPED} ORDER BY r.night DESC, r.starts_at""")
_STOP_ROWS = text("""
SELECT s.route_id, s.ordinal, s.dwell_min, s.begins_at, v.state, v.came_at, v.stayed_min, v.ordinal AS came_as,
       ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, p.name_zh AS village_zh, p.name_en AS village_en
FROM planned_stop s JOIN patrol_route r ON r.id = s.route_id
LEFT JOIN stop_visit v ON v.stop_id = s.id
LEFT JOIN area g ON g.id = v.grid_id LEFT JOIN area p ON p.id = g.parent_id
WHERE r.night = :night ORDER BY s.route_id, s.ordinal""")
_NIGHTS = text("SELECT DISTINCT night FROM patrol_route WHERE starts_at <= :now ORDER BY night")


def words(connection: Connection, *, first: date, now: datetime) -> dict[date, str]:
    """Return for each night with routes that began a word that changes with any of its routes, stops and tracks."""
    return {row.night: row.word for row in connection.execute(_WORDS, {"first": first, "now": now})}


def known_digests(connection: Connection) -> dict[date, str]:
    """Return what each night was computed from."""
    return {row.night: row.digest for row in connection.execute(_KNOWN)}


def note(connection: Connection, night: date, digest: str) -> None:
    """Remember what a night was computed from."""
    connection.execute(_NOTE, {"night": night, "digest": digest})


def routes(connection: Connection, night: date, *, now: datetime, srid: int) -> Sequence[RowMapping]:
    """Return the routes of a night that began, with route and tracks of the team as projected WKB."""
    return connection.execute(_ROUTES, {"night": night, "now": now, "srid": srid}).mappings().all()


def stops(connection: Connection, night: date, *, srid: int) -> pd.DataFrame:
    """Return id, route_id, ordinal and projected x, y of the planned stops of a night."""
    result = connection.execute(_STOPS, {"night": night, "srid": srid})
    return frame_of(result)


def fixes(connection: Connection, night: date, *, start: datetime, end: datetime, srid: int) -> pd.DataFrame:
    """Return team_id, second and projected x, y of the fixes of teams that had a route."""
    values = {"night": night, "start": start, "end": end, "srid": srid}
    return pd.DataFrame(read_numbers(connection, _FIXES, values, _FIX_TYPES))


def store(
    connection: Connection, route_rows: Sequence[Mapping[str, Any]], stop_rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store how routes were followed and stops visited, in place of what was known."""
    if route_rows:
        connection.execute(_STORE_ROUTE, list(route_rows))
    if stop_rows:
        names = ("stop_id", "state", "came_at", "stayed_min", "ordinal", "grid_id")
        connection.execute(_STORE_STOPS, {name: [row[name] for row in stop_rows] for name in names})


def of_night(connection: Connection, night: date) -> Sequence[RowMapping]:
    """Return each route of a night as planned and as done, by team."""
    return connection.execute(_OF_NIGHT, {"night": night}).mappings().all()


def of_team(connection: Connection, team: str, *, first: date, last: date) -> Sequence[RowMapping]:
    """Return each route of a team as planned and as done, the newest first."""
    return connection.execute(_OF_TEAM, {"team": team, "first": first, "last": last}).mappings().all()


def stop_rows(connection: Connection, night: date) -> Sequence[RowMapping]:
    """Return the planned stops of a night as planned and as done."""
    return connection.execute(_STOP_ROWS, {"night": night}).mappings().all()


def nights(connection: Connection, *, now: datetime) -> list[date]:
    """Return the nights with routes that began, oldest first."""
    return list(connection.execute(_NIGHTS, {"now": now}).scalars())
