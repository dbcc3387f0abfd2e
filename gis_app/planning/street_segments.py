"""A street network from a frame of segments, and nodes on its streets beside given points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from shapely.ops import substring

from gis_app.planning.street_network import Cuts, FloatArray, IntArray, StreetNetwork

JOINING_M = 0.5
"""Ends of segments at most this far apart are one junction, where the segments do not name their nodes."""
APART_M = 1.0
"""Nodes on a street are at least so far apart."""


def network_of(segments: gpd.GeoDataFrame) -> StreetNetwork:
    """Return the network of a frame of segments.

    Parameters
    ----------
    segments
        LineStrings. CRS: projected, metres; raises if geographic. Columns ``kind``; optional ``id`` (else the index),
        ``one_way`` (else False), ``length_m`` (else measured), ``from_node`` and ``to_node`` (else ends at most half a
        metre apart are one node).

    Raises
    ------
    ValueError
        If the CRS is not metric, or a geometry is not a LineString.
    """
    if segments.crs is None or segments.crs.is_geographic or segments.crs.axis_info[0].unit_name != "metre":
        raise ValueError("Streets need a projected CRS in metres, such as EPSG:4549.")
    lines = np.asarray(segments.geometry.array, dtype=object)
    if not (shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING).all():
        raise ValueError("Every street needs to be a LineString.")
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    names = [segments[column] for column in ("from_node", "to_node") if column in segments]
    is_named = len(names) == 2 and all(column.notna().all() for column in names)
    node = np.concatenate([column.to_numpy(np.int64) for column in names]) if is_named else _joined(ends)
    _, where, position = np.unique(node, return_index=True, return_inverse=True)
    return StreetNetwork(
        nodes=ends[where],
        segment_ids=np.asarray(segments.get("id", segments.index), dtype=object),
        kinds=segments["kind"].to_numpy(dtype=np.str_),
        ends=np.column_stack(np.split(position.astype(np.int64), 2)),
        length_m=np.asarray(segments.get("length_m", shapely.length(lines)), dtype=np.float64),
        one_way=np.asarray(segments.get("one_way", np.zeros(len(lines))), dtype=np.bool_),
        lines=lines,
    )


def _joined(ends: FloatArray) -> IntArray:
    """Return the number of the junction each end is at."""
    places, position = np.unique(ends, axis=0, return_inverse=True)
    near = cKDTree(places).query_pairs(JOINING_M, output_type="ndarray")
    graph = sparse.coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(places),) * 2)
    _, junction = csgraph.connected_components(graph, directed=False)
    return np.asarray(junction, dtype=np.int64)[position.ravel()]


def split_at(network: StreetNetwork, points: FloatArray) -> StreetNetwork:
    """Return the network with a node on the nearest street beside each point, so that stops need not lie at junctions.

    Parts of a street keep its id, kind and direction. Where the nearest place is an end of the street, or a metre from
    one or from another point's, there is no new node.

    Parameters
    ----------
    network
        The streets.
    points
        Shape ``(n, 2)``, metres, in the CRS of the network.
    """
    if not len(points) or not len(network.lines):
        return network
    nearest = shapely.STRtree(network.lines).nearest(shapely.points(points))
    along_m = shapely.line_locate_point(network.lines[nearest], shapely.points(points))
    cuts = {
        int(segment): _apart(np.sort(along_m[nearest == segment]), float(shapely.length(network.lines[segment])))
        for segment in np.unique(nearest)
    }
    parts = [part for segment, at in cuts.items() for part in _parts(network, segment, at)]
    kept = np.array([segment not in cuts for segment in range(len(network.lines))], dtype=np.bool_)
    source = np.r_[np.nonzero(kept)[0], np.array([part.segment for part in parts], dtype=np.int64)]
    whole_m = np.asarray(shapely.length(network.lines[source]))
    lines = np.concatenate([network.lines[kept], np.array([part.line for part in parts], dtype=object)])
    new = len(network.nodes) + np.cumsum([0, *(len(at) for at in cuts.values())])
    ends = [
        _chain(network.ends[segment], first, len(at)) for (segment, at), first in zip(cuts.items(), new, strict=False)
    ]
    cut = np.repeat(np.array([*cuts], dtype=np.int64), [len(at) for at in cuts.values()])
    before_m = np.concatenate([*cuts.values()])
    places = [shapely.get_coordinates(shapely.line_interpolate_point(network.lines[s], at)) for s, at in cuts.items()]
    return StreetNetwork(
        nodes=np.concatenate([network.nodes, *places]),
        segment_ids=network.segment_ids[source],
        kinds=network.kinds[source],
        ends=np.concatenate([network.ends[kept], *ends]),
        length_m=network.length_m[source] * np.asarray(shapely.length(lines)) / np.maximum(whole_m, 1e-9),
        one_way=network.one_way[source],
        lines=lines,
        cuts=Cuts(network, cut, before_m / np.asarray(shapely.length(network.lines[cut]))),
    )


@dataclass(frozen=True)
class _Part:
    segment: int
    line: Any


def _apart(along_m: FloatArray, length_m: float) -> FloatArray:
    chosen: list[float] = []
    for at in along_m.tolist():
        if APART_M < at < length_m - APART_M and (not chosen or at - chosen[-1] > APART_M):
            chosen.append(at)
    return np.array(chosen, dtype=np.float64)


def _parts(network: StreetNetwork, segment: int, at: FloatArray) -> list[_Part]:
    line = network.lines[segment]
    edges = [0.0, *at.tolist(), float(shapely.length(line))]
    return [_Part(segment, substring(line, start, end)) for start, end in pairwise(edges)]


def _chain(ends: IntArray, first_new: int, count: int) -> IntArray:
    chain = np.r_[ends[0], np.arange(first_new, first_new + count), ends[1]]
    return np.column_stack([chain[:-1], chain[1:]])
