"""Mann-Kendall test: does a series rise or fall, whatever the shape; for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trends:
    """Trends of n series, all arrays of shape ``(n,)``.

    Parameters
    ----------
    s
        Pairs of steps that rise less those that fall.
    variance
        Of ``s`` if the order of the steps meant nothing, corrected for equal values.
    z
        Standard deviations, with the continuity correction; 0 where all values are equal.
    p
        Two-sided, under the normal distribution.
    tau
        ``s`` over the number of pairs, -1 to 1.
    """

    s: FloatArray
    variance: FloatArray
    z: FloatArray
    p: FloatArray
    tau: FloatArray


def mann_kendall(series: npt.ArrayLike) -> Trends:
    """Return the trend of every series.

    Parameters
    ----------
    series
        Shape ``(n, steps)`` or ``(steps,)``, oldest step first, finite, at least two steps.

    Raises
    ------
    ValueError
        If there are fewer than two steps, or a value is not finite.

    References
    ----------
    Mann (1945), Econometrica 13(3); Kendall (1975), Rank Correlation Methods; for ties Gilbert (1987), section 16.4.
    """
    values = np.atleast_2d(np.asarray(series, dtype=np.float64))
    if values.ndim != 2 or values.shape[1] < 2 or not np.isfinite(values).all():
        raise ValueError("A trend needs shape (n, steps), two steps or more, and finite values.")
    steps = values.shape[1]
    s = np.zeros(len(values))
    for step in range(1, steps):
        s += np.sign(values[:, step:] - values[:, :-step]).sum(axis=1)
    variance = (steps * (steps - 1) * (2 * steps + 5) - _ties(values)) / 18.0
    spread = np.sqrt(np.where(variance > 0, variance, 1.0))
    z = (s - np.sign(s)) / spread
    return Trends(s, variance, z, 2.0 * ndtr(-np.abs(z)), s / (0.5 * steps * (steps - 1)))


def _ties(values: FloatArray) -> FloatArray:
    """Return the sum of t (t - 1) (2 t + 5) over the groups of t equal values of each series."""
    ordered = np.sort(values, axis=1)
    starts = np.ones(values.shape, dtype=np.bool_)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    # Every series starts a group, so that no group runs on into the next series.
    first = np.nonzero(starts.ravel())[0]
    size = np.diff(np.append(first, values.size))
    tied = np.bincount(first // values.shape[1], weights=size * (size - 1) * (2.0 * size + 5), minlength=len(values))
    return tied.astype(np.float64)
