"""From a plan's content to its routes: the task with its edits, solved, checked, and told with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_patrols
from gis_app.planning.patrol_area import PatrolArea
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.patrol_task import PatrolTask
from gis_app.planning.search import SearchLimit
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.planning.variation import varied_plan
from gis_app.services.plan_coverage import predicted_coverage
from gis_app.services.plan_results import Solution, told, whole_routes
from gis_app.services.plan_streets import network
from gis_app.services.plan_tasks import area_of, done_visits, plan_of, still_known, task_left

NOTHING = PatrolPlan((), 0.0)


@dataclass(frozen=True)
class PlanQuestion:
    """Where and when a plan is for, and how long is searched: scope path of its area, metric CRS, seconds."""

    path: str
    night: date
    srid: int
    seconds: float


def solved(
    connection: Connection,
    content: Mapping[str, Any],
    question: PlanQuestion,
    *,
    earlier: Sequence[Any] = (),
    seed: int | None = None,
) -> dict[str, Any]:
    """Return the result of a plan's content: routes, value, reasons, and what stays undone.

    Parameters
    ----------
    content
        teams, stops, closed, dropped, locks, absent, done, and perhaps the result so far, with which the search begins.
    question
        Where, when, how long.
    earlier
        Contents of plans of the last week, for the share of arrivals somebody could foretell.
    seed
        By which the plan is varied; None to keep the best one.
    """
    srid = question.srid
    word, streets = network(connection, srid=srid)
    area = area_of(content, streets, word=word, srid=srid)
    task, done = task_left(area, content), done_visits(content)
    solution = Solution(None, NOTHING, NOTHING, NOTHING, done)
    if task is not None:
        before = plan_of(content["result"]) if content.get("result") else None
        best = plan_patrols(
            task, limit=SearchLimit(question.seconds), start=None if before is None else still_known(before, task)
        )
        chosen = _chosen(task, best, seed=seed, loss=float(content["settings"]["loss"]))
        solution = Solution(task, chosen, best, greedy_plan(task), done)
    routes = whole_routes(area, solution)
    ways = area.lines(routes)
    result = told(area, content, solution, routes, ways=ways, earlier=earlier, srid=srid)
    modes = {team.code: team.mode for team in area.task.teams}
    result["coverage"] = predicted_coverage(
        connection, question.path, ways, mode_of_team=modes, night=question.night, srid=srid
    )
    result["cut_off"] = _cut_off(area)
    return result


def _cut_off(area: PatrolArea) -> list[dict[str, Any]]:
    """Return for each mode the parts of the streets that it cannot reach from the main part and come back from."""
    parts = {
        mode: area.network.unconnected(TRAVEL_MODES[mode], closed=area.closed)
        for mode in sorted({team.mode for team in area.task.teams})
    }
    return [
        {"mode": mode, "parts": part.part_count, "streets": part.segment_count, "km": round(part.length_m / 1000, 1)}
        for mode, part in parts.items()
        if part.part_count
    ]


def _chosen(task: PatrolTask, best: PatrolPlan, *, seed: int | None, loss: float) -> PatrolPlan:
    """Return the best plan, or one that differs by chance; refused if the independent checker finds a fault."""
    chosen = best if seed is None or not best.visited else varied_plan(task, best, seed=seed, loss=loss)
    faults = faults_of(task, chosen)
    if faults:
        raise ValueError("; ".join(fault.sentence for fault in faults))
    return chosen
