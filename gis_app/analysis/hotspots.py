"""The methods that say where to expect events next: a dict of plain functions, one line per method.

Each takes an ``EventHistory``, all it may know, and ``horizon_days``, the length of the time it speaks of, and returns
a score per cell, shape ``(n,)``, higher is hotter. ``choices`` are the parameters tried on windows of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gis_app.analysis.cell_maps import cell_map
from gis_app.analysis.emerging import by_urgency, emerging_classes, gi_star_by_period
from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.gi_star import gi_star_on_lattice, two_sided_p
from gis_app.analysis.lattice import FloatArray
from gis_app.analysis.near_repeat_risk import near_repeat_risk
from gis_app.analysis.self_exciting import self_exciting
from gis_app.analysis.significance import benjamini_hochberg

Params = Mapping[str, float]

EMERGING_STEPS = 10
"""Periods whose trend is tested: Mann-Kendall is sound from eight or so on."""


@dataclass(frozen=True)
class HotspotMethod:
    """A scoring function and the parameters to choose from."""

    score: Callable[..., FloatArray]
    choices: tuple[Params, ...] = ({},)


def count_so_far(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return the number of events per cell up to now: the baseline that any method has to beat."""
    return past.count.astype(np.float64)


def decayed_count(past: EventHistory, *, horizon_days: float, half_life_days: float) -> FloatArray:
    """Return the share of events per cell, each event worth half as much for every half-life of its age."""
    return cell_map(past, half_life_days=half_life_days)


def kernel_density_so_far(past: EventHistory, *, horizon_days: float, bandwidth_cells: float) -> FloatArray:
    """Return the Gaussian kernel density of all events up to now; the bandwidth in sides of a cell."""
    return cell_map(past, spread_cells=bandwidth_cells)


def gi_star_hotspots(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return Gi* of the counts so far; cells that the control of false discoveries lets through come first."""
    count, mask = past.lattice.raster(past.count), past.lattice.mask
    if (past.count == past.count[0]).all() or past.lattice.cell_count < 3:
        return np.zeros(past.lattice.cell_count)
    z = gi_star_on_lattice(count, mask)[mask]
    hot = (z > 0) & (benjamini_hochberg(two_sided_p(z)) <= 0.05)
    return np.asarray(z + np.where(hot, np.ptp(z), 0.0), dtype=np.float64)


def emerging_hotspots(past: EventHistory, *, horizon_days: float) -> FloatArray:
    """Return cells by their class over the last ten periods, the most urgent first, and by mean z within a class."""
    z, significance = gi_star_by_period(past, period_days=horizon_days, steps=EMERGING_STEPS)
    return by_urgency(emerging_classes(z, significance), z)


HOTSPOT_METHODS: dict[str, HotspotMethod] = {
    "count_so_far": HotspotMethod(count_so_far),
    "decayed_count": HotspotMethod(
        decayed_count, tuple({"half_life_days": days} for days in (15.0, 30.0, 60.0, 120.0, 240.0, 480.0))
    ),
    "kernel_density": HotspotMethod(
        kernel_density_so_far, tuple({"bandwidth_cells": cells} for cells in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0))
    ),
    "gi_star": HotspotMethod(gi_star_hotspots),
    "near_repeat": HotspotMethod(near_repeat_risk),
    "emerging": HotspotMethod(emerging_hotspots),
    "self_exciting": HotspotMethod(self_exciting),
}
