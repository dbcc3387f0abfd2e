"""The best plan that can be put together from a pool of routes: a set packing problem, solved exactly or to a limit."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from gis_app.planning.route_pool import RoutePool
from gis_app.planning.routing_problem import Route, Routes, RoutingProblem

MOST_COLUMNS = 6000


def packed(problem: RoutingProblem, pool: RoutePool, *, seconds: float) -> Routes | None:
    """Return the plan of the pool's routes with the highest value, or None if none was found in the time.

    No stop is made twice and no team has two routes; a required stop or one short of a minimum weighs more than all
    prizes together.

    Parameters
    ----------
    seconds
        Time limit of the solver.
    """
    columns = list(pool.routes.items())[-MOST_COLUMNS:]
    if not columns:
        return None
    weights = problem.prizes + np.array([stop.is_required for stop in problem.stops]) * _more_than_all(problem)
    gain = np.array([weights[list(route)].sum() for _, route in columns])
    shortages = len(problem.minimums)
    result = milp(
        np.r_[-gain, np.full(shortages, _more_than_all(problem))],
        constraints=_constraints(problem, pool, columns),
        integrality=np.r_[np.ones(len(columns)), np.zeros(shortages)],
        bounds=Bounds(0, np.r_[np.ones(len(columns)), [least for _, least in problem.minimums]]),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    chosen = [columns[at] for at in np.nonzero(result.x[: len(columns)] > 0.5)[0]]
    return _assigned(pool, [(kind, route) for (kind, _), route in chosen])


def _more_than_all(problem: RoutingProblem) -> float:
    return 1.0 + float(problem.prizes.sum())


def _constraints(
    problem: RoutingProblem, pool: RoutePool, columns: list[tuple[tuple[int, frozenset[int]], Route]]
) -> list[LinearConstraint]:
    lengths = [len(route) for _, route in columns]
    made = sparse.csr_array(
        (np.ones(sum(lengths)), np.concatenate([route for _, route in columns]), np.r_[0, np.cumsum(lengths)]),
        shape=(len(columns), len(problem.stops)),
    ).T.tocsr()
    teams = np.bincount(pool.kind_of_team)
    kinds = sparse.csr_array(
        (np.ones(len(columns)), ([kind for (kind, _), _ in columns], np.arange(len(columns)))),
        shape=(len(teams), len(columns)),
    )
    shortages = len(problem.minimums)
    beside = sparse.csr_array((len(problem.stops) + len(teams), shortages))
    upper = sparse.csr_array(sparse.hstack([sparse.vstack([made, kinds]), beside]))
    limits = [LinearConstraint(upper, -np.inf, np.r_[np.ones(len(problem.stops)), teams])]
    if shortages:
        counted = [made[sorted(members)].sum(axis=0) for members, _ in problem.minimums]
        lower = np.hstack([np.vstack(counted), np.eye(shortages)])
        limits.append(LinearConstraint(lower, [least for _, least in problem.minimums], np.inf))
    return limits


def _assigned(pool: RoutePool, chosen: list[tuple[int, Route]]) -> Routes:
    waiting: dict[int, list[Route]] = {}
    for kind, route in chosen:
        waiting.setdefault(kind, []).append(route)
    return tuple(waiting[kind].pop() if waiting.get(kind) else () for kind in pool.kind_of_team)
