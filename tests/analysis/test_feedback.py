"""Learning from one's own patrols runs away, and the guard holds it: the urn of Ensign et al. (2018)."""

import numpy as np
import pytest

from gis_app.analysis.feedback import acceptance_probability, accepted_cases, case_weights, simulated_shares


def share_of_a(is_corrected):
    return simulated_shares([0.55, 0.45], 4000, runs=1500, seed=2018, is_corrected=is_corrected)[:, 0]


def test_uncorrected_the_share_of_the_busier_area_runs_away():
    share = share_of_a(is_corrected=False)
    assert share.mean() == pytest.approx(0.74, abs=4 * share.std() / np.sqrt(1500))


def test_corrected_the_share_is_that_of_the_true_rates():
    share = share_of_a(is_corrected=True)
    assert share.mean() == pytest.approx(0.55, abs=0.005)
    assert share.std() < 0.03


def test_what_is_visited_less_is_learnt_from_more():
    assert acceptance_probability([30, 10]).tolist() == [0.25, 0.75]
    with pytest.raises(ValueError, match="counted"):
        acceptance_probability([0, 0])


def test_a_discovered_case_stands_for_those_nobody_came_to_see_up_to_the_floor():
    weights = case_weights([0.5, 0.001, 0.5, 1.0], [True, True, False, True])
    assert weights.tolist() == [2.0, 20.0, 1.0, 1.0]
    assert case_weights([0.001], [True], floor=0.5).tolist() == [2.0]


@pytest.mark.parametrize(("visited", "floor"), [([1.5], 0.1), ([0.5], 0.0), ([np.nan], 0.1)])
def test_what_is_no_probability_is_refused(visited, floor):
    with pytest.raises(ValueError, match="lie from 0 to 1"):
        case_weights(visited, [True], floor=floor)


def test_reported_cases_are_all_kept_and_discovered_ones_in_part():
    chance = np.random.default_rng(1)
    area, discovered = np.where(chance.random(4000) < 0.8, 0, 1), chance.random(4000) < 0.5
    kept = accepted_cases(area, discovered, seed=5)
    assert kept[~discovered].all()
    of_area = [kept[discovered & (area == place)].mean() for place in (0, 1)]
    # Area 0 holds most of what is known, so little more is learnt from patrols there.
    assert of_area[0] < 0.4 < 0.6 < of_area[1]
    assert np.array_equal(kept, accepted_cases(area, discovered, seed=5))
