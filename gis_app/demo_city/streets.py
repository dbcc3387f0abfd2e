"""A connected street network along the edges of the mosaic, from trunk roads to footpaths in the hills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from gis_app.demo_city.boundaries import Boundaries
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.place_names import PlaceNames
from gis_app.demo_city.settlements import Centre
from gis_app.demo_city.street_plan import (
    FERRY,
    KINDS,
    PRIMARY,
    SECONDARY,
    TRUNK,
    components,
    plan_streets,
    prepared,
)
from gis_app.demo_city.terrain import FloatArray, IntArray, Terrain

SMOOTHING_ROUNDS = 12
LEAST_STREET_M = 12.0
"""Streets shorter than this are taken out by joining their ends."""
POINTS_OF_STREET = 5


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
    used, kind, ferries = plan_streets(terrain, mosaic, boundaries, centres=centres, chance=chance)
    town = np.r_[boundaries.town[mosaic.edge_pieces[used, 0]], np.zeros(len(ferries), dtype=np.int64)]
    kind = np.r_[kind, np.full(len(ferries), FERRY)]
    ends = np.concatenate([mosaic.edges[used], ferries])
    old_ends = mosaic.vertices[ends]
    ends, places = _joined(mosaic.vertices, ends)
    # Of streets between the same two nodes the widest stays.
    kept = np.sort(_first_of_each(np.sort(ends, axis=1), kind))
    kept = kept[ends[kept, 0] != ends[kept, 1]]
    ends, kind, town = ends[kept], kind[kept], town[kept]
    nodes = _straightened(places, ends[:, 0], ends[:, 1], kind)
    bent = shapely.get_coordinates(mosaic.edge_lines[used]).reshape(-1, POINTS_OF_STREET, 2)
    quay, pier = mosaic.vertices[ferries[:, 0]], mosaic.vertices[ferries[:, 1]]
    straight = np.linspace(quay, pier, POINTS_OF_STREET, axis=1)
    lines = _moved(np.concatenate([bent, straight])[kept], nodes[ends] - old_ends[kept])
    lines[:, 0], lines[:, -1] = nodes[ends[:, 0]], nodes[ends[:, 1]]
    return Streets(_table(terrain, ends, kind, town, lines=lines, names=names), nodes)


def _joined(places: FloatArray, ends: IntArray) -> tuple[IntArray, FloatArray]:
    """Join ends that are hardly apart; return the ends as positions among the nodes left, and their places."""
    corners, flat = np.unique(ends, return_inverse=True)
    own = places[corners]
    at = flat.reshape(-1, 2)
    near = np.hypot(*(own[at[:, 0]] - own[at[:, 1]]).T) < LEAST_STREET_M
    part = components(len(own), at[near, 0], at[near, 1])
    count = np.bincount(part)[:, None]
    middle = np.column_stack([np.bincount(part, weights=own[:, n]) for n in (0, 1)]) / count
    return part[at], middle


def _first_of_each(pairs: IntArray, kind: IntArray) -> IntArray:
    order = np.lexsort((kind, pairs[:, 1], pairs[:, 0]))
    _, first = np.unique(pairs[order], axis=0, return_index=True)
    return np.asarray(order[first], dtype=np.int64)


def _moved(lines: FloatArray, shift: FloatArray) -> FloatArray:
    """Move both ends of lines, shape ``(n, points, 2)``, by ``(n, 2, 2)``, and what is between in proportion."""
    share = np.linspace(0, 1, lines.shape[1])[None, :, None]
    return lines + shift[:, :1] * (1 - share) + shift[:, 1:] * share


def _table(
    terrain: Terrain, ends: IntArray, kind: IntArray, town: IntArray, *, lines: FloatArray, names: PlaceNames
) -> pd.DataFrame:
    drawn = shapely.linestrings(np.round(lines, 2))
    is_bridge = shapely.intersects(drawn, prepared(terrain.water)) & (kind != FERRY)
    # A street that has a bridge is a road between places, however it was planned.
    kind = np.where(is_bridge, np.minimum(kind, SECONDARY), kind)
    name_zh, name_en = _labels(kind, town, names)
    return pd.DataFrame(
        {
            "id": np.arange(1, len(ends) + 1),
            "name_zh": name_zh,
            "name_en": name_en,
            "kind": np.asarray(KINDS)[kind],
            "is_bridge": is_bridge,
            "one_way": False,
            "from_node": ends[:, 0],
            "to_node": ends[:, 1],
            "length_m": shapely.length(drawn),
            "line": drawn,
        }
    )


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
