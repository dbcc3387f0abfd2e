"""Chains of local search one after another, whose good routes are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice

import numpy as np

from gis_app.planning.pyvrp_adapter import Chain
from gis_app.planning.route_pool import RoutePool
from gis_app.planning.routing_problem import Routes, RoutingProblem

LEAST_PATIENCE, PATIENCE_PER_STOP = 1000, 40
"""Steps without a record after which a chain ends."""
KEPT_SHARE, KEPT_SHARE_OF_FEW, FEW_STOPS = 0.97, 0.5, 40
"""Routes are kept of plans with at least this share of the best prize so far; of few stops nearly all are."""
MANY_STOPS = 150
TEMPERS = ((2.0, 300), (12.0, 100), (2.0, 30), (12.0, 300))
TEMPERS_OF_MANY = ((2.0, 30), (12.0, 30), (2.0, 100), (12.0, 100))
"""Prize weight and history of the chains, in turn. Of many stops the first chain takes all of the time, so that a short
history pays; of few there is time for many chains of different kinds."""
REQUIRED_WORTH = 20.0
"""What a required stop is worth in mean prizes, where not all can be made together."""


def explore(
    problem: RoutingProblem,
    pool: RoutePool,
    *,
    seed: int,
    is_over: Callable[[], bool],
    start: Routes | None = None,
) -> None:
    """Search until it is over, adding what is found to the pool.

    Parameters
    ----------
    seed
        Of all chance. Whether it is even decides with which kind of chain to begin.
    start
        Where the first chain begins; at chance if None. Where stops are required or chained, chance would hardly find
        a plan at all: there chains begin at the best one so far.
    """
    chance = np.random.default_rng(seed)
    own = _with_required_that_fit(problem, pool.best)
    is_tight = bool(problem.chained or problem.minimums) or any(stop.is_required for stop in own.stops)
    chains: dict[float, Chain] = {}
    tempers = TEMPERS_OF_MANY if len(problem.stops) > MANY_STOPS else TEMPERS
    for weight, history in islice(cycle(tempers), seed % 2, None):
        if is_over():
            return
        if weight not in chains or problem.minimums:
            asked = _without_minimums(own, pool.best, chance) if problem.minimums else own
            chains[weight] = Chain(asked, seed=int(chance.integers(2**31)), prize_weight=weight)
        chains[weight].begin(start or (pool.best if is_tight else None), history=history)
        start = None
        _run(chains[weight], pool, len(problem.stops), is_over=is_over)


def _run(chain: Chain, pool: RoutePool, stop_count: int, *, is_over: Callable[[], bool]) -> None:
    patience = max(LEAST_PATIENCE, PATIENCE_PER_STOP * stop_count)
    kept_share = KEPT_SHARE if stop_count > FEW_STOPS else KEPT_SHARE_OF_FEW
    best = idle = 0
    while idle < patience and not is_over():
        step = chain.step()
        idle = 0 if step.is_record else idle + 1
        if step.is_feasible and step.prize >= kept_share * best:
            best = max(best, step.prize)
            pool.add(chain.routes())


def _with_required_that_fit(problem: RoutingProblem, sound: Routes) -> RoutingProblem:
    """Return the problem with required stops only worth much, if a sound plan leaves out one that can be reached."""
    made = {stop for route in sound for stop in route}
    can_be = np.asarray(problem.reachable.any(axis=0))
    if all(number in made or not can_be[number] for number, stop in enumerate(problem.stops) if stop.is_required):
        return problem
    much = REQUIRED_WORTH * float(problem.prizes.mean())
    stops = (
        replace(stop, prize=stop.prize + much, is_required=False) if stop.is_required else stop
        for stop in problem.stops
    )
    return replace(problem, stops=tuple(stops))


def _without_minimums(problem: RoutingProblem, sound: Routes, chance: np.random.Generator) -> RoutingProblem:
    """Return the problem with required stops instead of minimums: the best plan's, or half of the time any."""
    reachable = np.asarray(problem.reachable.any(axis=0))
    made = {stop for route in sound for stop in route}
    picked: set[int] = set()
    for members, least in problem.minimums:
        usable = np.array([stop for stop in sorted(members) if reachable[stop]], dtype=np.int64)
        weights = problem.prizes[usable] + 1e-9
        at_will = chance.random() < 0.5
        order = chance.choice(usable, len(usable), replace=False, p=weights / weights.sum()) if len(usable) else usable
        wanted = order.tolist() if at_will else sorted(order.tolist(), key=lambda stop: stop not in made)
        picked |= set(wanted[:least])
    stops = (
        replace(stop, is_required=stop.is_required or number in picked) for number, stop in enumerate(problem.stops)
    )
    return replace(problem, stops=tuple(stops), minimums=())
