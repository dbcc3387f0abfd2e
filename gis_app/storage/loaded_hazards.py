"""Hazards that came with their dates alone, from files and the demo city: their unit, their limit and their steps."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

_STEPS = """(VALUES
    (1, 'report', NULL, 'reported', h.discovered_at),
    (2, 'file', 'reported', 'filed', h.filed_at),
    (3, 'assign', 'filed', 'assigned', h.assigned_at),
    (4, 'start', 'assigned', 'handling',
        CASE WHEN h.stage IN ('handling', 'feedback', 'verified', 'closed') THEN h.assigned_at END),
    (5, 'feedback', 'handling', 'feedback', h.feedback_at),
    (6, 'verify', 'feedback', 'verified', h.verified_at),
    (7, 'close', 'verified', 'closed', h.closed_at),
    (8, 'void', 'reported', 'void', CASE WHEN h.stage = 'void' THEN coalesce(h.filed_at, h.discovered_at) END)
) s (rank, action, from_stage, to_stage, at)"""
# The versions of what came in since; those of rows from a file are right already.
_EVENTS_OF_DATES = text(f"""
WITH made AS (
    INSERT INTO hazard_event (hazard_id, version, action, from_stage, to_stage, at, account, unit_code, scope_path)
    SELECT h.id, row_number() OVER (PARTITION BY h.id ORDER BY s.rank), s.action, s.from_stage, s.to_stage, s.at,
           :account, CASE WHEN s.rank >= 3 THEN h.unit_code END, h.scope_path
    FROM hazard h CROSS JOIN LATERAL {_STEPS}
    WHERE s.at IS NOT NULL AND NOT EXISTS (SELECT FROM hazard_event e WHERE e.hazard_id = h.id)
    RETURNING hazard_id, version),
numbered AS (
    UPDATE hazard h SET version = e.newest
    FROM (SELECT hazard_id, max(version) AS newest FROM made GROUP BY hazard_id) e
    WHERE e.hazard_id = h.id AND h.version < e.newest)
SELECT count(*) FROM made""")  # noqa: S608 - our own words
# The narrowest rule that is not of one area alone; the light of what came with a deadline turns at 80 % of its time.
_RULES = """(
    SELECT DISTINCT ON (c.code, s.severity) c.code, s.severity, r.unit_code, r.limit_value, r.limit_unit
    FROM hazard_category c CROSS JOIN (VALUES ('low'), ('general'), ('major'), ('severe')) s (severity)
    JOIN routing_rule r ON r.category_code = c.code AND (r.severity IS NULL OR r.severity = s.severity)
    WHERE r.area_code IS NULL AND r.valid_to IS NULL
    ORDER BY c.code, s.severity, r.severity IS NULL, r.valid_from DESC) r"""
_IS_OF_RULE = """r.code = h.category_code AND r.severity = h.severity
  AND h.stage IN ('assigned', 'handling', 'feedback', 'verified', 'closed')"""
_OF_RULE = {
    "limit_value": "r.limit_value",
    "limit_unit": "r.limit_unit",
    "unit_code": "coalesce(r.unit_code, 'town:' || split_part(h.scope_path, '/', 3))",
    "yellow_at": "h.assigned_at + (h.due_at - h.assigned_at) * 0.8",
}
_ROUTE_LOADED = text(f"""
UPDATE hazard h SET {", ".join(f"{name} = {value}" for name, value in _OF_RULE.items())}
FROM {_RULES} WHERE {_IS_OF_RULE} AND h.unit_code IS NULL""")  # noqa: S608

RULE_OF_ROW = f"LEFT JOIN {_RULES} ON {_IS_OF_RULE}"
"""SQL that joins the rule of a row ``h``, for ``FIRST_VALUES``."""
FIRST_VALUES: Mapping[str, str] = {
    **{name: f"CASE WHEN r.code IS NOT NULL THEN {value} END" for name, value in _OF_RULE.items()},
    "version": f"(SELECT count(*) FROM {_STEPS} WHERE s.at IS NOT NULL)",  # noqa: S608
}
"""What an added hazard gets beside its columns of the file: SQL by column, so that it is written once, not thrice."""


def route_loaded_hazards(connection: Connection) -> None:
    """Give assigned hazards without a unit the one of the rules, its limit, and the moment of their yellow light."""
    connection.execute(_ROUTE_LOADED)


def make_events_of_dates(connection: Connection, account: str) -> int:
    """Make the steps of hazards that have none from their dates, and return how many."""
    return int(connection.execute(_EVENTS_OF_DATES, {"account": account}).scalar_one())
