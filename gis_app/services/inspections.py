"""Inspections: planned, begun, answered item by item, finished; each change with its entry in the audit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.areas import AreaLevel, contains_path
from gis_app.domain.checklists import check_answers, newest_checklist, to_report, unanswered
from gis_app.domain.duties import LEVELS_OF, InspectionKind, InspectionState, day_of, may_inspect
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Right
from gis_app.services.audit import Ledger, Writing
from gis_app.services.checklists import checklist, checklists
from gis_app.services.gate import Caller
from gis_app.services.repeated_requests import body_hash, same_request
from gis_app.storage import hazard_cells, inspections

EARLIEST_DAYS, LATEST_DAYS = 31, 366
"""So many days back and ahead an inspection may be planned for."""
MISSING = NotFound("There is no such inspection.", remedy="It may lie outside your area.")


@dataclass(frozen=True)
class Plan:
    """An inspection to be made; the client makes ``id`` once and sends it again in retries."""

    id: uuid.UUID
    kind: InspectionKind
    area: str
    planned_for: date
    is_unannounced: bool = False
    note: str = ""


@dataclass(frozen=True)
class Planned:
    """The stored inspection, and whether this request stored it or an earlier one with the same body."""

    inspection: RowMapping
    is_new: bool


def plan(ledger: Ledger, caller: Caller, wanted: Plan) -> Planned:
    """Store a planned inspection; the same plan sent again returns the stored one.

    Raises
    ------
    InvalidInput
        If there is no such area below the caller's, or it is not inspected so, or the day is too far off.
    Forbidden
        If the caller's level does not inspect the area's.
    Conflict
        If the identifier stands for another inspection.
    """
    asked = body_hash(caller, wanted)
    today = ledger.now().astimezone(CITY_TIME).date()
    with ledger.writing(caller.scope) as work:
        known = inspections.inspection(work.connection, wanted.id)
        if known is not None:
            return Planned(same_request(known, asked, _taken()), is_new=False)
        area = inspections.area_of_code(work.connection, wanted.area)
        if area is None:
            raise InvalidInput(
                "There is no township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wanted.area[:40],
            )
        _check_plan(caller, wanted, AreaLevel(area["level"]), today=today)
        values = {
            "id": wanted.id,
            "kind": wanted.kind.value,
            "area_code": area["code"],
            "planned_for": wanted.planned_for,
            "is_unannounced": wanted.is_unannounced,
            "checklist_version": newest_checklist(checklists(), wanted.kind).version,
            "note": wanted.note,
            "account": caller.scope.account,
            "unit_code": caller.unit,
            "body_hash": asked,
            "by_path": caller.scope.area_path,
            "scope_path": area["scope_path"],
        }
        if not inspections.add_inspection(work.connection, values):
            raise _taken()
        made = _again(work, wanted.id)
        _note(work, made, "inspection.plan", kind=made["kind"], planned_for=made["planned_for"].isoformat())
    return Planned(made, is_new=True)


def begin(ledger: Ledger, caller: Caller, inspection_id: uuid.UUID) -> RowMapping:
    """Begin a planned inspection now; begun again by the same account, it stays as it is.

    Raises
    ------
    NotFound
        If the caller sees no such inspection.
    Forbidden
        If it is not the caller's level that inspects.
    Conflict
        If somebody else began it, or it is over.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, caller, inspection_id)
        if before["state"] == InspectionState.UNDER_WAY and before["inspected_by"] == caller.scope.account:
            return before
        if before["state"] != InspectionState.PLANNED:
            raise not_at_that_stage()
        now = ledger.now()
        values = {
            "state": InspectionState.UNDER_WAY.value,
            "inspected_by": caller.scope.account,
            "unit_code": caller.unit or before["unit_code"],
            "started_at": now,
            "day": day_of(InspectionKind(before["kind"]), now),
        }
        inspections.store_inspection(work.connection, inspection_id, values)
        after = _again(work, inspection_id)
        _note(work, after, "inspection.begin", day=after["day"].isoformat())
    return after


@dataclass(frozen=True)
class Answers:
    """Answers to some items, which replace those given before; a note, None to leave it; whether this is all."""

    answers: Mapping[str, Any]
    note: str | None = None
    finish: bool = False


def answer(ledger: Ledger, caller: Caller, inspection_id: uuid.UUID, given: Answers) -> RowMapping:
    """Store answers of an inspection under way, and finish it if that is wished; sent again, nothing changes.

    Raises
    ------
    NotFound, Forbidden
        As ``begin``.
    InvalidInput
        If an answer fits no item; at the end, if an item has none, or a "no" was not reported as it has to be.
    Conflict
        If the inspection is not under way.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, caller, inspection_id)
        items = checklist(before["kind"], before["checklist_version"])
        merged = {**before["answers"], **given.answers}
        note = before["note"] if given.note is None else given.note
        is_same = merged == before["answers"] and note == before["note"]
        if is_same and (before["state"] == InspectionState.DONE or not given.finish):
            return before
        if before["state"] != InspectionState.UNDER_WAY:
            raise not_at_that_stage()
        check_answers(items, given.answers)
        values: dict[str, Any] = {"answers": merged, "note": note}
        if given.finish:
            _check_complete(work, before, merged)
            values |= {"state": InspectionState.DONE.value, "ended_at": ledger.now()}
        inspections.store_inspection(work.connection, inspection_id, values)
        after = _again(work, inspection_id)
        action = "inspection.finish" if given.finish else "inspection.answer"
        _note(work, after, action, items=sorted(given.answers))
        if given.finish:
            hazard_cells.note_changes(work.connection, {after["scope_path"]})
    return after


def cancel(ledger: Ledger, caller: Caller, inspection_id: uuid.UUID) -> RowMapping:
    """Cancel an inspection that has not begun; cancelled again, it stays as it is.

    Raises
    ------
    NotFound, Forbidden, Conflict
        As ``begin``.
    """
    with ledger.writing(caller.scope) as work:
        before = _to_change(work, caller, inspection_id)
        if before["state"] == InspectionState.CANCELLED:
            return before
        if before["state"] != InspectionState.PLANNED:
            raise not_at_that_stage()
        values = {"state": InspectionState.CANCELLED.value}
        inspections.store_inspection(work.connection, inspection_id, values)
        after = _again(work, inspection_id)
        _note(work, after, "inspection.cancel")
    return after


def require_inspector(caller: Caller, row: RowMapping) -> None:
    """Refuse who may not inspect.

    Raises
    ------
    Forbidden
        If it is not the caller's level that planned the inspection, or one above it.
    """
    if not is_inspector(caller, row):
        raise Forbidden("This inspection is made by the level above.", remedy="Leave it to those who planned it.")


def not_at_that_stage() -> Conflict:
    """Return what to tell when something cannot be done with an inspection as it stands."""
    return Conflict("This cannot be done with the inspection as it stands.", remedy="Load it again.")


def is_inspector(caller: Caller, row: RowMapping) -> bool:
    """Return whether the caller makes an inspection: at or above the area of who planned it, with the right."""
    return Right.INSPECT in caller.scope.rights and contains_path(caller.scope.area_path, row["by_path"])


def _check_plan(caller: Caller, wanted: Plan, level: AreaLevel, *, today: date) -> None:
    if not may_inspect(caller.level, level):
        raise Forbidden("Inspections are made by the level above.", remedy="Choose an area below your own.")
    if level not in LEVELS_OF[wanted.kind]:
        raise InvalidInput(
            "An area of this level is not inspected so.",
            remedy="Villages have night checks, townships monthly inspections, both special ones.",
        )
    first, last = today - timedelta(days=EARLIEST_DAYS), today + timedelta(days=LATEST_DAYS)
    if not first <= wanted.planned_for <= last:
        raise InvalidInput(
            "An inspection cannot be planned for {day}.",
            remedy="Choose a day from {first} to {last}.",
            day=wanted.planned_for,
            first=first,
            last=last,
        )


def _check_complete(work: Writing, row: RowMapping, answers: Mapping[str, Any]) -> None:
    items = checklist(row["kind"], row["checklist_version"])
    missing = unanswered(items, answers)
    if missing:
        raise InvalidInput(
            "{count} items have no answer yet.",
            remedy="Answer each, or say that it does not apply.",
            count=len(missing),
        )
    reported = [each["item"] for each in inspections.findings(work.connection, row["id"])]
    open_items = to_report(items, answers, reported)
    if open_items:
        raise InvalidInput(
            "{count} findings are not reported yet.",
            remedy="Add a finding to each item answered with no that asks for one.",
            count=len(open_items),
        )


def _to_change(work: Writing, caller: Caller, inspection_id: uuid.UUID) -> RowMapping:
    found = inspections.inspection(work.connection, inspection_id, for_change=True)
    if found is None:
        raise MISSING
    require_inspector(caller, found)
    return found


def _again(work: Writing, inspection_id: uuid.UUID) -> RowMapping:
    found = inspections.inspection(work.connection, inspection_id)
    if found is None:
        raise MISSING
    return found


def _note(work: Writing, row: RowMapping, action: str, **detail: Any) -> None:
    """Note a change where it may be known: of an unannounced inspection not begun, with those who planned it."""
    is_hidden = row["is_unannounced"] and row["started_at"] is None
    path = row["by_path"] if is_hidden else row["scope_path"]
    work.note(action, f"inspection:{row['id']}", scope_path=path, **detail)


def _taken() -> Conflict:
    return Conflict("The identifier stands for another inspection.", remedy="Make a new identifier for a new one.")
