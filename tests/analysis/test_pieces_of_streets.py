"""Streets cut into pieces: equal parts, where points lie on them, which are neighbours."""

import numpy as np
import pytest
from shapely import LineString

from gis_app.analysis.pieces_of_streets import pairs_within, street_pieces

CROSS = [LineString([(0, 0), end]) for end in ((-250, 0), (100, 0), (0, 90))]


def test_a_street_is_cut_into_equal_parts_no_longer_than_asked():
    pieces = street_pieces(CROSS)
    assert pieces.street.tolist() == [0, 0, 0, 1, 2]
    assert pieces.length_m == pytest.approx([250 / 3] * 3 + [100, 90])
    cut = pieces.geometries()
    assert [line.length for line in cut] == pytest.approx(pieces.length_m.tolist())
    assert cut[1].coords[0] == pytest.approx((-250 / 3, 0))
    assert [(point.x, point.y) for point in pieces.middles()[3:]] == [(50, 0), (0, 45)]


def test_pieces_that_follow_or_meet_are_neighbours_both_ways():
    pairs = street_pieces(CROSS).neighbour_pairs()
    once = {(0, 1), (1, 2), (0, 3), (0, 4), (3, 4)}
    assert {tuple(pair) for pair in pairs.tolist()} == once | {(j, i) for i, j in once}
    # Named junctions count, not where the lines end.
    apart = street_pieces(CROSS, nodes=[[1, 2], [3, 4], [5, 6]]).neighbour_pairs()
    assert {tuple(pair) for pair in apart.tolist()} == {(0, 1), (1, 0), (1, 2), (2, 1)}


def test_a_ring_of_one_street_is_no_neighbour_of_itself():
    ring = street_pieces([LineString([(0, 0), (20, 0), (0, 20), (0, 0)])])
    assert ring.neighbour_pairs().tolist() == []


def test_points_lie_on_the_nearest_street_or_on_none():
    pieces = street_pieces(CROSS)
    piece, along = pieces.pieces_at([-249, -100, 60, 5, 60, np.nan], y=[5, -20, 9, 200, 400, 0])
    assert piece.tolist() == [2, 1, 3, -1, -1, -1]
    assert along[:3] == pytest.approx([249, 100, 60])
    assert np.isnan(along[3:]).all()
    # The end of a street belongs to its last piece.
    assert pieces.pieces_at([-300], y=[0])[0].tolist() == [2]


def test_all_pairs_of_equal_values_are_found():
    left, right = pairs_within([3, 3, 3, 5, 7, 7])
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2), (4, 5)]
