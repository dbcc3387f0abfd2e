"""Near repeats: whether events come close to earlier ones, in place and time, more often than chance allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DISTANCE_BANDS_M = (100.0, 200.0, 400.0)
TIME_BANDS_DAYS = (7.0, 14.0, 28.0)


@dataclass(frozen=True, eq=False)
class KnoxTable:
    """Pairs of events by distance and time apart, all arrays of shape ``(distance bands, time bands)``.

    Parameters
    ----------
    observed
        Pairs in each band.
    expected
        Mean pairs if days were dealt out to places by chance: pairs in the band of distance times pairs in the band of
        time, over all pairs.
    p
        Share of shuffles of the days with at least as many pairs, the one seen included; 1 without shuffles.
    """

    observed: IntArray
    expected: FloatArray
    p: FloatArray

    @property
    def ratio(self) -> FloatArray:
        """Knox ratio: observed over expected; 1 where nothing is expected."""
        return np.divide(self.observed, self.expected, out=np.ones(self.expected.shape), where=self.expected > 0)


def knox_test(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    day: npt.ArrayLike,
    distance_bands_m: Sequence[float] = DISTANCE_BANDS_M,
    time_bands_days: Sequence[float] = TIME_BANDS_DAYS,
    permutations: int = 999,
    seed: int = 0,
) -> KnoxTable:
    """Return the near-repeat table of events.

    Parameters
    ----------
    x, y
        Shape ``(m,)``: metres, finite.
    day
        Shape ``(m,)``: days, finite.
    distance_bands_m, time_bands_days
        Upper ends of the bands, rising; each band holds its upper end and not its lower one, the first also 0.
    permutations
        Shuffles of the days; 0 for none.
    seed
        Of the shuffles.

    Raises
    ------
    ValueError
        If there are fewer than two events, or the bands do not rise from above 0.

    References
    ----------
    Knox (1964), British Journal of Preventive & Social Medicine 18; Johnson et al. (2007), Journal of Quantitative
    Criminology 23 (bands, shuffled days).
    """
    places = np.column_stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    when = np.asarray(day, dtype=np.float64)
    distances, times = (np.asarray(bands, dtype=np.float64) for bands in (distance_bands_m, time_bands_days))
    for bands in (distances, times):
        if not len(bands) or not bands[0] > 0 or (np.diff(bands) <= 0).any():
            raise ValueError("Bands must rise, from above 0.")
    if len(when) < 2 or len(places) != len(when):
        raise ValueError("A near-repeat table needs two events, each with a place and a day.")
    pairs, distance_band = _near_pairs(places, distances)
    observed = _table(when, pairs, distance_band=distance_band, times=times, rows=len(distances))
    all_pairs = len(when) * (len(when) - 1) / 2.0
    by_distance = np.bincount(distance_band, minlength=len(distances))
    expected = by_distance[:, None] * _pairs_by_time(when, times)[None, :] / all_pairs
    as_many = np.zeros(observed.shape, dtype=np.int64)
    chance = np.random.default_rng(seed)
    for _ in range(permutations):
        shuffled = chance.permutation(when)
        as_many += _table(shuffled, pairs, distance_band=distance_band, times=times, rows=len(distances)) >= observed
    p = (as_many + 1.0) / (permutations + 1)
    return KnoxTable(observed, expected, p)


def _near_pairs(places: FloatArray, distances: FloatArray) -> tuple[IntArray, IntArray]:
    # A little further than the last band: the tree's own rounding must not lose pairs on its border.
    pairs = cKDTree(places).query_pairs(distances[-1] * (1 + 1e-9), output_type="ndarray").astype(np.int64)
    between = places[pairs[:, 0]] - places[pairs[:, 1]]
    apart = np.hypot(between[:, 0], between[:, 1])
    band = np.asarray(np.searchsorted(distances, apart, side="left"), dtype=np.int64)
    near = band < len(distances)
    return pairs[near], band[near]


def _table(when: FloatArray, pairs: IntArray, *, distance_band: IntArray, times: FloatArray, rows: int) -> IntArray:
    time_band = np.searchsorted(times, np.abs(when[pairs[:, 0]] - when[pairs[:, 1]]), side="left")
    near = time_band < len(times)
    bands = distance_band[near] * len(times) + time_band[near]
    return np.bincount(bands, minlength=rows * len(times)).reshape(rows, len(times)).astype(np.int64)


def _pairs_by_time(when: FloatArray, times: FloatArray) -> IntArray:
    """Return all pairs of events by time apart, without listing them."""
    ordered = np.sort(when)
    last = np.searchsorted(ordered, ordered[:, None] + times[None, :], side="right")
    within = (last - 1 - np.arange(len(ordered))[:, None]).sum(axis=0)
    return np.asarray(np.diff(within, prepend=0), dtype=np.int64)
