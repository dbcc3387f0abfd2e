"""The whole city's boundaries at full size: real numbers, inside the real box, sizes of the real order."""

import numpy as np
import pytest
import shapely

from gis_app import paths
from gis_app.demo_city.boundaries import draw_boundaries
from gis_app.demo_city.mosaic import make_mosaic
from gis_app.demo_city.place_names import read_place_names
from gis_app.demo_city.settlements import TOWN_CENTRES, settle, town_places
from gis_app.demo_city.terrain import make_terrain, to_degrees

ISLAND_TOWN = "330381222"


# In the mosaic of seed 11 bends of neighbouring edges would cross.
@pytest.fixture(scope="module", params=[3, 11])
def seed(request):
    return request.param


@pytest.fixture(scope="module")
def terrain(seed):
    return make_terrain(town_places(), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def areas(terrain, seed):
    chance = np.random.default_rng(101 * seed)
    names = read_place_names(paths.data())
    homes = settle(terrain, names, chance)
    mosaic = make_mosaic(terrain, homes, part=None, chance=chance)
    return draw_boundaries(mosaic, names, homes.towns, grid_count=3000, chance=chance).areas


def of_level(areas, level):
    return areas[areas["level"] == level].reset_index(drop=True)


@pytest.mark.parametrize(("level", "count"), [("city", 1), ("township", 23), ("village", 515), ("grid", 3000)])
def test_the_whole_city_tiles_at_every_level(areas, level, count):
    shapes = of_level(areas, level)["shape"].to_numpy()
    assert len(shapes) == count
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(of_level(areas, "city")["shape"].iloc[0].area, rel=1e-9)


@pytest.mark.parametrize(("parents", "children"), [("city", "township"), ("township", "village"), ("village", "grid")])
def test_a_parent_is_the_union_of_its_children(areas, parents, children):
    own = of_level(areas, children).groupby("parent_code")["shape"].agg(lambda shapes: shapely.union_all(shapes.array))
    parent = of_level(areas, parents).set_index("code")["shape"].loc[own.index]
    assert shapely.area(shapely.symmetric_difference(own.array, parent.array)).max() < 1e-3


def test_the_city_lies_in_its_real_box_and_has_its_real_size(areas):
    shape = of_level(areas, "city")["shape"].iloc[0]
    west, south, east, north = shapely.transform(shape, to_degrees).bounds
    assert 120.17 <= west < 120.2
    assert 121.18 < east <= 121.23
    assert 27.61 <= south < 27.65
    assert 27.94 < north <= 27.99
    assert shape.area / 1e6 == pytest.approx(1307, rel=0.01)


def test_towns_have_their_centre_and_come_near_their_rough_size(areas):
    towns = of_level(areas, "township")
    shapes = towns["shape"].to_numpy()
    assert shapely.contains(shapes, shapely.points(town_places())).all()
    wanted = np.array([TOWN_CENTRES[code][3] for code in towns["code"]])
    assert np.median(np.abs(shapely.area(shapes) / 1e6 / wanted - 1)) < 0.15


def test_towns_on_the_mainland_hang_together(areas, terrain):
    mainland = of_level(areas, "township").query("code != @ISLAND_TOWN")["shape"].to_numpy()
    isles = shapely.union_all([island.buffer(1000) for island in terrain.islands])
    assert (shapely.get_num_geometries(shapely.difference(mainland, isles)) == 1).all()


def test_few_townships_lie_on_both_banks_of_the_main_river(areas, terrain):
    river = terrain.rivers[0][0].buffer(30)
    on_banks = [
        np.sort(shapely.area(shapely.get_parts(shape.difference(river))))[::-1]
        for shape in of_level(areas, "township")["shape"]
    ]
    both = [parts for parts in on_banks if len(parts) > 1 and parts[1] > 0.1 * parts[0]]
    assert len(both) <= 5


def test_villages_in_towns_are_small_and_villages_in_the_hills_are_large(areas, terrain):
    villages = of_level(areas, "village")["shape"].to_numpy()
    heart = shapely.centroid(villages)
    reach = np.array([town[2] for town in TOWN_CENTRES.values()])
    in_towns = shapely.contains(shapely.union_all(shapely.buffer(shapely.points(town_places()), reach / 2)), heart)
    in_hills = shapely.contains(terrain.hills[1], heart)
    size = shapely.area(villages)
    assert np.median(size[in_hills]) > 4 * np.median(size[in_towns])
