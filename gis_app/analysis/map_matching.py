"""Which streets a track was walked on: fixes matched to the street network, in one go.

What the fixes do not tell is not made up: a chain breaks where they are too far apart in time or where no way leads
from one to the next, and who walks where there is no street is on none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.matched_ways import WalkedStreets, walked_streets
from gis_app.analysis.matching_model import (
    NO_STREET,
    Candidates,
    MatchModel,
    candidates_of,
    chunks,
    steps_between,
    transitions,
)
from gis_app.analysis.matching_streets import BoolArray, FloatArray, IntArray, MatchingStreets

SIGMA_RANGE_M = (5.0, 20.0)
"""Devices boast and despair: the deviation they tell is taken within these."""


@dataclass(frozen=True, eq=False)
class MatchedFixes:
    """Where each of n fixes was taken.

    Parameters
    ----------
    segment
        Shape ``(n,)``: position of the street segment, ``NO_STREET`` off the streets.
    along_m
        Shape ``(n,)``: metres from the segment's start, NaN off the streets.
    chain
        Shape ``(n,)``: number of the unbroken part, from 0 in order.
    """

    segment: IntArray
    along_m: FloatArray
    chain: IntArray

    @property
    def is_off_street(self) -> BoolArray:
        """Shape ``(n,)``."""
        return np.asarray(self.segment == NO_STREET, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Match:
    """Where the fixes were taken, and the streets walked between them."""

    fixes: MatchedFixes
    walked: WalkedStreets


def match_fixes(
    streets: MatchingStreets,
    fix: FloatArray,
    *,
    seconds: npt.ArrayLike,
    piece: npt.ArrayLike | None = None,
    accuracy_m: npt.ArrayLike | None = None,
    model: MatchModel | None = None,
) -> Match:
    """Match fixes to streets by the most likely sequence of places.

    Parameters
    ----------
    streets
        The streets of the mode of travel. CRS: projected, metres.
    fix
        Shape ``(n, 2)``: finite positions in the same CRS, in the order they were taken within a piece.
    seconds
        Shape ``(n,)``: when, in seconds from any moment, rising within a piece.
    piece
        Shape ``(n,)``: number of the track's unbroken piece, as ``clean_fixes`` returns it; None: one piece.
    accuracy_m
        Shape ``(n,)``: the device's own deviation, NaN where it tells none; taken within 5 to 20 m.
    model
        Parameters.

    Raises
    ------
    ValueError
        If a position is not finite, times fall within a piece, or columns differ in length.

    References
    ----------
    Newson & Krumm (2009), ACM SIGSPATIAL GIS.
    """
    model = model or MatchModel()
    moment = np.asarray(seconds, dtype=np.float64)
    number = np.zeros(len(fix), dtype=np.int64) if piece is None else np.asarray(piece, dtype=np.int64)
    sigma_m = deviations(accuracy_m, len(fix), model)
    _refuse(fix, moment, number)
    begins = np.r_[True, (np.diff(number) != 0) | (np.diff(moment) > model.gap_s)][: len(fix)]
    telling = _telling(fix, begins, model.thin_sigmas * sigma_m)
    table = candidates_of(streets, fix[telling], sigma_m=sigma_m[telling], model=model)
    state, chain = _decoded(streets, table, begins[telling], model=model)
    chosen = chosen_states(table, state)
    fixes = placed_fixes(streets, fix, telling=telling, chosen=chosen, chain=chain, model=model)
    return Match(fixes, walked_streets(streets, chosen, chain=chain, model=model))


def deviations(accuracy_m: npt.ArrayLike | None, count: int, model: MatchModel) -> FloatArray:
    """Return the standard deviation of each position, shape ``(count,)``."""
    if accuracy_m is None:
        return np.full(count, model.sigma_m)
    told = np.asarray(accuracy_m, dtype=np.float64)
    return np.where(np.isfinite(told), np.clip(told, *SIGMA_RANGE_M), model.sigma_m)


def chosen_states(table: Candidates, state: IntArray) -> Candidates:
    """Return the one candidate that was decided on for each fix; ``NO_STREET`` is being on none."""
    row = np.arange(len(state))
    padded = np.column_stack([table.segment, np.full(len(state), NO_STREET)])
    near = np.minimum(state, table.segment.shape[1] - 1)
    return Candidates(
        fix=table.fix,
        sigma_m=table.sigma_m,
        segment=padded[row, state][:, None],
        along_m=table.along_m[row, near][:, None],
        place=table.place[row, near][:, None],
        emission=table.emission[row, state][:, None],
    )


def placed_fixes(
    streets: MatchingStreets,
    fix: FloatArray,
    *,
    telling: IntArray,
    chosen: Candidates,
    chain: IntArray,
    model: MatchModel,
) -> MatchedFixes:
    """Return the place of every fix: those that told nothing go to the nearer street of the two about them.

    Parameters
    ----------
    telling
        Positions of the fixes that were decided on, ``chosen`` and ``chain`` being theirs.
    """
    before = np.searchsorted(telling, np.arange(len(fix)), side="right") - 1
    after = np.minimum(before + 1, max(len(telling) - 1, 0))
    after = np.where(chain[after] == chain[before], after, before) if len(telling) else after
    points = np.asarray(shapely.points(fix), dtype=object)
    options = np.column_stack([chosen.segment[before, 0], chosen.segment[after, 0]])
    distance_m = np.where(options >= 0, shapely.distance(points[:, None], streets.lines[options]), np.inf)
    segment = np.take_along_axis(options, distance_m.argmin(axis=1)[:, None], axis=1)[:, 0]
    # Between a street and no street only a place within reach is on it.
    mixed = (options == NO_STREET).any(axis=1)
    segment = np.where(mixed & (distance_m.min(axis=1) > model.off_sigmas * model.sigma_m), NO_STREET, segment)
    decided = np.zeros(len(fix), dtype=np.bool_)
    decided[telling] = True
    segment = np.where(decided, chosen.segment[before, 0], segment)
    along_m = np.where(segment >= 0, shapely.line_locate_point(streets.lines[segment], points), np.nan)
    return MatchedFixes(segment, along_m, chain[before])


def _refuse(fix: FloatArray, moment: FloatArray, piece: IntArray) -> None:
    if fix.shape != (len(moment), 2) or piece.shape != moment.shape:
        raise ValueError("Positions, times and pieces need one length.")
    if not (np.isfinite(fix).all() and np.isfinite(moment).all()):
        raise ValueError("Positions and times must be finite.")
    if ((np.diff(moment) < 0) & (np.diff(piece) == 0)).any():
        raise ValueError("The fixes of a piece must be in the order of their times.")


def _telling(fix: FloatArray, begins: BoolArray, apart_m: FloatArray) -> IntArray:
    """Return the positions of the fixes that are far enough from the last such, or begin or end a piece."""
    kept, x, y = [], np.inf, np.inf
    ends = [*begins[1:].tolist(), True]
    for at, ((east, north), begin, end, apart) in enumerate(
        zip(fix.tolist(), begins.tolist(), ends[: len(fix)], apart_m.tolist(), strict=True)
    ):
        if begin or end or (east - x) ** 2 + (north - y) ** 2 >= apart * apart:
            kept.append(at)
            x, y = east, north
    return np.array(kept, dtype=np.int64)


def _decoded(
    streets: MatchingStreets, table: Candidates, begins: BoolArray, *, model: MatchModel
) -> tuple[IntArray, IntArray]:
    """Return the most likely state of each fix and its chain."""
    n, k = table.segment.shape
    begins = begins.copy()
    leads = np.full((max(n - 1, 0), k + 1, k + 1), -np.inf)
    step = np.nonzero(~begins[1:])[0]
    for part in chunks(table.fix[step], table.fix[step + 1]):
        at = step[part]
        steps = steps_between(streets, table.rows(at), table.rows(at + 1), model=model)
        leads[at] = transitions(streets, steps, model=model)
        begins[at + 1] = has_no_way(steps.here, steps.there, leads[at])
    return _viterbi(table.emission, leads, begins), np.cumsum(begins) - 1


def has_no_way(here: Candidates, there: Candidates, leads: FloatArray) -> BoolArray:
    """Return where both fixes are near streets, but no way leads from any of these to any of those, shape ``(m,)``."""
    k = here.segment.shape[1]
    both = (here.segment >= 0).any(axis=1) & (there.segment >= 0).any(axis=1)
    return np.asarray(both & ~np.isfinite(leads[:, :k, :k]).any(axis=(1, 2)), dtype=np.bool_)


def _viterbi(emission: FloatArray, leads: FloatArray, begins: BoolArray) -> IntArray:
    n = len(emission)
    before = np.zeros(emission.shape, dtype=np.int64)
    last_state = np.zeros(n, dtype=np.int64)
    columns = np.arange(emission.shape[1])
    score: Any = None
    for at in range(n):
        if begins[at]:
            if at:
                last_state[at - 1] = score.argmax()
            score = emission[at]
            continue
        through = score[:, None] + leads[at - 1]
        before[at] = through.argmax(axis=0)
        score = through[before[at], columns] + emission[at]
    state = np.zeros(n, dtype=np.int64)
    for at in range(n - 1, -1, -1):
        if at == n - 1:
            state[at] = score.argmax()
        else:
            state[at] = last_state[at] if begins[at + 1] else before[at + 1, state[at + 1]]
    return state
