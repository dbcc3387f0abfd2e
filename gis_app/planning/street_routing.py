"""Quickest ways on the streets, with what turning costs where a mode pays for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from gis_app.planning.street_arcs import FloatArray, IntArray, all_arcs, arcs_of, line_along
from gis_app.planning.street_turns import turns_of
from gis_app.planning.travel_modes import TravelMode

if TYPE_CHECKING:
    from gis_app.planning.street_network import StreetNetwork

_SOURCES_AT_ONCE = 64
_NOTHING_S = 1e-9
"""Time from the last arc to the place; a sparse matrix takes 0 for no arc."""


def routing_graph(
    network: StreetNetwork, mode: TravelMode, *, closed: Collection[object] = ()
) -> NodeGraph | TurnGraph:
    """Return what finds ways for a mode: over nodes where all turns cost the same, else over arcs."""
    return TurnGraph(network, mode, closed) if mode.minds_turns else NodeGraph(network, mode, closed)


class NodeGraph:
    """Ways over nodes, for modes that lose the same time at every junction."""

    def __init__(self, network: StreetNetwork, mode: TravelMode, closed: Collection[object]) -> None:
        self._network = network
        self._arcs = arcs_of(network, mode, closed=closed)
        self._graph = self._arcs.graph(len(network.nodes))

    def times(self, places: IntArray, *, limit_s: float) -> FloatArray:
        """Return the seconds between nodes, shape ``(k, k)``."""
        own, position = np.unique(places, return_inverse=True)
        between = np.empty((len(own), len(own)))
        for rows in _batches(len(own)):
            between[rows] = csgraph.dijkstra(self._graph, indices=own[rows], limit=limit_s)[:, own]
        return between[np.ix_(position, position)]

    def ways(self, chains: Sequence[Sequence[int]]) -> list[list[shapely.LineString]]:
        """Return the line of each leg of each chain of nodes."""
        arcs, count = self._arcs, len(self._network.nodes)
        keys = arcs.start * count + arcs.end

        def arcs_back(before: IntArray, start: int, end: int) -> list[int]:
            way, at = [], end
            while at != start:
                previous = int(before[at])
                if previous < 0:
                    raise ValueError(f"There is no way from node {start} to node {end}.")
                way.append(int(np.searchsorted(keys, previous * count + at)))
                at = previous
            return way[::-1]

        legs = {leg for chain in chains for leg in pairwise(chain)}
        sources = np.unique(np.array([start for start, _ in legs], dtype=np.int64))
        found: dict[tuple[int, int], shapely.LineString] = {}
        for rows in _batches(len(sources)):
            _, before = csgraph.dijkstra(self._graph, indices=sources[rows], return_predecessors=True)
            row_of = {int(source): row for row, source in enumerate(sources[rows])}
            for start, end in (leg for leg in legs if leg[0] in row_of):
                way = arcs_back(before[row_of[start]], start, end)
                found[start, end] = line_along(self._network, arcs, way, at=start)
        return [[found[leg] for leg in pairwise(chain)] for chain in chains]


class TurnGraph:
    """Ways over arcs: from each arc on to those that leave its end, for the time along them and the turn between.

    Each place asked about is two nodes more: one before all arcs that leave it, one behind all that reach it.
    """

    def __init__(self, network: StreetNetwork, mode: TravelMode, closed: Collection[object]) -> None:
        self._network = network
        self._arcs = all_arcs(network, mode, closed=closed)
        self._turns = turns_of(network, mode, self._arcs)

    def times(self, places: IntArray, *, limit_s: float) -> FloatArray:
        """Return the seconds between nodes, shape ``(k, k)``."""
        own, position = np.unique(places, return_inverse=True)
        graph, first = self._graph(own), len(self._arcs.start)
        between = np.empty((len(own), len(own)))
        behind = slice(first + len(own), None)
        for rows in _batches(len(own)):
            sources = first + np.arange(rows.start, min(rows.stop, len(own)))
            between[rows] = csgraph.dijkstra(graph, indices=sources, limit=limit_s)[:, behind]
        np.fill_diagonal(between, 0.0)
        return between[np.ix_(position, position)]

    def ways(self, chains: Sequence[Sequence[int]]) -> list[list[shapely.LineString]]:
        """Return the line of each leg of each chain of nodes."""
        own = np.unique(np.array([node for chain in chains for node in chain], dtype=np.int64))
        graph, first = self._graph(own), len(self._arcs.start)
        place = {int(node): at for at, node in enumerate(own)}
        legs = {leg for chain in chains for leg in pairwise(chain)}
        found: dict[tuple[int, int], shapely.LineString] = {}
        starts = np.unique(np.array([place[start] for start, _ in legs], dtype=np.int64))
        for rows in _batches(len(starts)):
            _, before = csgraph.dijkstra(graph, indices=first + starts[rows], return_predecessors=True)
            row_of = {int(own[at]): row for row, at in enumerate(starts[rows])}
            for start, end in (leg for leg in legs if leg[0] in row_of):
                goal = first + len(own) + place[end]
                way = [] if start == end else self._arcs_back(before[row_of[start]], goal, (start, end))
                found[start, end] = line_along(self._network, self._arcs, way, at=start)
        return [[found[leg] for leg in pairwise(chain)] for chain in chains]

    def _arcs_back(self, before: IntArray, goal: int, leg: tuple[int, int]) -> list[int]:
        way, at = [], int(before[goal])
        while 0 <= at < len(self._arcs.start):
            way.append(at)
            at = int(before[at])
        if at < 0:
            raise ValueError(f"There is no way from node {leg[0]} to node {leg[1]}.")
        return way[::-1]

    def _graph(self, own: IntArray) -> Any:
        """Return the sparse matrix over arcs, then a node before and one behind each place."""
        arcs, size = self._arcs, len(self._arcs.start)
        leaving, reaching = _arcs_at(arcs.start, own), _arcs_at(arcs.end, own)
        before = np.r_[self._turns.before, size + leaving[0], reaching[1]]
        after = np.r_[self._turns.after, leaving[1], size + len(own) + reaching[0]]
        seconds = np.r_[self._turns.seconds, arcs.seconds[leaving[1]], np.full(len(reaching[1]), _NOTHING_S)]
        return sparse.csr_array((seconds, (before, after)), shape=(size + 2 * len(own),) * 2)


def _arcs_at(ends: IntArray, own: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of the position of a place and of an arc that has it as its end."""
    at = np.minimum(np.searchsorted(own, ends), len(own) - 1)
    arc = np.nonzero(own[at] == ends)[0]
    return at[arc], arc


def _batches(count: int) -> Iterable[slice]:
    return (slice(first, first + _SOURCES_AT_ONCE) for first in range(0, count, _SOURCES_AT_ONCE))
