import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.lattice import cell_positions, count_in_cells, lattice_over, queen_pairs_of_cells

L_SHAPE = shapely.union(shapely.box(0, 0, 500, 250), shapely.box(0, 0, 250, 500))


def test_cells_are_the_floor_of_the_coordinates_over_the_side():
    lattice = lattice_over(shapely.box(-10, 260, 240, 490), 250)
    assert lattice.cells.tolist() == [[-1, 1], [0, 1]]
    assert lattice.centres.tolist() == [[-125, 375], [125, 375]]


def test_an_area_that_ends_on_the_lattice_makes_no_empty_cells_beyond():
    assert lattice_over(shapely.box(0, 0, 500, 500), 250).cells.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


def test_the_lattice_is_clipped_to_the_area():
    lattice = lattice_over(L_SHAPE, 250)
    assert lattice.shape == (2, 2)
    assert lattice.mask.tolist() == [[True, True], [True, False]]
    assert lattice.positions.tolist() == [[0, 1], [2, -1]]
    assert lattice.raster([5, 6, 7], outside=-1).tolist() == [[5, 6], [7, -1]]


def test_the_cells_cover_the_area_without_overlap():
    area = shapely.Point(1234, 5678).buffer(2000)
    polygons = lattice_over(area, 250).polygons()
    assert shapely.union_all(polygons).contains(area)
    assert shapely.area(polygons).sum() == pytest.approx(shapely.union_all(polygons).area)
    assert (shapely.area(shapely.intersection(polygons, area)) > 0).all()


def test_points_fall_into_cells_and_those_outside_are_not_counted():
    lattice = lattice_over(L_SHAPE, 250)
    x, y = [0, 249.9, 250, 10, 300, -1, np.nan, np.inf], [0, 10, 10, 250, 300, 10, 10, 10]
    assert cell_positions(lattice, x, y=y).tolist() == [0, 0, 1, 2, -1, -1, -1, -1]
    assert count_in_cells(lattice, x, y=y).tolist() == [2, 1, 1]


@given(st.lists(st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)), min_size=1))
def test_every_point_inside_the_area_counts_exactly_once(points):
    area = shapely.Point(0, 0).buffer(1500)
    lattice = lattice_over(area, 250)
    x, y = np.array(points).T
    polygons = lattice.polygons()
    for position, inside, east, north in zip(
        cell_positions(lattice, x, y=y), shapely.contains_xy(area, x, y), x, y, strict=True
    ):
        assert position >= 0 or not inside
        # A coordinate that a division rounds to the edge of a cell lies in it, be it 5e-324 m outside.
        assert position < 0 or polygons[position].distance(shapely.Point(east, north)) <= 1e-9


def test_queen_neighbours_share_an_edge_or_a_corner():
    assert queen_pairs_of_cells(lattice_over(L_SHAPE, 250)).tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]


def test_a_full_lattice_has_as_many_queen_pairs_as_arithmetic_says():
    rows, columns = 4, 6
    pairs = queen_pairs_of_cells(lattice_over(shapely.box(0, 0, columns, rows), 1))
    edges = rows * (columns - 1) + columns * (rows - 1)
    corners = 2 * (rows - 1) * (columns - 1)
    assert len(pairs) == 2 * (edges + corners)


def test_a_frame_in_degrees_is_refused():
    with pytest.raises(ValueError, match="geographic"):
        lattice_over(gpd.GeoSeries([shapely.box(120, 27, 121, 28)], crs=4326))


def test_a_frame_in_metres_makes_the_same_lattice_as_its_geometry():
    frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 500, 250), shapely.box(0, 0, 250, 500)], crs=4549)
    assert np.array_equal(lattice_over(frame, 250).cells, lattice_over(L_SHAPE, 250).cells)


@pytest.mark.parametrize(
    ("area", "cell_m", "message"),
    [
        (shapely.Polygon(), 250, "not empty"),
        (L_SHAPE, 0, "positive side"),
        (L_SHAPE, float("nan"), "positive side"),
        (L_SHAPE, 0.01, "larger cells"),
    ],
)
def test_a_lattice_that_cannot_be_is_refused(area, cell_m, message):
    with pytest.raises(ValueError, match=message):
        lattice_over(area, cell_m)
