"""Where near repeats are to be expected: the lasting risk, raised around recent events as far as Knox ratios say."""

from __future__ import annotations

import numpy as np
from scipy import signal

from gis_app.analysis.cell_maps import cell_map
from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.lattice import FloatArray
from gis_app.analysis.near_repeat import KnoxTable, knox_test

DISTANCE_BANDS_CELLS = (0.5, 1.0, 2.0, 4.0)
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
    lasting = 0.5 * cell_map(past) + 0.5 * cell_map(past, spread_cells=1.0)
    newest = past.since(past.day[-TABLE_EVENTS]) if len(past) > TABLE_EVENTS else past
    if len(newest) < 2:
        return lasting
    bands_m = [cells * past.lattice.cell_m for cells in DISTANCE_BANDS_CELLS]
    # By whole days: events without a time of day stand at midnight, others do not.
    table = knox_test(
        newest.x,
        newest.y,
        day=np.floor(newest.day),
        distance_bands_m=bands_m,
        time_bands_days=TIME_BANDS_DAYS,
        permutations=0,
    )
    excess = np.maximum(shrunken_ratio(table) - 1.0, 0.0)
    raised = np.zeros(past.lattice.shape)
    for ring, by_age in zip(_rings(), excess, strict=True):
        weight = _excess_to_come(past, by_age, horizon_days=horizon_days)
        raised += signal.fftconvolve(weight, ring, mode="same")
    return np.asarray(lasting * (1.0 + np.maximum(raised[past.lattice.mask], 0.0)), dtype=np.float64)


def shrunken_ratio(table: KnoxTable) -> FloatArray:
    """Return Knox ratios drawn towards 1 where few pairs are expected."""
    return np.asarray((table.observed + FEWEST_PAIRS) / (table.expected + FEWEST_PAIRS), dtype=np.float64)


def _excess_to_come(past: EventHistory, excess_by_age: FloatArray, *, horizon_days: float) -> FloatArray:
    """Return the excess of recent events, on cells, as its mean over the coming days; shape ``(rows, columns)``."""
    recent = past.since(past.until - TIME_BANDS_DAYS[-1])
    age = recent.until - recent.day
    borders = np.concatenate([[0.0], TIME_BANDS_DAYS])
    total = np.zeros(len(recent))
    for excess, younger, older in zip(excess_by_age, borders[:-1], borders[1:], strict=True):
        days_in_band = np.minimum(age + horizon_days, older) - np.maximum(age, younger)
        total += excess * np.maximum(days_in_band, 0.0) / horizon_days
    inside = recent.cells >= 0
    weight = np.bincount(recent.cells[inside], weights=total[inside], minlength=past.lattice.cell_count)
    return past.lattice.raster(weight)


def _rings() -> list[FloatArray]:
    """Return which cells lie in each band of distance around the middle one, shape ``(9, 9)`` each."""
    reach = int(DISTANCE_BANDS_CELLS[-1])
    steps = np.arange(-reach, reach + 1)
    apart = np.hypot(steps[:, None], steps[None, :])
    band = np.searchsorted(DISTANCE_BANDS_CELLS, apart, side="left")
    return [(band == number).astype(np.float64) for number in range(len(DISTANCE_BANDS_CELLS))]
