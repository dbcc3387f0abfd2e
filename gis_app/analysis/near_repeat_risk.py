"""Where near repeats are to be expected: the lasting risk, raised around recent events as far as Knox ratios say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis_app.analysis.cell_maps import cell_map
from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.lattice import FloatArray
from gis_app.analysis.near_repeat import KnoxTable, knox_test
from gis_app.analysis.place_history import PlaceHistory
from gis_app.analysis.place_maps import place_map

DISTANCE_BANDS_CELLS = (0.5, 1.0, 2.0, 4.0)
PLACE_BANDS_M = (125.0, 250.0, 500.0, 1000.0)
"""On grids and streets, which have no side: as for cells of 250 m."""
TIME_BANDS_DAYS = (3.0, 7.0, 14.0, 28.0)
TABLE_EVENTS = 4000
"""The newest events, at most, that the table is made of: pairs grow with the square of their number."""
FEWEST_PAIRS = 20.0
"""A ratio is drawn towards 1 as if so many more pairs had been seen, all as expected."""


def near_repeat_risk(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return the relative risk per cell: the lasting one, times one plus the excess set off by each recent event.

    Parameters
    ----------
    past
        Events up to now.
    horizon_days
        Length of the time to come: an event's excess there is the mean over the ages it will have.

    Returns
    -------
    Shape ``(n,)``, >= 0, no unit.
    """
    # Here and not above: it brings in all of scipy.stats, a second that every start of a server or command would take.
    from scipy.signal import fftconvolve

    lasting = 0.5 * cell_map(past) + 0.5 * cell_map(past, spread_cells=1.0)
    bands_m = [cells * past.lattice.cell_m for cells in DISTANCE_BANDS_CELLS]
    excess = excess_to_come(past, bands_m, horizon_days=horizon_days)
    cells = past.cells[len(past) - excess.shape[1] :]
    raised = np.zeros(past.lattice.shape)
    for ring, by_event in zip(_rings(), excess, strict=True):
        weight = np.bincount(cells[cells >= 0], weights=by_event[cells >= 0], minlength=past.lattice.cell_count)
        raised += fftconvolve(past.lattice.raster(weight), ring, mode="same")
    return np.asarray(lasting * (1.0 + np.maximum(raised[past.lattice.mask], 0.0)), dtype=np.float64)


def near_repeat_places(past: PlaceHistory, *, horizon_days: float) -> FloatArray:
    """Return the relative risk per km2 or km of each place, as ``near_repeat_risk`` does on cells.

    An event raises its own place as the nearest band does, others by the distance of their middles from it.
    """
    narrowest_m = past.places.spreads_m[0]
    lasting = 0.5 * place_map(past) + 0.5 * place_map(past, spread_m=narrowest_m)
    excess = excess_to_come(past, PLACE_BANDS_M, horizon_days=horizon_days)
    first = len(past) - excess.shape[1]
    event, place, apart_m = past.places.near(past.x[first:], past.y[first:], within_m=PLACE_BANDS_M[-1])
    others = place != past.place[first:][event]
    band = np.searchsorted(PLACE_BANDS_M, apart_m[others], side="left")
    raised = np.bincount(place[others], weights=excess[band, event[others]], minlength=len(past.places))
    own, inside = past.place[first:], past.place[first:] >= 0
    raised += np.bincount(own[inside], weights=excess[0, inside], minlength=len(past.places))
    return np.asarray(lasting / past.sizes * (1.0 + raised), dtype=np.float64)


def excess_to_come(
    past: EventHistory | PlaceHistory, distance_bands_m: Sequence[float], *, horizon_days: float
) -> FloatArray:
    """Return by how much each recent event raises the risk in the coming days, at each distance.

    Parameters
    ----------
    past
        Events up to now; Knox ratios are learnt from the newest 4,000.
    distance_bands_m
        Outer borders of the bands, metres, rising.
    horizon_days
        Length of the time to come.

    Returns
    -------
    Shape ``(bands, r)``, >= 0: of the last ``r`` events, those of the last 28 days; none if there are no pairs at all.
    """
    newest = max(len(past) - TABLE_EVENTS, 0)
    if len(past) - newest < 2:
        return np.zeros((len(distance_bands_m), 0))
    # By whole days: events without a time of day stand at midnight, others do not.
    table = knox_test(
        past.x[newest:],
        past.y[newest:],
        day=np.floor(past.day[newest:]),
        distance_bands_m=distance_bands_m,
        time_bands_days=TIME_BANDS_DAYS,
        permutations=0,
    )
    excess = np.maximum(shrunken_ratio(table) - 1.0, 0.0)
    age = past.until - past.day[np.searchsorted(past.day, past.until - TIME_BANDS_DAYS[-1], side="left") :]
    younger, older = np.array([0.0, *TIME_BANDS_DAYS[:-1]])[:, None], np.array(TIME_BANDS_DAYS)[:, None]
    days_in_band = np.minimum(age + horizon_days, older) - np.maximum(age, younger)
    return np.asarray(excess @ (np.maximum(days_in_band, 0.0) / horizon_days), dtype=np.float64)


def shrunken_ratio(table: KnoxTable) -> FloatArray:
    """Return Knox ratios drawn towards 1 where few pairs are expected."""
    return np.asarray((table.observed + FEWEST_PAIRS) / (table.expected + FEWEST_PAIRS), dtype=np.float64)


def _rings() -> list[FloatArray]:
    """Return which cells lie in each band of distance around the middle one, shape ``(9, 9)`` each."""
    reach = int(DISTANCE_BANDS_CELLS[-1])
    steps = np.arange(-reach, reach + 1)
    apart = np.hypot(steps[:, None], steps[None, :])
    band = np.searchsorted(DISTANCE_BANDS_CELLS, apart, side="left")
    return [(band == number).astype(np.float64) for number in range(len(DISTANCE_BANDS_CELLS))]
