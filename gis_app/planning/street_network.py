"""The streets as a directed graph: travel times between places for a mode, the way between two, and what is cut off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from gis_app.planning.street_arcs import arcs_of
from gis_app.planning.street_matrix import ReadyStreets, Spots
from gis_app.planning.street_routing import routing_graph
from gis_app.planning.travel_modes import TravelMode

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class UnconnectedParts:
    """What a mode cannot reach from the main part of the network, or cannot come back from.

    Parameters
    ----------
    part_count
        Parts beside the main one.
    node_count, segment_count
        Nodes outside the main part, and segments the mode may use that touch one.
    length_m
        Length of these segments.
    largest
        Nodes of the largest of these parts, up to ten parts, the largest first.
    """

    part_count: int
    node_count: int
    segment_count: int
    length_m: float
    largest: tuple[int, ...]


@dataclass(frozen=True)
class Cuts:
    """Where a network was cut at places on its segments.

    Parameters
    ----------
    whole
        The network before, whose nodes come first in the one after.
    segment, share
        Shape ``(c,)``: for each node that is new the segment of ``whole``, and how much of it lies before the node.
    """

    whole: StreetNetwork
    segment: IntArray
    share: FloatArray


@dataclass(frozen=True)
class StreetNetwork:
    """Junctions and the segments between them; positions are indexes of ``nodes`` and of ``segment_ids``.

    Parameters
    ----------
    nodes
        Shape ``(v, 2)``: place of each, metres.
    segment_ids, kinds
        Shape ``(s,)``.
    ends
        Shape ``(s, 2)``: node at the start and the end of each segment.
    length_m, one_way
        Shape ``(s,)``; a one-way segment leads from start to end only.
    lines
        Shape ``(s,)``: LineStrings from start to end.
    cuts
        Where it was cut, if it was.
    """

    nodes: FloatArray
    segment_ids: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.str_]
    ends: IntArray
    length_m: FloatArray
    one_way: BoolArray
    lines: npt.NDArray[np.object_]
    cuts: Cuts | None = None

    @cached_property
    def is_junction(self) -> BoolArray:
        """Shape ``(v,)``: nodes where three or more segments meet."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nodes)) > 2

    def graph(self, mode: TravelMode, *, closed: Collection[object] = ()) -> Any:
        """Return a sparse matrix ``(v, v)`` of seconds from node to node along one segment; turns cost nothing in it.

        Parameters
        ----------
        closed
            Ids of segments that are not to be used.
        """
        return arcs_of(self, mode, closed=closed).graph(len(self.nodes))

    def travel_times(
        self, mode: TravelMode, places: IntArray, *, closed: Collection[object] = (), limit_s: float = np.inf
    ) -> FloatArray:
        """Return the seconds between places, shape ``(k, k)``; ``inf`` where there is no way or it takes too long.

        Parameters
        ----------
        places
            Shape ``(k,)``: nodes; the same one may occur more than once.
        limit_s
            Ways that take longer are not looked for, which saves time.
        """
        own, position = np.unique(places, return_inverse=True)
        cuts = self.cuts if not mode.minds_turns or mode.back_s >= max(mode.left_s, mode.right_s) else None
        # Else turning round on the way could save a turn; between nodes one may turn round where the network is cut.
        whole = cuts.whole if cuts else self
        ready = whole.kept_ready.if_worth_it(whole, mode, closed, searches=len(own))
        if ready is None:
            between = routing_graph(self, mode, closed=closed).times(own, limit_s=limit_s)
        else:
            between = ready.times(_spots(own, cuts))
            between[between > limit_s] = np.inf
        return between[np.ix_(position, position)]

    @cached_property
    def kept_ready(self) -> ReadyStreets:
        """What was made ready for travel times between many places; kept as long as the network."""
        return ReadyStreets()

    def ways(
        self, mode: TravelMode, chains: Sequence[Sequence[int]], *, closed: Collection[object] = ()
    ) -> list[list[shapely.LineString]]:
        """Return the lines of the quickest ways: for each chain of nodes one from each node to the next.

        Raises
        ------
        ValueError
            If there is no way.
        """
        return routing_graph(self, mode, closed=closed).ways(chains)

    def nearest_nodes(
        self, xy: FloatArray, mode: TravelMode, *, closed: Collection[object] = ()
    ) -> tuple[IntArray, FloatArray]:
        """Return the nearest node of the mode's main part to each point, and how far it is, metres.

        Parameters
        ----------
        xy
            Shape ``(n, 2)``, metres, in the CRS of the network.

        Raises
        ------
        ValueError
            If the mode may use no segment.
        """
        label, main = self._parts(mode, closed)
        usable = np.nonzero(label == main)[0]
        if main < 0:
            raise ValueError(f"No street may be used by mode {mode.name}.")
        distance, nearest = cKDTree(self.nodes[usable]).query(xy)
        return usable[np.asarray(nearest, dtype=np.int64)], np.asarray(distance, dtype=np.float64)

    def unconnected(self, mode: TravelMode, *, closed: Collection[object] = ()) -> UnconnectedParts:
        """Return what lies outside the largest part in which every node reaches every other."""
        label, main = self._parts(mode, closed)
        usable = self.usable(mode, closed)
        is_used = np.zeros(len(self.nodes), dtype=np.bool_)
        is_used[self.ends[usable]] = True
        outside = is_used & (label != main)
        touching = usable & outside[self.ends].any(axis=1)
        sizes = np.bincount(label[outside]) if outside.any() else np.zeros(0, dtype=np.int64)
        sizes = np.sort(sizes[sizes > 0])[::-1]
        return UnconnectedParts(
            part_count=len(sizes),
            node_count=int(outside.sum()),
            segment_count=int(touching.sum()),
            length_m=float(self.length_m[touching].sum()),
            largest=tuple(sizes[:10].tolist()),
        )

    def usable(self, mode: TravelMode, closed: Collection[object]) -> BoolArray:
        """Shape ``(s,)``: whether the mode may use each segment."""
        may = np.isin(self.kinds, list(mode.speed_m_s))
        shut = frozenset(closed)
        return may & ~np.array([one in shut for one in self.segment_ids], dtype=np.bool_) if shut else may

    def _parts(self, mode: TravelMode, closed: Collection[object]) -> tuple[IntArray, int]:
        """Return the part of each node and the largest part with a segment, -1 if there is none."""
        arcs = arcs_of(self, mode, closed=closed)
        _, label = csgraph.connected_components(arcs.graph(len(self.nodes)), directed=True, connection="strong")
        used = np.unique(np.r_[arcs.start, arcs.end])
        main = int(np.bincount(label[used]).argmax()) if len(used) else -1
        return np.asarray(label, dtype=np.int64), main


def _spots(nodes: IntArray, cuts: Cuts | None) -> Spots:
    """Return where nodes are on the network before it was cut."""
    segment, share = np.full(len(nodes), -1), np.zeros(len(nodes))
    if cuts is not None:
        new = nodes >= len(cuts.whole.nodes)
        at = nodes[new] - len(cuts.whole.nodes)
        segment[new], share[new] = cuts.segment[at], cuts.share[at]
        nodes = np.where(new, -1, nodes)
    return Spots(nodes, segment, share)
