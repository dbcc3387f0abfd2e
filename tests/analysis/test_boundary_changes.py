"""What becomes of areas whose boundaries are drawn anew."""

import numpy as np
import pytest
import shapely

from gis_app.analysis.boundary_changes import ChangeKind, boundary_changes


def areas(**boxes):
    return list(boxes), np.array([shapely.MultiPolygon([shapely.box(*each)]) for each in boxes.values()], dtype=object)


def changes(before, after):
    (codes_before, old), (codes_after, new) = before, after
    found = boundary_changes(old, new, codes_before=codes_before, codes_after=codes_after)
    return {
        (None if each.before is None else codes_before[each.before]): (
            each.kind,
            {codes_after[piece.after]: pytest.approx(piece.share) for piece in each.pieces},
        )
        for each in found
    }


def test_an_area_that_is_cut_in_two_is_split_by_shares_of_its_ground():
    found = changes(areas(a=(0, 0, 100, 100)), areas(b=(0, 0, 30, 100), c=(30, 0, 100, 100)))
    assert found == {"a": (ChangeKind.SPLIT, {"c": 0.7, "b": 0.3})}


def test_an_area_that_keeps_its_code_and_gives_ground_away_is_split_too():
    found = changes(areas(a=(0, 0, 100, 100)), areas(a=(0, 0, 80, 100), b=(80, 0, 100, 100)))
    assert found == {"a": (ChangeKind.SPLIT, {"a": 0.8, "b": 0.2})}


def test_two_areas_that_become_one_are_merged():
    found = changes(areas(a=(0, 0, 50, 100), b=(50, 0, 100, 100)), areas(c=(0, 0, 100, 100)))
    assert found == {"a": (ChangeKind.MERGED, {"c": 1}), "b": (ChangeKind.MERGED, {"c": 1})}


def test_the_same_ground_under_another_code_and_an_untouched_area():
    found = changes(areas(a=(0, 0, 50, 100), b=(50, 0, 100, 100)), areas(a=(0, 0, 50, 100), c=(50, 0, 100, 100)))
    assert found == {"a": (ChangeKind.SAME, {"a": 1}), "b": (ChangeKind.REPLACED, {"c": 1})}


def test_a_boundary_moved_outwards_is_reshaped_and_a_strip_of_less_than_a_hundredth_is_drawing():
    old = areas(a=(0, 0, 100, 100), b=(100, 0, 200, 100))
    new = areas(a=(0, 0, 100.5, 100), b=(100.5, 0, 200, 100))
    found = changes(old, new)
    assert found == {"a": (ChangeKind.RESHAPED, {"a": 1}), "b": (ChangeKind.RESHAPED, {"b": 0.995})}


def test_an_area_without_a_successor_ends_and_one_on_ground_of_nobody_begins():
    found = changes(areas(a=(0, 0, 10, 10)), areas(b=(50, 50, 60, 60)))
    assert found == {"a": (ChangeKind.ENDED, {}), None: (ChangeKind.BEGUN, {"b": 1})}


def test_what_of_an_area_lies_in_none_any_more_is_told():
    codes, old = areas(a=(0, 0, 100, 100))
    _, new = areas(a=(0, 0, 60, 100))
    [found] = boundary_changes(old, new, codes_before=codes, codes_after=codes)
    assert (found.kind, found.lost_share) == (ChangeKind.RESHAPED, pytest.approx(0.4))
