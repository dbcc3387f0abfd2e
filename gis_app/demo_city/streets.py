"""A connected street network along the edges of the mosaic, from trunk roads to footpaths in the hills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.boundaries import Boundaries
from gis_app.demo_city.mosaic import URBAN_FROM, Centre, FloatArray, IntArray, Mosaic
from gis_app.demo_city.place_names import PlaceNames
from gis_app.demo_city.terrain import Terrain

BoolArray = npt.NDArray[np.bool_]
KINDS = ("trunk", "primary", "secondary", "residential", "footpath", "ferry")
TRUNK, PRIMARY, SECONDARY, RESIDENTIAL, FOOTPATH, FERRY = range(6)
NO_STREET = 99
BRIDGE_COST, HILL_COST, STEEP_COST = 2500.0, 2.2, 5.0
SMOOTHING_ROUNDS = 12


@dataclass(frozen=True)
class Streets:
    """The network.

    Parameters
    ----------
    table
        Columns id, name_zh, name_en, kind, is_bridge, one_way, from_node, to_node, length_m, line (metres).
    nodes
        Shape ``(v, 2)``: place of each node, metres; node ids are positions.
    """

    table: pd.DataFrame
    nodes: FloatArray


def draw_streets(
    terrain: Terrain,
    mosaic: Mosaic,
    boundaries: Boundaries,
    *,
    centres: tuple[Centre, ...],
    names: PlaceNames,
    chance: np.random.Generator,
) -> Streets:
    """Return a network in which every node reaches every other."""
    length: FloatArray = np.asarray(shapely.length(mosaic.edge_lines))
    inland: BoolArray = np.asarray((mosaic.edge_pieces >= 0).all(axis=1))
    wet: BoolArray = np.asarray(shapely.intersects(mosaic.edge_lines, _prepared(terrain.water)))
    graph, edge_of = _travel_graph(terrain, mosaic, length, usable=inland, wet=wet)
    kind = np.full(len(mosaic.edges), NO_STREET)

    corners = cKDTree(mosaic.vertices[np.unique(mosaic.edges[inland])])
    inland_corners = np.unique(mosaic.edges[inland])
    town_nodes = inland_corners[corners.query(np.array([centre.place for centre in centres]))[1]]
    village_nodes = inland_corners[corners.query(mosaic.seeds[boundaries.village_centre])[1]]
    _mark_paths(kind, graph, edge_of, _gabriel_pairs(mosaic.vertices, village_nodes), SECONDARY)
    _mark_paths(kind, graph, edge_of, _gabriel_pairs(mosaic.vertices, town_nodes), PRIMARY)
    _mark_paths(kind, graph, edge_of, _tree_pairs(mosaic.vertices, town_nodes), TRUNK)
    _mark_local(kind, terrain, mosaic, inland & ~wet, chance=chance)

    used = np.nonzero(kind != NO_STREET)[0]
    start, end = mosaic.edges[used].T
    ferries = _ferries(mosaic.vertices, start, end)
    label = _components(len(mosaic.vertices), np.r_[start, ferries[:, 0]], np.r_[end, ferries[:, 1]])
    main = np.bincount(label[start]).argmax()
    used = used[label[start] == main]
    ferries = ferries[label[ferries[:, 0]] == main]
    return _network(terrain, mosaic, used, kind[used], ferries=ferries, names=names, boundaries=boundaries)


def _prepared(shape: BaseGeometry) -> BaseGeometry:
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
    return _prepared(shapely.union_all(terrain.islands))


def _ferries(places: FloatArray, start: IntArray, end: IntArray) -> IntArray:
    """Return one line from each large separate part over the water to the nearest node of the main part."""
    label = _components(len(places), start, end)
    sizes = np.bincount(label[start], minlength=label.max() + 1)
    main = int(sizes.argmax())
    on_main = np.unique(start[label[start] == main])
    tree = cKDTree(places[on_main])
    lines = []
    for part in np.nonzero(sizes >= 12)[0]:
        nodes = np.unique(start[label[start] == part])
        if part == main:
            continue
        distance, nearest = (np.asarray(found) for found in tree.query(places[nodes]))
        at = int(distance.argmin())
        if distance[at] > 1000.0:
            lines.append((int(nodes[at]), int(on_main[nearest[at]])))
    return np.asarray(lines, dtype=np.int64).reshape(-1, 2)


def _components(size: int, start: IntArray, end: IntArray) -> IntArray:
    graph = sparse.coo_array((np.ones(len(start)), (start, end)), shape=(size, size))
    return np.asarray(csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)


def _network(
    terrain: Terrain,
    mosaic: Mosaic,
    used: IntArray,
    kind: IntArray,
    *,
    ferries: IntArray,
    names: PlaceNames,
    boundaries: Boundaries,
) -> Streets:
    start = np.r_[mosaic.edges[used, 0], ferries[:, 0]]
    end = np.r_[mosaic.edges[used, 1], ferries[:, 1]]
    kind = np.r_[kind, np.full(len(ferries), FERRY)]
    corners, flat = np.unique(np.r_[start, end], return_inverse=True)
    start, end = flat[: len(start)], flat[len(start) :]
    nodes = _straightened(mosaic.vertices[corners], start, end, kind)
    inner = shapely.get_coordinates(mosaic.edge_lines[used]).reshape(-1, 5, 2)
    moved_start, moved_end = nodes[start] - mosaic.vertices[corners][start], nodes[end] - mosaic.vertices[corners][end]
    share = np.linspace(0, 1, 5)[None, :, None]
    lines = np.full((len(start), 5, 2), np.nan)
    count = len(used)
    lines[:count] = inner + moved_start[:count, None] * (1 - share) + moved_end[:count, None] * share
    lines[count:] = nodes[start[count:], None] * (1 - share) + nodes[end[count:], None] * share
    lines[:, 0], lines[:, 4] = nodes[start], nodes[end]
    drawn = shapely.linestrings(np.round(lines, 2))
    label_zh, label_en = _labels(
        kind, np.r_[boundaries.town[mosaic.edge_pieces[used, 0]], np.zeros(len(ferries), int)], names
    )
    table = pd.DataFrame(
        {
            "id": np.arange(1, len(start) + 1),
            "name_zh": label_zh,
            "name_en": label_en,
            "kind": np.asarray(KINDS)[kind],
            "is_bridge": shapely.intersects(drawn, _prepared(terrain.water)) & (kind != FERRY),
            "one_way": False,
            "from_node": start,
            "to_node": end,
            "length_m": shapely.length(drawn),
            "line": drawn,
        }
    )
    return Streets(table, nodes)


def _straightened(nodes: FloatArray, start: IntArray, end: IntArray, kind: IntArray) -> FloatArray:
    """Move the nodes of main roads towards their neighbours on the road, so that roads run smoothly."""
    main = kind <= SECONDARY
    size = len(nodes)
    a, b = start[main], end[main]
    graph: Any = sparse.coo_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(size, size)).tocsr()
    degree: FloatArray = np.asarray(graph.sum(axis=1)).ravel()
    through = degree == 2
    placed = nodes.copy()
    for _ in range(SMOOTHING_ROUNDS):
        middle = (graph @ placed)[through] / 2
        placed[through] += 0.5 * (middle - placed[through])
    return np.round(placed, 2)


def _labels(kind: IntArray, town: IntArray, names: PlaceNames) -> tuple[list[str | None], list[str | None]]:
    zh, en = names.towns["name_zh"].str.rstrip("街道镇乡"), names.towns["name_en"].str.split().str[0]
    forms = {
        TRUNK: ("瑞安大道", "Rui'an Avenue"),
        PRIMARY: ("{zh}大道", "{en} Avenue"),
        SECONDARY: ("{zh}路", "{en} Road"),
        FERRY: ("轮渡航线", "Ferry line"),
    }
    label_zh: list[str | None] = []
    label_en: list[str | None] = []
    for grade, place in zip(kind.tolist(), town.tolist(), strict=True):
        form = forms.get(grade)
        label_zh.append(form[0].format(zh=zh.iloc[place]) if form else None)
        label_en.append(form[1].format(en=en.iloc[place]) if form else None)
    return label_zh, label_en
