"""Mann-Kendall against pymannkendall, on a data set that ships with libpysal and on series full of ties."""

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from libpysal import examples

from gis_app.analysis.mann_kendall import mann_kendall


def assert_like_the_oracle(series):
    ours = mann_kendall(series)
    for row, values in enumerate(series):
        oracle = pymannkendall.original_test(values)
        assert ours.s[row] == oracle.s
        assert ours.variance[row] == pytest.approx(oracle.var_s, abs=1e-9)
        assert ours.z[row] == pytest.approx(oracle.z, abs=1e-9)
        assert ours.p[row] == pytest.approx(oracle.p, abs=1e-9)
        assert ours.tau[row] == pytest.approx(oracle.Tau, abs=1e-9)


def test_incomes_of_mexican_states_over_seven_decades_are_as_in_pymannkendall():
    mexico = pd.read_csv(examples.get_path("mexico.csv"))
    decades = mexico[[f"pcgdp{year}" for year in range(1940, 2001, 10)]].to_numpy(dtype=float)
    relative = decades / decades.mean(axis=0)
    assert len(relative) == 32
    assert_like_the_oracle(relative)


def test_series_full_of_ties_are_as_in_pymannkendall():
    assert_like_the_oracle(np.random.default_rng(9).integers(0, 4, (300, 12)).astype(float))


def test_a_rising_series_by_hand():
    trend = mann_kendall([1, 2, 3, 4])
    # Six rising pairs; variance 4 * 3 * 13 / 18.
    assert trend.s.tolist() == [6]
    assert trend.variance[0] == pytest.approx(26 / 3)
    assert trend.z[0] == pytest.approx(5 / np.sqrt(26 / 3))
    assert trend.tau[0] == 1


def test_a_flat_series_has_no_trend():
    trend = mann_kendall([[3, 3, 3], [1, 2, 1]])
    assert trend.z.tolist() == [0, 0]
    assert trend.p.tolist() == [1, 1]


@pytest.mark.parametrize("series", [[1.0], [1.0, np.nan], np.zeros((2, 3, 4))])
def test_what_is_no_series_is_refused(series):
    with pytest.raises(ValueError, match="two steps"):
        mann_kendall(series)
