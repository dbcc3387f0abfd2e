"""Plan against actual: how long a track stayed at each planned stop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]

REACH_M = 30.0
DWELL_MIN = 10.0
"""A stop counts as visited from so many minutes on: 10 to 16 held disorder at 4 %, driving through at 15 %."""
LONGEST_ABSENCE_S = 120.0
"""Whoever is back within two minutes did not leave: positions scatter."""


def longest_stays_min(
    fix: FloatArray, seconds: npt.ArrayLike, *, stops: FloatArray, reach_m: float = REACH_M
) -> FloatArray:
    """Return the longest unbroken stay of one track at each stop, minutes; NaN where it never came near.

    Parameters
    ----------
    fix
        Shape ``(n, 2)``: positions of one track. CRS: projected, metres.
    seconds
        Shape ``(n,)``: when, in any order.
    stops
        Shape ``(s, 2)``, in the same CRS.
    reach_m
        Distance up to which a position is at the stop.

    Returns
    -------
    Shape ``(s,)``; a single fix is a stay of 0 minutes.
    """
    return longest_stays(fix, seconds, stops=stops, reach_m=reach_m)[0]


def longest_stays(
    fix: FloatArray, seconds: npt.ArrayLike, *, stops: FloatArray, reach_m: float = REACH_M
) -> tuple[FloatArray, FloatArray]:
    """Return the longest unbroken stay of one track at each stop, minutes, and the second it began.

    Parameters
    ----------
    fix, seconds, stops, reach_m
        As for ``longest_stays_min``.

    Returns
    -------
    Two of shape ``(s,)``, NaN where the track never came near.
    """
    longest, began = np.full(len(stops), np.nan), np.full(len(stops), np.nan)
    if not len(fix) or not len(stops):
        return longest, began
    moments = np.asarray(seconds, dtype=np.float64)
    for stop, near in enumerate(cKDTree(fix).query_ball_point(stops, reach_m)):
        if near:
            times = np.sort(moments[near])
            begins = np.r_[0, np.nonzero(np.diff(times) > LONGEST_ABSENCE_S)[0] + 1]
            ends = np.r_[begins[1:] - 1, len(times) - 1]
            stays = times[ends] - times[begins]
            longest[stop], began[stop] = stays.max() / 60, times[begins[stays.argmax()]]
    return longest, began
