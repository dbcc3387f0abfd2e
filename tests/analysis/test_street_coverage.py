import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.street_coverage import (
    length_by,
    merged,
    overlaps,
    stretches_in,
    stretches_of,
    uncovered_risk,
    walked_share,
)

WEST, EAST = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
ACROSS = shapely.LineString([(-50, 50), (150, 50)])
UPWARD = shapely.LineString([(50, 0), (50, 100)])


def stretches(*rows):
    segment, low, high = zip(*rows, strict=True) if rows else ((), (), ())
    return stretches_of(segment, low, to_share=high)


def rows_of(found):
    return list(zip(found.segment.tolist(), found.low.tolist(), found.high.tolist(), strict=True))


def test_two_teams_on_one_street_count_once():
    walked = stretches((0, 0.1, 0.5), (0, 0.7, 0.3), (2, 0.0, 1.0), (0, 0.8, 0.9))
    assert rows_of(merged(walked)) == [(0, 0.1, 0.7), (0, 0.8, 0.9), (2, 0.0, 1.0)]


def test_neighbouring_segments_walked_whole_stay_two():
    assert rows_of(merged(stretches((1, 0, 1), (0, 0, 1)))) == [(0, 0.0, 1.0), (1, 0.0, 1.0)]


def test_streets_are_parted_by_the_areas_they_run_through():
    area, parts = stretches_in([WEST, EAST], [ACROSS, UPWARD])
    # Of 200 m across, 50 to 150 m lie in the west, 150 to 200 m in the east.
    assert list(zip(area.tolist(), rows_of(parts), strict=True)) == [
        (0, (0, 0.25, 0.75)),
        (0, (1, 0.0, 1.0)),
        (1, (0, 0.75, 1.0)),
    ]


def test_a_street_along_a_border_belongs_to_both_sides():
    area, parts = stretches_in([WEST, EAST], [shapely.LineString([(100, 0), (100, 100)])])
    assert area.tolist() == [0, 1]
    assert rows_of(parts) == [(0, 0.0, 1.0), (0, 0.0, 1.0)]


def test_a_ring_road_inside_an_area_is_in_it_whole():
    ring = shapely.LineString([(10, 10), (90, 10), (90, 90), (10, 90), (10, 10)])
    area, parts = stretches_in([WEST], [ring])
    assert (area.tolist(), rows_of(parts)) == ([0], [(0, 0.0, 1.0)])


def test_the_share_walked_of_each_area_is_that_of_hand_arithmetic():
    area, parts = stretches_in([WEST, EAST], [ACROSS, UPWARD])
    length_m = np.array([200.0, 100.0])
    part, walked = overlaps(parts, merged(stretches((0, 0.5, 0.875), (0, 0.6, 0.7), (1, 0.0, 0.4))))
    walked_m = length_by(area[part], walked, length_m=length_m, count=2)
    street_m = length_by(area, parts, length_m=length_m, count=2)
    # West: 50 m across and 40 m upward of 200; east: 25 of 50.
    assert walked_m == pytest.approx([90, 25])
    assert street_m == pytest.approx([200, 50])
    assert walked_share(walked_m, street_m) == pytest.approx([0.45, 0.5])


def test_an_area_without_streets_has_no_share():
    assert np.isnan(walked_share(np.zeros(1), np.zeros(1))).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)), max_size=30))
def test_merged_is_never_more_than_unmerged_and_is_what_painting_says(rows):
    walked = stretches(*((segment, low / 20, high / 20) for segment, low, high in rows))
    united = merged(walked)
    whole = (united.high - united.low).sum()
    assert whole <= (walked.high - walked.low).sum() + 1e-9
    painted = np.zeros((4, 20), dtype=bool)
    for segment, low, high in rows:
        painted[segment, min(low, high) : max(low, high)] = True
    assert whole == pytest.approx(painted.sum() / 20)
    # Nothing more is found by uniting again, and the union of parts is the union.
    assert rows_of(merged(united)) == rows_of(united)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10), st.integers(0, 10)), max_size=12),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10), st.integers(0, 10)), max_size=12),
)
def test_what_overlaps_is_what_both_paint(first, second):
    parts, walked = (merged(stretches(*((s, a / 10, b / 10) for s, a, b in rows))) for rows in (first, second))
    part, both = overlaps(parts, walked)
    painted = np.zeros((2, 3, 10), dtype=bool)
    for layer, rows in enumerate((first, second)):
        for segment, low, high in rows:
            painted[layer, segment, min(low, high) : max(low, high)] = True
    assert length_by(np.zeros(len(part)), both, length_m=np.full(3, 10.0), count=1)[0] == pytest.approx(
        (painted[0] & painted[1]).sum()
    )


def test_uncovered_risk_weighs_what_was_left_out():
    by_area, whole = uncovered_risk([6, 3, 1], [0.5, np.nan, 1.0])
    # 3 of 6, all 3, and none: 6 of 10.
    assert by_area == pytest.approx([0.3, 0.3, 0.0])
    assert whole == pytest.approx(0.6)
    assert uncovered_risk([0, 0], [0, 1])[1] is None
    with pytest.raises(ValueError, match="at least 0"):
        uncovered_risk([-1], [0])
