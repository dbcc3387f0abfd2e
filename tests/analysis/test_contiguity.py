import geopandas as gpd
import libpysal
import numpy as np
import pytest
import shapely

from gis_app.analysis.contiguity import count_in_polygons, polygon_of_points, queen_pairs_of_polygons
from gis_app.analysis.lattice import lattice_over, queen_pairs_of_cells

WEST, EAST, ALOFT = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(300, 300, 400, 400)


def test_each_point_lies_in_its_polygon_and_on_the_line_in_the_first():
    x, y = [50, 150, 100, 250, np.nan, 350], [50, 50, 50, 50, 50, np.inf]
    assert polygon_of_points([WEST, EAST, ALOFT], x, y=y).tolist() == [0, 1, 0, -1, -1, -1]
    assert polygon_of_points([EAST, WEST], x, y=y).tolist() == [1, 0, 0, -1, -1, -1]
    assert count_in_polygons([WEST, EAST, ALOFT], x, y=y).tolist() == [2, 1, 0]


def test_many_points_are_assigned_as_a_spatial_join_does():
    generator = np.random.default_rng(5)
    polygons = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(generator.uniform(0, 1000, (60, 2)))))
    x, y = generator.uniform(-100, 1100, (2, 4000))
    joined = gpd.sjoin(
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=4549),
        gpd.GeoDataFrame(geometry=polygons, crs=4549),
        how="left",
        predicate="within",
    )
    assert np.array_equal(polygon_of_points(polygons, x, y=y), joined["index_right"].fillna(-1).astype(int))


def test_no_points_and_no_polygons_are_no_error():
    assert polygon_of_points([WEST], [], y=[]).tolist() == []
    assert polygon_of_points([], [1.0], y=[1.0]).tolist() == [-1]
    assert queen_pairs_of_polygons([]).tolist() == []


def test_polygons_neighbour_across_edges_and_corners_but_not_across_a_gap():
    corner = shapely.box(200, 100, 300, 200)
    assert queen_pairs_of_polygons([WEST, EAST, corner, ALOFT]).tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert queen_pairs_of_polygons([WEST, ALOFT]).tolist() == []


def test_a_sliver_narrower_than_the_snap_does_not_part_neighbours():
    shifted = shapely.box(100.3, 0.2, 200, 99)
    assert queen_pairs_of_polygons([WEST, shifted]).tolist() == [[0, 1], [1, 0]]
    assert queen_pairs_of_polygons([WEST, shifted], 0.1).tolist() == []


def test_on_squares_the_pairs_are_those_of_libpysal_and_of_the_lattice():
    lattice = lattice_over(shapely.Point(0, 0).buffer(1000), 250)
    polygons = lattice.polygons()
    oracle = libpysal.weights.Queen.from_dataframe(gpd.GeoDataFrame(geometry=polygons, crs=4549), use_index=False)
    expected = sorted([i, j] for i, others in oracle.neighbors.items() for j in others)
    assert queen_pairs_of_polygons(polygons).tolist() == expected
    assert queen_pairs_of_cells(lattice).tolist() == expected


def test_polygons_in_degrees_are_refused():
    frame = gpd.GeoSeries([WEST], crs=4326)
    with pytest.raises(ValueError, match="geographic"):
        queen_pairs_of_polygons(frame)
    with pytest.raises(ValueError, match="geographic"):
        polygon_of_points(frame, [1.0], y=[1.0])
