"""Moran's I, of all areas and of each: are neighbours alike? Weights are row-standardised: each area weighs 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis_app.analysis.gi_star import checked_pairs, two_sided_p

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

QUADRANTS = ("high_high", "low_high", "low_low", "high_low")
"""An area's own value, then its neighbours': numbered 1 to 4 as in Anselin's scatter plot."""


@dataclass(frozen=True)
class GlobalMoran:
    """Moran's I with its expectation and spread if values were normal (``z_normal``) or shuffled (``z_shuffled``)."""

    value: float
    expected: float
    z_normal: float
    p_normal: float
    z_shuffled: float
    p_shuffled: float


@dataclass(frozen=True, eq=False)
class LocalMoran:
    """Local Moran's I of each area, shape ``(n,)``.

    Parameters
    ----------
    value
        ``(n - 1) z_i sum_j w_ij z_j / sum_k z_k^2``: the denominator is the variance over n - 1, as in esda; Anselin's
        first form divides by the variance over n, and is larger by n / (n - 1).
    quadrant
        Position in ``QUADRANTS``.
    p
        Share of shuffles at least as extreme, on the nearer side, the one seen included; 1 without shuffles.
    """

    value: FloatArray
    quadrant: IntArray
    p: FloatArray


def morans_i(values: npt.ArrayLike, neighbour_pairs: npt.ArrayLike) -> GlobalMoran:
    """Return Moran's I of n areas with row-standardised weights.

    Parameters
    ----------
    values
        Shape ``(n,)``, finite, n >= 4, not all equal.
    neighbour_pairs
        Shape ``(m, 2)``: positions ``(i, j)``, both directions, ``i != j``. Areas without neighbours weigh nothing.

    Raises
    ------
    ValueError
        If the values are not as described, or no area has a neighbour.

    References
    ----------
    Cliff & Ord (1981), Spatial Processes, sections 1.4 and 2.3.
    """
    deviation, left, right, weight = _weighted(values, neighbour_pairs)
    n, squares = len(deviation), float((deviation**2).sum())
    s0, s1, s2 = _weight_sums(left, right, weight=weight, n=n)
    value = n / s0 * float((weight * deviation[left] * deviation[right]).sum()) / squares
    expected = -1.0 / (n - 1)
    normal = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
    kurtosis = n * float((deviation**4).sum()) / squares**2
    above = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    off = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    shuffled = (above - off) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    z = [(value - expected) / np.sqrt(variance) for variance in (normal, shuffled)]
    p = [float(two_sided_p(score)) for score in z]
    return GlobalMoran(value, expected, float(z[0]), p[0], float(z[1]), p[1])


def local_moran(
    values: npt.ArrayLike, neighbour_pairs: npt.ArrayLike, *, permutations: int = 999, seed: int = 0
) -> LocalMoran:
    """Return local Moran's I of n areas with row-standardised weights.

    Parameters
    ----------
    values, neighbour_pairs
        As in ``morans_i``; an area without neighbours gets 0.
    permutations
        Shuffles of the other areas' values per area; 0 for none.
    seed
        Of the shuffles.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2).
    """
    deviation, left, right, weight = _weighted(values, neighbour_pairs)
    n, squares = len(deviation), (deviation**2).sum()
    lag = np.bincount(left, weights=weight * deviation[right], minlength=n)
    value = (n - 1) * deviation * lag / squares
    quadrant = np.select([(deviation > 0) & (lag > 0), (deviation <= 0) & (lag > 0), deviation <= 0], [0, 1, 2], 3)
    size = np.bincount(left, minlength=n)
    larger = _times_larger(deviation, value * squares / (n - 1), size=size, permutations=permutations, seed=seed)
    rarer = np.minimum(larger, permutations - larger)
    return LocalMoran(value, quadrant.astype(np.int64), np.where(size > 0, (rarer + 1.0) / (permutations + 1), 1.0))


def _times_larger(
    deviation: FloatArray, observed: FloatArray, *, size: IntArray, permutations: int, seed: int
) -> IntArray:
    """Return how often an area's value is reached with neighbours drawn from all others, shape ``(n,)``."""
    n, chance = len(deviation), np.random.default_rng(seed)
    # Any first positions of one shuffle are a fair draw of that many others; one set of shuffles serves all areas.
    draws = np.array([chance.permutation(n - 1)[: size.max(initial=0)] for _ in range(permutations)], dtype=np.int64)
    larger = np.zeros(n, dtype=np.int64)
    for area in np.nonzero(size)[0] if permutations else ():
        others = draws[:, : size[area]]
        lag = deviation[others + (others >= area)].mean(axis=1)
        larger[area] = np.count_nonzero(deviation[area] * lag >= observed[area])
    return larger


def _weighted(
    values: npt.ArrayLike, neighbour_pairs: npt.ArrayLike
) -> tuple[FloatArray, IntArray, IntArray, FloatArray]:
    value = np.asarray(values, dtype=np.float64)
    if value.ndim != 1 or len(value) < 4 or not np.isfinite(value).all() or (value == value[0]).all():
        raise ValueError("Moran's I needs at least four finite values that are not all equal.")
    left, right = checked_pairs(neighbour_pairs, len(value))
    if not len(left):
        raise ValueError("Moran's I needs areas that have neighbours.")
    weight = 1.0 / np.bincount(left, minlength=len(value))[left]
    return value - value.mean(), left, right, weight


def _weight_sums(left: IntArray, right: IntArray, *, weight: FloatArray, n: int) -> tuple[float, float, float]:
    """Return S0, S1 and S2 of Cliff and Ord."""
    # Each pair stands once in each direction: ordered either way, both lists hold the same pairs.
    forward, backward = np.lexsort((right, left)), np.lexsort((left, right))
    both = weight[forward] + weight[backward]
    rows = np.bincount(left, weights=weight, minlength=n) + np.bincount(right, weights=weight, minlength=n)
    return float(weight.sum()), float((both**2).sum() / 2), float((rows**2).sum())
