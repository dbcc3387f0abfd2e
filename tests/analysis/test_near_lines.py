"""The share of a line near others: hand-computed cases, and the buffer as oracle."""

import numpy as np
import pytest
import shapely

from gis_app.analysis.near_lines import share_near

LINE = shapely.LineString([(0, 0), (1000, 0)])


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ([(0, 20), (500, 20)], (500 + np.sqrt(40**2 - 20**2)) / 1000),
        ([(400, -300), (400, 300)], 80 / 1000),
        ([(400, 0), (400, 0)], 80 / 1000),
        ([(0, 40), (1000, 40)], 1.0),
        ([(0, 40.001), (1000, 40.001)], 0.0),
        ([(-500, 0), (-41, 0)], 0.0),
        ([(1000, 0), (0, 0)], 1.0),
    ],
)
def test_of_a_straight_line(other, share):
    assert share_near(LINE, shapely.LineString(other), 40) == pytest.approx(share, abs=1e-12)


def test_a_line_gone_twice_counts_once_and_pieces_apart_are_added():
    others = shapely.MultiLineString([[(0, 0), (200, 0)], [(200, 0), (0, 0)], [(800, 0), (1000, 0)]])
    assert share_near(LINE, others, 40) == pytest.approx(0.48, abs=1e-12)


def test_nothing_is_near_to_nothing_and_a_point_is_near_itself():
    assert share_near(LINE, shapely.MultiLineString(), 40) == 0.0
    assert share_near(shapely.LineString([(5, 5), (5, 5)]), LINE, 40) == 1.0


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_length_inside_of_a_buffer(seed):
    chance = np.random.default_rng(seed)
    turn = np.cumsum(chance.normal(0, 0.4, 60))
    way = np.cumsum(np.column_stack([np.cos(turn), np.sin(turn)]) * 25, axis=0)
    walked = np.concatenate([way[:30] + chance.normal(0, 12, (30, 2)), way[29] + chance.normal(0, 8, (25, 2))])
    line, others = shapely.LineString(way), shapely.MultiLineString([walked[:20], walked[22:]])
    inside = shapely.intersection(line, shapely.buffer(others, 40, quad_segs=256))
    assert share_near(line, others, 40) == pytest.approx(shapely.length(inside) / shapely.length(line), abs=2e-5)
