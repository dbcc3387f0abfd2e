import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_app.analysis.map_matching import match_fixes
from gis_app.analysis.map_matching_live import LiveMatcher
from gis_app.analysis.matching_model import NO_STREET, MatchModel
from gis_app.analysis.matching_streets import MatchingStreets
from tests.analysis.walks import raster_streets, trace, union_m, walk

PRECISE = MatchModel(sigma_m=5.0)


def streets(*lines, one_way=(), closed=()):
    """Streets from lists of corners; ends at one place are one node."""
    shapes = np.array([shapely.LineString(line) for line in lines], dtype=object)
    ends = [(line[0], line[-1]) for line in lines]
    nodes = sorted({place for pair in ends for place in pair})
    number = np.arange(len(lines))
    return MatchingStreets(
        nodes=np.array(nodes, dtype=np.float64),
        lines=shapes,
        ends=np.array([[nodes.index(a), nodes.index(b)] for a, b in ends]),
        forth=~np.isin(number, list(closed)),
        back=~np.isin(number, [*one_way, *closed]),
    )


EAST_THEN_NORTH = streets([(0, 0), (200, 0)], [(200, 0), (200, 200)])


def test_a_walk_round_a_corner_is_matched_with_the_metres_on_both_streets():
    fix = np.array([(20, 3), (60, -4), (110, 2), (160, 3), (202, 30), (197, 80), (203, 150)], dtype=float)
    found = match_fixes(EAST_THEN_NORTH, fix, seconds=np.arange(7) * 30, model=PRECISE)
    assert found.fixes.segment.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert found.fixes.along_m == pytest.approx([20, 60, 110, 160, 30, 80, 150])
    assert found.walked.segment.tolist() == [0, 1]
    assert found.walked.from_share == pytest.approx([0.1, 0.0])
    assert found.walked.to_share == pytest.approx([1.0, 0.75])
    assert found.walked.length_m(EAST_THEN_NORTH) == pytest.approx(180 + 150)


def test_a_street_walked_there_and_back_counts_twice():
    fix = np.array([(20, 0), (80, 0), (150, 0), (90, 0), (30, 0)], dtype=float)
    found = match_fixes(EAST_THEN_NORTH, fix, seconds=np.arange(5) * 60, model=PRECISE)
    assert found.walked.segment.tolist() == [0, 0]
    assert np.column_stack([found.walked.from_share, found.walked.to_share]) * 200 == pytest.approx(
        np.array([(20, 150), (150, 30)])
    )


def test_standing_still_walks_nothing():
    scatter = np.random.default_rng(4).normal(0, 4, (60, 2))
    found = match_fixes(EAST_THEN_NORTH, np.array([100.0, 0.0]) + scatter, seconds=np.arange(60) * 10, model=PRECISE)
    assert not found.fixes.is_off_street.any()
    assert found.walked.length_m(EAST_THEN_NORTH) < 15


def test_over_more_than_two_minutes_no_way_is_made_up():
    fix = np.array([(20, 0), (60, 0), (200, 100), (200, 160)], dtype=float)
    found = match_fixes(EAST_THEN_NORTH, fix, seconds=[0, 60, 181, 240], model=PRECISE)
    assert found.fixes.chain.tolist() == [0, 0, 1, 1]
    assert found.walked.chain.tolist() == [0, 1]
    assert found.walked.length_m(EAST_THEN_NORTH) == pytest.approx(40 + 60)
    joined = match_fixes(EAST_THEN_NORTH, fix, seconds=[0, 60, 180, 240], model=PRECISE)
    assert joined.walked.length_m(EAST_THEN_NORTH) == pytest.approx(40 + 140 + 100 + 60)


def test_where_no_way_leads_the_track_breaks():
    banks = streets([(0, 0), (300, 0)], [(0, 150), (300, 150)])
    fix = np.array([(50, 0), (100, 0), (150, 0), (150, 150), (200, 150), (250, 150)], dtype=float)
    found = match_fixes(banks, fix, seconds=np.arange(6) * 60, model=PRECISE)
    assert found.fixes.segment.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.fixes.chain.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.walked.length_m(banks) == pytest.approx(100 + 100)


def test_across_a_field_somebody_is_on_no_street():
    fix = np.array([(20, 0), (60, 0), (100, 0), (110, 60), (120, 110), (130, 160)], dtype=float)
    found = match_fixes(EAST_THEN_NORTH, fix, seconds=np.arange(6) * 60, model=PRECISE)
    assert found.fixes.segment.tolist() == [0, 0, 0, NO_STREET, NO_STREET, NO_STREET]
    assert np.isnan(found.fixes.along_m[3:]).all()
    assert found.walked.length_m(EAST_THEN_NORTH) == pytest.approx(80)


def test_a_street_that_the_mode_may_not_use_is_not_matched():
    twins = [(0, 0), (300, 0)], [(0, 12), (300, 12)]
    fix = np.array([(x, 8) for x in range(0, 301, 50)], dtype=float)
    seconds = np.arange(7) * 40
    assert set(match_fixes(streets(*twins), fix, seconds=seconds, model=PRECISE).fixes.segment) == {1}
    assert set(match_fixes(streets(*twins, closed=[1]), fix, seconds=seconds, model=PRECISE).fixes.segment) == {0}


def test_against_a_one_way_street_the_neighbour_is_the_likelier():
    pair = streets([(0, 0), (300, 0)], [(300, 14), (0, 14)], [(0, 0), (0, 14)], [(300, 0), (300, 14)], one_way=[0, 1])
    eastward = np.array([(x, 8) for x in range(10, 291, 40)], dtype=float)
    seconds = np.arange(len(eastward)) * 10
    assert set(match_fixes(pair, eastward, seconds=seconds, model=PRECISE).fixes.segment) == {0}
    assert set(match_fixes(pair, eastward[::-1], seconds=seconds, model=PRECISE).fixes.segment) == {1}


def test_no_fixes_match_nothing_and_bad_ones_are_refused():
    empty = match_fixes(EAST_THEN_NORTH, np.zeros((0, 2)), seconds=[])
    assert len(empty.fixes.segment) == len(empty.walked.segment) == 0
    with pytest.raises(ValueError, match="finite"):
        match_fixes(EAST_THEN_NORTH, np.array([(np.nan, 0.0)]), seconds=[0])
    with pytest.raises(ValueError, match="order"):
        match_fixes(EAST_THEN_NORTH, np.zeros((2, 2)), seconds=[1, 0])


# Missed and invented street length over that walked; with 20 m scatter every minute a corner is cut now and then.
@pytest.mark.parametrize(
    ("sigma_m", "every_s", "most"),
    [(5, 5, 0.01), (5, 60, 0.02), (10, 5, 0.03), (10, 30, 0.02), (20, 15, 0.04), (20, 60, 0.08)],
)
def test_on_simulated_walks_little_is_missed_or_made_up(sigma_m, every_s, most):
    raster = raster_streets(30, seed=3)
    missed = invented = whole = 0.0
    for seed in range(6):
        way = walk(raster, 30, seed=seed)
        fix, seconds, truth = trace(raster, way, speed_mps=1.25, every_s=every_s, sigma_m=sigma_m, seed=seed)
        found = match_fixes(raster, fix, seconds=seconds, model=MatchModel(sigma_m=sigma_m)).walked
        matched = list(zip(found.segment, found.from_share, found.to_share, strict=True))
        both, own, true = (union_m(raster, rows) for rows in (truth + matched, matched, truth))
        missed, invented, whole = missed + both - own, invented + both - true, whole + true
    assert missed / whole < most
    assert invented / whole < most


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([5, 10, 20]), st.sampled_from([5, 20, 60]))
def test_live_matching_settles_what_matching_in_one_go_says(seed, sigma_m, every_s):
    raster = raster_streets(12, seed=seed % 7)
    fix, seconds, _ = trace(
        raster, walk(raster, 12, seed=seed), speed_mps=1.25, every_s=every_s, sigma_m=sigma_m, seed=seed
    )
    seconds = seconds + np.where(np.arange(len(fix)) > len(fix) // 2, 300, 0)
    model = MatchModel(sigma_m=sigma_m)
    whole = match_fixes(raster, fix, seconds=seconds, model=model).fixes
    live = LiveMatcher(raster, model, lag=1000)
    settled = [one for (x, y), second in zip(fix, seconds, strict=True) for one in live.add(x, y, second=second)]
    early = len(settled)
    settled += live.finish()
    assert live.forced_count == 0
    assert [one.number for one in settled] == list(range(len(fix)))
    assert [one.segment for one in settled] == whole.segment.tolist()
    assert [one.chain for one in settled] == whole.chain.tolist()
    assert [one.along_m for one in settled] == pytest.approx(whole.along_m, nan_ok=True)
    assert early > len(fix) // 3


def test_what_stays_undecided_for_too_long_is_decided_and_counted():
    # Two streets side by side: nothing ever tells which one it is, until the end.
    twins = streets([(0, 0), (5000, 0)], [(0, 6), (5000, 6)])
    live = LiveMatcher(twins, PRECISE, lag=5)
    settled = [one for x in range(0, 4000, 40) for one in live.add(x, 3.1, second=x)]
    assert live.forced_count > 0
    assert {one.segment for one in settled} == {1}
    assert len(settled) > 80
