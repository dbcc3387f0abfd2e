"""The streets a track is matched to: which may be used in which direction, and bounded ways between their nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Arcs:
    """The shortest arc between each two neighbouring nodes, in order of start and end; all of shape ``(a,)``."""

    start: IntArray
    end: IntArray
    length_m: FloatArray
    segment: IntArray


@dataclass(frozen=True, eq=False)
class MatchingStreets:
    """Street segments as one mode of travel may use them.

    Parameters
    ----------
    nodes
        Shape ``(v, 2)``: place of each node. CRS: projected, metres.
    lines
        Shape ``(s,)``: LineStrings in the same CRS.
    ends
        Shape ``(s, 2)``: node at the start and the end of each segment.
    forth, back
        Shape ``(s,)``: whether a segment may be used from start to end, and from end to start; one that may be used
        in neither direction is none of the mode's streets.
    """

    nodes: FloatArray
    lines: npt.NDArray[Any]
    ends: IntArray
    forth: BoolArray
    back: BoolArray

    @cached_property
    def length_m(self) -> FloatArray:
        """Shape ``(s,)``."""
        return np.asarray(shapely.length(self.lines), dtype=np.float64)

    @cached_property
    def usable(self) -> IntArray:
        """The segments that may be used at all."""
        return np.nonzero(self.forth | self.back)[0].astype(np.int64)

    @cached_property
    def tree(self) -> Any:
        """The usable segments by place; its positions are those of ``usable``."""
        return shapely.STRtree(self.lines[self.usable])

    @cached_property
    def arcs(self) -> Arcs:
        """The directed graph."""
        forth, back = np.nonzero(self.forth)[0], np.nonzero(self.back)[0]
        segment = np.r_[forth, back]
        start = np.r_[self.ends[forth, 0], self.ends[back, 1]]
        end = np.r_[self.ends[forth, 1], self.ends[back, 0]]
        length_m = np.maximum(self.length_m[segment], 1e-6)
        order = np.lexsort((length_m, end, start))
        start, end = start[order], end[order]
        # Of several arcs between the same nodes the shortest stays; a sparse matrix would add them up.
        first = np.r_[True, (np.diff(start) != 0) | (np.diff(end) != 0)][: len(start)] & (start != end)
        return Arcs(start[first], end[first], length_m[order][first], segment[order][first].astype(np.int64))


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The part of the graph within a box; its nodes are numbered anew, ``-1`` for those outside.

    Parameters
    ----------
    number
        Shape ``(v,)``: number in the part.
    graph
        Sparse matrix of metres.
    arcs
        The arcs of the part, numbered as in the whole.
    """

    number: IntArray
    graph: Any
    arcs: Arcs

    def distances(self, sources: IntArray, *, limit_m: float) -> tuple[FloatArray, IntArray]:
        """Return metres from each source to each node, with a row and a column of ``inf`` at the end, and row numbers.

        Parameters
        ----------
        sources
            Nodes, unique, all in the part.
        limit_m
            Ways that are longer are not looked for.

        Returns
        -------
        Shape ``(k + 1, w + 1)``, and shape ``(v,)``: the row of each node, ``k`` for those that are no source.
        """
        count = self.graph.shape[0]
        metres = np.full((len(sources) + 1, count + 1), np.inf)
        if len(sources):
            metres[:-1, :-1] = csgraph.dijkstra(self.graph, indices=self.number[sources], limit=limit_m)
        row = np.full(len(self.number), len(sources), dtype=np.int64)
        row[sources] = np.arange(len(sources))
        return metres, row

    def ways(self, pairs: list[tuple[int, int]], *, limit_m: float) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Return the shortest way of each pair of nodes as segments, each with the node it is entered at.

        Parameters
        ----------
        pairs
            Start and end, different, with a way of at most ``limit_m`` between them.
        """
        if not pairs:
            return {}
        sources = np.unique(np.array([start for start, _ in pairs], dtype=np.int64))
        _, before = csgraph.dijkstra(self.graph, indices=self.number[sources], limit=limit_m, return_predecessors=True)
        inside = np.nonzero(self.number >= 0)[0]
        arcs = zip(self.arcs.start.tolist(), self.arcs.end.tolist(), self.arcs.segment.tolist(), strict=True)
        segment_of = {(start, end): segment for start, end, segment in arcs}
        found = {}
        for start, end in pairs:
            row, at, way = before[np.searchsorted(sources, start)], end, []
            while at != start:
                previous = int(inside[row[self.number[at]]])
                way.append((segment_of[previous, at], previous))
                at = previous
            found[start, end] = way[::-1]
        return found


def neighbourhood(streets: MatchingStreets, box: FloatArray) -> Neighbourhood:
    """Return the part of the graph whose nodes lie within a box (west, south, east, north; metres)."""
    inside: BoolArray = np.asarray((streets.nodes >= box[:2]).all(axis=1) & (streets.nodes <= box[2:]).all(axis=1))
    number = np.where(inside, np.cumsum(inside) - 1, -1)
    whole = streets.arcs
    kept = inside[whole.start] & inside[whole.end]
    arcs = Arcs(whole.start[kept], whole.end[kept], whole.length_m[kept], whole.segment[kept])
    shape = (int(inside.sum()),) * 2
    graph = sparse.csr_array((arcs.length_m, (number[arcs.start], number[arcs.end])), shape=shape)
    return Neighbourhood(number, graph, arcs)
