"""Swept cells against the exact band, and their union over nights."""

import numpy as np
import pytest
import shapely

from gis_app.analysis.coverage import swept_share
from gis_app.analysis.swept_cells import NO_GRID, SweepGround, points_along
from tests.analysis.test_coverage import wandering_tracks

GRIDS = [shapely.box(x, y, x + 600, y + 600) for x in (0, 600, 1200, 1800) for y in (0, 600, 1200, 1800)]


def shares(ground, lines, reach_m=30.0):
    xy = [shapely.get_coordinates(line) for line in lines]
    piece = np.repeat(np.arange(len(xy)), [len(each) for each in xy])
    places, _ = points_along(*np.concatenate(xy).T, piece)
    found = ground.sweep(places, reach_m)
    return np.array([found[n].sum() / ground.cell_count(n) if n in found else 0.0 for n in range(len(ground.windows))])


def test_a_straight_street_sweeps_its_band_wherever_it_lies():
    ground = SweepGround(GRIDS[:1])
    # 60 of 600 m are swept; marks in rows and columns would tell 48 or 64 of streets along them.
    for offset in (0.0, 1.7, 3.9, 4.0, 6.1):
        for line in (
            shapely.LineString([(-100, 300 + offset), (700, 300 + offset)]),
            shapely.LineString([(300 + offset, -100), (300 + offset, 700)]),
        ):
            assert shares(ground, [line]) == pytest.approx([0.1], abs=0.002)


def test_shares_are_those_of_the_exact_bands():
    tracks = wandering_tracks(25, seed=7)
    ground = SweepGround(GRIDS)
    for reach_m in (30.0, 50.0):
        exact = swept_share(GRIDS, tracks, sweep_m=reach_m)
        assert np.abs(shares(ground, tracks, reach_m) - exact).max() <= 0.005


def test_the_union_of_two_nights_is_what_both_sweep_together():
    ground = SweepGround(GRIDS[:1])
    across = shapely.LineString([(-100, 300), (700, 300)])
    upward = shapely.LineString([(300, -100), (300, 700)])
    cells = []
    for line in (across, upward):
        places, _ = points_along(*shapely.get_coordinates(line).T, np.zeros(2, dtype=np.int64))
        cells.append(ground.sweep(places, 30.0)[0])
    both = (cells[0] | cells[1]).sum() / ground.cell_count(0)
    assert both == pytest.approx(0.1 + 0.1 - 0.01, abs=0.003)


def test_between_two_pieces_nothing_is_swept():
    ground = SweepGround(GRIDS[:1])
    ends = np.array([(-200.0, 300.0), (-150.0, 300.0), (800.0, 300.0), (850.0, 300.0)])
    places, fix = points_along(*ends.T, np.array([0, 0, 1, 1]))
    assert ground.sweep(places, 30.0) == {}
    assert sorted(set(fix.tolist())) == [0, 1, 2, 3]


def test_a_place_lies_in_one_grid_or_in_none():
    ground = SweepGround(GRIDS)
    places = np.array([(300.0, 300.0), (300.0, 900.0), (900.0, 300.0), (-300.0, 300.0), (1e7, 1e7)])
    assert ground.grid_at(places).tolist() == [0, 1, 4, NO_GRID, NO_GRID]


def test_without_grids_or_places_nothing_is_swept():
    assert SweepGround([]).sweep(np.array([(1.0, 1.0)]), 30.0) == {}
    places, fix = points_along(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    assert SweepGround(GRIDS).sweep(places, 30.0) == {}
    assert len(fix) == 0


def test_grids_of_two_continents_are_no_city():
    with pytest.raises(ValueError, match="too far apart"):
        SweepGround([GRIDS[0], shapely.box(1e6, 1e6, 1e6 + 10, 1e6 + 10)])
