"""A routing problem in whole numbers, as solvers want it, rounded so that what is feasible there is feasible here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis_app.planning.routing_problem import FloatArray, RoutingProblem

IntArray = npt.NDArray[np.int64]

SHIFT_UNITS = 1_000_000
"""Whole numbers the longest shift is measured in."""
FAR = 100 * SHIFT_UNITS
"""A leg that is not to be used."""
_EPSILON = 1e-7


@dataclass(frozen=True)
class TeamKind:
    """Teams that are alike, with the positions of their depots and legs; times in units since the origin."""

    start: int
    end: int
    opens: int
    closes: int
    legs: int
    teams: tuple[int, ...]


@dataclass(frozen=True)
class WholeProblem:
    """Visits and depots in units of time.

    Parameters
    ----------
    depots
        The place of each depot.
    stops
        Shape ``(v,)``: the stop of each visit; a stop has one visit for each of its windows, of which one is made.
    legs
        Each of shape ``(d + v, d + v)``, depots first. Without windows the dwell is a part of the way there.
    dwell, prizes
        Shape ``(v,)``; dwell is 0 where it is a part of the way.
    windows
        Shape ``(v, 2)``, or None if there are none and only lengths are limited.
    kinds
        All teams, grouped.
    """

    depots: tuple[int, ...]
    stops: IntArray
    legs: tuple[IntArray, ...]
    dwell: IntArray
    prizes: IntArray
    windows: IntArray | None
    kinds: tuple[TeamKind, ...]


def in_whole_numbers(problem: RoutingProblem, *, prize_weight: float) -> WholeProblem:
    """Return the problem in whole numbers: ways and dwells rounded up, closing times down.

    Parameters
    ----------
    prize_weight
        What the median prize is worth, in longest shifts.
    """
    teams = problem.teams
    scale = SHIFT_UNITS / max(max(team.closes - team.opens for team in teams), _EPSILON)
    origin = min(team.opens for team in teams)
    depots = tuple(sorted({place for team in teams for place in (team.start, team.end)}))
    usable = np.nonzero(problem.reachable.any(axis=0))[0]
    stops = np.array([s for s in usable for _ in problem.stops[s].windows or (None,)], dtype=np.int64)
    dwell = _up(np.array([problem.stops[s].dwell for s in stops]), scale)
    legs: dict[tuple[int, bytes], IntArray] = {}
    grouped: dict[tuple[int, int, int, int, int], list[int]] = {}
    for number, team in enumerate(teams):
        allowed = problem.reachable[number]
        key = (team.profile, allowed.tobytes())
        if key not in legs:
            legs[key] = _legs(problem, team.profile, depots=depots, stops=stops, allowed=allowed, scale=scale)
        opens, closes = int(_up(team.opens - origin, scale)), int(_down(team.closes - origin, scale))
        kind = (depots.index(team.start), depots.index(team.end), opens, closes, list(legs).index(key))
        grouped.setdefault(kind, []).append(number)
    if problem.is_untimed:
        for matrix in legs.values():
            matrix[:, len(depots) :] += dwell
            np.fill_diagonal(matrix, 0)
    return WholeProblem(
        depots=depots,
        stops=stops,
        legs=tuple(legs.values()),
        dwell=np.zeros_like(dwell) if problem.is_untimed else dwell,
        prizes=_prizes(problem, prize_weight)[stops],
        windows=None if problem.is_untimed else _windows(problem, usable, origin=origin, scale=scale),
        kinds=tuple(TeamKind(*kind, tuple(members)) for kind, members in grouped.items()),
    )


def _up(time: FloatArray | float, scale: float) -> IntArray:
    return np.ceil(np.minimum(np.asarray(time) * scale, FAR) - _EPSILON).astype(np.int64)


def _down(time: FloatArray | float, scale: float) -> IntArray:
    return np.floor(np.minimum(np.asarray(time) * scale, FAR) + _EPSILON).astype(np.int64)


def _legs(
    problem: RoutingProblem,
    profile: int,
    *,
    depots: tuple[int, ...],
    stops: IntArray,
    allowed: npt.NDArray[np.bool_],
    scale: float,
) -> IntArray:
    places = np.r_[np.array(depots, dtype=np.int64), problem.places[stops]]
    legs = _up(problem.travel[profile][np.ix_(places, places)], scale)
    legs[:, len(depots) :][:, ~allowed[stops]] = FAR
    for first, then in problem.chained:
        before, after = (len(depots) + np.nonzero(stops == stop)[0] for stop in (first, then))
        chain = legs[np.ix_(before, after)]
        legs[before, :] = FAR
        legs[:, after] = FAR
        legs[np.ix_(before, after)] = chain
    np.fill_diagonal(legs, 0)
    return legs


def _prizes(problem: RoutingProblem, weight: float) -> IntArray:
    prizes = problem.prizes
    middle = float(np.median(prizes[prizes > 0])) if (prizes > 0).any() else 1.0
    return np.rint(prizes / middle * weight * SHIFT_UNITS).astype(np.int64)


def _windows(problem: RoutingProblem, usable: npt.NDArray[np.intp], *, origin: float, scale: float) -> IntArray:
    longest = max(team.closes for team in problem.teams)
    rows = [window for stop in usable for window in problem.stops[stop].windows or ((origin, longest),)]
    pairs = np.array(rows, dtype=np.float64).reshape(-1, 2) - origin
    opens = np.maximum(_up(pairs[:, 0], scale), 0)
    # A window may be shorter than a unit.
    return np.column_stack([opens, np.maximum(_down(pairs[:, 1], scale), opens)])
