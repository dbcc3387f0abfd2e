"""What the wall shows in curves: hazards day by day, nights of patrols, and who is on duty tonight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, text

_ZONE = "'Asia/Shanghai'"
# Stocks of past days are reckoned back from today's by what came and went since.
_DAYS = text(f"""
SELECT day, sum(reported) AS reported, sum(closed) AS closed, sum(fell_late) AS fell_late,
       sum(late_ended) AS late_ended, sum(due) AS due, sum(due_closed) AS due_closed
FROM (
    SELECT (discovered_at AT TIME ZONE {_ZONE})::date AS day, 1 AS reported, 0 AS closed, 0 AS fell_late,
           0 AS late_ended, 0 AS due, 0 AS due_closed
    FROM hazard WHERE discovered_at >= :start AND discovered_at <= :now AND stage <> 'void'
    UNION ALL
    SELECT (closed_at AT TIME ZONE {_ZONE})::date, 0, 1, 0, CASE WHEN closed_at > due_at THEN 1 ELSE 0 END, 0, 0
    FROM hazard WHERE closed_at >= :start AND closed_at <= :now AND stage = 'closed'
    UNION ALL
    SELECT (due_at AT TIME ZONE {_ZONE})::date, 0, 0,
           CASE WHEN stage = 'closed' AND closed_at <= due_at THEN 0 ELSE 1 END, 0, 1,
           CASE WHEN stage = 'closed' THEN 1 ELSE 0 END
    FROM hazard WHERE due_at >= :start AND due_at < :now AND stage <> 'void') moved
GROUP BY day ORDER BY day""")  # noqa: S608
_NOW = text("""
SELECT count(*) AS open, count(*) FILTER (WHERE due_at < :now) AS overdue,
       (SELECT max(discovered_at) FROM hazard) AS newest
FROM hazard WHERE stage NOT IN ('closed', 'void')""")
_NIGHTS = text("""
SELECT night, (SELECT sum(c.area_share * a.area_m2) / nullif(sum(a.area_m2), 0)
               FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
               JOIN area a ON a.id = c.grid_id WHERE c.night = p.night) AS coverage,
       count(DISTINCT team_id) AS teams
FROM patrol p WHERE night >= :first AND night <= :last GROUP BY night ORDER BY night""")
_ROUTES = text("""
SELECT r.scope_path, t.name_zh, t.name_en, t.kind, t.mode, r.starts_at, r.ends_at,
       (SELECT max(l.recorded_at) FROM patrol p JOIN live_position l ON l.patrol_id = p.id
        WHERE p.team_id = t.id AND p.night = r.night) AS heard_at
FROM patrol_route r JOIN team t ON t.id = r.team_id WHERE r.night = :night
ORDER BY r.scope_path, r.starts_at, t.code""")
_NEWEST_ROUTES = text("SELECT max(night) FROM patrol_route WHERE night <= :night")
_INSPECTIONS = text("""
SELECT count(*) FILTER (WHERE state = 'under_way') AS under_way, count(*) FILTER (WHERE state = 'done') AS done,
       count(*) FILTER (WHERE state = 'planned') AS planned
FROM inspection WHERE coalesce(day, planned_for) = :night""")
_AREAS = text("SELECT scope_path, name_zh, name_en FROM area WHERE scope_path = ANY(:paths) AND valid_to IS NULL")


def hazard_days(connection: Connection, *, start: datetime, now: datetime) -> Sequence[RowMapping]:
    """Return per day of the city what was reported and closed, fell late or ended late, was due and of it closed."""
    return connection.execute(_DAYS, {"start": start, "now": now}).mappings().all()


def hazard_stock(connection: Connection, *, now: datetime) -> RowMapping:
    """Return how many hazards are open and overdue, and when the newest was found."""
    return connection.execute(_NOW, {"now": now}).mappings().one()


def nights(connection: Connection, *, first: date, last: date) -> Sequence[RowMapping]:
    """Return the covered share of the grids' area (None where unknown) and the teams out, night by night."""
    return connection.execute(_NIGHTS, {"first": first, "last": last}).mappings().all()


def newest_night_planned(connection: Connection, night: date) -> date | None:
    """Return the last night with routes up to one, None without any."""
    found: date | None = connection.execute(_NEWEST_ROUTES, {"night": night}).scalar_one()
    return found


def routes(connection: Connection, night: date) -> Sequence[RowMapping]:
    """Return the routes of a night: team, shift, and when the team was last heard of."""
    return connection.execute(_ROUTES, {"night": night}).mappings().all()


def inspections(connection: Connection, night: date) -> RowMapping:
    """Return how many inspections of a day are under way, done and still planned."""
    return connection.execute(_INSPECTIONS, {"night": night}).mappings().one()


def area_names(connection: Connection, paths: Sequence[str]) -> dict[str, RowMapping]:
    """Return names by scope path."""
    rows = connection.execute(_AREAS, {"paths": list(paths)}).mappings()
    return {row["scope_path"]: row for row in rows}
