"""From p values to classes: Benjamini-Hochberg correction, hotspot classes, conditional permutations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gis_app.analysis.gi_star import checked_counts, checked_pairs

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

FALSE_DISCOVERY_RATE = 0.05
CONFIDENCE_CLASSES = ((0.10, "90"), (0.05, "95"), (0.01, "99"))
"""False discovery rate up to which a class is given, widest first: a narrower one overwrites it."""
NO_HOTSPOT = "none"


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Return p values adjusted so that ``adjusted <= q`` keeps the false discovery rate at q.

    Parameters
    ----------
    p
        Shape ``(n,)``, each from 0 to 1.

    Returns
    -------
    Shape ``(n,)``, in the order of the argument, never below ``p``.

    Raises
    ------
    ValueError
        If a value is not a probability.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1).
    """
    probability = np.asarray(p, dtype=np.float64)
    if probability.ndim != 1 or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("p values need shape (n,) and lie from 0 to 1.")
    n = len(probability)
    order = np.argsort(probability, kind="stable")
    scaled = probability[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def is_significant(p: npt.ArrayLike, rate: float = FALSE_DISCOVERY_RATE) -> BoolArray:
    """Return which cells stand out when at most ``rate`` of those returned may be false discoveries.

    Parameters
    ----------
    p
        Shape ``(n,)``: p values of all cells tested, uncorrected.
    rate
        False discovery rate, 0 to 1.
    """
    return np.asarray(benjamini_hochberg(p) <= rate, dtype=np.bool_)


def hotspot_classes(z: npt.ArrayLike, p: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return the class of every cell after correction for multiple tests.

    ``hot_99``, ``hot_95``, ``hot_90`` and ``cold_...``: the cell stays in when the false discovery rate is held at
    1, 5 and 10 %. So exactly the classes 99 and 95 are significant at the default rate of 5 %. Else ``none``.

    Parameters
    ----------
    z
        Shape ``(n,)``: Gi* z-scores; the sign tells hot from cold.
    p
        Shape ``(n,)``: two-sided p values, uncorrected.
    """
    score = np.asarray(z, dtype=np.float64)
    adjusted = benjamini_hochberg(p)
    if score.shape != adjusted.shape:
        raise ValueError("z and p need one shape (n,).")
    classes = np.full(score.shape, NO_HOTSPOT, dtype="<U7")
    for rate, confidence in CONFIDENCE_CLASSES:
        classes[(adjusted <= rate) & (score > 0)] = f"hot_{confidence}"
        classes[(adjusted <= rate) & (score < 0)] = f"cold_{confidence}"
    return classes


def permutation_p(
    event_count: npt.ArrayLike, neighbour_pairs: npt.ArrayLike, *, permutations: int = 999, seed: int
) -> FloatArray:
    """Return two-sided pseudo p values of Gi* by conditional permutation.

    Each cell keeps its count while its neighbours are drawn without replacement from all other cells. One ordered
    draw per permutation serves every cell (its own position is skipped and the next drawn takes the place), as a
    uniform draw from n with one member struck out is a uniform draw from the n - 1 others.

    Parameters
    ----------
    event_count, neighbour_pairs
        As in ``getis_ord_gi_star``.
    permutations
        Number of draws; the smallest p possible is ``2 / (permutations + 1)``.
    seed
        Seed of the draws: the same seed gives the same p values.

    Returns
    -------
    Shape ``(n,)``: ``2 * (1 + draws at least as extreme on the nearer side) / (permutations + 1)``, at most 1.
    """
    count = checked_counts(event_count)
    left, right = checked_pairs(neighbour_pairs, len(count))
    n = len(count)
    neighbour_count = np.bincount(left, minlength=n)
    if neighbour_count.max() >= n - 1:
        raise ValueError("A cell neighbours all others: its score has no spread.")
    observed = np.asarray(np.bincount(left, weights=count[right], minlength=n), dtype=np.float64)
    drawn = _ordered_draws(n, int(neighbour_count.max()) + 1, permutations=permutations, seed=seed)
    below, above = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for size in np.unique(neighbour_count):
        cells = np.nonzero(neighbour_count == size)[0]
        below[cells], above[cells] = _ranks(count, drawn[:, : size + 1], cells=cells, observed=observed[cells])
    return np.asarray(np.minimum(2.0 * (1 + np.minimum(below, above)) / (permutations + 1), 1.0), dtype=np.float64)


def _ordered_draws(n: int, size: int, *, permutations: int, seed: int) -> IntArray:
    generator = np.random.default_rng(seed)
    return np.stack([generator.choice(n, size, replace=False) for _ in range(permutations)]).astype(np.int64)


def _ranks(count: FloatArray, drawn: IntArray, *, cells: IntArray, observed: FloatArray) -> tuple[IntArray, IntArray]:
    """Count the draws with a sum at most, and at least, the observed one."""
    used, spare = drawn[:, :-1], drawn[:, -1]
    sums = count[used].sum(axis=1)
    in_order = np.sort(sums)
    below = np.searchsorted(in_order, observed, side="right")
    above = len(sums) - np.searchsorted(in_order, observed, side="left")
    # The few draws that held the cell itself: swap its own count for the spare one.
    position = np.full(len(count), -1, dtype=np.int64)
    position[cells] = np.arange(len(cells))
    draw, place = np.nonzero(position[used] >= 0)
    own = used[draw, place]
    cell = position[own]
    mended = sums[draw] - count[own] + count[spare[draw]]
    for rank, holds in ((below, np.less_equal), (above, np.greater_equal)):
        change = holds(mended, observed[cell]).astype(np.int64) - holds(sums[draw], observed[cell]).astype(np.int64)
        np.add.at(rank, cell, change)
    return below.astype(np.int64), above.astype(np.int64)
