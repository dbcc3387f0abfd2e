"""Expected events as a mixture: a lasting background and what recent events set off, each at several widths.

The intensity at a cell is ``sum_k w_k m_k(cell)``, where ``m_k`` is a map of past events faded with one half-life and
smoothed with one width. Without fading it is a kernel density background, with a short half-life the triggering kernel
of a self-exciting process, separable in time and space; unsmoothed it is the plain count. The weights are those under
which later events were likeliest: fitted on windows of the past by expectation maximisation, which climbs to the one
maximum there is, as the likelihood is concave in the weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis_app.analysis.cell_maps import NEVER_FADES, cell_map, far_reach
from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.lattice import FloatArray, IntArray

HALF_LIVES_DAYS = (NEVER_FADES, 180.0, 45.0, 10.0)
SPREADS_CELLS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
LEARNING_WINDOWS = 12
FIRST_SHARE = 0.25
"""Of the past before the first learning window: too short a past would teach too little trust in counts."""
ROUNDS = 200
SETTLED = 1e-7
PRIOR_EVENTS = 5.0
"""Events added to each fit, spread evenly over the maps, so that few events do not silence a map for good."""


def self_exciting(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return the share of the events of the coming days expected per cell, shape ``(n,)``, sum 1.

    Parameters
    ----------
    past
        Events before the moment of the forecast.
    horizon_days
        Length of the time forecast; the weights are learnt on windows as long.

    References
    ----------
    Mohler et al. (2011), Journal of the American Statistical Association 106 (self-exciting point processes and
    expectation maximisation); Ogata (1988), same journal 83.
    """
    weights = learnt_weights(past, horizon_days=horizon_days)
    return np.asarray(maps_of(past) @ weights, dtype=np.float64)


def maps_of(past: EventHistory) -> FloatArray:
    """Return the maps that are mixed, shape ``(n, k)``; the last one is even over all cells."""
    kinds = [(half_life, spread) for half_life in HALF_LIVES_DAYS for spread in SPREADS_CELLS]
    maps = [cell_map(past, half_life_days=half_life, spread_cells=spread) for half_life, spread in kinds]
    return np.column_stack([*maps, far_reach(past.lattice)])


def learnt_weights(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return the weight of each map, shape ``(k,)``, sum 1; even weights if the past is too short to learn from."""
    seen, came = [], []
    for start in learning_moments(past, horizon_days=horizon_days):
        earlier = past.before(start)
        cells = _later_cells(past, start, start + horizon_days)
        cell, count = np.unique(cells, return_counts=True)
        seen.append(maps_of(earlier)[cell])
        came.append(count)
    k = len(HALF_LIVES_DAYS) * len(SPREADS_CELLS) + 1
    if not seen or not sum(len(part) for part in came):
        return np.full(k, 1.0 / k)
    return mixture_weights(np.concatenate(seen), np.concatenate(came))


def learning_moments(past: EventHistory, *, horizon_days: float) -> list[float]:
    """Return the starts of the windows learnt from, oldest first, the last one ending now."""
    first = past.until - past.span_days * (1 - FIRST_SHARE)
    starts = [past.until - number * horizon_days for number in range(LEARNING_WINDOWS, 0, -1)]
    return [start for start in starts if start >= first]


def mixture_weights(chance: FloatArray, event_count: Sequence[int] | IntArray) -> FloatArray:
    """Return the weights under which the events were likeliest.

    Parameters
    ----------
    chance
        Shape ``(e, k)``: what each map gave the place of each event, >= 0.
    event_count
        Shape ``(e,)``: events at the place.
    """
    count = np.asarray(event_count, dtype=np.float64)
    k = chance.shape[1]
    weights = np.full(k, 1.0 / k)
    total = count.sum() + PRIOR_EVENTS
    for _ in range(ROUNDS):
        mixed = chance @ weights
        better = weights * (chance.T @ (count / mixed))
        better = (better + PRIOR_EVENTS / k) / total
        moved = np.abs(better - weights).max()
        weights = better
        if moved < SETTLED:
            break
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _later_cells(past: EventHistory, start: float, end: float) -> IntArray:
    first, last = np.searchsorted(past.day, [start, end], side="left")
    cells = past.cells[first:last]
    return cells[cells >= 0]
