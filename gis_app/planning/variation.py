"""Plans that differ from night to night, so that nobody can set a watch by a patrol, within a stated loss of value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

import numpy as np

from gis_app.planning.insertion import BestPlaces, fill
from gis_app.planning.orienteering import plan_of_routes, routes_of, routing_problem
from gis_app.planning.patrol_plan import PatrolPlan, PlannedVisit
from gis_app.planning.patrol_task import PatrolTask
from gis_app.planning.routing_problem import BoolArray, Route, Routes, RoutingProblem

STANDARD_LOSS = 0.03
LONGEST_RUN = 4
"""Stops taken out of a route at once."""
STEPS_PER_VISIT, MOST_STEPS = 3, 300
NOISE = 1.0
"""Spread of the factors by which prizes are multiplied when gaps are filled."""
SLOT = timedelta(minutes=30)


def varied_plan(task: PatrolTask, best: PatrolPlan, *, seed: int, loss: float = STANDARD_LOSS) -> PatrolPlan:
    """Return a plan that differs from the best one by chance.

    Runs of stops are taken out and gaps filled by prizes multiplied with chance, again and again, as long as the loss
    is not exceeded; then routes are turned round where they can be, and teams leave later where they have time.

    Parameters
    ----------
    task
        What the plan has to keep to.
    best
        The best plan known, sound for the task.
    seed
        Of the night: the same one gives the same plan.
    loss
        Share of the best plan's value that may be lost, 0 to 1.

    Raises
    ------
    ValueError
        If the loss is not between 0 and 1.
    """
    if not 0 <= loss <= 1:
        raise ValueError("The loss has to be between 0 and 1.")
    chance = np.random.default_rng(seed)
    problem = routing_problem(task)
    routes = _other_routes(problem, routes_of(task, best), chance, loss=loss)
    turned = tuple(_turned(problem, routes, team, chance) for team in range(len(routes)))
    late = [_delay(problem, team, route, chance) for team, route in enumerate(turned)]
    return plan_of_routes(task, turned, delays_s=late)


def _other_routes(problem: RoutingProblem, best: Routes, chance: np.random.Generator, *, loss: float) -> Routes:
    required, short, prize = problem.value(best)
    least = (required, short, prize * (1 - loss))
    chained = {stop for pair in problem.chained for stop in pair}
    free = np.array(
        [not stop.is_required and number not in chained for number, stop in enumerate(problem.stops)], dtype=np.bool_
    )
    routes, kept = best, BestPlaces(problem)
    for _ in range(min(STEPS_PER_VISIT * sum(map(len, best)), MOST_STEPS)):
        tried = _changed(problem, routes, free, chance, kept)
        if problem.value(tried) >= least:
            routes = tried
    return routes


def _changed(
    problem: RoutingProblem, routes: Routes, free: BoolArray, chance: np.random.Generator, kept: BestPlaces
) -> Routes:
    """Return the routes with a run of stops taken out of one, and all gaps filled as chance likes it."""
    team = int(chance.choice([number for number, route in enumerate(routes) if route]))
    start = int(chance.integers(len(routes[team])))
    run = routes[team][start : start + int(chance.integers(1, LONGEST_RUN + 1))]
    left = tuple(stop for stop in routes[team] if stop not in run or not free[stop])
    changed = list(routes)
    if problem.timetable(team, left) is not None:
        changed[team] = left
        factors = np.exp(chance.normal(0.0, NOISE, len(problem.stops)))
        fill(problem, changed, free, worth=problem.prizes * factors, kept=kept)
    return tuple(changed)


def _turned(problem: RoutingProblem, routes: Routes, team: int, chance: np.random.Generator) -> Route:
    """Return the route of a team, backwards if chance says so and it can be gone backwards."""
    route = routes[team]
    backwards = tuple(own[::-1] if number == team else () for number, own in enumerate(routes))
    is_turned = chance.random() < 0.5 and problem.is_sound(backwards)
    return route[::-1] if is_turned else route


def _delay(problem: RoutingProblem, team: int, route: Route, chance: np.random.Generator) -> float:
    """Return seconds by which a team may begin its route later, by chance up to the most that still fits."""
    opens = problem.teams[team].opens
    least, most = 0.0, problem.teams[team].closes - opens
    while most - least > 1.0:
        middle = (least + most) / 2
        fits = problem.timetable(team, route, opens=opens + middle) is not None
        least, most = (middle, most) if fits else (least, middle)
    return float(chance.uniform(0.0, least)) if route else 0.0


def arrival_reuse(plan: PatrolPlan, earlier: Sequence[PatrolPlan], *, slot: timedelta = SLOT) -> float | None:
    """Return how much of a plan somebody knew who took it for that of an earlier night.

    Parameters
    ----------
    plan, earlier
        Tonight's plan, and those of the nights to compare it with, such as the last seven.
    slot
        Length of the slots the day is cut into.

    Returns
    -------
    Share of visits that an earlier plan has at the same stop in the same slot of the day, mean over the earlier plans:
    1 if all nights are the same. None if there are no visits or no earlier plans.
    """
    own = _arrivals(plan, slot)
    if not own or not earlier:
        return None
    return sum(len(own & _arrivals(other, slot)) for other in earlier) / (len(own) * len(earlier))


def _arrivals(plan: PatrolPlan, slot: timedelta) -> set[tuple[str, int]]:
    return {_stop_and_slot(visit, slot) for route in plan.routes for visit in route.visits}


def _stop_and_slot(visit: PlannedVisit, slot: timedelta) -> tuple[str, int]:
    instant = visit.begins_at.astimezone(UTC)
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return visit.stop, (instant - midnight) // slot
