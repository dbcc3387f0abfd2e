"""The union of intervals, and what of it lies below a place."""

import numpy as np
import pytest

from gis_app.analysis.intervals import covered_below, united


def of(*pairs):
    return tuple(np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))


def test_what_overlaps_or_touches_is_one():
    begin, end = united(*of((5, 6), (0, 2), (1, 3), (3, 4), (0.5, 0.7), (9, 9)))
    assert list(zip(begin, end, strict=True)) == [(0, 4), (5, 6), (9, 9)]


def test_none_is_none():
    assert [len(part) for part in united(np.empty(0), np.empty(0))] == [0, 0]
    assert covered_below(np.empty(0), np.empty(0), np.array([1.0, 2.0])).tolist() == [0, 0]


@pytest.mark.parametrize(("at", "covered"), [(-1, 0), (0, 0), (1, 1), (4, 4), (4.5, 4), (5.25, 4.25), (100, 5)])
def test_what_lies_below_a_place_is_measured(at, covered):
    assert covered_below(*of((0, 4), (5, 6)), np.array([at], dtype=np.float64)).tolist() == [covered]


def test_it_agrees_with_counting_marks():
    chance = np.random.default_rng(3)
    begin = chance.uniform(0, 100, 40)
    end = begin + chance.exponential(2, 40)
    marks = np.linspace(0, 120, 240_001)
    inside = ((marks[:, None] >= begin) & (marks[:, None] < end)).any(axis=1)
    low, high = united(begin, end)
    assert (high - low).sum() == pytest.approx(inside.mean() * 120, abs=0.02)
