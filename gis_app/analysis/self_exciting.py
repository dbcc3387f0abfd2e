"""Expected events as a mixture: a lasting background and what recent events set off, each at several widths.

The intensity at a cell is ``sum_k w_k m_k(cell)``, where ``m_k`` is a map of past events faded with one half-life and
smoothed with one width. Without fading it is a kernel density background, with a short half-life the triggering kernel
of a self-exciting process, separable in time and space; unsmoothed it is the plain count. Beside them stand the lasting
maps sharpened, and the shares of days, weeks, months and quarters with an event, which a single burst does not raise.
The weights are those under which later events were likeliest: fitted on windows of the past by
expectation maximisation, which climbs to the one maximum there is, as the likelihood is concave in the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gis_app.analysis.cell_maps import (
    DAYS_PER_YEAR,
    NEVER_FADES,
    cell_map,
    even_map,
    season_map,
    sharpened,
    steady_map,
)
from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.lattice import FloatArray
from gis_app.analysis.place_history import PlaceHistory

HALF_LIVES_DAYS = (NEVER_FADES, 180.0, 45.0, 13.0, 4.0)
"""For horizons of a month and less; for longer ones they grow with the horizon."""
MONTH_DAYS = 30.0
SPREADS_CELLS = (0.0, 0.5, 1.0, 2.0, 8.0)
SHARPENED_SPREADS_CELLS = (0.0, 0.5, 1.0)
POWERS = (1.5, 2.0)
STEADY_DAYS = (1.0, 7.0, 30.0, 90.0)
SEASON_SPREADS_CELLS = (0.0, 1.0, 2.0)
SEASON_WINDOWS = 3
"""At least so many learning windows need a year of past before them for the season to be tried."""
SEASON_GAIN = 6.0
"""By so much at least the maps of the season must raise the log-likelihood: twice the number of their weights."""
MAP_COUNT = (
    len(HALF_LIVES_DAYS) * len(SPREADS_CELLS)
    + len(SHARPENED_SPREADS_CELLS) * len(POWERS)
    + len(STEADY_DAYS)
    + len(SEASON_SPREADS_CELLS)
    + 1
)
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
    expected = np.zeros(past.lattice.cell_count)
    # One map at a time: all of them at once would take the memory of a score of lattices.
    for weight, one in zip(weights, mixed_maps(past, horizon_days=horizon_days), strict=True):
        expected += weight * one
    # Without a year of past the maps of the season are empty, and their weight is missing.
    return np.asarray(expected / expected.sum(), dtype=np.float64)


def mixed_maps(past: EventHistory, *, horizon_days: float) -> Iterator[FloatArray]:
    """Yield the maps that are mixed, each of shape ``(n,)``; the last one is even over all cells."""
    longer = max(horizon_days / MONTH_DAYS, 1.0)
    for half_life in HALF_LIVES_DAYS:
        for spread in SPREADS_CELLS:
            yield cell_map(past, half_life_days=half_life * longer, spread_cells=spread)
    for spread in SHARPENED_SPREADS_CELLS:
        lasting = cell_map(past, spread_cells=spread)
        yield from (sharpened(lasting, power) for power in POWERS)
    for period_days in STEADY_DAYS:
        yield steady_map(past, period_days=period_days)
    middle = past.until + horizon_days / 2
    for spread in SEASON_SPREADS_CELLS:
        yield season_map(past, day=middle, spread_cells=spread)
    yield even_map(past.lattice)


def learnt_weights(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return the weight of each map, shape ``(k,)``, sum 1; even weights if the past is too short to learn from."""
    starts = learning_moments(past, horizon_days=horizon_days)
    windows = [_window(past, start, horizon_days) for start in starts]
    if not sum(len(came) for _, came in windows):
        return np.full(MAP_COUNT, 1.0 / MAP_COUNT)
    after_a_year = [pair for start, pair in zip(starts, windows, strict=True) if start - past.day[0] >= DAYS_PER_YEAR]
    weights = _season_weights(after_a_year) if len(after_a_year) >= SEASON_WINDOWS else None
    return _lasting_weights(windows) if weights is None else weights


def _season_weights(windows: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray | None:
    """Return the weights with the maps of the season, None if those do not tell enough more."""
    seen, came = (np.concatenate(parts) for parts in zip(*windows, strict=True))
    if not len(came):
        return None
    with_season, without = mixture_weights(seen, came), _lasting_weights(windows)
    gain = came @ np.log((seen @ with_season) / (seen @ without))
    return with_season if gain > SEASON_GAIN else None


def _lasting_weights(windows: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    seen, came = (np.concatenate(parts) for parts in zip(*windows, strict=True))
    lasting = np.ones(MAP_COUNT, dtype=np.bool_)
    lasting[-1 - len(SEASON_SPREADS_CELLS) : -1] = False
    weights = np.zeros(MAP_COUNT)
    weights[lasting] = mixture_weights(seen[:, lasting], came)
    return weights


def learning_moments(past: EventHistory | PlaceHistory, *, horizon_days: float) -> list[float]:
    """Return the starts of the windows learnt from, oldest first, the last one ending now."""
    first = past.until - past.span_days * (1 - FIRST_SHARE)
    starts = [past.until - number * horizon_days for number in range(LEARNING_WINDOWS, 0, -1)]
    return [start for start in starts if start >= first]


def mixture_weights(chance: FloatArray, event_count: Sequence[float] | FloatArray) -> FloatArray:
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
    for _ in range(ROUNDS):
        explained = weights * (chance.T @ (count / (chance @ weights)))
        better = (explained + PRIOR_EVENTS / k) / (count.sum() + PRIOR_EVENTS)
        moved = np.abs(better - weights).max()
        weights = better
        if moved < SETTLED:
            break
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _window(past: EventHistory, start: float, horizon_days: float) -> tuple[FloatArray, FloatArray]:
    """Return what each map at ``start`` gave the places of the window's events, ``(e, k)``, and their number, ``(e,)``.

    Kept in the memo: at any later moment the window is as much past as now.
    """
    keys = ("window_seen", horizon_days, 0.0, start), ("window_came", horizon_days, 0.0, start)
    if keys[0] not in past.memo:
        first, last = np.searchsorted(past.day, [start, start + horizon_days], side="left")
        cells = past.cells[first:last]
        cell, count = np.unique(cells[cells >= 0], return_counts=True)
        maps = mixed_maps(past.before(start), horizon_days=horizon_days)
        past.memo[keys[0]] = np.column_stack([one[cell] for one in maps])
        past.memo[keys[1]] = count.astype(np.float64)
    return past.memo[keys[0]], past.memo[keys[1]]
