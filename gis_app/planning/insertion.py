"""Where stops can be put into routes and what that costs; the greedy plan built from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gis_app.planning.routing_problem import (
    TOLERANCE,
    BoolArray,
    FloatArray,
    Route,
    Routes,
    RoutingProblem,
)


def insertion_cost(
    problem: RoutingProblem, team: int, route: Route, *, stops: npt.NDArray[np.intp] | None = None
) -> FloatArray:
    """Return the time stops would add to a route at each place in it.

    Parameters
    ----------
    team
        Position of the team; its rights are asked, chains are not.
    route
        Stops it makes so far; the route fits its shift.
    stops
        Shape ``(k,)``: the stops asked about; all if None.

    Returns
    -------
    Shape ``(k, len(route) + 1)``: way and dwell added, in the unit of travel; ``inf`` where the stop does not fit,
    or is in the route already.
    """
    own, legs = problem.teams[team], problem.travel[problem.teams[team].profile]
    asked = np.arange(len(problem.stops)) if stops is None else stops
    route_places = np.array([own.start, *(problem.stops[stop].place for stop in route), own.end], dtype=np.intp)
    leaves, latest = _slack(problem, team, route)
    here, there, places = route_places[:-1], route_places[1:], problem.places[asked]
    dwell = problem.dwells[asked][:, None]
    to_stop, from_stop = legs[np.ix_(here, places)].T, legs[np.ix_(places, there)]
    begins = _begins(problem, asked, leaves[None, :] + to_stop)
    fits = begins + dwell + from_stop <= latest[None, :] + TOLERANCE
    fits &= (problem.allowed[team, asked] & ~np.isin(asked, route))[:, None]
    with np.errstate(invalid="ignore"):
        added = to_stop + from_stop - legs[here, there] + dwell
    return np.where(fits, added, np.inf)


def _slack(problem: RoutingProblem, team: int, route: Route) -> tuple[FloatArray, FloatArray]:
    """Return when each place of a route is left at the earliest, and when the next must be reached at the latest."""
    own, legs = problem.teams[team], problem.travel[problem.teams[team].profile]
    begins = problem.timetable(team, route)
    if begins is None:
        raise ValueError("The route does not fit the shift.")
    leaves = [own.opens, *(begin + problem.stops[stop].dwell for begin, stop in zip(begins, route, strict=True))]
    latest, place = [own.closes], own.end
    for stop in reversed(route):
        last_begin = latest[-1] - float(legs[problem.stops[stop].place, place]) - problem.stops[stop].dwell
        windows = problem.stops[stop].windows
        open_by_then = [min(closes, last_begin) for opens, closes in windows if opens <= last_begin + TOLERANCE]
        latest.append(open_by_then[-1] if windows else last_begin)
        place = problem.stops[stop].place
    return np.array(leaves), np.array(latest[::-1])


def _begins(problem: RoutingProblem, asked: npt.NDArray[np.intp], arrivals: FloatArray) -> FloatArray:
    """Return when the dwell of each stop asked about begins for each arrival, shape ``(k, positions)``."""
    begins = np.full(arrivals.shape, np.inf)
    # The last window first: the earliest that is still open stays.
    for opens, closes in zip(*(edge[::-1, asked, None] for edge in problem.windows), strict=True):
        begins = np.where(arrivals <= closes + TOLERANCE, np.maximum(arrivals, opens), begins)
    return begins


def greedy_routes(problem: RoutingProblem) -> Routes:
    """Return routes made by adding the stop with the most prize for the time it adds, until none fits.

    Chained stops come first, then required ones, then what minimums ask for, then all.
    """
    routes: list[Route] = [()] * len(problem.teams)
    for chain in chains_of(problem):
        _add_chain(problem, routes, chain)
    in_chain = {stop for pair in problem.chained for stop in pair}
    free = np.array([number not in in_chain for number in range(len(problem.stops))], dtype=np.bool_)
    required = np.array([stop.is_required for stop in problem.stops], dtype=np.bool_)
    fill(problem, routes, free & required, worth=np.ones(len(problem.stops)))
    # Of those that a minimum asks for, one without a prize is worth something too.
    some_worth = problem.prizes + max(0.1 * float(problem.prizes.sum() / max(len(problem.stops), 1)), 1e-9)
    for members, least in problem.minimums:
        made = len(members & {stop for route in routes for stop in route})
        wanted = free & np.isin(np.arange(len(problem.stops)), list(members))
        fill(problem, routes, wanted, worth=some_worth, most=max(0, least - made))
    fill(problem, routes, free, worth=problem.prizes)
    return tuple(routes)


def fill(
    problem: RoutingProblem,
    routes: list[Route],
    wanted: BoolArray,
    *,
    worth: FloatArray,
    most: int | None = None,
    kept: BestPlaces | None = None,
) -> None:
    """Add wanted stops to the routes, in place, those worth most for the time they add first.

    Parameters
    ----------
    wanted
        Shape ``(stops,)``: which may be added.
    worth
        Shape ``(stops,)``; those worth nothing are left out.
    most
        How many to add at most; all if None.
    kept
        Where each stop goes best in the routes met so far, for calls one after another.
    """
    places = BestPlaces(problem) if kept is None else kept
    wanted = wanted & (worth > 0)
    wanted[[stop for route in routes for stop in route]] = False
    rated = [places.rated(team, route, worth) for team, route in enumerate(routes)]
    while wanted.any() and (most is None or most > 0):
        scores = np.array([np.where(wanted, rate, -1.0) for rate, _ in rated])
        team, stop = divmod(int(scores.argmax()), len(problem.stops))
        if scores[team, stop] < 0:
            return
        at = int(rated[team][1][stop])
        routes[team] = (*routes[team][:at], stop, *routes[team][at:])
        rated[team] = places.rated(team, routes[team], worth)
        wanted[stop] = False
        most = None if most is None else most - 1


class BestPlaces:
    """Where each stop goes best in a route and what that adds, kept for routes that come again.

    Parameters
    ----------
    problem
        Whose routes are asked about.
    """

    def __init__(self, problem: RoutingProblem) -> None:
        self._problem = problem
        self._chained_after = dict(problem.chained)
        self._known: dict[tuple[int, Route], tuple[FloatArray, npt.NDArray[np.intp]]] = {}

    def rated(self, team: int, route: Route, worth: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Return what each stop is worth for the time it adds at its best place (-1 if it has none), and the place."""
        least, at = self._least(team, route)
        return np.where(np.isfinite(least), worth / np.maximum(least, 1e-9), -1.0), at

    def _least(self, team: int, route: Route) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        known = self._known.get((team, route))
        if known is None:
            cost = insertion_cost(self._problem, team, route)
            cost[:, [at + 1 for at, stop in enumerate(route) if stop in self._chained_after]] = np.inf
            at = cost.argmin(axis=1)
            known = self._known[team, route] = cost[np.arange(len(cost)), at], at
        return known


def chains_of(problem: RoutingProblem) -> list[Route]:
    """Return the chained stops as whole chains."""
    after = dict(problem.chained)
    chains = []
    for first in after.keys() - set(after.values()):
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(tuple(chain))
    return sorted(chains)


def _add_chain(problem: RoutingProblem, routes: list[Route], chain: Route) -> None:
    inner = dict(problem.chained)
    for team, route in enumerate(routes):
        if not all(problem.allowed[team, stop] for stop in chain):
            continue
        for at in range(len(route) + 1):
            tried = (*route[:at], *chain, *route[at:])
            if (at == 0 or route[at - 1] not in inner) and problem.timetable(team, tried) is not None:
                routes[team] = tried
                return
