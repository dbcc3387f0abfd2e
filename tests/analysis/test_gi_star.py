import math
import re

import geopandas
import numpy as np
import pytest
import shapely
from esda import G_Local
from hypothesis import given
from hypothesis import strategies as st
from libpysal import examples
from libpysal.weights import Queen, W, lat2W
from scipy import stats

from gis_app.analysis.contiguity import queen_pairs_of_polygons
from gis_app.analysis.gi_star import getis_ord_gi_star, gi_star_on_lattice, two_sided_p
from gis_app.analysis.lattice import Lattice, lattice_over, queen_pairs_of_cells

# libpysal warns of the very islands this module is about.
quiet_peers = pytest.mark.filterwarnings("ignore:The weights matrix is not fully connected:UserWarning")

LINE_OF_FOUR = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]


def esda_z(count, pairs):
    neighbours = {i: [] for i in range(len(count))}
    for i, j in pairs:
        neighbours[int(i)].append(int(j))
    weights = W(neighbours, silence_warnings=True)
    return G_Local(np.asarray(count, dtype=float), weights, transform="B", star=True, permutations=0).Zs


def test_four_cells_in_a_line_score_as_worked_by_hand():
    # Counts 1 2 3 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5. Ends: stars of 2; middle: stars of 3.
    end = math.sqrt(3.5 * (4 * 2 - 4) / 3)
    middle = math.sqrt(3.5 * (4 * 3 - 9) / 3)
    expected = [(3 - 6) / end, (6 - 9) / middle, (11 - 9) / middle, (9 - 6) / end]
    assert getis_ord_gi_star([1, 2, 3, 6], LINE_OF_FOUR) == pytest.approx(expected, abs=1e-12)


@quiet_peers
def test_scores_equal_those_of_esda_on_a_clipped_lattice_with_islands():
    islands = shapely.union_all([shapely.Point(0, 0).buffer(3000), shapely.box(9000, 9000, 9100, 9100)])
    lattice = lattice_over(islands, 250)
    count = np.random.default_rng(1).poisson(2.0, lattice.cell_count)
    pairs = queen_pairs_of_cells(lattice)
    expected = esda_z(count, pairs)
    assert np.abs(getis_ord_gi_star(count, pairs) - expected).max() < 1e-9
    assert np.abs(gi_star_on_lattice(lattice.raster(count), lattice.mask)[lattice.mask] - expected).max() < 1e-9


def test_scores_equal_those_of_esda_on_a_full_rectangle():
    count = np.random.default_rng(2).poisson(3.0, (30, 40))
    oracle = G_Local(count.ravel().astype(float), lat2W(30, 40, rook=False), transform="B", star=True, permutations=0)
    assert np.abs(gi_star_on_lattice(count).ravel() - oracle.Zs).max() < 1e-9
    assert np.abs(two_sided_p(gi_star_on_lattice(count).ravel()) - 2 * oracle.p_norm).max() < 1e-12


@quiet_peers
@pytest.mark.parametrize(
    ("name", "column"), [("columbus.shp", "CRIME"), ("sids2.shp", "SID79"), ("G_utm.shp", "PctPov")]
)
def test_scores_equal_those_of_esda_on_data_that_ships_with_libpysal(name, column):
    frame = geopandas.read_file(examples.get_path(name))
    values, shapes = frame[column].to_numpy(dtype=float), np.asarray(frame.geometry.array, dtype=object)
    theirs = Queen.from_dataframe(frame, use_index=False, silence_warnings=True)
    pairs = queen_pairs_of_polygons(shapes, snap_m=0.0)
    theirs_of = theirs.neighbors.items()
    assert {(int(i), int(j)) for i, j in pairs} == {(i, j) for i, others in theirs_of for j in others}
    oracle = G_Local(values, theirs, transform="B", star=True, permutations=0)
    assert np.abs(getis_ord_gi_star(values, pairs) - oracle.Zs).max() < 1e-9


@given(
    count=st.lists(st.integers(0, 50), min_size=20, max_size=20),
    mask=st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_the_lattice_and_the_pairs_agree_on_every_mask(count, mask):
    inside = np.array(mask).reshape(4, 5)
    rectangle = np.array(count, dtype=float).reshape(4, 5)
    lattice = Lattice(1.0, 0, 0, inside)
    try:
        expected = getis_ord_gi_star(rectangle[inside], queen_pairs_of_cells(lattice))
    except ValueError as refusal:
        with pytest.raises(ValueError, match=re.escape(str(refusal))):
            gi_star_on_lattice(rectangle, inside)
        return
    z = gi_star_on_lattice(rectangle, inside)
    assert np.isnan(z[~inside]).all()
    assert np.abs(z[inside] - expected).max() < 1e-9


def test_a_cell_without_neighbours_scores_its_own_deviation_from_the_mean():
    z = getis_ord_gi_star([1, 2, 3, 6], [(0, 1), (1, 0)])
    assert z[3] == pytest.approx((6 - 3) / math.sqrt(3.5))
    assert getis_ord_gi_star([1, 2, 3, 6], []) == pytest.approx(stats.zscore([1, 2, 3, 6]))


def test_scores_do_not_depend_on_the_unit_of_the_counts():
    count = np.array([1, 2, 3, 6])
    assert getis_ord_gi_star(count * 1000, LINE_OF_FOUR) == pytest.approx(getis_ord_gi_star(count, LINE_OF_FOUR))


@pytest.mark.parametrize(
    ("count", "pairs", "message"),
    [
        ([2, 2, 2, 2], LINE_OF_FOUR, "equal"),
        ([1, 2, 3], [(0, 1), (1, 0), (1, 2), (2, 1)], "neighbours all others"),
        ([1, -2, 3, 4], LINE_OF_FOUR, "not negative"),
        ([1, math.nan, 3, 4], LINE_OF_FOUR, "finite"),
        ([1, math.inf, 3, 4], LINE_OF_FOUR, "finite"),
        ([], [], "shape"),
        ([[1, 2], [3, 4]], LINE_OF_FOUR, "shape"),
        ([1, 2, 3, 4], [(0, 0)], "different positions"),
        ([1, 2, 3, 4], [(0, 4), (4, 0)], "different positions"),
        ([1, 2, 3, 4], [(-1, 0), (0, -1)], "different positions"),
        ([1, 2, 3, 4], [(0, 1)], "each direction"),
        ([1, 2, 3, 4], [(0, 1), (1, 0), (0, 1), (1, 0)], "each direction"),
        ([1, 2, 3, 4], [(0.0, 1.0), (1.0, 0.0)], "whole numbers"),
        ([1, 2, 3, 4], [0, 1], "shape"),
    ],
)
def test_what_cannot_be_scored_is_refused(count, pairs, message):
    with pytest.raises(ValueError, match=message):
        getis_ord_gi_star(count, pairs)


def test_counts_and_mask_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        gi_star_on_lattice(np.eye(3), np.ones((2, 3)))


def test_p_values_are_two_sided():
    assert two_sided_p([0, 1.959963984540054, -1.959963984540054, 40]) == pytest.approx([1, 0.05, 0.05, 0], abs=1e-12)
