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
from shapely.geometry.base import BaseGeometry

METRIC_SRID = 4549
FloatArray = npt.NDArray[np.float64]
ShapeArray = npt.NDArray[np.object_]

# Longitude and latitude, anticlockwise from the western tip; the coast is the part from COAST_FROM on.
OUTLINE = (
    (120.175, 27.828), (120.195, 27.769), (120.235, 27.719), (120.300, 27.702), (120.345, 27.657), (120.430, 27.664),
    (120.500, 27.646), (120.560, 27.677), (120.610, 27.664), (120.655, 27.688), (120.672, 27.719), (120.690, 27.744),
    (120.722, 27.773), (120.735, 27.815), (120.765, 27.847), (120.745, 27.874), (120.700, 27.887), (120.672, 27.866),
    (120.635, 27.887), (120.585, 27.870), (120.540, 27.903), (120.470, 27.895), (120.420, 27.937), (120.340, 27.945),
    (120.285, 27.908), (120.230, 27.903),
)  # fmt: skip
COAST_FROM, COAST_TO = 8, 15
COAST_NORTH = ((122.3, 29.6), (121.95, 28.9), (121.55, 28.4), (121.15, 28.25), (120.98, 28.02), (120.86, 27.96))
COAST_SOUTH = ((120.60, 27.58), (120.64, 27.45), (120.55, 27.30), (120.42, 27.10), (120.30, 26.85), (120.05, 26.0))
"""The shore beyond the city, so that the sea does not end at its border."""
ISLANDS = ((121.185, 27.635, 1500.0), (121.165, 27.652, 620.0), (121.150, 27.622, 480.0), (120.86, 27.78, 520.0))
RIVERS: dict[str, tuple[tuple[str, str], float, float, tuple[tuple[float, float], ...]]] = {
    "feiyun": (
        ("飞云江", "Feiyun River"),
        70.0,
        950.0,
        (
            (120.19, 27.80),
            (120.25, 27.795),
            (120.31, 27.765),
            (120.36, 27.785),
            (120.41, 27.765),
            (120.455, 27.788),
            (120.50, 27.765),
            (120.545, 27.79),
            (120.59, 27.762),
            (120.635, 27.772),
            (120.672, 27.738),
            (120.74, 27.722),
        ),
    ),
    "jinchao": (
        ("金潮港", "Jinchao Creek"),
        30.0,
        90.0,
        ((120.36, 27.95), (120.395, 27.895), (120.385, 27.84), (120.43, 27.778)),
    ),
    "taoshan": (("陶山溪", "Taoshan Creek"), 25.0, 70.0, ((120.53, 27.90), (120.515, 27.85), (120.535, 27.787))),
    "mayu": (
        ("马屿溪", "Mayu Creek"),
        25.0,
        80.0,
        ((120.42, 27.655), (120.44, 27.70), (120.475, 27.73), (120.50, 27.766)),
    ),
    "wenrui": (
        ("温瑞塘河", "Wenrui Canal"),
        30.0,
        45.0,
        ((120.69, 27.895), (120.668, 27.85), (120.655, 27.81), (120.64, 27.774)),
    ),
}
HILL_CELL_M = 150.0
HILL_HEIGHTS = (0.80, 0.97, 1.12)


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
    mainland = shapely.Polygon(_wiggle(np.vstack([outline, outline[:1]]), chance, rounds=6, share=0.13)).buffer(0)
    islands = tuple(_island(lon, lat, radius_m=radius, chance=chance) for lon, lat, radius in ISLANDS)
    rivers = tuple(
        (_river(to_metres(course), narrow, wide, chance=chance), names[0], names[1])
        for names, narrow, wide, course in RIVERS.values()
    )
    water = shapely.union_all([river for river, _, _ in rivers])
    return Terrain(_largest(mainland), islands, rivers, _hills(mainland, water, valleys, chance=chance))


def _wiggle(line: FloatArray, chance: np.random.Generator, *, rounds: int, share: float) -> FloatArray:
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
    return _largest(shapely.Polygon(_wiggle(ring, chance, rounds=4, share=0.1)).buffer(0))


def _river(course: FloatArray, narrow_m: float, wide_m: float, *, chance: np.random.Generator) -> BaseGeometry:
    line = _smooth(_wiggle(course, chance, rounds=3, share=0.10), rounds=3)
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
    rise = 0.50 - 0.46 * np.clip((x - west) / (east - west) * 1.5 - 0.35, 0, 1)[None, :]
    to_valley = cKDTree(valleys).query(places)[0]
    to_water = shapely.distance(shapely.points(places), water)
    height = height + rise - 0.40 * np.exp(-to_water / 1100.0) - 0.45 * np.exp(-((to_valley / 1900.0) ** 2))
    half = HILL_CELL_M / 2 + 1
    shapes = []
    for level in HILL_HEIGHTS:
        row, column = np.nonzero(height > level)
        squares = shapely.box(x[column] - half, y[row] - half, x[column] + half, y[row] + half)
        rounded = shapely.union_all(squares).buffer(160).buffer(-290).buffer(150).simplify(12)
        shapes.append(rounded.intersection(mainland.buffer(-150)))
    return tuple(shapes)


def _ridges(shape: tuple[int, int], chance: np.random.Generator) -> FloatArray:
    """Return heights of 0 to 1: noise folded at its middle makes crests with valleys between."""
    height = np.zeros(shape)
    for spread_m, weight in ((5200.0, 0.8), (2100.0, 1.0), (800.0, 0.45), (350.0, 0.18)):
        field = ndimage.gaussian_filter(chance.normal(size=shape), spread_m / HILL_CELL_M)
        height -= weight * np.abs(field / field.std())
    return np.asarray((height - height.min()) / np.ptp(height))


def _largest(shape: BaseGeometry) -> shapely.Polygon:
    largest: shapely.Polygon = max(shapely.get_parts(shape), key=shapely.area)
    return largest


def sea_of(land: BaseGeometry, chance: np.random.Generator) -> BaseGeometry:
    """Return the sea: east of the coast, which goes on north and south of the city far beyond its box."""
    north = to_metres([*COAST_NORTH, OUTLINE[COAST_TO - 1]])
    south = to_metres([OUTLINE[COAST_FROM + 1], *COAST_SOUTH])
    inland = to_metres([(120.60, 27.78)])
    shore = [_wiggle(part, chance, rounds=6, share=0.12) for part in (north, south)]
    far = to_metres([(124.0, 26.0), (124.0, 29.6)])
    frame = shapely.Polygon(np.concatenate([shore[0], inland, shore[1], far])).buffer(0)
    return _largest(frame.difference(land))
