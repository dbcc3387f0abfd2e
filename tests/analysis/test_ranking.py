import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gis_app.analysis.ranking import BetaPrior, fit_prior, rank_areas, shrunk_rates


def test_the_rate_known_of_an_area_is_the_cases_and_the_prior_together():
    # Three of four with a prior worth two of four: five of eight.
    rate, _, _ = shrunk_rates([3, 0], [4, 4], prior=BetaPrior(2, 2))
    assert rate == pytest.approx([5 / 8, 2 / 8])


def test_the_interval_is_that_of_the_beta_distribution():
    # A flat prior and one case of one: density 2x, distribution x squared.
    _, low, high = shrunk_rates([1], [1], prior=BetaPrior(1, 1), level=0.9)
    assert (low[0], high[0]) == pytest.approx((math.sqrt(0.05), math.sqrt(0.95)))
    _, low, high = shrunk_rates([17], [40], prior=BetaPrior(3.5, 1.25), level=0.8)
    assert (low[0], high[0]) == pytest.approx(stats.beta(20.5, 24.25).ppf([0.1, 0.9]).tolist())


def test_an_area_without_cases_has_no_data_not_the_average():
    rate, low, high = shrunk_rates([0], [0], prior=BetaPrior(2, 2))
    assert np.isnan([rate[0], low[0], high[0]]).all()


def areas(seed, alpha, beta, number):
    chance = np.random.default_rng(seed)
    of = chance.integers(1, 80, number)
    return chance.binomial(of, chance.beta(alpha, beta, number)), of


@pytest.mark.parametrize(("alpha", "beta"), [(18, 2), (4, 6), (1, 1)])
def test_the_spread_between_areas_is_found_again(alpha, beta):
    prior = fit_prior(*areas(5, alpha, beta, 20_000))
    assert prior.mean == pytest.approx(alpha / (alpha + beta), abs=0.01)
    assert prior.alpha + prior.beta == pytest.approx(alpha + beta, rel=0.05)


@pytest.mark.parametrize(("seed", "alpha", "beta", "number"), [(1, 18, 2, 40), (2, 4, 6, 12), (3, 900, 100, 30)])
def test_no_point_of_a_grid_explains_the_areas_better(seed, alpha, beta, number):
    count, of = areas(seed, alpha, beta, number)

    def plausibility(mean, strength):
        likelihood = stats.betabinom.logpmf(count, of, mean * strength, (1 - mean) * strength).sum()
        # Uniform shrinkage and arc-sine priors, as densities of log strength and logit mean.
        priors = np.log(strength) - 2 * np.log(np.median(of) + strength) + 0.5 * np.log(mean * (1 - mean))
        return likelihood + priors

    found = fit_prior(count, of)
    best = plausibility(found.mean, found.alpha + found.beta)
    grid = [plausibility(mean, 10**power) for mean in np.linspace(0.01, 0.99, 99) for power in np.linspace(-1, 5, 61)]
    assert best >= max(grid) - 1e-6


def test_one_case_does_not_rank_first_nor_last():
    # Thirty areas around 90 %, and two with a single case: one closed, one not.
    count, of = areas(8, 18, 2, 30)
    of = of + 10
    count = np.minimum(count + 9, of)
    table = rank_areas([*count, 1, 0], [*of, 1, 1])
    assert table["raw"].iloc[-2] == table["raw"].max() == 1
    assert table["raw"].iloc[-1] == table["raw"].min() == 0
    assert table["rank"].iloc[-2:].isna().all()
    assert sorted(table["rank"].dropna())[0] == 1
    # Shrinkage alone would do: neither is at an end of what is known, and both intervals are wide.
    assert table["rate"].min() < table["rate"].iloc[-1] < table["rate"].iloc[-2] < table["rate"].max()
    width = table["high"] - table["low"]
    assert width.iloc[-2:].min() > width.iloc[:-2].median()
    assert table["differs"].iloc[-2:].tolist() == [0, 0]


def test_much_evidence_outranks_little_of_the_same_rate():
    # All of 6 and all of 200, among areas of 80 to 90 %.
    table = rank_areas([6, 200, 80, 85, 90, 82], [6, 200, 100, 100, 100, 100])
    assert table["raw"].tolist()[:2] == [1, 1]
    assert table["rank"].tolist()[:2] == [2, 1]


def test_lower_is_better_turns_the_ranks_round():
    count, of = [1, 5, 9], [10, 10, 10]
    assert rank_areas(count, of)["rank"].tolist() == [3, 2, 1]
    assert rank_areas(count, of, higher_is_better=False)["rank"].tolist() == [1, 2, 3]


def test_equal_areas_share_a_rank():
    assert rank_areas([8, 9, 8, 9], [10, 10, 10, 10])["rank"].tolist() == [3, 1, 3, 1]


def test_an_area_that_stands_out_is_marked_and_only_then():
    table = rank_areas([*[450] * 8, 490, 300, 4], [*[500] * 10, 5])
    assert table["differs"].tolist()[-3:] == [1, -1, 0]


@pytest.mark.parametrize(("count", "of"), [([3, 4, 9], [3, 4, 9]), ([0, 0], [50, 7]), ([5] * 9, [10] * 9), ([1], [1])])
def test_areas_that_are_all_alike_stay_finite_and_honest(count, of):
    table = rank_areas(count, of)
    assert np.isfinite(table[["rate", "low", "high"]]).all().all()
    assert (table["low"] < table["rate"]).all()
    assert (table["rate"] < table["high"]).all()
    assert (table["differs"] == 0).all()


def test_no_cases_anywhere_is_no_data_anywhere():
    table = rank_areas([0, 0], [0, 0])
    assert table[["raw", "rate", "low", "high", "rank"]].isna().all().all()
    with pytest.raises(ValueError, match="No area"):
        fit_prior([0], [0])


@pytest.mark.parametrize(("count", "of"), [([2], [1]), ([-1], [1]), ([0.5], [1]), ([1, 1], [2]), ([np.nan], [1])])
def test_counts_that_cannot_be_are_refused(count, of):
    with pytest.raises(ValueError, match=r"whole numbers|one count"):
        rank_areas(count, of)


def test_thresholds_that_would_let_one_case_rank_are_refused():
    with pytest.raises(ValueError, match="2 cases"):
        rank_areas([1], [1], least_cases=1)
    with pytest.raises(ValueError, match="level"):
        rank_areas([8, 9], [10, 10], level=1)


TABLES = st.lists(
    st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), min_size=2, max_size=25
)


@settings(max_examples=60)
@given(TABLES)
def test_rates_lie_between_what_was_counted_and_the_mean_of_all(rows):
    count, of = np.array(rows).T
    table = rank_areas(count, of)
    known = of > 0
    assert (table["rank"].notna() == (of >= 5)).all()
    if known.any():
        mean, raw, rate = fit_prior(count, of).mean, table["raw"][known], table["rate"][known]
        assert (rate >= np.minimum(raw, mean) - 1e-9).all()
        assert (rate <= np.maximum(raw, mean) + 1e-9).all()
        assert ((table["low"] <= table["rate"]) & (table["rate"] <= table["high"]))[known].all()


@settings(max_examples=40)
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_the_areas_does_not_matter(rows, random):
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    table = rank_areas(*np.array(rows).T)
    other = rank_areas(*np.array(rows)[shuffled].T)
    assert other["rate"].to_numpy() == pytest.approx(table["rate"].to_numpy()[shuffled], abs=1e-5, nan_ok=True)
