"""Responsible units and the dated rules that route hazards to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, text

# The narrowest rule counts: one of the village before one of the township, one of the severity before one of all.
_ROUTE = text("""
WITH place AS (SELECT string_to_array(trim(BOTH '/' FROM :path), '/') AS codes),
township AS (
    SELECT 'town:' || a.code AS code FROM area a, place
    WHERE a.level = 'township' AND a.code = ANY(place.codes) AND a.valid_to IS NULL),
rule AS (
    SELECT r.unit_code, r.limit_value, r.limit_unit FROM routing_rule r, place
    WHERE r.category_code = :category AND (r.severity IS NULL OR r.severity = :severity)
      AND (r.area_code IS NULL OR r.area_code = ANY(place.codes))
      AND r.valid_from <= :day AND (r.valid_to IS NULL OR r.valid_to > :day)
    ORDER BY array_position(place.codes, r.area_code) DESC NULLS LAST, r.severity IS NULL, r.valid_from DESC, r.id DESC
    LIMIT 1)
SELECT coalesce(rule.unit_code, 'town:' || place.codes[2]) AS unit_code, rule.limit_value, rule.limit_unit
FROM rule, place""")
_UNITS = text("SELECT code, name_zh, name_en, area_code, is_active FROM unit ORDER BY area_code, code")
_RULES = text("""
SELECT r.id, r.category_code, r.severity, r.area_code, r.unit_code, r.limit_value, r.limit_unit, r.valid_from,
       r.valid_to, c.name_zh AS category_zh, c.name_en AS category_en
FROM routing_rule r JOIN hazard_category c ON c.code = r.category_code
ORDER BY c.sort, r.severity NULLS FIRST, r.area_code NULLS FIRST, r.valid_from""")
_TOWNSHIP_OFFICES = text("""
INSERT INTO unit (code, name_zh, name_en, area_code)
SELECT 'town:' || code,
       name_zh || CASE WHEN name_zh LIKE '%街道' THEN '办事处' ELSE '人民政府' END,
       coalesce(name_en, name_zh) || ' Office', code
FROM area WHERE level = 'township' AND valid_to IS NULL
ON CONFLICT (code) DO NOTHING""")


def route(connection: Connection, *, category: str, severity: str, scope_path: str, day: date) -> RowMapping | None:
    """Return unit_code, limit_value and limit_unit of the rule for a hazard assigned on a day, None without one."""
    values = {"category": category, "severity": severity, "path": scope_path, "day": day}
    return connection.execute(_ROUTE, values).mappings().first()


def units(connection: Connection) -> Sequence[RowMapping]:
    """Return all units by area and code."""
    return connection.execute(_UNITS).mappings().all()


def rules(connection: Connection) -> Sequence[RowMapping]:
    """Return all rules, also past and future ones, by category."""
    return connection.execute(_RULES).mappings().all()


def add_units(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add units that are not there yet, and an office for each township that has none."""
    statement = text("""
    INSERT INTO unit (code, name_zh, name_en, area_code) VALUES (:code, :name_zh, :name_en, :area_code)
    ON CONFLICT (code) DO NOTHING""")
    if rows:
        connection.execute(statement, list(rows))
    connection.execute(_TOWNSHIP_OFFICES)


def has_rules(connection: Connection) -> bool:
    """Return whether there is any rule."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM routing_rule)")).scalar_one())


def add_rules(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rules."""
    connection.execute(
        text("""
    INSERT INTO routing_rule (category_code, severity, area_code, unit_code, limit_value, limit_unit, valid_from)
    VALUES (:category_code, :severity, :area_code, :unit_code, :limit_value, :limit_unit, :valid_from)"""),
        list(rows),
    )


def end_rule(connection: Connection, rule_id: int, *, day: date) -> RowMapping | None:
    """End a rule on a day and return it; None if there is none in force then. One that had not begun is deleted."""
    ended = text("""
    UPDATE routing_rule SET valid_to = :day
    WHERE id = :id AND valid_from < :day AND (valid_to IS NULL OR valid_to > :day)
    RETURNING category_code, severity, area_code""")
    deleted = text("""
    DELETE FROM routing_rule WHERE id = :id AND valid_from >= :day RETURNING category_code, severity, area_code""")
    values = {"id": rule_id, "day": day}
    return (
        connection.execute(ended, values).mappings().first() or connection.execute(deleted, values).mappings().first()
    )
