"""The sea before the city, and the shore beyond it."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.terrain import COAST_FROM, COAST_TO, OUTLINE, largest, to_metres, wiggle

COAST_NORTH = ((122.3, 29.6), (121.95, 28.9), (121.55, 28.4), (121.15, 28.25), (120.98, 28.02), (120.86, 27.96))
COAST_SOUTH = ((120.60, 27.58), (120.64, 27.45), (120.55, 27.30), (120.42, 27.10), (120.30, 26.85), (120.05, 26.0))
"""The shore beyond the city, so that the sea does not end at its border."""


def sea_of(land: BaseGeometry, chance: np.random.Generator) -> BaseGeometry:
    """Return the sea: east of the coast, which goes on north and south of the city far beyond its box."""
    north = to_metres([*COAST_NORTH, OUTLINE[COAST_TO - 1]])
    south = to_metres([OUTLINE[COAST_FROM + 1], *COAST_SOUTH])
    inland = to_metres([(120.60, 27.78)])
    shore = [wiggle(part, chance, rounds=6, share=0.12) for part in (north, south)]
    far = to_metres([(124.0, 26.0), (124.0, 29.6)])
    frame = shapely.Polygon(np.concatenate([shore[0], inland, shore[1], far])).buffer(0)
    return largest(frame.difference(land))
