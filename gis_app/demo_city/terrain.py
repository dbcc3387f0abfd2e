"""The land the city stands on: outline, coast, islands, rivers and hills, in metres (EPSG:4549)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from scipy import ndimage
from scipy.spatial import cKDTree
from shapely import affinity
from shapely.geometry.base import BaseGeometry

METRIC_SRID = 4549
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ShapeArray = npt.NDArray[np.object_]

# Longitude and latitude, anticlockwise from the western tip; the coast is the part from COAST_FROM on.
OUTLINE = (
    (120.186, 27.828), (120.203, 27.769), (120.235, 27.719), (120.300, 27.702), (120.345, 27.657), (120.430, 27.664),
    (120.500, 27.646), (120.560, 27.677), (120.610, 27.664), (120.655, 27.688), (120.672, 27.719), (120.690, 27.744),
    (120.722, 27.773), (120.735, 27.815), (120.765, 27.847), (120.745, 27.874), (120.700, 27.887), (120.672, 27.866),
    (120.635, 27.887), (120.585, 27.870), (120.540, 27.903), (120.470, 27.895), (120.420, 27.937), (120.340, 27.945),
    (120.285, 27.908), (120.230, 27.903),
)  # fmt: skip
COAST_FROM, COAST_TO = 8, 15
ISLANDS = ((121.185, 27.635, 1500.0), (121.165, 27.652, 620.0), (121.150, 27.622, 480.0), (120.86, 27.78, 520.0))
# Name, width at the source and at the mouth (m), course; the main river first.
RIVERS: tuple[tuple[tuple[str, str], float, float, tuple[tuple[float, float], ...]], ...] = (
    (("飞云江", "Feiyun River"), 70.0, 950.0, (
        (120.19, 27.8), (120.25, 27.795), (120.31, 27.765), (120.36, 27.785), (120.41, 27.765), (120.455, 27.788),
        (120.5, 27.765), (120.545, 27.79), (120.59, 27.762), (120.635, 27.772), (120.672, 27.738), (120.74, 27.722),
    )),
    (("金潮港", "Jinchao Creek"), 30.0, 90.0, (
        (120.36, 27.95), (120.395, 27.895), (120.385, 27.84), (120.43, 27.778),
    )),
    (("陶山溪", "Taoshan Creek"), 25.0, 70.0, (
        (120.53, 27.9), (120.515, 27.85), (120.535, 27.787),
    )),
    (("马屿溪", "Mayu Creek"), 25.0, 80.0, (
        (120.42, 27.655), (120.44, 27.7), (120.475, 27.73), (120.5, 27.766),
    )),
    (("高楼溪", "Gaolou Creek"), 14.0, 40.0, (
        (120.315, 27.672), (120.305, 27.702), (120.33, 27.733), (120.345, 27.771),
    )),
    (("芳庄溪", "Fangzhuang Creek"), 14.0, 36.0, (
        (120.245, 27.895), (120.285, 27.868), (120.283, 27.83), (120.312, 27.768),
    )),
    (("林溪", "Linxi Creek"), 14.0, 36.0, (
        (120.47, 27.885), (120.435, 27.855), (120.428, 27.82), (120.452, 27.786),
    )),
    (("温瑞塘河", "Wenrui Canal"), 30.0, 45.0, (
        (120.69, 27.895), (120.668, 27.85), (120.655, 27.81), (120.64, 27.774),
    )),
)  # fmt: skip
MAINLAND_KM2 = 1302.0
HILL_CELL_M = 120.0
HILL_HEIGHTS = (0.88, 1.06, 1.25)


@dataclass(frozen=True)
class Terrain:
    """Geometries in EPSG:4549, metres.

    Parameters
    ----------
    mainland
        Outline of the mainland.
    islands
        The islands, one polygon each.
    rivers
        Polygon of each river with its Chinese and English name.
    hills
        Polygons by height, lowest first; the higher lie inside the lower.
    """

    mainland: shapely.Polygon
    islands: tuple[shapely.Polygon, ...]
    rivers: tuple[tuple[BaseGeometry, str, str], ...]
    hills: tuple[BaseGeometry, ...]

    @cached_property
    def water(self) -> BaseGeometry:
        """All rivers together."""
        return shapely.union_all([river for river, _, _ in self.rivers])

    @cached_property
    def land(self) -> BaseGeometry:
        """Mainland and islands."""
        return shapely.union_all([self.mainland, *self.islands])


def point_array(places: npt.ArrayLike) -> ShapeArray:
    """Return places, shape ``(n, 2)``, as an array of points."""
    return np.asarray(shapely.points(np.asarray(places, dtype=np.float64)), dtype=object)


def inside(shape: BaseGeometry, places: FloatArray) -> BoolArray:
    """Return which of the places, shape ``(n, 2)``, lie in a shape, which is made ready for more questions."""
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, places[:, 0], places[:, 1]), dtype=np.bool_)


def to_metres(points: npt.ArrayLike) -> FloatArray:
    """Return lon, lat pairs, shape ``(n, 2)``, as metres of EPSG:4549."""
    degrees = np.asarray(points, dtype=np.float64)
    convert = Transformer.from_crs(4326, METRIC_SRID, always_xy=True)
    return np.column_stack(convert.transform(degrees[:, 0], degrees[:, 1]))


def to_degrees(points: npt.ArrayLike) -> FloatArray:
    """Return metres of EPSG:4549, shape ``(n, 2)``, as lon, lat pairs."""
    metres = np.asarray(points, dtype=np.float64)
    convert = Transformer.from_crs(METRIC_SRID, 4326, always_xy=True)
    return np.column_stack(convert.transform(metres[:, 0], metres[:, 1]))


def make_terrain(valleys: FloatArray, chance: np.random.Generator) -> Terrain:
    """Return the terrain, with low land around ``valleys``, shape ``(n, 2)``, metres."""
    outline = to_metres(OUTLINE)
    ring = wiggle(np.vstack([outline, outline[:1]]), chance, rounds=6, share=0.13)
    mainland = _to_size(largest(shapely.Polygon(ring).buffer(0)), MAINLAND_KM2 * 1e6)
    islands = tuple(_island(lon, lat, radius_m=radius, chance=chance) for lon, lat, radius in ISLANDS)
    rivers = tuple(
        (_river(to_metres(course), narrow, wide, chance=chance), names[0], names[1])
        for names, narrow, wide, course in RIVERS
    )
    water = shapely.union_all([river for river, _, _ in rivers])
    return Terrain(mainland, islands, rivers, _hills(mainland, water, valleys, chance=chance))


def _to_size(shape: shapely.Polygon, area_m2: float) -> shapely.Polygon:
    """Scale a shape to an area, its western tip and its middle latitude kept."""
    west, south, _, north = shape.bounds
    factor = float(np.sqrt(area_m2 / shape.area))
    scaled: shapely.Polygon = affinity.scale(shape, factor, factor, origin=(west, (south + north) / 2))
    return scaled


def wiggle(line: FloatArray, chance: np.random.Generator, *, rounds: int, share: float) -> FloatArray:
    """Bend a line by moving the middle of each piece sideways, again and again, a little less each time."""
    for turn in range(rounds):
        step = np.diff(line, axis=0)
        aside = np.column_stack([-step[:, 1], step[:, 0]])
        amount = chance.normal(0, share * 0.85**turn, len(step)).clip(-0.3, 0.3)[:, None]
        middle = (line[:-1] + line[1:]) / 2 + aside * amount
        bent = np.empty((len(line) + len(middle), 2))
        bent[0::2], bent[1::2] = line, middle
        line = bent
    return line


def _island(lon: float, lat: float, *, radius_m: float, chance: np.random.Generator) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, 9)
    radius = radius_m * chance.uniform(0.6, 1.25, 8)
    radius = np.append(radius, radius[0])
    ring = to_metres([(lon, lat)]) + np.column_stack([radius * np.cos(angle), radius * np.sin(angle) * 0.7])
    return largest(shapely.Polygon(wiggle(ring, chance, rounds=4, share=0.1)).buffer(0))


def _river(course: FloatArray, narrow_m: float, wide_m: float, *, chance: np.random.Generator) -> BaseGeometry:
    line = _smooth(wiggle(course, chance, rounds=3, share=0.10), rounds=3)
    # Quadratic growth: rivers stay narrow for long and open near the mouth.
    width = narrow_m + (wide_m - narrow_m) * np.linspace(0, 1, len(line) - 1) ** 2.2
    pieces = shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1))
    return shapely.union_all(shapely.buffer(pieces, width / 2, quad_segs=4)).simplify(4)


def _smooth(line: FloatArray, *, rounds: int) -> FloatArray:
    """Cut corners (Chaikin), ends kept."""
    for _ in range(rounds):
        quarter, three = line[:-1] * 0.75 + line[1:] * 0.25, line[:-1] * 0.25 + line[1:] * 0.75
        cut = np.empty((2 * len(quarter), 2))
        cut[0::2], cut[1::2] = quarter, three
        line = np.vstack([line[:1], cut, line[-1:]])
    return line


def _hills(
    mainland: BaseGeometry, water: BaseGeometry, valleys: FloatArray, *, chance: np.random.Generator
) -> tuple[BaseGeometry, ...]:
    """Return areas above three heights of ridges that rise to the west and sink to rivers and to ``valleys``."""
    west, south, east, north = mainland.bounds
    x = np.arange(west, east + HILL_CELL_M, HILL_CELL_M)
    y = np.arange(south, north + HILL_CELL_M, HILL_CELL_M)
    height = _ridges((len(y), len(x)), chance)
    places = np.stack(np.meshgrid(x, y), -1)
    rise = 0.34 - 0.36 * np.clip((x - west) / (east - west) * 1.5 - 0.35, 0, 1)[None, :]
    to_valley = cKDTree(valleys).query(places)[0]
    banks = shapely.get_coordinates(shapely.segmentize(shapely.boundary(water), HILL_CELL_M))
    to_water = cKDTree(banks).query(places)[0]
    height = 1.3 * height + rise - 0.40 * np.exp(-to_water / 1100.0) - 0.45 * np.exp(-((to_valley / 1900.0) ** 2))
    shapes = []
    for level in HILL_HEIGHTS:
        rounded = (
            shapely.union_all(_strips(height > level, x, y))
            .buffer(110)
            .buffer(-205)
            .buffer(110, quad_segs=3)
            .simplify(12)
        )
        shapes.append(rounded.intersection(mainland.buffer(-150)))
    return tuple(shapes)


def _strips(high: BoolArray, x: FloatArray, y: FloatArray) -> ShapeArray:
    """Return one box for each run of high cells in a row, a metre larger all around, so that boxes overlap."""
    half = HILL_CELL_M / 2 + 1
    change = np.diff(np.pad(high, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (row, first), (_, after) = np.nonzero(change == 1), np.nonzero(change == -1)
    return np.asarray(shapely.box(x[first] - half, y[row] - half, x[after - 1] + half, y[row] + half), dtype=object)


def _ridges(shape: tuple[int, int], chance: np.random.Generator) -> FloatArray:
    """Return heights of 0 to 1: noise folded at its middle makes crests with valleys between."""
    height = np.zeros(shape)
    for spread_m, weight in ((5200.0, 0.65), (2100.0, 1.0), (900.0, 0.8), (400.0, 0.4)):
        field = ndimage.gaussian_filter(chance.normal(size=shape), spread_m / HILL_CELL_M)
        height -= weight * np.abs(field / field.std())
    return np.asarray((height - height.min()) / np.ptp(height))


def largest(shape: BaseGeometry) -> shapely.Polygon:
    """Return the largest of the polygons a shape has."""
    part: shapely.Polygon = max(shapely.get_parts(shape), key=shapely.area)
    return part
