"""Dividing the mosaic into connected regions that grow from hearts over shared edges."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csgraph

from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.terrain import BoolArray, FloatArray, IntArray

BALANCING_ROUNDS = 150
GREATEST_LEAD = 0.85
"""No region may begin so early that it swallows another's heart; this is the share of the way it may have gone."""


def grow(mosaic: Mosaic, members: IntArray, hearts: IntArray) -> IntArray:
    """Return, for each member piece, which heart reaches it first over shared edges: regions come out connected.

    Pieces that no heart reaches (islands) go to the nearest heart as the crow flies.
    """
    graph = mosaic.neighbours[members][:, members]
    position = {int(piece): n for n, piece in enumerate(members)}
    starts = [position[int(heart)] for heart in hearts]
    distance, _, source = csgraph.dijkstra(graph, indices=starts, min_only=True, return_predecessors=True)
    rank = {start: n for n, start in enumerate(starts)}
    unit = np.array([rank.get(int(start), -1) for start in source], dtype=np.int64)
    return _with_islands(mosaic, unit, np.asarray(np.isfinite(distance)), members, hearts)


def grow_to_size(mosaic: Mosaic, hearts: IntArray, sizes: FloatArray) -> IntArray:
    """Return, for every piece, which heart reaches it first when each sets out so that areas come near ``sizes``.

    Regions are connected like those of ``grow``: a heart that leads by a constant leads on the whole way.
    """
    distance = csgraph.dijkstra(mosaic.neighbours, indices=hearts)
    reached: BoolArray = np.asarray(np.isfinite(distance).any(axis=0))
    area = np.array([piece.area for piece in mosaic.pieces])
    wanted = np.sqrt(sizes / sizes.sum() * area.sum())
    between = distance[:, hearts]
    np.fill_diagonal(between, np.inf)
    delay = np.zeros(len(hearts))
    for _ in range(BALANCING_ROUNDS):
        unit = np.argmin(distance + delay[:, None], axis=0)
        has = np.sqrt(np.bincount(unit[reached], weights=area[reached], minlength=len(hearts)))
        delay += 0.15 * (has - wanted)
        delay -= delay.min()
        for heart in np.argsort(delay, kind="stable"):
            delay[heart] = min(delay[heart], GREATEST_LEAD * float((between[heart] + delay).min()))
    unit = np.argmin(distance + delay[:, None], axis=0).astype(np.int64)
    return _with_islands(mosaic, unit, reached, np.arange(len(unit)), hearts)


def _with_islands(mosaic: Mosaic, unit: IntArray, reached: BoolArray, members: IntArray, hearts: IntArray) -> IntArray:
    for member in np.nonzero(~reached)[0]:
        unit[member] = int(np.argmin(np.hypot(*(mosaic.seeds[hearts] - mosaic.seeds[members[member]]).T)))
    return unit


def split(
    mosaic: Mosaic, parent: IntArray, counts: list[int] | IntArray, *, weight: FloatArray, chance: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Divide each parent unit into its number of connected units; return the unit of each piece, and their hearts."""
    unit = np.empty(len(parent), dtype=np.int64)
    hearts = []
    first = 0
    for number, count in enumerate(counts):
        members = np.nonzero(parent == number)[0]
        chosen = _spread(mosaic.seeds[members], weight[members], int(count), chance=chance)
        unit[members] = first + grow(mosaic, members, members[chosen])
        hearts.append(members[chosen])
        first += int(count)
    return unit, np.concatenate(hearts)


def _spread(points: FloatArray, weight: FloatArray, count: int, *, chance: np.random.Generator) -> IntArray:
    """Choose points that are far from each other, measured in a density that follows the weight."""
    if count > len(points):
        raise ValueError(f"{len(points)} pieces cannot make {count} units; use a finer mosaic.")
    chosen = [int(np.argmax(weight * chance.uniform(0.8, 1, len(points))))]
    scaled = np.hypot(*(points - points[chosen[0]]).T) * weight**0.5
    while len(chosen) < count:
        chosen.append(int(np.argmax(scaled)))
        scaled = np.minimum(scaled, np.hypot(*(points - points[chosen[-1]]).T) * weight**0.5)
        scaled[chosen] = -1
    return np.asarray(chosen)
