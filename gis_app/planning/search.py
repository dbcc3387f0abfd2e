"""The search for the best routes within a time: chains of local search on two cores, then the best of their routes.

Chains start anew when they find nothing more; the routes of all good plans are kept, and packed into one plan at the
end, which a last chain improves. See ``pyvrp_adapter``, ``route_packing`` and ``second_process``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from gis_app.planning import second_process
from gis_app.planning.chains import explore
from gis_app.planning.insertion import greedy_routes
from gis_app.planning.route_packing import packed
from gis_app.planning.route_pool import RoutePool
from gis_app.planning.routing_problem import Routes, RoutingProblem

PACKING_SHARE, MOST_PACKING_S = 0.12, 1.5
"""Share of the time for packing and the last chain, and no more than this."""
SECOND_PROCESS_FROM_S = 2.0
"""With less time a second process is hardly up when it has to end."""


@dataclass(frozen=True)
class SearchLimit:
    """When a search ends: after a time, or after a number of steps, which gives the same routes every time."""

    seconds: float = 10.0
    steps: int | None = None


def best_routes(problem: RoutingProblem, *, limit: SearchLimit, seed: int, start: Routes | None = None) -> Routes:
    """Return the best routes found.

    Parameters
    ----------
    problem
        Teams, stops and the time between places.
    limit
        When to end.
    seed
        Of all that is left to chance.
    start
        Sound routes to begin with; greedy ones if None.
    """
    ends = time.monotonic() + limit.seconds
    greedy = greedy_routes(problem)
    pool = RoutePool(problem, greedy)
    if start is not None:
        pool.add(start)
    if not problem.reachable.any():
        return pool.best
    if limit.steps is not None:
        explore(problem, pool, seed=seed, is_over=_after_steps(limit.steps))
        _finish(problem, pool, seed=seed, pack_s=60.0, is_over=_after_steps(limit.steps // 10))
        return pool.best
    packing_s = min(PACKING_SHARE * limit.seconds, MOST_PACKING_S)
    with second_process.exploring(
        problem, pool.best, seed=seed + 1, ends=ends - packing_s, is_wanted=_has_room(limit)
    ) as second:
        explore(problem, pool, seed=seed, is_over=_at(ends - packing_s))
        second(pool)
    _finish(problem, pool, seed=seed, pack_s=max(0.05, (ends - time.monotonic()) * 0.8), is_over=_at(ends))
    return pool.best


def _finish(problem: RoutingProblem, pool: RoutePool, *, seed: int, pack_s: float, is_over: Callable[[], bool]) -> None:
    best = packed(problem, pool, seconds=pack_s)
    if best is not None:
        pool.add(best)
    explore(problem, pool, seed=seed, is_over=is_over, start=pool.best)


def _has_room(limit: SearchLimit) -> bool:
    return limit.seconds >= SECOND_PROCESS_FROM_S and len(os.sched_getaffinity(0)) > 1


def _at(moment: float) -> Callable[[], bool]:
    return lambda: time.monotonic() >= moment


def _after_steps(steps: int) -> Callable[[], bool]:
    left = iter(range(steps))
    return lambda: next(left, None) is None
