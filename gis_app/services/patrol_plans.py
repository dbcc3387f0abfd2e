"""Plans of a night's patrols as they are read, and what all changes of them share."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import Conflict, NotFound
from gis_app.domain.patrol_plans import PlanState, PlanStep, steps_from
from gis_app.domain.periods import night_of
from gis_app.domain.rights import Scope
from gis_app.services.audit import Writing
from gis_app.services.gate import Caller
from gis_app.storage import patrol_plans, plan_candidates
from gis_app.storage.engine import scoped

MOST_LISTED = 100
MISSING = NotFound("There is no such plan.", remedy="It may lie outside your area.")


@dataclass(frozen=True)
class ShownPlan:
    """A plan with its versions, the numbers of its published routes by team, and the steps the caller may take."""

    plan: RowMapping
    versions: Sequence[RowMapping]
    routes: Mapping[str, int]
    steps: Sequence[PlanStep] = field(default=())


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the plans of the caller's area, the newest night first."""
    with scoped(engine, scope) as connection:
        return patrol_plans.listed(connection, most=MOST_LISTED)


def choices(engine: Engine, scope: Scope) -> dict[str, Any]:
    """Return the areas a plan may be made for, and teams and kinds of facilities of the caller's area."""
    with scoped(engine, scope) as connection:
        return {
            "areas": plan_candidates.areas(connection),
            "teams": plan_candidates.teams(connection, scope.area_path),
            "facilities": plan_candidates.facility_kinds(connection),
        }


def one(engine: Engine, caller: Caller, plan_id: uuid.UUID) -> ShownPlan:
    """Return a plan.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    """
    with scoped(engine, caller.scope) as connection:
        plan = patrol_plans.one(connection, plan_id)
        if plan is None:
            raise MISSING
        return ShownPlan(
            plan,
            patrol_plans.versions(connection, plan_id),
            patrol_plans.routes(connection, plan_id),
            steps_from(PlanState(plan["state"]), caller.scope.rights),
        )


def tonight(now: datetime) -> date:
    """Return the night that a plan is for unless another one is chosen."""
    return night_of(now)


def alone(work: Writing) -> None:
    """Let an account plan one plan at a time: each search takes a core for seconds."""
    if not patrol_plans.may_plan(work.connection, work.account):
        raise Conflict("A plan is being made at this moment.", remedy="Wait a few seconds and try again.")


def kept(work: Writing, plan_id: uuid.UUID, step: str) -> RowMapping:
    """Keep a plan as it is now among its versions, and return it."""
    patrol_plans.keep_version(work.connection, plan_id, step=step, account=work.account)
    found = patrol_plans.one(work.connection, plan_id)
    if found is None:
        raise MISSING
    return found
