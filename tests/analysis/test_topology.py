"""Overlaps, gaps and slivers between areas, and what mends them: expected sizes by hand."""

import numpy as np
import pytest
import shapely

from gis_app.analysis.topology import FaultKind, mended, topology_faults


def box(west, south, east, north):
    return shapely.MultiPolygon([shapely.box(west, south, east, north)])


def shapes(*boxes):
    return np.array([box(*each) for each in boxes], dtype=object)


def faults(areas, ground=None, ours=None):
    return topology_faults(areas, ground, to_metres=lambda shape: shape, is_ours=ours or [True] * len(areas))


def test_areas_that_share_an_edge_have_no_fault():
    assert faults(shapes((0, 0, 100, 100), (100, 0, 200, 100)), box(0, 0, 200, 100)) == []


def test_an_overlap_is_told_with_its_size_and_stays_with_the_larger_area():
    [found] = faults(shapes((0, 0, 100, 100), (60, 0, 300, 100)))
    # 40 m by 100 m; twice the area over the outline: 8000 / 280
    assert (found.kind, found.area_m2, found.between, found.goes_to) == (FaultKind.OVERLAP, 4000, (0, 1), 1)
    assert found.width_m == pytest.approx(8000 / 280)


def test_an_overlap_with_an_area_that_is_not_of_the_file_stays_with_that_one():
    [found] = faults(shapes((0, 0, 300, 100), (280, 0, 340, 100)), ours=[True, False])
    assert found.goes_to == 1
    after = mended(shapes((0, 0, 300, 100), (280, 0, 340, 100)), [found])
    assert [each.area for each in after] == [28_000, 6000]


def test_faults_between_areas_of_others_are_passed_over():
    assert faults(shapes((0, 0, 100, 100), (90, 0, 200, 100), (500, 0, 600, 100)), ours=[False, False, True]) == []


def test_a_gap_in_the_ground_goes_to_the_area_with_the_longest_common_edge():
    areas = shapes((0, 0, 100, 100), (140, 50, 300, 100), (140, 0, 300, 40))
    found = faults(areas, box(0, 0, 300, 100))
    # one piece: 40 by 100 between the columns, and 160 by 10 between the rows
    [gap] = found
    assert (gap.kind, gap.is_gap, gap.area_m2) == (FaultKind.GAP, True, 40 * 100 + 160 * 10)
    # common edges: 100 with the first; 50 + 160 with the second; 40 + 160 with the third
    assert gap.goes_to == 1
    assert shapely.union_all(mended(areas, found)).area == 300 * 100


def test_a_thin_overlap_or_gap_is_a_sliver():
    assert [each.kind for each in faults(shapes((0, 0, 100, 100), (98, 0, 200, 100)))] == [FaultKind.SLIVER]
    [hole] = faults(shapes((0, 0, 100, 100), (101, 0, 200, 100)), box(0, 0, 200, 100))
    assert (hole.kind, hole.is_gap) == (FaultKind.SLIVER, True)


def test_without_a_ground_only_enclosed_holes_are_gaps():
    ring = shapely.MultiPolygon([shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60))])
    found = faults(np.array([ring], dtype=object))
    assert [(each.is_gap, each.area_m2) for each in found] == [(True, 400)]
    assert faults(shapes((0, 0, 100, 100), (500, 0, 600, 100))) == []


def test_mended_areas_tile_the_ground_exactly():
    areas = shapes((0, 0, 103, 100), (100, 0, 200, 99), (200, 0, 290, 100))
    ground = box(0, 0, 300, 100)
    after = mended(areas, faults(areas, ground))
    assert faults(after, ground) == []
    assert sum(each.area for each in after) == ground.area
    assert shapely.is_valid(after).all()


def test_a_fault_has_the_same_id_whatever_the_order_of_the_areas():
    areas = shapes((0, 0, 100, 100), (60, 0, 300, 100), (310, 0, 400, 100))
    ids = [{each.id for each in faults(some, box(0, 0, 400, 100))} for some in (areas, areas[::-1])]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


def test_an_area_that_would_lose_all_its_ground_is_not_mended():
    areas = shapes((10, 10, 20, 20), (0, 0, 100, 100))
    with pytest.raises(ValueError, match="Nothing would be left"):
        mended(areas, faults(areas))
