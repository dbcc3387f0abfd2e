"""Whether a stop fits into the routes of a plan as they are, told at once, before anything is solved anew."""

from __future__ import annotations

import math
import uuid
from typing import Any

import numpy as np
from sqlalchemy import Engine

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Scope
from gis_app.planning.insertion import insertion_cost
from gis_app.planning.orienteering import routes_of, routing_problem
from gis_app.services.patrol_plans import MISSING
from gis_app.services.plan_streets import network
from gis_app.services.plan_tasks import area_of, plan_of, task_left
from gis_app.storage import patrol_plans
from gis_app.storage.engine import scoped


def fits(engine: Engine, scope: Scope, plan_id: uuid.UUID, stop: str, *, srid: int) -> dict[str, float | None]:
    """Return for each team how many minutes a stop adds to its route; None where it does not fit.

    Parameters
    ----------
    stop
        Its code; taken out of the route it is on before the others are asked.

    Raises
    ------
    NotFound
        If the caller sees no such plan.
    InvalidInput
        If the plan has no such stop, or it is done.
    """
    with scoped(engine, scope) as connection:
        plan = patrol_plans.one(connection, plan_id)
        if plan is None:
            raise MISSING
        content: dict[str, Any] = plan["content"]
        word, streets = network(connection, srid=srid)
    area = area_of(content, streets, word=word, srid=srid)
    free = content | {"locks": [], "dropped": [code for code in content["dropped"] if code != stop]}
    task = task_left(area, free)
    if task is None or stop not in task.stop_by_code:
        raise InvalidInput(
            "There is no {what} {code!r} in this plan.", remedy="Load the plan again.", what="stop", code=stop[:40]
        )
    problem, asked = routing_problem(task), list(task.stop_by_code).index(stop)
    told: dict[str, float | None] = {}
    for number, route in enumerate(routes_of(task, plan_of(content["result"]))):
        own = tuple(each for each in route if each != asked)
        cost = math.inf
        if problem.timetable(number, own) is not None:
            cost = float(insertion_cost(problem, number, own, stops=np.array([asked], dtype=np.intp)).min())
        told[task.teams[number].code] = round(cost / 60, 1) if math.isfinite(cost) else None
    return told
