"""The methods on grids and on pieces of streets: those of the lattice, with neighbours and kernels of their own.

Each takes a ``PlaceHistory`` and ``horizon_days`` and returns a score per place, shape ``(n,)``, higher is hotter: of
what is expected, per km2 or per km of street, so that a large place is not hot for its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from gis_app.analysis.emerging import by_urgency, emerging_classes
from gis_app.analysis.gi_star import getis_ord_gi_star, two_sided_p
from gis_app.analysis.hotspots import EMERGING_STEPS, HotspotMethod
from gis_app.analysis.near_repeat_risk import near_repeat_places
from gis_app.analysis.pieces_of_streets import FloatArray, IntArray
from gis_app.analysis.place_history import PlaceHistory
from gis_app.analysis.place_maps import place_map
from gis_app.analysis.places import GRID_SPREADS_M, STREET_SPREADS_M, PlaceKind
from gis_app.analysis.self_exciting import HALF_LIVES_DAYS, MONTH_DAYS, learning_moments, mixture_weights
from gis_app.analysis.significance import benjamini_hochberg


def count_so_far(past: PlaceHistory, *, horizon_days: float) -> FloatArray:
    """Return the number of events up to now per km2 or km."""
    return np.asarray(past.count / past.sizes, dtype=np.float64)


def decayed_count(past: PlaceHistory, *, horizon_days: float, half_life_days: float) -> FloatArray:
    """Return the share of events per km2 or km, each worth half as much for every half-life of its age."""
    return place_map(past, half_life_days=half_life_days) / past.sizes


def kernel_density(past: PlaceHistory, *, horizon_days: float, bandwidth_m: float) -> FloatArray:
    """Return the kernel density of all events up to now: between middles of grids, or along streets."""
    return place_map(past, spread_m=bandwidth_m) / past.sizes


def gi_star_hotspots(past: PlaceHistory, *, horizon_days: float) -> FloatArray:
    """Return Gi* of the events per km2 or km; places that the control of false discoveries lets through come first."""
    z = gi_star_of(past, past.count)
    hot = (z > 0) & (benjamini_hochberg(two_sided_p(z)) <= 0.05)
    return np.asarray(z + np.where(hot, np.ptp(z), 0.0), dtype=np.float64)


def emerging_hotspots(past: PlaceHistory, *, horizon_days: float) -> FloatArray:
    """Return places by their class over the last ten periods, the most urgent first, and by mean z within a class."""
    n = len(past.places)
    z, sign = np.zeros((EMERGING_STEPS, n)), np.zeros((EMERGING_STEPS, n), dtype=np.int8)
    borders = np.searchsorted(past.day, past.until - np.arange(EMERGING_STEPS, -1, -1) * horizon_days, side="left")
    for step, (begin, end) in enumerate(pairwise(borders)):
        here = past.place[begin:end]
        z[step] = gi_star_of(past, np.bincount(here[here >= 0], minlength=n))
        sign[step] = np.sign(z[step]) * (benjamini_hochberg(two_sided_p(z[step])) <= 0.05)
    return by_urgency(emerging_classes(z, sign), z)


def gi_star_of(past: PlaceHistory, count: IntArray) -> FloatArray:
    """Return Gi* of counts per km2 or km, shape ``(n,)``; 0 throughout where no place can stand out."""
    density = count / past.sizes
    try:
        return getis_ord_gi_star(density, past.places.pairs)
    except ValueError:
        return np.zeros(len(density))


def self_exciting(past: PlaceHistory, *, horizon_days: float) -> FloatArray:
    """Return the share of the coming events expected per km2 or km: a mixture, as on the lattice.

    Maps faded with half-lives from none to four days, as they are and spread by each kernel, and one even over the
    ground; weighted so that the last twelve windows would have been likeliest.
    """
    maps = list(_mixed_maps(past, horizon_days))
    windows = [_window(past, start, horizon_days) for start in learning_moments(past, horizon_days=horizon_days)]
    weights = np.full(len(maps), 1.0 / len(maps))
    if sum(len(came) for _, came in windows):
        seen, came = (np.concatenate(parts) for parts in zip(*windows, strict=True))
        weights = mixture_weights(seen, came)
    return np.asarray(sum(weight * one for weight, one in zip(weights, maps, strict=True)) / past.sizes)


def _mixed_maps(past: PlaceHistory, horizon_days: float) -> Iterator[FloatArray]:
    longer = max(horizon_days / MONTH_DAYS, 1.0)
    for half_life in HALF_LIVES_DAYS:
        plain = place_map(past, half_life_days=half_life * longer)
        for spread_m in (0.0, *past.places.spreads_m):
            yield past.places.spread(plain, spread_m)
    yield past.sizes / past.sizes.sum()


def _window(past: PlaceHistory, start: float, horizon_days: float) -> tuple[FloatArray, FloatArray]:
    """Return what each map at ``start`` gave the places of the window's events, and their number; kept in the memo."""
    keys = ("window_seen", horizon_days, 0.0, start), ("window_came", horizon_days, 0.0, start)
    if keys[0] not in past.memo:
        first, last = np.searchsorted(past.day, [start, start + horizon_days], side="left")
        here = past.place[first:last]
        place, count = np.unique(here[here >= 0], return_counts=True)
        maps = _mixed_maps(past.before(start), horizon_days)
        past.memo[keys[0]] = np.column_stack([one[place] for one in maps])
        past.memo[keys[1]] = count.astype(np.float64)
    return past.memo[keys[0]], past.memo[keys[1]]


def _methods(spreads_m: tuple[float, ...]) -> dict[str, HotspotMethod]:
    half_lives = tuple({"half_life_days": days} for days in (15.0, 30.0, 60.0, 120.0, 240.0, 480.0))
    return {
        "count_so_far": HotspotMethod(count_so_far),
        "decayed_count": HotspotMethod(decayed_count, half_lives),
        "kernel_density": HotspotMethod(kernel_density, tuple({"bandwidth_m": width} for width in spreads_m)),
        "gi_star": HotspotMethod(gi_star_hotspots),
        "near_repeat": HotspotMethod(near_repeat_places),
        "emerging": HotspotMethod(emerging_hotspots),
        "self_exciting": HotspotMethod(self_exciting),
    }


PLACE_METHODS: Mapping[PlaceKind, dict[str, HotspotMethod]] = {
    PlaceKind.GRIDS: _methods(GRID_SPREADS_M),
    PlaceKind.STREETS: _methods(STREET_SPREADS_M),
}
"""By kind of place."""
