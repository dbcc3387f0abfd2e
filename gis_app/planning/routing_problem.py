"""What a search for routes works on: places, stops with prizes, teams; no names, no streets, no clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Route = tuple[int, ...]
Routes = tuple[Route, ...]
"""For each team the stops it makes, in order; a team that stays at its station has an empty route."""

TOLERANCE = 1e-9
"""How far sums of times may be over a limit that they equal but for rounding."""


@dataclass(frozen=True)
class RoutingTeam:
    """Where and when a team begins and ends, as positions of places, and the profile it travels with."""

    start: int
    end: int
    opens: float
    closes: float
    profile: int = 0


@dataclass(frozen=True)
class RoutingStop:
    """A place worth a prize.

    Parameters
    ----------
    place
        Position of the place.
    prize
        Finite, >= 0.
    dwell
        Time spent there, >= 0.
    windows
        Pairs of times between which the dwell has to begin, in order and apart; none means at any time.
    is_required
        A plan without it is worse than any plan with it.
    """

    place: int
    prize: float
    dwell: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()
    is_required: bool = False


@dataclass(frozen=True)
class RoutingProblem:
    """Teams, stops and the time between places.

    Parameters
    ----------
    travel
        Shape ``(profiles, places, places)``, >= 0, ``inf`` where there is no way; need not be symmetric.
    teams, stops
        Their positions are the indexes of routes.
    allowed
        Shape ``(teams, stops)``: whether a team may make a stop.
    chained
        Pairs ``(a, b)``: stop b comes directly after stop a, or neither is made.
    minimums
        Pairs of a set of stops and how many of them have to be made at least.
    """

    travel: FloatArray
    teams: tuple[RoutingTeam, ...]
    stops: tuple[RoutingStop, ...]
    allowed: BoolArray
    chained: tuple[tuple[int, int], ...] = ()
    minimums: tuple[tuple[frozenset[int], int], ...] = ()

    @cached_property
    def prizes(self) -> FloatArray:
        """Shape ``(stops,)``."""
        return np.array([stop.prize for stop in self.stops], dtype=np.float64)

    @cached_property
    def places(self) -> npt.NDArray[np.intp]:
        """Shape ``(stops,)``: the place of each."""
        return np.array([stop.place for stop in self.stops], dtype=np.intp)

    @cached_property
    def dwells(self) -> FloatArray:
        """Shape ``(stops,)``: the dwell at each."""
        return np.array([stop.dwell for stop in self.stops], dtype=np.float64)

    @cached_property
    def windows(self) -> tuple[FloatArray, FloatArray]:
        """Opening and closing times, shape ``(most windows, stops)`` each; always open without, never where padded."""
        most = max((len(stop.windows) for stop in self.stops), default=0)
        opens = np.full((max(most, 1), len(self.stops)), np.inf)
        closes = -opens
        for number, stop in enumerate(self.stops):
            for row, (first, last) in enumerate(stop.windows or ((-math.inf, math.inf),)):
                opens[row, number], closes[row, number] = first, last
        return opens, closes

    @cached_property
    def is_untimed(self) -> bool:
        """Whether no stop has a window, so that only the length of a route matters."""
        return not any(stop.windows for stop in self.stops)

    @cached_property
    def reachable(self) -> BoolArray:
        """Shape ``(teams, stops)``: whether a team may make the stop and can do so on a route of its own."""
        alone = [
            [allowed and self.timetable(team, (stop,)) is not None for stop, allowed in enumerate(row)]
            for team, row in enumerate(self.allowed)
        ]
        return np.array(alone, dtype=np.bool_).reshape(self.allowed.shape)

    def timetable(self, team: int, route: Sequence[int], *, opens: float | None = None) -> tuple[float, ...] | None:
        """Return when the dwell at each stop begins, as early as can be; None if the route does not fit.

        Parameters
        ----------
        opens
            When the team can leave; at the beginning of its shift if None.
        """
        own = self.teams[team]
        legs = self.travel[own.profile]
        now, at = own.opens if opens is None else opens, own.start
        begins = []
        for number in route:
            stop = self.stops[number]
            begin = earliest_begin(stop.windows, float(now + legs[at, stop.place]))
            begins.append(begin)
            now, at = begin + stop.dwell, stop.place
        fits = now + legs[at, own.end] <= own.closes + TOLERANCE
        return tuple(begins) if fits else None

    def value(self, routes: Routes) -> tuple[int, int, float]:
        """Return what plans are compared by: required stops made, minimums kept (less what is short), prizes."""
        made = {stop for route in routes for stop in route}
        required = sum(self.stops[stop].is_required for stop in made)
        short = sum(max(0, least - len(made & members)) for members, least in self.minimums)
        return required, -short, math.fsum(self.stops[stop].prize for stop in made)

    def is_sound(self, routes: Routes) -> bool:
        """Whether routes keep to times, rights and chains, and make no stop twice."""
        made = [stop for route in routes for stop in route]
        after = dict(self.chained)
        befores = {b: a for a, b in self.chained}
        return (
            len(routes) == len(self.teams)
            and len(set(made)) == len(made)
            and all(self.allowed[team, stop] for team, route in enumerate(routes) for stop in route)
            and all(_keeps_chains(route, after, befores) for route in routes)
            and all(self.timetable(team, route) is not None for team, route in enumerate(routes) if route)
        )


def earliest_begin(windows: Sequence[tuple[float, float]], arrival: float) -> float:
    """Return when a dwell can begin at or after an arrival; infinite if the last window has passed."""
    for opens, closes in windows:
        if arrival <= closes + TOLERANCE:
            return max(arrival, opens)
    return math.inf if windows else arrival


def _keeps_chains(route: Route, after: dict[int, int], befores: dict[int, int]) -> bool:
    steps = set(pairwise(route))
    return all(
        (stop not in after or (stop, after[stop]) in steps) and (stop not in befores or (befores[stop], stop) in steps)
        for stop in route
    )
