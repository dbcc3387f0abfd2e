"""What monthly figures are made of: hazards by township and category, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, text

# Names and borders change: a month names its townships as they were called then.
_TOWNSHIPS = text("""
SELECT code, name_zh, name_en, is_valid FROM (
    SELECT DISTINCT ON (code) code, name_zh, name_en,
           bool_or(valid_from <= :last_day AND (valid_to IS NULL OR valid_to > :first_day))
               OVER (PARTITION BY code) AS is_valid
    FROM area WHERE level = 'township'
    ORDER BY code, valid_from <= :last_day DESC, valid_from DESC) named
ORDER BY code""")
_CATEGORIES = text("SELECT code, name_zh, name_en FROM hazard_category ORDER BY sort, code")
_COUNTS = text("""
SELECT t.code AS township, h.category_code AS category, count(*) AS count
FROM hazard h
JOIN (SELECT DISTINCT code, scope_path FROM area WHERE level = 'township') t ON starts_with(h.scope_path, t.scope_path)
WHERE h.stage <> 'void' AND h.discovered_at >= :start AND h.discovered_at < :end
GROUP BY t.code, h.category_code""")
_SPAN = text("SELECT min(discovered_at), max(discovered_at) FROM hazard WHERE stage <> 'void'")


def townships(connection: Connection, *, first_day: date, last_day: date) -> Sequence[RowMapping]:
    """Return code, names and ``is_valid`` (at any time of the days) of all townships there ever were, by code."""
    return connection.execute(_TOWNSHIPS, {"first_day": first_day, "last_day": last_day}).mappings().all()


def categories(connection: Connection) -> Sequence[RowMapping]:
    """Return code and names of the hazard categories, in their order."""
    return connection.execute(_CATEGORIES).mappings().all()


def hazard_counts(connection: Connection, *, start: datetime, end: datetime) -> dict[tuple[str, str], int]:
    """Return the hazards found in ``[start, end)`` by township's and category's code, void ones left out."""
    rows = connection.execute(_COUNTS, {"start": start, "end": end})
    return {(township, category): count for township, category, count in rows}


def hazard_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return when the first and the newest hazard was found, None without any."""
    first, newest = connection.execute(_SPAN).one()
    return None if first is None else (first, newest)
