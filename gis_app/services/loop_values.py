"""What a step changes of a hazard's row: its moments, its unit, its limit and its clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from gis_app.domain.closed_loop import HazardState, Request
from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import Stage
from gis_app.domain.transitions import Action, RequestKind
from gis_app.domain.work_clock import Limit, LimitUnit, Suspension, deadline
from gis_app.services.closed_loop import route_of
from gis_app.services.working_calendar import working_calendar
from gis_app.storage import loop, routing

LONGEST_EXTENSION = 60
LONGEST_LISTING = LONGEST_VALUE = 366
NEEDS_VALUE = frozenset({Action.REQUEST_EXTENSION, Action.APPROVE_LISTING})
"""Steps that need a number, which is each case's own."""
_MOMENT_OF_STAGE = {
    Stage.FILED: "filed_at",
    Stage.ASSIGNED: "assigned_at",
    Stage.FEEDBACK: "feedback_at",
    Stage.VERIFIED: "verified_at",
    Stage.CLOSED: "closed_at",
}
# What a step back makes untrue again.
_UNDONE_BY = {
    Stage.FILED: ("assigned_at", "yellow_at", "due_at", "feedback_at", "verified_at", "closed_at", "limit_value"),
    Stage.HANDLING: ("feedback_at", "verified_at", "closed_at"),
}
_STATE_KEYS = (
    *("filed_at", "assigned_at", "yellow_at", "due_at", "feedback_at", "verified_at", "closed_at", "limit_value"),
    *("limit_unit", "reopened_count", "rework_count", "escalated_at", "supervised_due_at", "duplicate_of"),
)


@dataclass(frozen=True)
class Step:
    """What is to be done.

    Parameters
    ----------
    action
        A row of the table of transitions.
    reason
        Why, where the table asks for it.
    unit
        For an assignment: the unit; None for the one that the rules route to.
    value
        For a request of extension: how many units of the limit more. For a listing: within how many calendar days
        the hazard has to be off the supervised list.
    same_as
        For a void report: the case it repeats, which it is attached to.
    client_id
        Made by the client, once per step, and sent again when a request is repeated.
    """

    action: Action
    reason: str = ""
    unit: str | None = None
    value: int | None = None
    client_id: uuid.UUID | None = None
    same_as: uuid.UUID | None = None


def stored_state(
    connection: Connection, row: RowMapping, after: HazardState, step: Step, *, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the state after a step, and what its event tells beyond them.

    Raises
    ------
    InvalidInput
        If a value is missing, or the case that a report repeats.
    """
    values = {name: row[name] for name in _STATE_KEYS}
    detail: dict[str, Any] = {}
    if after.stage != row["stage"]:
        for name in _UNDONE_BY.get(after.stage, ()):
            values[name] = None
        if after.stage in _MOMENT_OF_STAGE:
            values[_MOMENT_OF_STAGE[after.stage]] = at
    values["rework_count"] += step.action is Action.REWORK
    values["reopened_count"] += step.action is Action.REOPEN
    requests = [_request_row(each) for each in after.requests]
    if step.action is Action.REQUEST_EXTENSION:
        detail["value"] = requests[-1]["value"] = _extension(step.value)
    if step.action is Action.ASSIGN:
        limit = route_of(connection, row, at)
        values["limit_value"], values["limit_unit"] = limit["limit_value"], limit["limit_unit"]
        detail["limit"] = f"{limit['limit_value']} {limit['limit_unit']}"
    if step.action is Action.APPROVE_EXTENSION:
        asked = next(each for each in row["requests"] if each["kind"] == RequestKind.EXTENSION)
        values["limit_value"] += asked["value"]
        detail["value"] = asked["value"]
    kept = {each["kind"]: each.get("value") for each in row["requests"]}
    for each in requests:
        each.setdefault("value", kept.get(each["kind"]))
    if step.action is Action.APPROVE_LISTING:
        detail["value"] = _listing_days(step.value)
        values["supervised_due_at"] = _after_days(at, detail["value"])
    if step.action is Action.LIFT_LISTING:
        values["supervised_due_at"] = None
    if step.same_as is not None:
        values["duplicate_of"] = _repeated(connection, row, step)
        detail["same_as"] = str(step.same_as)
    if step.action in _MOVES_CLOCK:
        values |= _clock(connection, row["id"], values, step, at=at)
    return {
        **values,
        "stage": after.stage.value,
        "version": after.version,
        "unit_code": after.responsible_unit,
        "handlers": sorted(after.handlers),
        "is_supervised": after.is_listed,
        "suspended_at": after.suspended_at,
        "requests": requests,
    }, detail


_MOVES_CLOCK = frozenset({Action.ASSIGN, Action.APPROVE_EXTENSION, Action.SUSPEND, Action.RESUME})


def _clock(
    connection: Connection, hazard_id: uuid.UUID, values: Mapping[str, Any], step: Step, *, at: datetime
) -> dict[str, Any]:
    """Return when the light turns yellow and red, suspensions left out."""
    marks = loop.suspensions(connection, hazard_id, since=values["assigned_at"])
    if step.action in (Action.SUSPEND, Action.RESUME):
        marks.append((step.action.value, at))
    starts = [moment for action, moment in marks if action == Action.SUSPEND]
    ends: list[datetime | None] = [moment for action, moment in marks if action == Action.RESUME]
    ends += [None] * (len(starts) - len(ends))
    times = deadline(
        values["assigned_at"],
        Limit(values["limit_value"], LimitUnit(values["limit_unit"])),
        calendar=working_calendar(),
        suspensions=[Suspension(start, end) for start, end in zip(starts, ends, strict=True)],
    )
    return {"yellow_at": times.yellow_at, "due_at": times.due_at, "escalated_at": None}


def _request_row(request: Request) -> dict[str, Any]:
    return {
        "kind": request.kind.value,
        "account": request.account,
        "level": request.level.value,
        "at": request.at.isoformat(),
    }


def _extension(value: int | None) -> int:
    if value is None or not 1 <= value <= LONGEST_EXTENSION:
        raise InvalidInput(
            "An extension needs the number of units more.", remedy="Ask for 1 to {most}.", most=LONGEST_EXTENSION
        )
    return value


def _listing_days(value: int | None) -> int:
    if value is None or not 1 <= value <= LONGEST_LISTING:
        raise InvalidInput(
            "A listing needs a deadline of its own.", remedy="Give 1 to {most} calendar days.", most=LONGEST_LISTING
        )
    return value


def _after_days(at: datetime, days: int) -> datetime:
    due = deadline(at, Limit(days, LimitUnit.NATURAL_DAY), calendar=working_calendar()).due_at
    if due is None:
        raise RuntimeError("A clock that is not suspended ends.")
    return due


def _repeated(connection: Connection, row: RowMapping, step: Step) -> uuid.UUID:
    """Return the case that a void report repeats."""
    if step.action is not Action.VOID:
        raise InvalidInput("Only a report that is made void is attached to another case.", remedy="Make it void.")
    other = None if step.same_as is None or step.same_as == row["id"] else loop.case(connection, step.same_as)
    if other is None or other["stage"] == Stage.VOID:
        raise InvalidInput(
            "The case that this report repeats is not there, or void itself.", remedy="Choose a case near by."
        )
    known: uuid.UUID = other["id"]
    return known


def assigned_unit(connection: Connection, row: RowMapping, step: Step, at: datetime) -> str:
    """Return the unit that an assignment goes to: the one of the rules, or another with a reason.

    Raises
    ------
    InvalidInput
        If the reason is missing, there is no such unit, or no rule.
    """
    routed = str(route_of(connection, row, at)["unit_code"])
    if step.unit is None or step.unit == routed:
        return routed
    if not step.reason.strip():
        raise InvalidInput(
            "The rules route this to {unit}.", remedy="Say why another unit is to handle it.", unit=routed
        )
    if not any(unit["code"] == step.unit and unit["is_active"] for unit in routing.units(connection)):
        raise InvalidInput("There is no unit {code!r}.", remedy="Choose one of the list.", code=step.unit[:40])
    return step.unit
