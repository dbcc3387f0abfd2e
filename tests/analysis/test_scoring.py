"""Hit rate, PAI and PEI by hand."""

import numpy as np
import pytest

from gis_app.analysis.scoring import AREA_SHARES, calibration, cells_in_share, count_in_share, score_map


def test_hit_rate_pai_and_pei_of_four_cells():
    # The best cell of four holds 3 of 10 later events; the best choice would have held 5.
    (quarter,) = score_map([4, 3, 2, 1], [3, 5, 0, 2], shares=[0.25])
    assert (quarter.cell_count, quarter.hit_rate) == (1, 0.3)
    assert quarter.pai == pytest.approx(0.3 / 0.25)
    assert quarter.pei == pytest.approx(3 / 5)


def test_cells_of_unlike_size_are_taken_by_area():
    # Of 10 km2, the best cell has 2 and 3 of 8 events; the best use of 2 km2 is the last cell with half of the first.
    size, later = [2, 5, 2, 1], [3, 0, 1, 4]
    (fifth,) = score_map([9, 8, 7, 6], later, shares=[0.2], size=size)
    assert (fifth.cell_count, fifth.hit_rate) == (1, pytest.approx(3 / 8))
    assert fifth.pai == pytest.approx(3 / 8 / 0.2)
    assert fifth.pei == pytest.approx(3 / (4 + 3 / 2))
    # A cell is taken if half of it or more lies in the share: of the second one 2.5 of 5 km2 at 45 %.
    assert [count_in_share(share, size) for share in (0.01, 0.44, 0.45, 0.8, 1)] == [1, 1, 2, 3, 4]


def test_tied_cells_of_unlike_size_count_by_their_area():
    # The first is taken, then 3 km2 of the tied 6 km2, which hold 8 events.
    (share,) = score_map([9, 1, 1], [2, 6, 2], shares=[0.5], size=[1, 3, 3])
    assert share.hit_rate == pytest.approx((2 + 8 * 3 / 6) / 10)
    with pytest.raises(ValueError, match="above 0"):
        score_map([1, 2], [1, 0], size=[0, 1])


def test_events_outside_the_cells_are_missed_by_everybody():
    (half,) = score_map([2, 1, 0, 0], [4, 1, 0, 0], event_total=10, shares=[0.5])
    assert half.hit_rate == 0.5
    assert half.pei == 1.0


def test_equal_cells_at_the_border_count_in_part():
    # One cell is taken for sure, and one of three equal ones, which hold 6 events together.
    (half,) = score_map([9, 1, 1, 1], [4, 6, 0, 0], shares=[0.5])
    assert half.hit_rate == pytest.approx((4 + 6 / 3) / 10)


def test_the_area_is_the_nearest_whole_number_of_cells_and_never_none():
    assert [cells_in_share(share, 100) for share in AREA_SHARES] == [1, 3, 5, 10]
    assert cells_in_share(0.01, 12) == 1


def test_on_a_uniform_future_the_mean_pai_of_200_runs_is_1_within_its_interval():
    chance = np.random.default_rng(20261001)
    scores = chance.random(400)
    pai = np.array(
        [[area.pai for area in score_map(scores, chance.multinomial(300, [1 / 400] * 400))] for _ in range(200)]
    )
    interval = 3.0 * pai.std(axis=0, ddof=1) / np.sqrt(200)
    assert (np.abs(pai.mean(axis=0) - 1.0) <= interval).all()
    assert interval.max() < 0.15


def test_foresight_is_as_good_as_can_be():
    later = np.random.default_rng(3).poisson(1.0, 500)
    assert [area.pei for area in score_map(later, later)] == [1.0] * 4


@pytest.mark.parametrize(
    ("scores", "later", "options", "said"),
    [
        ([1, 2], [0, 0], {}, "no later events"),
        ([1, 2], [1, 2, 3], {}, "one shape"),
        ([], [], {}, "one shape"),
        ([1, np.nan], [1, 2], {}, "finite"),
        ([1, 2], [1, -2], {}, "not negative"),
        ([1, 2], [1, 2], {"shares": [0.0]}, "above 0"),
        ([1, 2], [1, 2], {"event_total": 2}, "at least those"),
    ],
)
def test_what_cannot_be_scored_is_refused(scores, later, options, said):
    with pytest.raises(ValueError, match=said):
        score_map(scores, later, **options)


def test_calibration_groups_share_the_expectation_and_count_what_came():
    groups = calibration([1, 1, 2, 4], [2, 0, 3, 3], groups=2)
    assert [(group.cell_count, group.expected, group.observed) for group in groups] == [(3, 4.0, 5.0), (1, 4.0, 3.0)]


def test_a_true_expectation_is_calibrated():
    chance = np.random.default_rng(8)
    mean = chance.gamma(0.5, 4.0, 5000)
    for group in calibration(mean, chance.poisson(mean)):
        assert abs(group.observed - group.expected) < 4 * np.sqrt(group.expected)


def test_calibration_without_events_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        calibration([1, 1], [0, 0])
