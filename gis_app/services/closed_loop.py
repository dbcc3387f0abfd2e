"""Steps of hazards through the closed loop: each is one transaction with its history and its entry in the audit."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain import closed_loop
from gis_app.domain.areas import AreaLevel
from gis_app.domain.closed_loop import Actor, HazardState, Request
from gis_app.domain.errors import Conflict, InvalidInput, NotFound
from gis_app.domain.hazards import ENDED_STAGES, Stage
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.transitions import Action, RequestKind
from gis_app.domain.work_clock import Limit, LimitUnit, Suspension, deadline
from gis_app.services import notices
from gis_app.services.audit import Ledger, Writing
from gis_app.services.gate import Caller
from gis_app.services.hazards import RECURRENCE
from gis_app.services.working_calendar import working_calendar
from gis_app.storage import hazard_cells, hazards, loop, routing
from gis_app.storage.engine import scoped
from gis_app.storage.loop import QueueFilter
from gis_app.storage.reference import category_names

MOST_AT_ONCE = 200
LONGEST_EXTENSION = 60
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
    *("limit_unit", "reopened_count", "rework_count", "escalated_at"),
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
        For a request of extension: how many units of the limit more.
    client_id
        Made by the client, once per step, and sent again when a request is repeated.
    """

    action: Action
    reason: str = ""
    unit: str | None = None
    value: int | None = None
    client_id: uuid.UUID | None = None


def move(ledger: Ledger, caller: Caller, step: Step, *, targets: Sequence[tuple[uuid.UUID, int]]) -> list[RowMapping]:
    """Take one step with each of some hazards, all of them or none, and return them as they are then.

    Parameters
    ----------
    targets
        Identifier and version seen of each.

    Raises
    ------
    NotFound
        If one is not in the caller's area.
    Conflict
        If one changed meanwhile or is not at a stage for this; or the identifier stands for another step.
    Forbidden
        If the caller's duty, unit or level does not allow it.
    InvalidInput
        If a reason, unit or value is missing or not usable, or there are too many at once.
    """
    if not 1 <= len(targets) <= MOST_AT_ONCE or len({target for target, _ in targets}) != len(targets):
        raise InvalidInput(
            "{count} hazards are too many or too few at once, or one is named twice.",
            remedy="Choose 1 to {most} different ones.",
            count=len(targets),
            most=MOST_AT_ONCE,
        )
    body_hash = hashlib.sha256(json.dumps([str(step), [str(each) for each in targets]]).encode()).digest()
    with ledger.writing(caller.scope) as work:
        # Locked before it is asked whether this was done: the same request sent twice at once is one step.
        known = loop.cases_for_change(work.connection, [target for target, _ in targets])
        if not _was_done(work.connection, caller, step, body_hash=body_hash):
            for hazard_id, version in targets:
                if hazard_id not in known:
                    raise _missing()
                _take(work, caller, known[hazard_id], step, version=version, at=ledger.now())
            _promise(work.connection, caller, step, known[targets[0][0]], body_hash=body_hash, at=ledger.now())
        return [_case(work.connection, hazard_id) for hazard_id, _ in targets]


def case(engine: Engine, caller: Caller, hazard_id: uuid.UUID) -> dict[str, Any]:
    """Return a hazard with its history and what the caller may do with it now.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, caller.scope) as connection:
        found = _case(connection, hazard_id)
        history = loop.events(connection, hazard_id)
        route = _route(connection, found, found["filed_at"] or found["discovered_at"])
        since = found["discovered_at"] - timedelta(days=RECURRENCE.days)
        similar = loop.similar_cases(connection, hazard_id, within_m=RECURRENCE.flag_m, closed_since=since)
    actions = closed_loop.permitted(_state(found), actor_of(caller))
    return {"case": found, "events": history, "permitted": actions, "route": route, "similar": similar}


def queue(engine: Engine, caller: Caller, wanted: QueueFilter, *, now: datetime) -> dict[str, Any]:
    """Return the cases of a list, what the caller may do with each, and the counts of all that is open."""
    actor = actor_of(caller)
    with scoped(engine, caller.scope) as connection:
        rows = loop.queue(connection, wanted, now=now)
        counts = loop.queue_counts(connection, now=now, unit=wanted.unit)
    return {
        "cases": [(row, closed_loop.permitted(_state(row), actor)) for row in rows],
        "counts": dict(counts),
    }


def own_tasks(caller: Caller) -> QueueFilter:
    """Return the filter of what a caller's unit has to handle; without a unit it chooses nothing."""
    return QueueFilter(stages=(Stage.ASSIGNED, Stage.HANDLING), unit=caller.unit or "-")


def choices(engine: Engine, caller: Caller) -> dict[str, Any]:
    """Return what forms offer: categories by code, and the units that still work."""
    with scoped(engine, caller.scope) as connection:
        units = [unit for unit in routing.units(connection) if unit["is_active"]]
        return {"categories": category_names(connection), "units": units}


def actor_of(caller: Caller) -> Actor:
    """Return a caller as the table of transitions sees it."""
    return Actor(caller.scope.account, caller.role.value, caller.level, caller.unit)


def light_of(row: RowMapping, now: datetime) -> str:
    """Return green, yellow, red, suspended, or none where no clock runs."""
    if row["stage"] in ENDED_STAGES:
        return "none"
    if row["suspended_at"] is not None:
        return "suspended"
    if row["due_at"] is None:
        return "none"
    return "red" if row["due_at"] < now else "yellow" if (row["yellow_at"] or row["due_at"]) <= now else "green"


def _take(work: Writing, caller: Caller, row: RowMapping, step: Step, *, version: int, at: datetime) -> None:
    unit = _unit(work.connection, row, step, at) if step.action is Action.ASSIGN else None
    before = _state(row)
    after = closed_loop.apply(
        before, step.action, actor=actor_of(caller), at=at, version=version, reason=step.reason, unit=unit
    )
    stored, detail = _stored(work.connection, row, after, step, at=at)
    loop.store_state(work.connection, row["id"], stored)
    loop.add_event(
        work.connection,
        {
            "hazard_id": row["id"],
            "version": after.version,
            "action": step.action.value,
            "from_stage": before.stage.value,
            "to_stage": after.stage.value,
            "at": at,
            "account": caller.scope.account,
            "unit_code": after.responsible_unit or before.responsible_unit,
            "reason": step.reason.strip(),
            "detail": detail,
            "scope_path": row["scope_path"],
        },
    )
    if (before.stage in ENDED_STAGES) != (after.stage in ENDED_STAGES):
        hazard_cells.refresh_village_month(work.connection, row["scope_path"], row["discovered_at"])
    else:
        hazard_cells.note_change(work.connection, row["scope_path"])
    work.note(f"hazard.{step.action.value}", f"hazard:{row['id']}", scope_path=row["scope_path"], version=after.version)
    work.notices.append(
        notices.of_step(
            step.action,
            hazard_id=row["id"],
            stage=after.stage.value,
            unit=after.responsible_unit or before.responsible_unit,
            account=caller.scope.account,
            level=caller.level,
            at=at,
            scope_path=row["scope_path"],
        )
    )


def _stored(
    connection: Connection, row: RowMapping, after: HazardState, step: Step, *, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the state after a step, and what its event tells beyond them."""
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
        limit = _route(connection, row, at)
        values["limit_value"], values["limit_unit"] = limit["limit_value"], limit["limit_unit"]
        detail["limit"] = f"{limit['limit_value']} {limit['limit_unit']}"
    if step.action is Action.APPROVE_EXTENSION:
        asked = next(each for each in row["requests"] if each["kind"] == RequestKind.EXTENSION)
        values["limit_value"] += asked["value"]
        detail["value"] = asked["value"]
    kept = {each["kind"]: each.get("value") for each in row["requests"]}
    for each in requests:
        each.setdefault("value", kept.get(each["kind"]))
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


def _state(row: RowMapping) -> HazardState:
    return HazardState(
        stage=Stage(row["stage"]),
        version=row["version"],
        responsible_unit=row["unit_code"],
        handlers=frozenset(row["handlers"]),
        is_listed=row["is_supervised"],
        suspended_at=row["suspended_at"],
        requests=tuple(
            Request(
                RequestKind(each["kind"]),
                each["account"],
                AreaLevel(each["level"]),
                datetime.fromisoformat(each["at"]),
            )
            for each in row["requests"]
        ),
    )


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


def _unit(connection: Connection, row: RowMapping, step: Step, at: datetime) -> str:
    routed = str(_route(connection, row, at)["unit_code"])
    if step.unit is None or step.unit == routed:
        return routed
    if not step.reason.strip():
        raise InvalidInput(
            "The rules route this to {unit}.", remedy="Say why another unit is to handle it.", unit=routed
        )
    if not any(unit["code"] == step.unit and unit["is_active"] for unit in routing.units(connection)):
        raise InvalidInput("There is no unit {code!r}.", remedy="Choose one of the list.", code=step.unit[:40])
    return step.unit


def _route(connection: Connection, row: RowMapping, at: datetime) -> RowMapping:
    found = routing.route(
        connection,
        category=row["category_code"],
        severity=row["severity"],
        scope_path=row["scope_path"],
        day=at.astimezone(CITY_TIME).date(),
    )
    if found is None:
        raise InvalidInput(
            "No rule says who handles {category} and within which limit.",
            remedy="An administrator adds one on the page of routing rules.",
            category=row["category_code"],
        )
    return found


def _case(connection: Connection, hazard_id: uuid.UUID) -> RowMapping:
    found = loop.case(connection, hazard_id)
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound("There is no such hazard.", remedy="It may have been moved, or lie outside your area.")


def _was_done(connection: Connection, caller: Caller, step: Step, *, body_hash: bytes) -> bool:
    """Return whether this very step was taken before, under the client's identifier."""
    if step.client_id is None:
        return False
    known = hazards.promised(connection, caller.account_id, step.client_id)
    if known is not None and bytes(known["body_hash"]) != body_hash:
        raise Conflict("The identifier stands for another step.", remedy="Make a new identifier for a new step.")
    return known is not None


def _promise(
    connection: Connection, caller: Caller, step: Step, row: RowMapping, *, body_hash: bytes, at: datetime
) -> None:
    if step.client_id is None:
        return
    kept = {
        "account_id": caller.account_id,
        "client_id": step.client_id,
        "body_hash": body_hash,
        "hazard_id": row["id"],
        "now": at,
        "scope_path": row["scope_path"],
    }
    if not hazards.promise(connection, kept):
        raise Conflict("The same step is being taken right now.", remedy="Reload the hazard.")
