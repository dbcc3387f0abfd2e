"""Walks over street rasters, and fixes as a device would take them on the way."""

from functools import cache

import numpy as np
import shapely

from gis_app.analysis.matching_streets import MatchingStreets
from tests.planning.streets import raster


@cache
def raster_streets(side, *, seed, spacing_m=120.0):
    """Streets of a raster with some missing, all to be walked in both directions."""
    segments = raster(side, spacing_m=spacing_m, dropped=0.15, seed=seed)
    lines = segments.geometry.to_numpy()
    ends = segments[["from_node", "to_node"]].to_numpy()
    nodes = np.zeros((side * side, 2))
    nodes[ends.ravel()] = shapely.get_coordinates(lines)
    everywhere = np.ones(len(lines), dtype=bool)
    return MatchingStreets(nodes, lines, ends, everywhere, everywhere)


def walk(streets, count, *, seed):
    """Return segments and whether each is walked from its start; nobody turns on the spot but in a dead end."""
    chance = np.random.default_rng(seed)
    ways = {}
    for segment, (a, b) in enumerate(streets.ends.tolist()):
        ways.setdefault(a, []).append((segment, b))
        ways.setdefault(b, []).append((segment, a))
    at, last, way = int(chance.choice(sorted(ways))), -1, []
    for _ in range(count):
        onward = [option for option in ways[at] if option[0] != last] or ways[at]
        last, there = onward[chance.integers(len(onward))]
        way.append((last, bool(streets.ends[last, 0] == at)))
        at = there
    return way


def trace(streets, way, *, speed_mps, every_s, sigma_m, seed):
    """Return fixes, their seconds, and what was truly walked as (segment, from, to)."""
    chance = np.random.default_rng(seed)
    corners = [shapely.get_coordinates(streets.lines[s])[:: 1 if is_forth else -1] for s, is_forth in way]
    line = shapely.LineString(np.concatenate(corners))
    along_m = np.arange(0, line.length, speed_mps * every_s)
    places = shapely.get_coordinates(shapely.line_interpolate_point(line, along_m))
    truth, left_m = [], along_m[-1]
    for segment, is_forth in way:
        share = min(left_m / streets.length_m[segment], 1.0)
        truth.append((segment, 0.0, share) if is_forth else (segment, 1.0, 1.0 - share))
        left_m -= share * streets.length_m[segment]
        if left_m <= 1e-9:
            break
    return places + chance.normal(0, sigma_m, places.shape), np.arange(len(along_m)) * float(every_s), truth


def union_m(streets, rows):
    """Return the metres of street in any of (segment, from, to): every segment painted in 2,000 steps."""
    painted = {}
    for segment, begin, end in rows:
        low, high = sorted((begin, end))
        painted.setdefault(int(segment), np.zeros(2000, dtype=bool))[round(low * 2000) : round(high * 2000)] = True
    return sum(streets.length_m[segment] * paint.mean() for segment, paint in painted.items())
