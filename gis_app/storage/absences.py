"""Absences: units not in their area on schedule, villages without their night check; noticed once, ended, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

# A team is where it should be while one of its fixes lies in its area or beside its route.
_IS_PRESENT = """
EXISTS (SELECT FROM patrol o JOIN track_point f ON f.patrol_id = o.id
        WHERE o.team_id = r.team_id AND o.night BETWEEN r.night - 1 AND r.night + 1
          AND f.recorded_at >= CAST(:since AS timestamptz) AND f.recorded_at >= r.starts_at - CAST(:early AS interval)
          AND f.recorded_at <= :now
          AND (ST_Intersects(home.geom, f.geom)
               OR ST_DWithin(CAST(r.geom AS geography), CAST(f.geom AS geography), :beside_m)))"""
_UNITS = text(f"""
INSERT INTO absence (kind, key, night, area_id, route_id, expected_from, expected_to, noticed_at, levels, scope_path)
SELECT 'unit', 'unit:' || r.id || ':' || (SELECT count(*) FROM absence b WHERE b.route_id = r.id), r.night, t.area_id,
       r.id, r.starts_at, r.ends_at, :now, :levels, r.scope_path
FROM patrol_route r JOIN team t ON t.id = r.team_id JOIN area home ON home.id = t.area_id
LEFT JOIN patrol_plan p ON p.id = r.plan_id
WHERE r.starts_at <= CAST(:due AS timestamptz) AND r.ends_at > :now AND (p.id IS NULL OR p.state = 'published')
  AND NOT EXISTS (SELECT FROM absence b WHERE b.route_id = r.id AND b.ended_at IS NULL) AND NOT {_IS_PRESENT}
ON CONFLICT DO NOTHING RETURNING scope_path""")  # noqa: S608 - texts of our own
_END_UNITS = text(f"""
UPDATE absence a SET ended_at = :now
FROM patrol_route r JOIN team t ON t.id = r.team_id JOIN area home ON home.id = t.area_id
WHERE a.kind = 'unit' AND a.ended_at IS NULL AND r.id = a.route_id AND (r.ends_at <= :now OR {_IS_PRESENT})""")  # noqa: S608
_CHECKS = text("""
INSERT INTO absence (kind, key, night, area_id, count, expected_from, expected_to, noticed_at, levels, scope_path)
SELECT 'night_check', :key, :night, a.id, :count, :expected_from, :expected_to, :now, :levels, a.scope_path
FROM area a WHERE a.code = :area AND a.valid_to IS NULL
ON CONFLICT DO NOTHING RETURNING scope_path""")
_END_CHECKS = text("""
UPDATE absence SET ended_at = :now WHERE kind = 'night_check' AND ended_at IS NULL AND key <> ALL(:open)""")
_FOR_ME = ":level = ANY(a.levels) AND a.noticed_at > :since"
_NEWEST = text(f"""
SELECT a.id, a.kind, a.night, a.count, a.expected_from, a.expected_to, a.noticed_at, a.ended_at, v.code AS area_code,
       v.level AS area_level, v.name_zh AS area_zh, v.name_en AS area_en, t.code AS team, t.name_zh AS team_zh,
       t.name_en AS team_en
FROM absence a LEFT JOIN area v ON v.id = a.area_id LEFT JOIN patrol_route r ON r.id = a.route_id
LEFT JOIN team t ON t.id = r.team_id
WHERE {_FOR_ME} ORDER BY a.ended_at IS NOT NULL, a.id DESC LIMIT :most""")  # noqa: S608
_UNREAD = text(f"""
SELECT count(*) FROM absence a JOIN account c ON c.id = :account_id
WHERE a.id > c.absences_read_upto AND a.ended_at IS NULL AND {_FOR_ME}""")  # noqa: S608
_READ_UPTO = text("SELECT absences_read_upto FROM account WHERE id = :account_id")
_MARK_READ = text("""
UPDATE account SET absences_read_upto = greatest(absences_read_upto, least(:upto, (SELECT max(id) FROM absence)))
WHERE id = :account_id""")
_FORGET = text("DELETE FROM absence WHERE noticed_at < :before")


@dataclass(frozen=True)
class Presence:
    """When a team is where it should be.

    Parameters
    ----------
    grace
        How long after the beginning of its route a team may still be on its way.
    away
        A team counts as away when its last fix in its area, or beside its route, is older.
    beside_m
        Metres from the route.
    """

    grace: timedelta
    away: timedelta
    beside_m: float

    def values(self, now: datetime) -> dict[str, Any]:
        """Return the parameters of the queries."""
        return {"now": now, "since": now - self.away, "early": self.grace, "beside_m": self.beside_m}


def notice_units(connection: Connection, where: Presence, *, now: datetime, levels: Sequence[str]) -> list[str]:
    """Note teams whose route has begun and that are not where they should be; return the scope path of each."""
    values = {**where.values(now), "due": now - where.grace, "levels": list(levels)}
    return list(connection.execute(_UNITS, values).scalars())


def end_units(connection: Connection, where: Presence, *, now: datetime) -> int:
    """End absences of teams that came, or whose route is over; return how many."""
    return connection.execute(_END_UNITS, where.values(now)).rowcount


def notice_checks(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Note night checks that are due and open: key, night, area, count, expected_from, expected_to, now, levels."""
    found: list[str] = []
    for row in rows:
        found += connection.execute(_CHECKS, row).scalars()
    return found


def end_checks(connection: Connection, *, still_open: Sequence[str], now: datetime) -> int:
    """End absences of night checks whose key is open no longer; return how many."""
    return connection.execute(_END_CHECKS, {"open": list(still_open), "now": now}).rowcount


def newest(connection: Connection, *, level: str, since: datetime, most: int) -> Sequence[RowMapping]:
    """Return the absences that accounts of a level are told of: those that last, then those that ended."""
    return connection.execute(_NEWEST, {"level": level, "since": since, "most": most}).mappings().all()


def unread_count(connection: Connection, account_id: int, *, level: str, since: datetime) -> int:
    """Return how many absences that last an account has not read."""
    values = {"account_id": account_id, "level": level, "since": since}
    return int(connection.execute(_UNREAD, values).scalar_one())


def read_upto(connection: Connection, account_id: int) -> int:
    """Return the last absence that an account has marked as read."""
    return int(connection.execute(_READ_UPTO, {"account_id": account_id}).scalar() or 0)


def mark_read(connection: Connection, account_id: int, *, upto: int) -> None:
    """Mark all absences up to one as read."""
    connection.execute(_MARK_READ, {"account_id": account_id, "upto": upto})


def forget(connection: Connection, *, before: datetime) -> int:
    """Delete absences noticed before a moment and return how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount
