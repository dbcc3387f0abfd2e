"""A table with its totals as a circulation: which hidden counts are determined, and what to hide that none is.

From a source one arc per row total leads to the rows, one per cell to the columns, one per column total to a sink, the
grand total back; each sum of the table is what flows in and out of a node. Published arcs are fixed, hidden ones may
carry what the reader holds possible. Two circulations differ by directed cycles of changes, so a hidden count is
determined if and only if no cycle of hidden arcs leads through it along which each can still rise or fall. That is
exact and takes milliseconds where a linear program per count takes minutes. Bounds are whole numbers, hence so are the
ends of each interval: what is not determined has two possible values at least.

References
----------
Cox (1995), Journal of the American Statistical Association 90(432): network models for complementary cell suppression.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Circulation:
    """Flows through a network, one arc per count; shapes ``(arcs,)``.

    Parameters
    ----------
    tail, head
        The nodes an arc leads from and to, numbered from 0; no two arcs join the same two nodes.
    count
        What it carries.
    low, high
        What the reader knows of it once it is hidden.
    price
        Of hiding it, at least 1 where it is not hidden yet.
    unknown
        Arcs that are never published and need no protection.
    """

    tail: IntArray
    head: IntArray
    count: IntArray
    low: FloatArray
    high: FloatArray
    price: FloatArray
    unknown: BoolArray

    @cached_property
    def steps(self) -> Any:
        """Shape ``(nodes, nodes)``: the number of an arc at its tail and head, that plus ``arcs`` at head and tail."""
        ends = np.concatenate([self.tail, self.head]), np.concatenate([self.head, self.tail])
        node_count = int(ends[0].max()) + 1
        return coo_array((np.arange(len(ends[0])), ends), shape=(node_count, node_count)).tocsr()


def protected(flows: Circulation, hidden: BoolArray) -> BoolArray:
    """Return which arcs to hide, those given and more, so that none of them is determined.

    Smallest first, each determined arc gets the cheapest cycle; what is on it needs no other, and nothing hidden later
    undoes it. The bounds must leave an arc another value at least when all arcs are hidden.
    """
    hidden = hidden.copy()
    while len(determined := np.flatnonzero(hidden & ~flows.unknown & ~varying(flows, hidden))):
        for arc in determined[np.argsort(flows.count[determined], kind="stable")]:
            hidden[_cheapest_cycle(flows, hidden, arc=int(arc))] = True
    return hidden


def varying(flows: Circulation, hidden: BoolArray) -> BoolArray:
    """Return which hidden arcs lie on a directed cycle of changes, other than an arc's own rise and fall.

    An arc that can only rise, or only fall, does if its ends reach each other. One that can do both does if, besides,
    it is no bridge of the part whose nodes all reach each other.
    """
    rises, falls = hidden & (flows.count < flows.high), hidden & (flows.count > flows.low)
    ends = (
        np.concatenate([flows.tail[rises], flows.head[falls]]),
        np.concatenate([flows.head[rises], flows.tail[falls]]),
    )
    graph = coo_array((np.ones(len(ends[0])), ends), shape=flows.steps.shape)
    _, part = connected_components(graph, connection="strong")
    inside = (rises | falls) & (part[flows.tail] == part[flows.head])
    ring = _ring_of_node(flows.tail[inside], flows.head[inside], part=part)
    on_ring = ring[flows.tail] == ring[flows.head]
    varies: BoolArray = inside & ((rises != falls) | on_ring)
    return varies


def _ring_of_node(one_end: IntArray, other_end: IntArray, *, part: npt.NDArray[Any]) -> IntArray:
    """Return a number per node, equal where two nodes stay joined whichever edge is cut."""
    node_count = len(part)
    # A root joined once to each part: one tree spans all, and the joints are bridges that close no ring.
    entries = np.unique(part, return_index=True)[1]
    ends = np.concatenate([one_end, np.full(len(entries), node_count)]), np.concatenate([other_end, entries])
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(node_count + 1, node_count + 1))
    order, parents = breadth_first_order(graph, node_count, directed=False)
    parent, depth, leader = parents.tolist(), [0] * (node_count + 1), list(range(node_count + 1))
    for node in order[1:].tolist():
        depth[node] = depth[parent[node]] + 1

    def top(node: int) -> int:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    # An edge beside the tree closes a ring with the tree's path between its ends: all of that becomes one.
    for one, other in zip(one_end.tolist(), other_end.tolist(), strict=True):
        beside = parent[one] != other and parent[other] != one
        lower, upper = (top(one), top(other)) if beside else (one, one)
        while lower != upper:
            lower, upper = (lower, upper) if depth[lower] >= depth[upper] else (upper, lower)
            leader[lower] = parent[lower]
            lower = top(lower)
    return np.array([top(node) for node in range(node_count)], dtype=np.int64)


def _cheapest_cycle(flows: Circulation, hidden: BoolArray, *, arc: int) -> list[int]:
    """Return the arcs, this one apart, that let it rise or fall at the lowest price."""
    # A step along what is hidden already costs less, all of them together, than hiding one count more.
    price = np.where(hidden, 1.0, flows.steps.shape[0] * flows.price)
    rise = np.where(flows.count < flows.high, price, np.inf)
    fall = np.where(flows.count > flows.low, price, np.inf)
    can_rise, can_fall = np.isfinite(rise[arc]), np.isfinite(fall[arc])
    rise[arc] = fall[arc] = np.inf
    cost = np.concatenate([rise, fall])[flows.steps.data]
    graph = csr_array((cost, flows.steps.indices, flows.steps.indptr), shape=flows.steps.shape)
    tail, head = int(flows.tail[arc]), int(flows.head[arc])
    reach, before = dijkstra(graph, indices=[head, tail], return_predecessors=True)
    to_rise, to_fall = reach[0, tail] if can_rise else np.inf, reach[1, head] if can_fall else np.inf
    (start, node), previous = ((head, tail), before[0]) if to_rise <= to_fall else ((tail, head), before[1])
    cycle = []
    while node != start:
        cycle.append(int(flows.steps[int(previous[node]), node]) % len(flows.count))
        node = int(previous[node])
    return cycle
