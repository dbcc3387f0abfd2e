import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gis_app.analysis.gi_star import getis_ord_gi_star, two_sided_p
from gis_app.analysis.lattice import lattice_over, queen_pairs_of_cells
from gis_app.analysis.significance import benjamini_hochberg, hotspot_classes, is_significant, permutation_p


def test_adjusted_p_values_are_those_worked_by_hand():
    # Ranks 1..4 of n = 4: 0.01 * 4/1, 0.02 * 4/2, 0.03 * 4/3, 0.5; each at most the one above it.
    assert benjamini_hochberg([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.04, 0.04, 0.5, 0.04])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusted_p_values_equal_those_of_scipy(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


@pytest.mark.parametrize("p", [[-0.1], [1.1], [float("nan")], [[0.5]]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        benjamini_hochberg(p)


def test_classes_tell_hot_from_cold_at_three_rates():
    # n = 6; adjusted: 0.001 * 6 = 0.006, 0.002 * 3 = 0.006, 0.02 * 2 = 0.04, 0.06 * 6/4 = 0.09, then 0.9.
    z = [5.0, -5.0, 3.0, -2.0, 0.1, 0.0]
    p = [0.001, 0.002, 0.02, 0.06, 0.8, 0.9]
    assert hotspot_classes(z, p).tolist() == ["hot_99", "cold_99", "hot_95", "cold_90", "none", "none"]
    assert is_significant(p).tolist() == [True, True, True, False, False, False]


def test_scores_and_p_values_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        hotspot_classes([1.0], [0.1, 0.2])


def test_chance_alone_makes_hotspots_in_few_of_many_maps():
    lattice = lattice_over(shapely.box(0, 0, 5000, 5000), 250)
    pairs = queen_pairs_of_cells(lattice)
    generator = np.random.default_rng(3)
    maps = [generator.normal(100, 10, lattice.cell_count).round() for _ in range(200)]
    with_hotspot = sum(is_significant(two_sided_p(getis_ord_gi_star(count, pairs))).any() for count in maps)
    assert with_hotspot / 200 < 0.10


def test_permutation_p_approaches_the_share_among_all_possible_draws():
    count = np.array([9.0, 1.0, 0.0, 2.0, 3.0, 7.0, 4.0])
    pairs = np.array([(0, 5), (5, 0), (1, 2), (2, 1), (5, 6), (6, 5)])
    permutations = 20_000
    p = permutation_p(count, pairs, permutations=permutations, seed=1)
    for cell in range(len(count)):
        neighbours = pairs[pairs[:, 0] == cell, 1]
        others = np.delete(count, cell)
        sums = np.array([sum(draw) for draw in itertools.combinations(others, len(neighbours))])
        observed = count[neighbours].sum()
        expected = min(1.0, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))
        assert p[cell] == pytest.approx(expected, abs=0.02)


def test_the_same_seed_gives_the_same_p_values_and_another_seed_others():
    count, pairs = np.arange(30.0) % 7, np.array([(i, j) for i in range(30) for j in (i - 1, i + 1) if 0 <= j < 30])
    first = permutation_p(count, pairs, seed=4)
    assert np.array_equal(first, permutation_p(count, pairs, seed=4))
    assert not np.array_equal(first, permutation_p(count, pairs, seed=5))


def test_a_cluster_stands_out_by_permutation_and_by_the_normal_distribution():
    lattice = lattice_over(shapely.box(0, 0, 5000, 5000), 250)
    count = np.random.default_rng(6).poisson(2.0, lattice.shape).astype(float)
    count[8:11, 8:11] += 20
    pairs = queen_pairs_of_cells(lattice)
    centre = lattice.positions[9, 9]
    assert permutation_p(count.ravel(), pairs, seed=1)[centre] == pytest.approx(2 / 1000)
    z = getis_ord_gi_star(count.ravel(), pairs)
    assert hotspot_classes(z, two_sided_p(z))[centre] == "hot_99"


def test_a_cell_that_neighbours_all_others_cannot_be_permuted():
    with pytest.raises(ValueError, match="neighbours all others"):
        permutation_p([1, 2, 3], [(0, 1), (1, 0), (1, 2), (2, 1)], seed=1)
