"""Where people live: the towns, hamlets in plains and valleys between them, and how urban that makes every place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from gis_app.demo_city.place_names import PlaceNames
from gis_app.demo_city.terrain import FloatArray, IntArray, Terrain, inside, to_metres

URBAN_FROM = 0.45
"""Urban intensity from which a place is built up."""
# Longitude, latitude, reach of the built-up area (m), and a rough size (km2) of each town: of the order of the real
# one's, so that plains have small towns and hills large ones; sizes are shares of the land, not survey results.
TOWN_CENTRES: dict[str, tuple[float, float, float, float]] = {
    "330381001": (120.652, 27.786, 2100, 10), "330381002": (120.634, 27.793, 1800, 13),
    "330381003": (120.610, 27.800, 1500, 22), "330381004": (120.672, 27.765, 1700, 20),
    "330381005": (120.694, 27.785, 1700, 27), "330381007": (120.668, 27.808, 1900, 20),
    "330381008": (120.703, 27.818, 1700, 23), "330381009": (120.628, 27.748, 1900, 30),
    "330381010": (120.573, 27.744, 1800, 46), "330381011": (120.652, 27.718, 1500, 36),
    "330381012": (120.583, 27.808, 1100, 25), "330381013": (120.602, 27.718, 1300, 30),
    "330381101": (120.695, 27.848, 2700, 80), "330381116": (120.500, 27.745, 1800, 110),
    "330381120": (120.528, 27.806, 1600, 100), "330381122": (120.395, 27.868, 1200, 230),
    "330381125": (120.345, 27.768, 1300, 230), "330381126": (120.560, 27.850, 1000, 45),
    "330381127": (120.430, 27.835, 900, 77), "330381128": (120.490, 27.690, 1000, 46),
    "330381129": (120.420, 27.755, 900, 60), "330381221": (120.290, 27.865, 700, 72),
    "330381222": (121.185, 27.635, 450, 4),
}  # fmt: skip
HAMLET_TRIES_M = 330.0
PLAIN_SPACING_M, VALLEY_SPACING_M, HILL_SPACING_M = 880.0, 1500.0, 2600.0
"""Least distance between hamlets in the eastern plain, in western valleys, and on low hills."""
SWELLS_M = (5200.0, 3700.0, 2600.0, 1900.0, 1300.0, 900.0)


@dataclass(frozen=True)
class Centre:
    """A built-up heart: place in metres, reach of its density, direction of its streets, intensity at its middle."""

    code: str
    place: tuple[float, float]
    reach_m: float
    turn: float
    peak: float = 1.0


@dataclass(frozen=True)
class Settlements:
    """Towns, in the order of their names, and hamlets.

    Parameters
    ----------
    waves
        Shape ``(n, 3)``: wave vector (1/m) and phase of swells that make built-up areas ragged instead of round.
    """

    terrain: Terrain
    towns: tuple[Centre, ...]
    hamlets: tuple[Centre, ...]
    waves: FloatArray

    @property
    def centres(self) -> tuple[Centre, ...]:
        """Towns and hamlets."""
        return self.towns + self.hamlets

    @cached_property
    def _hamlet_tree(self) -> cKDTree:
        return cKDTree([hamlet.place for hamlet in self.hamlets])

    def intensity(self, points: FloatArray) -> FloatArray:
        """Return how urban places are, 0 to 1: near a centre, and not in hills or water."""
        stretch = 1.0 + 0.16 * np.sin(points @ self.waves[:, :2].T + self.waves[:, 2]).sum(axis=1)
        stretch = np.clip(stretch, 0.55, 1.9)
        dense = np.zeros(len(points))
        for town in self.towns:
            dense = np.maximum(dense, np.exp(-((np.hypot(*(points - town.place).T) * stretch / town.reach_m) ** 2)))
        if self.hamlets:
            reach, peak = np.array([(hamlet.reach_m, hamlet.peak) for hamlet in self.hamlets]).T
            far, near = self._hamlet_tree.query(points)
            dense = np.maximum(dense, peak[near] * np.exp(-((far * stretch / reach[near]) ** 2)))
        return dense * self._ease(points)

    def _ease(self, points: FloatArray) -> FloatArray:
        """Return how far the ground lets people build, 0 to 1."""
        low, steep = self.terrain.hills[:2]
        on_low, on_steep, wet = (inside(shape, points) for shape in (low, steep, self.terrain.water))
        return np.where(wet, 0.05, np.where(on_steep, 0.15, np.where(on_low, 0.75, 1.0)))


def town_places() -> FloatArray:
    """Return the places of all town centres, shape ``(23, 2)``, metres."""
    return to_metres([town[:2] for town in TOWN_CENTRES.values()])


def settle(terrain: Terrain, names: PlaceNames, chance: np.random.Generator) -> Settlements:
    """Return the named towns where they belong, and hamlets in the room between them."""
    turns = chance.uniform(-0.6, 0.6, len(TOWN_CENTRES))
    every_town = []
    for (code, (_, _, reach, _)), place, turn in zip(TOWN_CENTRES.items(), town_places(), turns, strict=True):
        every_town.append(Centre(code, (float(place[0]), float(place[1])), reach, float(turn)))
    angle = chance.uniform(0, 2 * np.pi, len(SWELLS_M))
    number = 2 * np.pi / np.array(SWELLS_M)
    waves = np.column_stack([number * np.cos(angle), number * np.sin(angle), chance.uniform(0, 6.28, len(SWELLS_M))])
    bare = Settlements(terrain, tuple(every_town), (), waves)
    # Hamlets are the same whichever towns are asked for.
    named = {town.code: town for town in every_town}
    return Settlements(terrain, tuple(named[code] for code in names.towns["code"]), _hamlets(bare, chance), waves)


def _hamlets(towns: Settlements, chance: np.random.Generator) -> tuple[Centre, ...]:
    """Choose hamlets among many places, each as far from the others as its ground demands."""
    terrain = towns.terrain
    west, south, east, north = terrain.mainland.bounds
    x, y = np.meshgrid(np.arange(west, east, HAMLET_TRIES_M), np.arange(south, north, HAMLET_TRIES_M))
    places = np.column_stack([x.ravel(), y.ravel()])
    places += chance.uniform(-0.5, 0.5, places.shape) * HAMLET_TRIES_M
    westward = np.clip((east - places[:, 0]) / 30_000, 0, 1)
    spacing = PLAIN_SPACING_M + (VALLEY_SPACING_M - PLAIN_SPACING_M) * westward
    on_low = inside(terrain.hills[0], places)
    spacing = np.where(on_low, HILL_SPACING_M, spacing)
    may = inside(terrain.mainland.buffer(-350), places) & (towns.intensity(places) < URBAN_FROM)
    may &= ~inside(terrain.hills[1], places) & ~inside(terrain.water.buffer(120), places)
    order = chance.permutation(np.nonzero(may)[0])
    # The plain fills first; on the hills what room is left.
    order = order[np.argsort(on_low[order], kind="stable")]
    reach = chance.uniform(190, 340, len(places)) * np.where(on_low, 0.6, 1 - 0.2 * westward)
    turn, peak = chance.uniform(-0.7, 0.7, len(places)), chance.uniform(0.68, 0.92, len(places))
    table = np.column_stack([places, reach, turn, peak])[_kept_apart(places, spacing, order)]
    return tuple(Centre(f"hamlet{n}", (x, y), *rest) for n, (x, y, *rest) in enumerate(table.tolist()))


def _kept_apart(places: FloatArray, spacing: FloatArray, order: IntArray) -> list[int]:
    near = cKDTree(places).query_ball_point(places[order], spacing[order])
    taken = np.zeros(len(places), dtype=bool)
    chosen = []
    for place, others in zip(order.tolist(), near, strict=True):
        if not taken[others].any():
            taken[place] = True
            chosen.append(place)
    return chosen
