"""Moran's I, global and local, and the neighbours it rests on, against esda and libpysal on data sets they ship."""

import warnings

import geopandas
import numpy as np
import pytest
from esda import Moran, Moran_Local
from libpysal import examples
from libpysal.weights import Queen

from gis_app.analysis.contiguity import queen_pairs_of_polygons
from gis_app.analysis.moran import QUADRANTS, local_moran, morans_i

DATA_SETS = [
    ("columbus.shp", "CRIME"),
    ("sids2.shp", "SID79"),
    ("G_utm.shp", "PctPov"),
    ("mexicojoin.shp", "PCGDP2000"),
]
LINE_OF_FIVE = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 3)]


@pytest.fixture(params=DATA_SETS, ids=lambda data_set: data_set[0])
def known(request):
    """Values, our neighbours, and libpysal's."""
    name, column = request.param
    frame = geopandas.read_file(examples.get_path(name))
    shapes = np.asarray(frame.geometry.array, dtype=object)
    with warnings.catch_warnings():
        # Some of these maps have islands, of which libpysal warns.
        warnings.simplefilter("ignore")
        weights = Queen.from_dataframe(frame, use_index=False, silence_warnings=True)
    return frame[column].to_numpy(dtype=float), queen_pairs_of_polygons(shapes, snap_m=0.0), weights


def test_neighbours_are_those_of_libpysal(known):
    _, pairs, weights = known
    theirs = {(i, j) for i, others in weights.neighbors.items() for j in others}
    assert {(int(i), int(j)) for i, j in pairs} == theirs


def test_morans_i_is_that_of_esda(known):
    values, pairs, weights = known
    oracle = Moran(values, weights, transformation="r", permutations=0)
    ours = morans_i(values, pairs)
    theirs = (oracle.I, oracle.EI, oracle.z_norm, oracle.p_norm, oracle.z_rand, oracle.p_rand)
    for one, other in zip(vars(ours).values(), theirs, strict=True):
        assert one == pytest.approx(other, abs=1e-9)


def test_local_moran_is_that_of_esda(known):
    values, pairs, weights = known
    oracle = Moran_Local(values, weights, transformation="r", permutations=0)
    ours = local_moran(values, pairs, permutations=0)
    assert np.abs(ours.value - oracle.Is).max() < 1e-9
    assert (ours.quadrant + 1).tolist() == oracle.q.tolist()


def test_local_values_by_hand_have_the_denominator_n_less_1():
    # Deviations -2, -1, 0, 1, 2; their squares sum to 10. Area 0 has the one neighbour 1: 4 * (-2) * (-1) / 10.
    ours = local_moran([1, 2, 3, 4, 5], LINE_OF_FIVE, permutations=0)
    assert ours.value == pytest.approx([0.8, 0.4, 0.0, 0.4, 0.8])
    assert [QUADRANTS[quadrant] for quadrant in ours.quadrant[[0, 4]]] == ["low_low", "high_high"]


def test_p_of_shuffles_comes_near_the_count_of_all_draws():
    # Area 0 (9) has neighbour 1 (8). Of the four others one is as large: p is a quarter.
    values = [9.0, 8.0, 1.0, 2.0, 3.0]
    ours = local_moran(values, LINE_OF_FIVE, permutations=4999, seed=2)
    assert ours.p[0] == pytest.approx(0.25, abs=0.02)
    assert np.array_equal(ours.p, local_moran(values, LINE_OF_FIVE, permutations=4999, seed=2).p)


def test_an_area_without_neighbours_has_no_local_value():
    ours = local_moran([1, 2, 3, 4, 9], LINE_OF_FIVE[:-2], permutations=99)
    assert ours.value[4] == 0
    assert ours.p[4] == 1


@pytest.mark.parametrize(
    ("values", "pairs", "said"),
    [([1, 1, 1, 1], LINE_OF_FIVE, "not all equal"), ([1, 2, 3], [], "four"), ([1, 2, 3, 4], [], "neighbours")],
)
def test_what_has_no_moran_is_refused(values, pairs, said):
    with pytest.raises(ValueError, match=said):
        morans_i(values, pairs)
