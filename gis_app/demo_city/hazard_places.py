"""Where hazards lie: beside streets, many in lasting clusters, some close to one that came up just before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.streets import Streets
from gis_app.demo_city.terrain import (
    COAST_FROM,
    COAST_TO,
    OUTLINE,
    FloatArray,
    IntArray,
    Terrain,
    point_array,
    to_metres,
)

CLUSTERED_SHARE, REPEAT_SHARE = 0.34, 0.14
HAZARDS_OF_CLUSTER = 600
NEAR_SHORE_M = 1200.0


def place_hazards(
    terrain: Terrain,
    mosaic: Mosaic,
    streets: Streets,
    *,
    habitat: npt.NDArray[np.str_],
    land: BaseGeometry,
    chance: np.random.Generator,
) -> FloatArray:
    """Return a place for each hazard, shape ``(n, 2)``, metres.

    Parameters
    ----------
    habitat
        Shape ``(n,)``: "town", "hills" or "shore", where hazards of this kind come up.
    land
        Where hazards may lie; rivers are left out of it.
    """
    table = streets.table[streets.table["kind"] != "ferry"]
    lines = table["line"].to_numpy()
    place = np.empty((len(habitat), 2))
    for kind in np.unique(habitat):
        own = np.nonzero(habitat == kind)[0]
        weight = _street_weight(str(kind), terrain, mosaic, lines)
        place[own] = _beside_streets(lines, weight, len(own), terrain=terrain, land=land, chance=chance)
    return place


def near_repeats(
    place: FloatArray,
    category: npt.NDArray[np.str_],
    age_days: FloatArray,
    *,
    terrain: Terrain,
    land: BaseGeometry,
    chance: np.random.Generator,
) -> FloatArray:
    """Move some hazards near to one of the latest of the same category."""
    order: IntArray = np.lexsort((-age_days, category))
    follower = np.nonzero(chance.random(len(order)) < REPEAT_SHARE)[0]
    leader = follower - chance.integers(1, 4, len(follower))
    kept = (leader >= 0) & (category[order[follower]] == category[order[leader]])
    follower, leader = follower[kept], leader[kept]
    near = place[order[leader]] + chance.normal(0, 45, (len(follower), 2))
    good = _is_dry(near, terrain, land)
    moved = place.copy()
    moved[order[follower[good]]] = near[good]
    return moved


def _street_weight(habitat: str, terrain: Terrain, mosaic: Mosaic, lines: npt.NDArray[np.object_]) -> FloatArray:
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    nearest = shapely.STRtree(point_array(mosaic.seeds)).nearest(middle)
    length: FloatArray = np.asarray(shapely.length(lines))
    town: FloatArray = length * (0.05 + mosaic.intensity[nearest] ** 1.5)
    if habitat == "hills":
        return np.asarray(town * (shapely.contains(terrain.hills[0], middle) + 0.02))
    if habitat == "shore":
        coast = shapely.LineString(to_metres(OUTLINE[COAST_FROM : COAST_TO + 1]))
        shore = shapely.union_all([coast, *terrain.islands])
        return np.asarray(town * (np.exp(-shapely.distance(shore, middle) / NEAR_SHORE_M) + 1e-6))
    return town


def _beside_streets(
    lines: npt.NDArray[np.object_],
    weight: FloatArray,
    count: int,
    *,
    terrain: Terrain,
    land: BaseGeometry,
    chance: np.random.Generator,
) -> FloatArray:
    """Draw places along streets by weight, a share of them around a few persistent clusters."""
    share = weight / weight.sum()
    clusters = 6 + count // HAZARDS_OF_CLUSTER
    heart = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    heart = heart[chance.choice(len(lines), clusters, p=share)]
    reach = chance.uniform(120, 420, clusters)
    strength = chance.pareto(1.6, clusters).clip(0, 5) + 0.3
    found = np.empty((0, 2))
    while len(found) < count:
        wanted = (count - len(found)) * 2 + 64
        street = lines[chance.choice(len(lines), wanted, p=share)]
        along = shapely.get_coordinates(shapely.line_interpolate_point(street, chance.random(wanted), normalized=True))
        own = chance.choice(clusters, wanted, p=strength / strength.sum())
        near = heart[own] + chance.normal(0, 1, (wanted, 2)) * reach[own, None]
        is_clustered = (chance.random(wanted) < CLUSTERED_SHARE)[:, None]
        drawn = np.where(is_clustered, near, along + chance.normal(0, 18, (wanted, 2)))
        found = np.concatenate([found, drawn[_is_dry(drawn, terrain, land)]])
    return found[:count]


def _is_dry(places: FloatArray, terrain: Terrain, land: BaseGeometry) -> npt.NDArray[np.bool_]:
    shapely.prepare(land)
    shapely.prepare(terrain.water)
    return np.asarray(shapely.contains_xy(land, *places.T) & ~shapely.contains_xy(terrain.water, *places.T))
