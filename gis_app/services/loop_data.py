"""What a city begins its closed loop with: units, rules, and the history of hazards that came with dates alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from gis_app import paths
from gis_app.storage import accounts, hazards, loaded_hazards, loop, routing


def begin_loop(connection: Connection) -> None:
    """Add the units and rules of ``data/`` where there are none yet, and an office for each township."""
    code = accounts.city_code(connection)
    if code is None:
        return
    routing.add_units(connection, [{**row, "area_code": code} for row in _rows("units.csv")])
    if not routing.has_rules(connection):
        known = set(hazards.category_codes(connection))
        rules = [_rule(row) for row in _rows("routing_rules.csv") if row["category_code"] in known]
        routing.add_rules(connection, rules)


def complete_loaded_hazards(connection: Connection, account: str) -> int:
    """Give hazards that came with dates alone their unit, limit and steps; return how many steps were made."""
    loop.place_at_villages(connection)
    loaded_hazards.route_loaded_hazards(connection)
    return loaded_hazards.make_events_of_dates(connection, account)


def _rows(name: str) -> Iterator[Mapping[str, str]]:
    with (paths.data() / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _rule(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "category_code": row["category_code"],
        "severity": row["severity"] or None,
        "area_code": None,
        "unit_code": row["unit_code"] or None,
        "limit_value": int(row["limit_value"]),
        "limit_unit": row["limit_unit"],
        "valid_from": date.fromisoformat(row["valid_from"]),
    }
