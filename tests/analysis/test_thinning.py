"""Thinned tracks against the recursion of the paper, and their promise: at no fix is a track far from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gis_app.analysis.thinning import thinned


def by_recursion(second, xy, tolerance_m):
    """The same, one piece and one line at a time, as in the paper."""
    kept = np.zeros(len(second), dtype=bool)
    kept[[0, -1]] = True

    def look(low, high):
        if high - low < 2:
            return
        lasts = second[high] - second[low]
        share = [(second[n] - second[low]) / lasts if lasts > 0 else 0.0 for n in range(low + 1, high)]
        places = [xy[low] + each * (xy[high] - xy[low]) for each in share]
        distance = [np.hypot(*(xy[low + 1 + n] - place)) for n, place in enumerate(places)]
        far = int(np.argmax(distance))
        if distance[far] > tolerance_m:
            kept[low + 1 + far] = True
            look(low, low + 1 + far)
            look(low + 1 + far, high)

    look(0, len(second) - 1)
    return kept


def walks(seed, sizes):
    chance = np.random.default_rng(seed)
    second = np.concatenate([np.cumsum(chance.choice([0.0, 5.0, 30.0], size)) for size in sizes])
    xy = np.concatenate([np.cumsum(chance.normal(0, 8, (size, 2)), axis=0) for size in sizes])
    return second, xy, np.cumsum(sizes) - sizes


@pytest.mark.parametrize("tolerance_m", [0.0, 3.0, 12.0, 100.0])
def test_many_pieces_at_once_equal_each_by_the_recursion(tolerance_m):
    second, xy, starts = walks(7, np.array([1, 2, 3, 60, 400, 1]))
    expected = [
        by_recursion(part, places, tolerance_m)
        for part, places in zip(np.split(second, starts[1:]), np.split(xy, starts[1:]), strict=True)
    ]
    kept = thinned(second, xy, starts=starts, tolerance_m=tolerance_m)
    np.testing.assert_array_equal(kept, np.concatenate(expected))
    assert kept.sum() < len(kept) or tolerance_m < 12


@settings(max_examples=200, deadline=None)
@given(
    steps=arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 60)),
    seed=st.integers(0, 2**32 - 1),
    tolerance_m=st.sampled_from([0.5, 4.0, 50.0]),
)
def test_where_a_fix_was_left_out_the_track_is_within_the_tolerance(steps, seed, tolerance_m):
    second = np.cumsum(steps).astype(np.float64)
    # Moments are apart: at one moment a track can be in one place only.
    second += np.arange(len(second))
    xy = np.random.default_rng(seed).normal(0, 30, (len(second), 2))
    kept = thinned(second, xy, starts=np.array([0]), tolerance_m=tolerance_m)
    told = np.column_stack([np.interp(second, second[kept], xy[kept, axis]) for axis in (0, 1)])
    assert np.hypot(*(told - xy).T).max() <= tolerance_m + 1e-9
    assert kept[0]
    assert kept[-1]


def test_an_even_walk_keeps_its_ends_and_a_stay_its_times():
    second = np.arange(0.0, 900.0, 10.0)
    east = np.minimum(second, 300.0) + np.maximum(second - 600.0, 0.0)
    xy = np.column_stack([east, np.zeros_like(east)])
    kept = thinned(second, xy, starts=np.array([0]), tolerance_m=1.0)
    assert second[kept].tolist() == [0.0, 300.0, 600.0, 890.0]


def test_nothing_comes_of_nothing():
    nothing = thinned(np.empty(0), np.empty((0, 2)), starts=np.empty(0, dtype=np.int64), tolerance_m=1.0)
    assert nothing.shape == (0,)
