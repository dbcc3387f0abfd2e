"""Where events were, faded by their age and spread over grids or along streets."""

from __future__ import annotations

import numpy as np

from gis_app.analysis.cell_maps import NEVER_FADES, faded
from gis_app.analysis.pieces_of_streets import FloatArray
from gis_app.analysis.place_history import PlaceHistory


def place_map(past: PlaceHistory, *, half_life_days: float = NEVER_FADES, spread_m: float = 0.0) -> FloatArray:
    """Return the share of faded, spread events per place, shape ``(n,)``, sum 1; by size alone without events."""
    inside = past.place >= 0
    weight = faded(past.until - past.day[inside], half_life_days)
    mass = np.bincount(past.place[inside], weights=weight, minlength=len(past.places)).astype(np.float64)
    total = mass.sum()
    return past.places.spread(mass / total, spread_m) if total > 0 else past.sizes / past.sizes.sum()
