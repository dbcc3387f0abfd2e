"""Inspections as they are looked at: one with all that belongs to it, lists, and the areas to plan them for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.areas import AreaLevel
from gis_app.domain.duties import may_inspect
from gis_app.domain.rights import Right
from gis_app.services.checklists import checklist
from gis_app.services.gate import Caller
from gis_app.services.inspections import MISSING, is_inspector
from gis_app.storage import inspections
from gis_app.storage.engine import scoped
from gis_app.storage.inspections import InspectionFilter


def one(engine: Engine, caller: Caller, inspection_id: uuid.UUID) -> dict[str, Any]:
    """Return an inspection with its findings, checklist, outline, and whether the caller may change it.

    Raises
    ------
    NotFound
        If the caller sees no such inspection.
    """
    with scoped(engine, caller.scope) as connection:
        found = inspections.inspection(connection, inspection_id)
        if found is None:
            raise MISSING
        return {
            "inspection": found,
            "findings": inspections.findings(connection, inspection_id),
            "checklist": checklist(found["kind"], found["checklist_version"]),
            "outline": inspections.outline(connection, found["area_code"]),
            "may_change": is_inspector(caller, found),
        }


def listed(engine: Engine, caller: Caller, wanted: InspectionFilter) -> list[dict[str, Any]]:
    """Return inspections that the caller sees, each with the number of its findings."""
    with scoped(engine, caller.scope) as connection:
        rows = inspections.inspections(connection, wanted)
        counts = inspections.finding_counts(connection, [row["id"] for row in rows])
    return [{**row, "findings": counts.get(row["id"], 0)} for row in rows]


def areas_to_inspect(engine: Engine, caller: Caller) -> Sequence[RowMapping]:
    """Return the areas that the caller may plan inspections of; none without the right."""
    if Right.INSPECT not in caller.scope.rights or not may_inspect(caller.level, AreaLevel.VILLAGE):
        return []
    with scoped(engine, caller.scope) as connection:
        return inspections.areas_below(connection, caller.scope.area_path)
