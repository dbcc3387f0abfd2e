"""The streets as a directed graph: travel times between places for a mode, the way between two, and what is cut off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from gis_app.planning.travel_modes import TravelMode

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SOURCES_AT_ONCE = 64
_LEAST_S = 1e-6


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
    """

    nodes: FloatArray
    segment_ids: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.str_]
    ends: IntArray
    length_m: FloatArray
    one_way: BoolArray
    lines: npt.NDArray[np.object_]

    @cached_property
    def is_junction(self) -> BoolArray:
        """Shape ``(v,)``: nodes where three or more segments meet."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nodes)) > 2

    def graph(self, mode: TravelMode, *, closed: Collection[object] = ()) -> Any:
        """Return a sparse matrix ``(v, v)`` of seconds from node to node along one segment.

        Parameters
        ----------
        closed
            Ids of segments that are not to be used.
        """
        start, end, seconds, _ = self._arcs(mode, closed)
        return sparse.csr_array((seconds, (start, end)), shape=(len(self.nodes),) * 2)

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
        graph = self.graph(mode, closed=closed)
        own, position = np.unique(places, return_inverse=True)
        between = np.empty((len(own), len(own)))
        for first in range(0, len(own), _SOURCES_AT_ONCE):
            rows = slice(first, first + _SOURCES_AT_ONCE)
            between[rows] = csgraph.dijkstra(graph, indices=own[rows], limit=limit_s)[:, own]
        return between[np.ix_(position, position)]

    def way(
        self, mode: TravelMode, places: Sequence[int], *, closed: Collection[object] = ()
    ) -> list[shapely.LineString]:
        """Return the line of the quickest way from each place to the next, one for each leg.

        Raises
        ------
        ValueError
            If there is no way.
        """
        start, end, seconds, segment = self._arcs(mode, closed)
        graph = sparse.csr_array((seconds, (start, end)), shape=(len(self.nodes),) * 2)
        sources = np.unique(np.array(places[:-1], dtype=np.int64))
        _, before = csgraph.dijkstra(graph, indices=sources, return_predecessors=True)
        segment_of = {(a, b): int(n) for a, b, n in zip(start.tolist(), end.tolist(), segment.tolist(), strict=True)}
        return [self._line(before[np.searchsorted(sources, a)], a, b, segment_of) for a, b in pairwise(places)]

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
        usable = self._usable(mode, closed)
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

    def _usable(self, mode: TravelMode, closed: Collection[object]) -> BoolArray:
        may = np.isin(self.kinds, list(mode.speed_m_s))
        shut = frozenset(closed)
        return may & ~np.array([one in shut for one in self.segment_ids], dtype=np.bool_) if shut else may

    def _arcs(self, mode: TravelMode, closed: Collection[object]) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Return start, end, seconds and segment of the quickest arc between each two nodes, in order of both."""
        forth = np.nonzero(self._usable(mode, closed))[0]
        back = forth if mode.ignores_one_way else forth[~self.one_way[forth]]
        segment = np.r_[forth, back]
        start = np.r_[self.ends[forth, 0], self.ends[back, 1]]
        end = np.r_[self.ends[forth, 1], self.ends[back, 0]]
        speed = np.array([mode.speed_m_s[kind] for kind in self.kinds[segment]], dtype=np.float64)
        seconds = np.maximum(self.length_m[segment] / speed + mode.junction_s * self.is_junction[end], _LEAST_S)
        order = np.lexsort((seconds, end, start))
        start, end = start[order], end[order]
        # Of several arcs between the same nodes the quickest stays; a sparse matrix would add them up.
        first = np.r_[True, (np.diff(start) != 0) | (np.diff(end) != 0)][: len(start)] & (start != end)
        return start[first], end[first], seconds[order][first], segment[order][first]

    def _parts(self, mode: TravelMode, closed: Collection[object]) -> tuple[IntArray, int]:
        """Return the part of each node and the largest part with a segment, -1 if there is none."""
        start, end, seconds, _ = self._arcs(mode, closed)
        graph = sparse.csr_array((seconds, (start, end)), shape=(len(self.nodes),) * 2)
        _, label = csgraph.connected_components(graph, directed=True, connection="strong")
        used = np.unique(np.r_[start, end])
        main = int(np.bincount(label[used]).argmax()) if len(used) else -1
        return np.asarray(label, dtype=np.int64), main

    def _line(self, before: IntArray, start: int, end: int, segment_of: dict[tuple[int, int], int]) -> Any:
        pieces: list[FloatArray] = []
        at = int(end)
        while at != start:
            previous = int(before[at])
            if previous < 0:
                raise ValueError(f"There is no way from node {start} to node {end}.")
            segment = segment_of[previous, at]
            points = shapely.get_coordinates(self.lines[segment])
            pieces.append(points if self.ends[segment, 0] == previous else points[::-1])
            at = previous
        whole = np.concatenate(pieces[::-1]) if pieces else np.tile(self.nodes[start], (2, 1))
        kept = np.r_[True, (np.diff(whole, axis=0) != 0).any(axis=1)]
        return shapely.LineString(whole[kept] if kept.sum() > 1 else whole[:2])
