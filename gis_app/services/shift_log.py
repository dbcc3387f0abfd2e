"""The log of the duty desk: what was noted and handed over in a shift, with the state of the map it speaks of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape as shape_of
from shapely.validation import explain_validity
from sqlalchemy import Engine, RowMapping

from gis_app.domain.desk_shifts import EntryKind, Shift, shift_at
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger
from gis_app.storage import shift_log
from gis_app.storage.engine import scoped

MOST_POINTS = 500
_KINDS_OF_SHAPES = ("Point", "LineString", "Polygon")


@dataclass(frozen=True)
class EntryWish:
    """A line to be added; ``client_id`` is made by the client once per line and sent again in retries."""

    client_id: uuid.UUID
    kind: EntryKind
    words: str
    view: str = ""


@dataclass(frozen=True)
class MarkWish:
    """A mark to be put on the map: GeoJSON geometry in degrees, WGS-84, and words."""

    client_id: uuid.UUID
    geometry: Mapping[str, Any]
    words: str


@dataclass(frozen=True)
class Stored:
    """A row, and whether this request stored it or an earlier one with the same identifier."""

    row: RowMapping
    is_new: bool


def log_of(engine: Engine, scope: Scope, shift: Shift) -> dict[str, Any]:
    """Return the lines and the marks of a shift in the caller's area."""
    with scoped(engine, scope) as connection:
        return {
            "entries": list(shift_log.entries(connection, shift.day, shift.name.value)),
            "marks": list(shift_log.marks(connection, shift.day, shift.name.value)),
        }


def add_entry(ledger: Ledger, scope: Scope, wish: EntryWish) -> Stored:
    """Add a line to the log of the present shift.

    Raises
    ------
    InvalidInput
        If a note has no words.
    Conflict
        If the identifier stands for another line.
    """
    if wish.kind is EntryKind.NOTE and not wish.words.strip():
        raise InvalidInput("The note has no words.", remedy="Write what the next shift needs to know.")
    now = ledger.now()
    shift = shift_at(now)
    values = {
        "client_id": wish.client_id,
        **{"day": shift.day, "shift": shift.name.value, "kind": wish.kind.value, "at": now},
        **{"words": wish.words.strip(), "view": wish.view, "account": scope.account, "scope_path": scope.area_path},
    }
    with ledger.writing(scope) as work:
        row = shift_log.add_entry(work.connection, values)
        if row is not None:
            work.note(f"shift.{wish.kind.value}", f"shift_entry:{row['id']}", scope_path=scope.area_path)
            return Stored(row, is_new=True)
        known = shift_log.entry_sent(work.connection, scope.account, wish.client_id)
    if known is None:
        raise Unavailable("The line could not be stored.", remedy="Send it again.")
    if any(known[name] != values[name] for name in ("kind", "words", "view")):
        raise Conflict("The identifier stands for another line.", remedy="Make a new identifier for a new line.")
    return Stored(known, is_new=False)


def add_mark(ledger: Ledger, scope: Scope, wish: MarkWish) -> Stored:
    """Put a mark on the map of the present shift.

    Raises
    ------
    InvalidInput
        If the geometry cannot be used; says why.
    Conflict
        If the identifier stands for another mark.
    """
    geometry = json.dumps(shapely.geometry.mapping(_usable_shape(wish.geometry)))
    now = ledger.now()
    shift = shift_at(now)
    values = {
        "client_id": wish.client_id,
        **{"day": shift.day, "shift": shift.name.value, "words": wish.words.strip(), "at": now},
        **{"account": scope.account, "geometry": geometry, "scope_path": scope.area_path},
    }
    with ledger.writing(scope) as work:
        made = shift_log.add_mark(work.connection, values)
        known = shift_log.mark_sent(work.connection, scope.account, wish.client_id)
        if made is not None:
            work.note("shift.mark", f"map_mark:{made}", scope_path=scope.area_path)
    if known is None:
        raise Unavailable("The mark could not be stored.", remedy="Send it again.")
    if made is None and (known["words"] != values["words"] or not _same_shape(known["geometry"], geometry)):
        raise Conflict("The identifier stands for another mark.", remedy="Make a new identifier for a new mark.")
    return Stored(known, is_new=made is not None)


def withdraw_mark(ledger: Ledger, scope: Scope, mark_id: int) -> None:
    """Take one of the caller's own marks off the map.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    Forbidden
        If another account put it there.
    """
    with ledger.writing(scope) as work:
        known = shift_log.mark_for_change(work.connection, mark_id)
        if known is None:
            raise NotFound("There is no such mark.", remedy="It may lie outside your area.")
        if known["account"] != scope.account:
            raise Forbidden("Another account put this mark on the map.")
        if known["withdrawn_at"] is None:
            shift_log.withdraw_mark(work.connection, {"id": mark_id, "at": ledger.now()})
            work.note("shift.unmark", f"map_mark:{mark_id}", scope_path=known["scope_path"])


def _usable_shape(geometry: Mapping[str, Any]) -> Any:
    """Return a geometry checked outside the database."""
    try:
        if geometry.get("type") not in _KINDS_OF_SHAPES:
            raise ValueError("it is no Point, LineString or Polygon")
        made = shape_of(dict(geometry))
        points = shapely.get_coordinates(made, include_z=False)
        if made.has_z or not 1 <= len(points) <= MOST_POINTS:
            raise ValueError(f"it needs 1 to {MOST_POINTS} places of two numbers")
        if not ((abs(points[:, 0]) <= 180) & (abs(points[:, 1]) <= 85)).all():
            raise ValueError("a place lies outside the map")
        if not made.is_valid:
            raise ValueError(explain_validity(made))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise InvalidInput(
            "The mark cannot be used: {reason}.",
            remedy="Draw a point, a line or an area whose edges do not cross.",
            reason=str(error)[:120],
        ) from None
    return made


def _same_shape(one: str, other: str) -> bool:
    first, second = (shape_of(json.loads(each)) for each in (one, other))
    return bool(shapely.equals_exact(first, second, tolerance=1e-5))
