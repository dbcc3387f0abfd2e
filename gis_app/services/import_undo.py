"""Takes back a whole import, as long as nothing later depends on it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Connection

from gis_app.domain.errors import Conflict
from gis_app.importers.kinds import COVERED_KINDS, ImportKind
from gis_app.storage import import_changes
from gis_app.storage.hazard_cells import note_change_everywhere, refresh_hazard_month_cells
from gis_app.storage.patrol_tracks import note_change

TABLE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "hazard": "hazards",
        "hazard_picture": "pictures",
        "finding": "findings of inspections",
        "inspection": "inspections",
        "account": "accounts",
        "area": "areas",
        "facility": "facilities",
        "team": "teams",
        "patrol": "patrols",
        "patrol_route": "patrol routes",
        "professional_post": "posts of professionals",
    }
)
"""What to call the rows of a table; others are called results of analyses."""


def undo(connection: Connection, import_id: uuid.UUID, kind: ImportKind) -> dict[str, int]:
    """Put back what an import changed and delete what it added; return how many rows of each.

    Parameters
    ----------
    connection
        In a transaction and the scope of who undoes.

    Raises
    ------
    Conflict
        If a later import or somebody's work depends on it; names what.
    """
    _refuse_if_needed(connection, import_id)
    months, villages = import_changes.months_and_villages(connection, import_id)
    if kind is ImportKind.TRACKS:
        counts = {"changed": 0, "added": import_changes.take_back_fixes(connection, import_id)}
    else:
        counts = {"changed": import_changes.put_back(connection, import_id)}
        _refuse_if_referred(connection, import_id)
        counts["added"] = import_changes.remove_added(connection, import_id)
    import_changes.forget_run(connection, import_id)
    if months:
        refresh_hazard_month_cells(connection, months)
    if kind in COVERED_KINDS:
        note_change(connection)
    if villages or kind is not ImportKind.HAZARDS:
        note_change_everywhere(connection)
    return counts


def _refuse_if_needed(connection: Connection, import_id: uuid.UUID) -> None:
    later = import_changes.later_change(connection, import_id)
    if later is not None:
        raise Conflict(
            "A later import, {file_name}, changed rows of this one.",
            remedy="Undo that import first.",
            file_name=later,
        )
    moved = import_changes.hazards_moved_since(connection, import_id)
    if moved:
        raise Conflict(
            "Work went on with hazards of this import: {numbers}.",
            remedy="What people have done since is not undone; void the hazards that are wrong.",
            numbers=", ".join(moved),
        )
    if import_changes.began_a_city(connection, import_id):
        raise Conflict("The city began with this import.", remedy="Import corrected boundaries instead.")


def _refuse_if_referred(connection: Connection, import_id: uuid.UUID) -> None:
    found = import_changes.dependents(connection, import_id)
    if found:
        table, count = next(iter(found.items()))
        raise Conflict(
            "Later things lie in what this import brought: {name} ({count}).",
            remedy="Remove them first, or import a corrected file.",
            name=TABLE_NAMES.get(table, "results of analyses"),
            count=count,
        )
