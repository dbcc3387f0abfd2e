"""The streets as arcs: each direction in which a mode may go along a segment, with its time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from gis_app.planning.travel_modes import TravelMode

if TYPE_CHECKING:
    from gis_app.planning.street_network import StreetNetwork

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_LEAST_S = 1e-6
"""A sparse matrix takes 0 for no arc."""


@dataclass(frozen=True)
class Arcs:
    """Arcs in the order of their starts, then ends, then times.

    Parameters
    ----------
    start, end
        Shape ``(a,)``: nodes.
    seconds
        Shape ``(a,)``: time along each, without what is lost at junctions.
    segment
        Shape ``(a,)``: position of its segment.
    is_forth
        Shape ``(a,)``: whether it leads from the segment's start to its end.
    """

    start: IntArray
    end: IntArray
    seconds: FloatArray
    segment: IntArray
    is_forth: BoolArray

    def graph(self, node_count: int) -> Any:
        """Return a sparse matrix ``(v, v)`` of seconds; of several arcs between two nodes only one may be there."""
        return sparse.csr_array((self.seconds, (self.start, self.end)), shape=(node_count,) * 2)

    def taken(self, which: npt.NDArray[Any], *, seconds: FloatArray | None = None) -> Arcs:
        """Return some of the arcs, perhaps with other times for all."""
        own = self.seconds if seconds is None else seconds
        return Arcs(self.start[which], self.end[which], own[which], self.segment[which], self.is_forth[which])


def arcs_of(network: StreetNetwork, mode: TravelMode, *, closed: Collection[object] = ()) -> Arcs:
    """Return the quickest arc between each two nodes, what is lost at the junction at its end included."""
    arcs = all_arcs(network, mode, closed=closed)
    seconds = np.maximum(arcs.seconds + mode.junction_s * network.is_junction[arcs.end], _LEAST_S)
    order = np.lexsort((seconds, arcs.end, arcs.start))
    start, end = arcs.start[order], arcs.end[order]
    # Of several arcs between the same nodes the quickest stays; a sparse matrix would add them up.
    is_first = np.r_[True, (np.diff(start) != 0) | (np.diff(end) != 0)][: len(start)] & (start != end)
    return arcs.taken(order[is_first], seconds=seconds)


def all_arcs(network: StreetNetwork, mode: TravelMode, *, closed: Collection[object] = ()) -> Arcs:
    """Return every direction in which a mode may go along a segment; those with the same two nodes too."""
    forth = np.nonzero(network.usable(mode, closed))[0]
    back = forth if mode.ignores_one_way else forth[~network.one_way[forth]]
    segment = np.r_[forth, back]
    start = np.r_[network.ends[forth, 0], network.ends[back, 1]]
    end = np.r_[network.ends[forth, 1], network.ends[back, 0]]
    speed = np.array([mode.speed_m_s[kind] for kind in network.kinds[segment]], dtype=np.float64)
    seconds = np.maximum(network.length_m[segment] / speed, _LEAST_S)
    is_forth = np.arange(len(segment)) < len(forth)
    order = np.lexsort((seconds, end, start))
    return Arcs(start, end, seconds, segment, is_forth).taken(order)


def line_along(network: StreetNetwork, arcs: Arcs, way: list[int], *, at: int) -> shapely.LineString:
    """Return the line of arcs one after another; a line of no length at a node if there are none.

    Parameters
    ----------
    way
        Positions of arcs, in order.
    at
        The node where it begins.
    """
    pieces = []
    for arc in way:
        points = shapely.get_coordinates(network.lines[arcs.segment[arc]])
        pieces.append(points if arcs.is_forth[arc] else points[::-1])
    whole = np.concatenate(pieces) if pieces else np.tile(network.nodes[at], (2, 1))
    kept = np.r_[True, (np.diff(whole, axis=0) != 0).any(axis=1)]
    return shapely.LineString(whole[kept] if kept.sum() > 1 else whole[:2])
