"""The closed loop to look at: one case with its history, queues, and what a caller may do with each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain import closed_loop
from gis_app.domain.areas import AreaLevel
from gis_app.domain.closed_loop import Actor, HazardState, Request
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.hazards import ENDED_STAGES, Stage
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.transitions import RequestKind
from gis_app.services.gate import Caller
from gis_app.services.hazards import RECURRENCE
from gis_app.storage import loop, routing
from gis_app.storage.engine import scoped
from gis_app.storage.loop import QueueFilter
from gis_app.storage.reference import category_choices, category_names


def case(engine: Engine, caller: Caller, hazard_id: uuid.UUID) -> dict[str, Any]:
    """Return a hazard with its history and what the caller may do with it now.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, caller.scope) as connection:
        found = stored_case(connection, hazard_id)
        history = loop.events(connection, hazard_id)
        route = route_of(connection, found, found["filed_at"] or found["discovered_at"])
        since = found["discovered_at"] - timedelta(days=RECURRENCE.days)
        attached = loop.attached_reports(connection, hazard_id)
        similar = loop.similar_cases(connection, hazard_id, within_m=RECURRENCE.flag_m, closed_since=since)
    actions = closed_loop.permitted(state_of(found), actor_of(caller))
    return {
        "case": found,
        "events": history,
        "permitted": actions,
        "route": route,
        "similar": similar,
        "attached": attached,
    }


def queue(engine: Engine, caller: Caller, wanted: QueueFilter, *, now: datetime) -> dict[str, Any]:
    """Return the cases of a list, what the caller may do with each, and the counts of all that is open."""
    actor = actor_of(caller)
    with scoped(engine, caller.scope) as connection:
        rows = loop.queue(connection, wanted, now=now)
        counts = loop.queue_counts(connection, now=now, unit=wanted.unit)
    return {
        "cases": [(row, closed_loop.permitted(state_of(row), actor)) for row in rows],
        "counts": dict(counts),
    }


def own_tasks(caller: Caller) -> QueueFilter:
    """Return the filter of what a caller's unit has to handle; without a unit it chooses nothing."""
    return QueueFilter(stages=(Stage.ASSIGNED, Stage.HANDLING), unit=caller.unit or "-")


def choices(engine: Engine, caller: Caller) -> dict[str, Any]:
    """Return what forms offer: categories by code, and the units that still work."""
    with scoped(engine, caller.scope) as connection:
        units = [unit for unit in routing.units(connection) if unit["is_active"]]
        return {"categories": category_names(connection), "narrowed_to": category_choices(connection), "units": units}


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


def state_of(row: RowMapping) -> HazardState:
    """Return a stored hazard as the table of transitions sees it."""
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


def route_of(connection: Connection, row: RowMapping, at: datetime) -> RowMapping:
    """Return unit_code, limit_value and limit_unit that the rules of a day give a case.

    Raises
    ------
    InvalidInput
        If no rule does.
    """
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


def stored_case(connection: Connection, hazard_id: uuid.UUID) -> RowMapping:
    """Return a case.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    return stored_cases(connection, [hazard_id])[0]


def stored_cases(connection: Connection, hazard_ids: Sequence[uuid.UUID]) -> list[RowMapping]:
    """Return cases in the order of their ids; raises ``NotFound`` if one is not in the caller's area."""
    found = loop.cases(connection, hazard_ids)
    if any(hazard_id not in found for hazard_id in hazard_ids):
        raise missing_case()
    return [found[hazard_id] for hazard_id in hazard_ids]


def missing_case() -> NotFound:
    """Return the one answer for what is not there and what is another area's."""
    return NotFound("There is no such hazard.", remedy="It may have been moved, or lie outside your area.")
