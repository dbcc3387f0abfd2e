"""Intervals on one axis: their union, and how much of it lies below a place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def united(begin: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the union of intervals, ``begin <= end``, both of shape ``(n,)``: in order, none touching another."""
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order]) if len(end) else end
    first = np.nonzero(np.r_[True, begin[1:] > reach[:-1]][: len(begin)])[0]
    last = np.r_[first[1:] - 1, len(begin) - 1][: len(first)]
    return begin[first], reach[last]


def covered_below(begin: FloatArray, end: FloatArray, at: FloatArray) -> FloatArray:
    """Return how much of a union, as ``united`` returns it, lies below places."""
    if not len(begin):
        return np.zeros(len(at))
    before = np.r_[0.0, np.cumsum(end - begin)]
    found = np.searchsorted(begin, at, side="right")
    beyond = np.where(found > 0, np.maximum(end[found - 1] - at, 0.0), 0.0)
    return np.asarray(before[found] - beyond, dtype=np.float64)
