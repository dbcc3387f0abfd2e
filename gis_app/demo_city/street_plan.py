"""Which edges of the mosaic become streets, and of which kind; where ferries go."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.boundaries import Boundaries
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.settlements import URBAN_FROM, Centre
from gis_app.demo_city.terrain import BoolArray, FloatArray, IntArray, Terrain

KINDS = ("trunk", "primary", "secondary", "residential", "footpath", "ferry")
TRUNK, PRIMARY, SECONDARY, RESIDENTIAL, FOOTPATH, FERRY = range(6)
NO_STREET = 99
BRIDGE_COST, HILL_COST, STEEP_COST = 2500.0, 2.2, 5.0
SHORT_LINK_M = 1300.0
"""Villages nearer than this are linked by ordinary streets, unless the way is the only one."""
FERRY_FROM_STREETS = 12
"""Separate parts with fewer streets get no ferry."""


def plan_streets(
    terrain: Terrain,
    mosaic: Mosaic,
    boundaries: Boundaries,
    *,
    centres: tuple[Centre, ...],
    chance: np.random.Generator,
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the edges that are streets, the kind of each, and the corners at both ends of each ferry.

    Together they are one connected network; kinds are positions in ``KINDS``.
    """
    kind = _kinds(terrain, mosaic, boundaries, centres=centres, chance=chance)
    used = np.nonzero(kind != NO_STREET)[0]
    start, end = mosaic.edges[used].T
    ferries = _ferries(mosaic.vertices, start, end)
    label = components(len(mosaic.vertices), np.r_[start, ferries[:, 0]], np.r_[end, ferries[:, 1]])
    used = used[label[start] == np.bincount(label[start]).argmax()]
    return used, kind[used], ferries


def _kinds(
    terrain: Terrain,
    mosaic: Mosaic,
    boundaries: Boundaries,
    *,
    centres: tuple[Centre, ...],
    chance: np.random.Generator,
) -> IntArray:
    length: FloatArray = np.asarray(shapely.length(mosaic.edge_lines))
    inland: BoolArray = np.asarray((mosaic.edge_pieces >= 0).all(axis=1))
    wet: BoolArray = np.asarray(shapely.intersects(mosaic.edge_lines, prepared(terrain.water)))
    graph, edge_of = _travel_graph(terrain, mosaic, length, usable=inland, wet=wet)
    kind = np.full(len(mosaic.edges), NO_STREET)
    places = mosaic.vertices
    inland_corners = np.unique(mosaic.edges[inland])
    corners = cKDTree(places[inland_corners])
    town_nodes = inland_corners[corners.query(np.array([centre.place for centre in centres]))[1]]
    village_nodes = inland_corners[corners.query(mosaic.seeds[boundaries.village_centre])[1]]
    links = _gabriel_pairs(places, village_nodes)
    is_short = np.hypot(*(places[links[:, 0]] - places[links[:, 1]]).T) < SHORT_LINK_M
    for pairs, grade in (
        (links[is_short], RESIDENTIAL),
        (links[~is_short], SECONDARY),
        (_tree_pairs(places, village_nodes), SECONDARY),
        (_gabriel_pairs(places, town_nodes), PRIMARY),
        (_tree_pairs(places, town_nodes), TRUNK),
    ):
        _mark_paths(kind, graph, edge_of, pairs, grade)
    _mark_local(kind, terrain, mosaic, inland & ~wet, chance=chance)
    return kind


def prepared(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape, made ready for many questions."""
    shapely.prepare(shape)
    return shape


def _travel_graph(
    terrain: Terrain, mosaic: Mosaic, length: FloatArray, *, usable: BoolArray, wet: BoolArray
) -> tuple[Any, dict[tuple[int, int], int]]:
    """Return the cost of going along each edge: hills are slow, bridges dear."""
    middle = (mosaic.vertices[mosaic.edges[:, 0]] + mosaic.vertices[mosaic.edges[:, 1]]) / 2
    cost = length + np.where(wet, BRIDGE_COST, 0.0)
    for hill, factor in ((terrain.hills[0], HILL_COST), (terrain.hills[1], STEEP_COST)):
        cost = np.where(shapely.contains_xy(hill, middle[:, 0], middle[:, 1]), length * factor, cost)
    edge = np.nonzero(usable)[0]
    start, end = mosaic.edges[edge].T
    size = len(mosaic.vertices)
    graph = sparse.coo_array((np.tile(cost[edge], 2), (np.r_[start, end], np.r_[end, start])), shape=(size, size))
    edge_of = {(int(a), int(b)): int(e) for a, b, e in zip(start, end, edge, strict=True)}
    return graph.tocsr(), edge_of | {(b, a): e for (a, b), e in edge_of.items()}


def _gabriel_pairs(places: FloatArray, nodes: IntArray) -> IntArray:
    """Return neighbours with no third node inside the circle between them: a plausible road plan, and connected."""
    nodes = np.unique(nodes)
    points = places[nodes]
    if len(nodes) < 4:
        return np.array([(a, b) for a in nodes for b in nodes if a < b]).reshape(-1, 2)
    triangles = Delaunay(points).simplices
    pairs = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0
    )
    middle = points[pairs].mean(axis=1)
    radius = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T) / 2
    nearest, _ = cKDTree(points).query(middle)
    return np.asarray(nodes[pairs[nearest >= radius * 0.999]])


def _tree_pairs(places: FloatArray, nodes: IntArray) -> IntArray:
    nodes = np.unique(nodes)
    points = places[nodes]
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    tree = csgraph.minimum_spanning_tree(distance).tocoo()
    return nodes[np.column_stack([tree.row, tree.col])]


def _mark_paths(kind: IntArray, graph: Any, edge_of: dict[tuple[int, int], int], pairs: IntArray, grade: int) -> None:
    """Give the edges of the cheapest path of every pair at least this grade; islands have no path and get none."""
    for start in np.unique(pairs[:, 0]):
        goals = pairs[pairs[:, 0] == start, 1]
        _, reached_from = csgraph.dijkstra(graph, indices=np.array([start]), return_predecessors=True)
        before = reached_from[0]
        for goal in goals:
            at = int(goal)
            while before[at] >= 0:
                edge = edge_of[(int(before[at]), at)]
                kind[edge] = min(kind[edge], grade)
                at = int(before[at])


def _mark_local(
    kind: IntArray, terrain: Terrain, mosaic: Mosaic, usable: BoolArray, *, chance: np.random.Generator
) -> None:
    """Make streets of the edges between built-up pieces, and footpaths of some in the hills."""
    urban = mosaic.intensity[mosaic.edge_pieces] >= URBAN_FROM
    free = usable & (kind == NO_STREET)
    kind[free & urban.all(axis=1)] = RESIDENTIAL
    on_island = shapely.contains_xy(_islands(terrain), *mosaic.vertices[mosaic.edges[:, 0]].T)
    kind[free & on_island] = RESIDENTIAL
    rural = usable & (kind == NO_STREET)
    village_edge = mosaic.intensity[mosaic.edge_pieces].max(axis=1) > 0.12
    kind[rural & village_edge & (chance.random(len(kind)) < 0.45)] = RESIDENTIAL
    kind[(kind == NO_STREET) & rural & (chance.random(len(kind)) < 0.13)] = FOOTPATH


def _islands(terrain: Terrain) -> BaseGeometry:
    return prepared(shapely.union_all(terrain.islands))


def _ferries(places: FloatArray, start: IntArray, end: IntArray) -> IntArray:
    """Return lines over the water that join each larger separate part to the nearest one already reached."""
    label = components(len(places), start, end)
    sizes = np.bincount(label[start], minlength=label.max() + 1)
    parts = {int(part): np.unique(start[label[start] == part]) for part in np.nonzero(sizes >= FERRY_FROM_STREETS)[0]}
    reached = parts.pop(int(sizes.argmax()))
    lines = []
    while parts:
        tree = cKDTree(places[reached])
        crossings = []
        for part, nodes in parts.items():
            distance, nearest = (np.asarray(found) for found in tree.query(places[nodes]))
            at = int(distance.argmin())
            crossings.append((float(distance[at]), part, int(nodes[at]), int(reached[nearest[at]])))
        length, part, here, there = min(crossings)
        reached = np.concatenate([reached, parts.pop(part)])
        if length > SHORT_LINK_M / 2:
            lines.append((here, there))
    return np.asarray(lines, dtype=np.int64).reshape(-1, 2)


def components(size: int, start: IntArray, end: IntArray) -> IntArray:
    """Return the number of the connected part each of ``size`` corners is in."""
    graph = sparse.coo_array((np.ones(len(start)), (start, end)), shape=(size, size))
    return np.asarray(csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)
