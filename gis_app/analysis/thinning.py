"""Tracks with fewer fixes that still say where somebody was at every moment: time-ratio simplification.

Meratnia and de By, Spatiotemporal compression techniques for moving point objects (EDBT 2004): Douglas and Peucker's
lines, a fix being measured against where the thinned track is at the very moment of the fix. So a stay stays a stay.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def thinned(second: FloatArray, xy: FloatArray, *, starts: IntArray, tolerance_m: float) -> npt.NDArray[np.bool_]:
    """Return which fixes to keep: at the moment of each one left out, the track is within the tolerance of it.

    All pieces are thinned side by side: a round looks once at every fix between two kept ones that are still too far
    apart, and keeps the farthest.

    Parameters
    ----------
    second
        Shape ``(n,)``, not falling within a piece.
    xy
        Projected, metres, shape ``(n, 2)``.
    starts
        Where each unbroken piece begins, rising; the first is 0. Its first and last fix are always kept.
    tolerance_m
        At least 0.
    """
    count = len(second)
    kept = np.zeros(count, dtype=bool)
    if not count:
        return kept
    low, high = starts, np.r_[starts[1:], count] - 1
    kept[low] = kept[high] = True
    while True:
        wide = high - low > 1
        low, high = low[wide], high[wide]
        if not len(low):
            return kept
        far, farthest = _farthest(second, xy, low, high)
        split = farthest > tolerance_m
        kept[far[split]] = True
        low, high = np.r_[low[split], far[split]], np.r_[far[split], high[split]]


def _farthest(second: FloatArray, xy: FloatArray, low: IntArray, high: IntArray) -> tuple[IntArray, FloatArray]:
    """Return, between each low and high, the first fix farthest from the even way between the two, and how far, m."""
    size = high - low - 1
    begin = np.cumsum(size) - size
    which = np.repeat(np.arange(len(low)), size)
    fix = np.arange(size.sum()) - begin[which] + low[which] + 1
    lasts = second[high] - second[low]
    pace = (xy[high] - xy[low]) / np.where(lasts > 0, lasts, np.inf)[:, None]
    off = xy[fix] - xy[low][which] - pace[which] * (second[fix] - second[low][which])[:, None]
    distance = np.hypot(off[:, 0], off[:, 1])
    most = np.maximum.reduceat(distance, begin)
    first = np.minimum.reduceat(np.where(distance == most[which], fix, len(second)), begin)
    return first, most
