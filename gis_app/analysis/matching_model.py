"""The hidden Markov model of map matching: where a fix may have been, and how likely one place leads to the next.

Source: Newson & Krumm (2009), Hidden Markov map matching through noise and sparseness. A fix is normally distributed
about the street it was taken on; the way along the streets between two fixes is about as long as the straight line.
One state is added to each fix: being on no street, which costs as much as a street a few deviations away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.matching_streets import (
    BoolArray,
    FloatArray,
    IntArray,
    MatchingStreets,
    Neighbourhood,
    neighbourhood,
)

NO_STREET = -1
_STEPS_AT_ONCE = 128
_WIDEST_M = 3000.0
"""Steps are taken together while their fixes lie within such a square, so that the part of the graph stays small."""


@dataclass(frozen=True)
class MatchModel:
    """Parameters of the model.

    Parameters
    ----------
    sigma_m
        Standard deviation of a position, 5 to 20 m for phones, where the fix does not tell its own.
    beta_m, beta_share
        Scale of the difference between the way and the straight line: metres, and share of the straight line.
    reach_sigmas, candidate_count
        Streets looked at: so many deviations away, and at most so many, the nearest.
    detour_m, detour_factor
        Longest way between two fixes: ``detour_factor`` times the straight line and ``detour_m`` more.
    gap_s
        Fixes further apart in time begin a new chain: the way between them is unknown.
    off_sigmas
        Being on no street is as likely as a street so many deviations away.
    switch_cost
        Log-likelihood lost by leaving the streets, and by coming back.
    thin_sigmas
        A fix nearer than that to the one before tells nothing of the way, unless it is the last; it is placed later.
    """

    sigma_m: float = 10.0
    beta_m: float = 8.0
    beta_share: float = 0.1
    reach_sigmas: float = 5.0
    candidate_count: int = 8
    detour_m: float = 200.0
    detour_factor: float = 2.0
    gap_s: float = 120.0
    off_sigmas: float = 4.0
    switch_cost: float = 4.0
    thin_sigmas: float = 3.0

    def __post_init__(self) -> None:
        """Refuse scales that divide by nothing."""
        if not (self.sigma_m > 0 and self.beta_m > 0 and self.candidate_count > 0 and self.gap_s > 0):
            raise ValueError("Deviation, scale, number of candidates and gap must be positive.")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where n fixes may have been; state ``k`` of each fix is being on no street.

    Parameters
    ----------
    fix
        Shape ``(n, 2)``: the positions, metres.
    sigma_m
        Shape ``(n,)``.
    segment, along_m
        Shape ``(n, k)``: ``NO_STREET`` where there are fewer.
    place
        Shape ``(n, k, 2)``: the place on the street.
    emission
        Shape ``(n, k + 1)``: log-likelihood of each state, ``-inf`` where there is none.
    """

    fix: FloatArray
    sigma_m: FloatArray
    segment: IntArray
    along_m: FloatArray
    place: FloatArray
    emission: FloatArray

    def rows(self, chosen: Any) -> Candidates:
        """Return some of the fixes."""
        return Candidates(*(column[chosen] for column in vars(self).values()))


def candidates_of(streets: MatchingStreets, fix: FloatArray, *, sigma_m: FloatArray, model: MatchModel) -> Candidates:
    """Return the streets each fix may have been taken on.

    Parameters
    ----------
    fix
        Shape ``(n, 2)``. CRS: that of the streets, projected, metres.
    sigma_m
        Shape ``(n,)``: standard deviation of each position.
    """
    n, k = len(fix), model.candidate_count
    points = np.asarray(shapely.points(fix), dtype=object)
    owner, found = streets.tree.query(points, predicate="dwithin", distance=model.reach_sigmas * sigma_m)
    segment = streets.usable[found]
    distance_m = np.asarray(shapely.distance(points[owner], streets.lines[segment]))
    order = np.lexsort((segment, distance_m, owner))
    owner, segment, distance_m = owner[order], segment[order], distance_m[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    near = rank < k
    owner, segment, distance_m, rank = owner[near], segment[near], distance_m[near], rank[near]
    along_m = shapely.line_locate_point(streets.lines[segment], points[owner])
    table = Candidates(
        fix=fix,
        sigma_m=sigma_m,
        segment=np.full((n, k), NO_STREET, dtype=np.int64),
        along_m=np.zeros((n, k)),
        place=np.zeros((n, k, 2)),
        emission=np.full((n, k + 1), -np.inf),
    )
    table.segment[owner, rank] = segment
    table.along_m[owner, rank] = along_m
    table.place[owner, rank] = shapely.get_coordinates(shapely.line_interpolate_point(streets.lines[segment], along_m))
    table.emission[owner, rank] = -0.5 * (distance_m / sigma_m[owner]) ** 2
    table.emission[:, k] = -0.5 * model.off_sigmas**2
    return table


@dataclass(frozen=True, eq=False)
class Steps:
    """From one fix to the next: m pairs of fixes, the ways between them to be looked for within a part of the graph."""

    here: Candidates
    there: Candidates
    limit_m: FloatArray
    near: Neighbourhood

    @property
    def longest_m(self) -> float:
        """The longest way looked for."""
        return float(self.limit_m.max())


def steps_between(streets: MatchingStreets, here: Candidates, there: Candidates, *, model: MatchModel) -> Steps:
    """Return steps with the part of the graph that holds every way within their limits."""
    straight_m = np.hypot(*(there.fix - here.fix).T)
    limit_m = model.detour_factor * straight_m + model.detour_m
    both = np.concatenate([here.fix, there.fix])
    margin_m = limit_m.max() + model.reach_sigmas * max(here.sigma_m.max(), there.sigma_m.max())
    box = np.r_[both.min(axis=0) - margin_m, both.max(axis=0) + margin_m]
    return Steps(here, there, limit_m, neighbourhood(streets, box))


def ways_m(streets: MatchingStreets, steps: Steps) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Return the length of the way from each street state to each of the next fix, and how it leads.

    Returns
    -------
    Shape ``(m, k, k)``, ``inf`` where there is no way within the limit; and the kind: 4 along one segment, else
    ``2 * exit + entry`` with 0 for the end at the segment's start and 1 for that at its end.
    """
    here, there = steps.here, steps.there
    exits, leaving = _ends(streets, here, streets.back, streets.forth)
    entries, arriving = _ends(streets, there, streets.forth, streets.back)
    sources = np.unique(exits[np.isfinite(leaving)])
    sources = sources[steps.near.number[sources] >= 0] if len(sources) else sources.astype(np.int64)
    between, row = steps.near.distances(sources, limit_m=steps.longest_m)
    options = [
        leaving[exit_][:, :, None]
        + between[row[exits[exit_]][:, :, None], steps.near.number[entries[entry]][:, None, :]]
        + arriving[entry][:, None, :]
        for exit_ in (0, 1)
        for entry in (0, 1)
    ]
    options.append(_along(streets, here, there))
    # What stays on one segment comes first among equals: it invents nothing.
    stacked = np.stack(options[::-1])
    best = stacked.argmin(axis=0)
    length_m = np.take_along_axis(stacked, best[None], axis=0)[0]
    length_m = np.where(length_m <= steps.limit_m[:, None, None], length_m, np.inf)
    return length_m, (4 - best).astype(np.int8)


def _ends(
    streets: MatchingStreets, at: Candidates, to_start: BoolArray, to_end: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Return the node at each segment's start and end, and the metres to it, ``inf`` where it may not be gone."""
    is_street = at.segment >= 0
    segment = np.where(is_street, at.segment, 0)
    metres = np.stack(
        [
            np.where(is_street & to_start[segment], at.along_m, np.inf),
            np.where(is_street & to_end[segment], streets.length_m[segment] - at.along_m, np.inf),
        ]
    )
    return np.moveaxis(streets.ends[segment], -1, 0), metres


def _along(streets: MatchingStreets, here: Candidates, there: Candidates) -> FloatArray:
    """Return the metres along one segment; against a one-way street only as far as positions scatter."""
    same = (here.segment[:, :, None] == there.segment[:, None, :]) & (here.segment[:, :, None] >= 0)
    onward_m = there.along_m[:, None, :] - here.along_m[:, :, None]
    segment = np.where(here.segment >= 0, here.segment, 0)[:, :, None]
    scatter_m = 2 * np.maximum(here.sigma_m, there.sigma_m)[:, None, None]
    may = np.where(onward_m >= 0, streets.forth[segment], streets.back[segment]) | (np.abs(onward_m) <= scatter_m)
    return np.where(same & may, np.abs(onward_m), np.inf)


def transitions(streets: MatchingStreets, steps: Steps, *, model: MatchModel) -> FloatArray:
    """Return the log-likelihood of each state leading to each of the next fix, shape ``(m, k + 1, k + 1)``."""
    here, there = steps.here, steps.there
    straight_m = np.hypot(*(there.fix - here.fix).T)
    scale_m = (model.beta_m + model.beta_share * straight_m)[:, None]
    k = model.candidate_count
    cost = np.zeros((len(straight_m), k + 1, k + 1))
    on_street, _ = ways_m(streets, steps)
    cost[:, :k, :k] = np.abs(on_street - straight_m[:, None, None]) / scale_m[:, :, None]
    leaving_m = np.linalg.norm(here.place - there.fix[:, None], axis=2)
    coming_m = np.linalg.norm(there.place - here.fix[:, None], axis=2)
    cost[:, :k, k] = np.abs(leaving_m - straight_m[:, None]) / scale_m + model.switch_cost
    cost[:, k, :k] = np.abs(coming_m - straight_m[:, None]) / scale_m + model.switch_cost
    return -cost


def chunks(here: FloatArray, there: FloatArray) -> list[slice]:
    """Return runs of steps to be taken together: few enough, and close together; both of shape ``(m, 2)``."""
    found, first = [], 0
    lows, highs = np.minimum(here, there), np.maximum(here, there)
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for at in range(len(here)):
        low, high = np.minimum(low, lows[at]), np.maximum(high, highs[at])
        if at > first and (at - first >= _STEPS_AT_ONCE or (high - low).max() > _WIDEST_M):
            found.append(slice(first, at))
            first, low, high = at, lows[at], highs[at]
    return [*found, slice(first, len(here))] if len(here) else []
