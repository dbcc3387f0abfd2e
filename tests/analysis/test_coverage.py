import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_app.analysis.coverage import swept_share

KM_SQUARE = shapely.box(0, 0, 1000, 1000)
ACROSS = shapely.LineString([(-200, 500), (1200, 500)])
UPWARD = shapely.LineString([(500, -200), (500, 1200)])


def overlay_share(grids, tracks, sweep_m):
    """The plain way: buffer every track, unite all, overlay with the grids."""
    grid_frame = gpd.GeoDataFrame({"grid": range(len(grids))}, geometry=grids, crs=4549)
    band = gpd.GeoSeries(tracks, crs=4549).buffer(sweep_m).union_all()
    swept = gpd.overlay(
        grid_frame, gpd.GeoDataFrame(geometry=[band], crs=4549), how="intersection", keep_geom_type=True
    )
    return (
        swept.area.groupby(swept["grid"]).sum().reindex(range(len(grids)), fill_value=0) / grid_frame.area
    ).to_numpy()


def wandering_tracks(count, seed):
    generator = np.random.default_rng(seed)
    start = generator.uniform(0, 3000, (count, 1, 2))
    heading = np.cumsum(generator.normal(0, 0.3, (count, 80)), axis=1)[..., None]
    return [
        shapely.LineString(p) for p in start + np.cumsum(np.concatenate([np.cos(heading), np.sin(heading)], -1) * 25, 1)
    ]


def test_a_line_across_a_square_sweeps_a_band_of_twice_the_width():
    assert swept_share([KM_SQUARE], [ACROSS], sweep_m=30) == pytest.approx([60 / 1000], abs=1e-4)


def test_walking_the_same_line_twice_counts_once():
    assert swept_share([KM_SQUARE], [ACROSS, ACROSS, ACROSS.reverse()], sweep_m=30) == pytest.approx([0.06], abs=1e-4)


def test_where_two_teams_cross_the_crossing_counts_once():
    merged = swept_share([KM_SQUARE], [ACROSS, UPWARD], sweep_m=30)
    assert merged == pytest.approx([0.06 + 0.06 - 0.06**2], abs=1e-4)


def test_a_car_sweeps_wider_than_a_walker_and_both_are_merged():
    assert swept_share([KM_SQUARE], [ACROSS, UPWARD], sweep_m=[30, 50]) == pytest.approx(
        [0.06 + 0.10 - 0.06 * 0.10], abs=2e-5
    )
    assert swept_share([KM_SQUARE], [ACROSS, ACROSS], sweep_m=[30, 50]) == pytest.approx([0.10], abs=1e-4)


def test_a_track_beside_a_grid_sweeps_into_it_and_one_beyond_the_width_does_not():
    beside = [shapely.LineString([(-200, -20), (1200, -20)])]
    assert swept_share([KM_SQUARE], beside, sweep_m=30) == pytest.approx([0.01], abs=1e-4)
    assert swept_share([KM_SQUARE], beside, sweep_m=15).tolist() == [0.0]


def test_a_track_that_ends_inside_sweeps_half_a_disc_past_its_end():
    ends = [shapely.LineString([(-200, 500), (500, 500)])]
    assert swept_share([KM_SQUARE], ends, sweep_m=50) == pytest.approx(
        [(500 * 100 + math.pi * 50**2 / 2) / 1e6], abs=1e-4
    )


def test_only_the_grids_near_a_track_are_swept():
    grids = [shapely.box(x, 0, x + 1000, 1000) for x in (0, 1000, 5000)]
    assert swept_share(grids, [ACROSS], sweep_m=30) == pytest.approx(
        [0.06, (200 * 60 + math.pi * 450) / 1e6, 0], abs=1e-4
    )


def test_a_small_grid_wholly_within_the_width_is_wholly_swept():
    assert swept_share([shapely.box(0, 490, 10, 510)], [ACROSS], sweep_m=30) == pytest.approx([1.0])


@pytest.mark.parametrize(
    "track",
    [
        shapely.LineString([(500, 500), (500, 500)]),
        shapely.LineString([(500, 500), (500.5, 500), (500, 500.5), (500, 500)]),
    ],
)
def test_a_team_that_stays_in_one_place_sweeps_a_disc(track):
    assert swept_share([KM_SQUARE], [track], sweep_m=30) == pytest.approx([math.pi * 30**2 / 1e6], rel=0.05)


def test_the_pieces_of_a_broken_track_do_not_sweep_the_gap():
    broken = shapely.MultiLineString([[(-200, 500), (200, 500)], [(800, 500), (1200, 500)]])
    expected = (2 * 200 * 60 + math.pi * 30**2) / 1e6
    assert swept_share([KM_SQUARE], [broken], sweep_m=30) == pytest.approx([expected], abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), sweep_m=st.sampled_from([30.0, 50.0]))
def test_shares_are_within_the_stated_error_of_the_plain_overlay(seed, sweep_m):
    generator = np.random.default_rng(seed)
    grids = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(generator.uniform(0, 3000, (40, 2)))))
    grids = grids[shapely.area(grids) >= 10_000]
    tracks = wandering_tracks(25, seed)
    assert np.abs(swept_share(grids, tracks, sweep_m=sweep_m) - overlay_share(grids, tracks, sweep_m)).max() < 0.002


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_merged_coverage_is_at_least_the_best_and_at_most_the_sum_of_the_teams(seed):
    grids = [shapely.box(x, y, x + 500, y + 500) for x in range(0, 3000, 500) for y in range(0, 3000, 500)]
    tracks = wandering_tracks(6, seed)
    alone = np.array([swept_share(grids, [track], sweep_m=30) for track in tracks])
    merged = swept_share(grids, tracks, sweep_m=30)
    assert (merged >= alone.max(axis=0) - 1e-9).all()
    assert (merged <= np.minimum(alone.sum(axis=0), 1) + 1e-9).all()


def test_frames_and_bare_geometries_give_the_same_shares():
    grids = gpd.GeoDataFrame({"code": ["g"]}, geometry=[KM_SQUARE], crs=4549)
    tracks = gpd.GeoDataFrame(geometry=[ACROSS, None, shapely.LineString()], crs=4549)
    assert swept_share(grids, tracks, sweep_m=30) == pytest.approx([0.06], abs=1e-4)


def test_without_tracks_nothing_is_swept_and_without_grids_there_is_no_share():
    assert swept_share([KM_SQUARE], [], sweep_m=30).tolist() == [0.0]
    assert swept_share([], [ACROSS], sweep_m=30).tolist() == []


@pytest.mark.parametrize("which", [0, 1])
def test_degrees_are_refused(which):
    frames = [gpd.GeoSeries([KM_SQUARE], crs=4549), gpd.GeoSeries([ACROSS], crs=4549)]
    frames[which] = gpd.GeoSeries(frames[which].to_numpy(), crs=4326)
    with pytest.raises(ValueError, match="one CRS"):
        swept_share(*frames, sweep_m=30)
    with pytest.raises(ValueError, match="geographic"):
        swept_share(*(frame.set_crs(4326, allow_override=True) for frame in frames), sweep_m=30)


@pytest.mark.parametrize("sweep_m", [0, -30, math.nan, math.inf])
def test_a_sweep_width_that_is_not_positive_is_refused(sweep_m):
    with pytest.raises(ValueError, match="positive"):
        swept_share([KM_SQUARE], [ACROSS], sweep_m=sweep_m)


@pytest.mark.parametrize("grid", [shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), shapely.Polygon(), ACROSS, None])
def test_a_grid_that_is_no_valid_polygon_is_named_by_its_position(grid):
    with pytest.raises(ValueError, match="position 1 is not a valid polygon"):
        swept_share([KM_SQUARE, grid], [ACROSS], sweep_m=30)
