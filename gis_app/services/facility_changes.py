"""Facilities added, replaced, changed and removed, each with its entry in the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger
from gis_app.storage import facilities, hazard_cells, hazards

Check = Callable[[Connection], None]
"""Refuses the change inside its transaction, once the facility is held."""
MISSING = NotFound("There is no such feature.", remedy="It may have been removed, or lie outside your area.")


def add(ledger: Ledger, scope: Scope, values: Mapping[str, Any]) -> int:
    """Store a new facility and return its identifier.

    Parameters
    ----------
    values
        ``kind``, ``name_zh``, ``name_en``, ``lon``, ``lat`` in degrees of WGS 84.

    Raises
    ------
    InvalidInput
        If the place lies in no village of the caller's area.
    """
    with ledger.writing(scope) as work:
        stored = {**values, **_village(ledger, work.connection, values["lon"], values["lat"])}
        facility_id = facilities.add_facility(work.connection, stored)
        hazard_cells.note_changes(work.connection, {stored["scope_path"]})
        work.note("facility.add", f"facility:{facility_id}", scope_path=stored["scope_path"], kind=values["kind"])
    return facility_id


def change(ledger: Ledger, scope: Scope, facility_id: int, values: Mapping[str, Any], *, check: Check) -> None:
    """Store new values of a facility, its place among them perhaps.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    InvalidInput
        If the new place lies in no village of the caller's area.
    """
    with ledger.writing(scope) as work:
        before = facilities.facility(work.connection, facility_id)
        if before is None:
            raise MISSING
        check(work.connection)
        moved = _village(ledger, work.connection, values["lon"], values["lat"]) if "lon" in values else {}
        facilities.change_facility(work.connection, facility_id, {**values, **moved})
        villages = {before["scope_path"], moved.get("scope_path", before["scope_path"])}
        hazard_cells.note_changes(work.connection, villages)
        subject, fields = f"facility:{facility_id}", sorted(values)
        work.note("facility.change", subject, scope_path=before["scope_path"], fields=fields)


def remove(ledger: Ledger, scope: Scope, facility_id: int, *, check: Check) -> None:
    """Remove a facility.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with ledger.writing(scope) as work:
        before = facilities.facility(work.connection, facility_id)
        if before is None:
            raise MISSING
        check(work.connection)
        facilities.remove_facility(work.connection, facility_id)
        hazard_cells.note_changes(work.connection, {before["scope_path"]})
        subject, path = f"facility:{facility_id}", before["scope_path"]
        work.note("facility.remove", subject, scope_path=path, kind=before["kind"], name=before["name_zh"])


def _village(ledger: Ledger, connection: Connection, lon: float, lat: float) -> dict[str, Any]:
    found = hazards.placed(connection, lon, lat, day=ledger.now().astimezone(CITY_TIME).date())
    if found is None:
        raise InvalidInput(
            "The place ({x}, {y}) lies in no village of your area.",
            remedy="Correct the coordinates or their datum.",
            x=lon,
            y=lat,
        )
    return {"area_id": found["village_id"], "scope_path": found["scope_path"]}
