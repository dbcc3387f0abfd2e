"""A street network from a frame of segments."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from gis_app.planning.street_network import FloatArray, IntArray, StreetNetwork

JOINING_M = 0.5
"""Ends of segments at most this far apart are one junction, where the segments do not name their nodes."""


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
