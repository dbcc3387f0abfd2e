"""Getis-Ord Gi*: where events cluster (hot) or stay away (cold), with two-sided p values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def getis_ord_gi_star(event_count: npt.ArrayLike, neighbour_pairs: npt.ArrayLike) -> FloatArray:
    """Return the Gi* z-score of every cell.

    A cell without neighbours is scored on itself alone: its z is its own deviation from the mean, in standard
    deviations. It is the star of one cell and is not left out.

    Parameters
    ----------
    event_count
        Shape ``(n,)``: events per cell, finite, >= 0.
    neighbour_pairs
        Shape ``(m, 2)``: positions ``(i, j)``, both directions, ``i != j``; the cell itself is added here (the star).

    Returns
    -------
    Shape ``(n,)``, standard deviations, before correction for multiple tests.

    Raises
    ------
    ValueError
        If all counts are equal, or a cell neighbours all others; if a count is negative or not finite, or the pairs
        are not as described.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4).
    """
    count = checked_counts(event_count)
    left, right = checked_pairs(neighbour_pairs, len(count))
    star_sum = count + np.bincount(left, weights=count[right], minlength=len(count))
    star_size = 1 + np.bincount(left, minlength=len(count))
    return _standardised(star_sum, star_size, count=count)


def gi_star_on_lattice(event_count: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> FloatArray:
    """Return the Gi* z-score of every cell of a lattice with queen neighbours.

    The same figures as ``getis_ord_gi_star`` with the pairs of the lattice, without building the pairs.

    Parameters
    ----------
    event_count
        Shape ``(rows, columns)``: events per cell, finite, >= 0; what stands outside the mask is ignored.
    mask
        Shape ``(rows, columns)``: which cells belong to the lattice; all, if None.

    Returns
    -------
    Shape ``(rows, columns)``, standard deviations; NaN outside the mask.

    Raises
    ------
    ValueError
        As ``getis_ord_gi_star``.
    """
    rectangle = np.asarray(event_count, dtype=np.float64)
    inside = np.ones(rectangle.shape, dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
    if rectangle.ndim != 2 or inside.shape != rectangle.shape:
        raise ValueError("Counts and mask need one shape (rows, columns).")
    count = checked_counts(rectangle[inside])
    z = np.full(rectangle.shape, np.nan)
    star_sum = _sum_of_nine(np.where(inside, rectangle, 0.0))[inside]
    star_size = _sum_of_nine(inside.astype(np.float64))[inside]
    z[inside] = _standardised(star_sum, star_size, count=count)
    return z


def two_sided_p(z: npt.ArrayLike) -> FloatArray:
    """Return the probability of a z-score at least this far from 0, either way, under the normal distribution."""
    return np.asarray(2.0 * ndtr(-np.abs(np.asarray(z, dtype=np.float64))), dtype=np.float64)


def checked_counts(event_count: npt.ArrayLike) -> FloatArray:
    """Return the counts as floats, shape ``(n,)``; raises ValueError unless they can be scored."""
    count = np.asarray(event_count, dtype=np.float64)
    if count.ndim != 1 or not len(count):
        raise ValueError("Event counts need shape (n,), n >= 1.")
    if not np.isfinite(count).all() or (count < 0).any():
        raise ValueError("Event counts must be finite and not negative.")
    if (count == count[0]).all():
        raise ValueError("All event counts are equal: no cell can stand out.")
    return count


def checked_pairs(neighbour_pairs: npt.ArrayLike, n: int) -> tuple[IntArray, IntArray]:
    """Return the two columns of the pairs; raises ValueError unless they are positions, each pair both ways once."""
    pairs = np.asarray(neighbour_pairs)
    if pairs.size == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise ValueError("Neighbour pairs need shape (m, 2) and whole numbers.")
    left, right = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    if pairs.min() < 0 or pairs.max() >= n or (left == right).any():
        raise ValueError(f"Neighbour pairs must join two different positions from 0 to {n - 1}.")
    forward = np.sort(left * n + right)
    if (forward[1:] == forward[:-1]).any() or not np.array_equal(forward, np.sort(right * n + left)):
        raise ValueError("Every neighbour pair must stand once in each direction.")
    return left, right


def _sum_of_nine(rectangle: FloatArray) -> FloatArray:
    rows = rectangle.copy()
    rows[1:] += rectangle[:-1]
    rows[:-1] += rectangle[1:]
    total = rows.copy()
    total[:, 1:] += rows[:, :-1]
    total[:, :-1] += rows[:, 1:]
    return total


def _standardised(star_sum: FloatArray, star_size: npt.NDArray[np.generic], *, count: FloatArray) -> FloatArray:
    n = len(count)
    size = star_size.astype(np.float64)
    if (size >= n).any():
        raise ValueError("A cell neighbours all others: its score has no spread.")
    # With weights of 0 and 1, sum w = sum w^2 = the size of the star.
    spread = count.std() * np.sqrt((n * size - size**2) / (n - 1))
    return np.asarray((star_sum - count.mean() * size) / spread, dtype=np.float64)
