"""Seconds between many places at once, over the tables of a dissected graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis_app.planning.block_tree import BlockTree, FloatArray, IntArray, block_tree
from gis_app.planning.dissection import dissected
from gis_app.planning.elimination import PADDED, Tables, eliminated, places_of

_LEAF_NODES = 10
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Entries:
    """How places are joined to the graph; a place may have several entries or none.

    Parameters
    ----------
    place
        Shape ``(e,)``: position of the place.
    node
        Shape ``(e,)``: node of the graph.
    seconds
        Shape ``(e,)``: from a place where a way begins to the node, or from the node to one where it ends.
    """

    place: IntArray
    node: IntArray
    seconds: FloatArray


@dataclass(frozen=True)
class _Labels:
    """Seconds of places to the own nodes of the blocks of a table, shape ``(p, w)``, by row of the table."""

    row: IntArray
    place: IntArray
    seconds: FloatArray


class ManyToMany:
    """A graph made ready to be asked for the seconds between many places.

    In the order in which nodes were eliminated a quickest way can climb to the highest it touches and come down again,
    so it is enough to know how long each place takes to the nodes above it.

    Parameters
    ----------
    start, end, seconds
        Shape ``(a,)``: the arcs, seconds at least 0; of several between two nodes the quickest counts.
    xy
        Shape ``(n, 2)``: about where each node lies, metres.
    """

    def __init__(self, start: IntArray, end: IntArray, seconds: FloatArray, xy: FloatArray) -> None:
        self._tree: BlockTree = block_tree(dissected(start, end, xy, most=_LEAF_NODES), start, end, seconds)
        self._tables = eliminated(self._tree)

    def times(self, begins: Entries, ends: Entries, *, count: int) -> FloatArray:
        """Return the seconds between places, shape ``(count, count)``, ``inf`` where there is no way.

        Parameters
        ----------
        begins, ends
            Where ways from places enter the graph, and where those to places leave it.
        count
            Number of places.
        """
        found = np.full((count, count), np.inf)
        forth, back = self._climbed(begins, count, forth=True), self._climbed(ends, count, forth=False)
        for key, own in forth.items():
            if key in back:
                _meet(found, own, back[key])
        return found

    def _climbed(self, entries: Entries, count: int, *, forth: bool) -> dict[tuple[int, int], _Labels]:
        """Return the labels of places by level and number of the table."""
        tree, labels = self._tree, {}
        depth = tree.depth[entries.node]
        block, place, code, seconds = (np.zeros(0, dtype=kind) for kind in (np.int64, np.int64, np.int64, np.float64))
        for level in range(len(tree.levels) - 1, -1, -1):
            here = np.flatnonzero(depth == level)
            node = entries.node[here]
            block, place = np.r_[block, tree.position[node]], np.r_[place, entries.place[here]]
            code, seconds = np.r_[code, tree.rank[node]], np.r_[seconds, entries.seconds[here]]
            upper = np.searchsorted(tree.levels[level - 1].blocks, tree.levels[level].blocks >> 1) if level else None
            risen = []
            for number, table in enumerate(self._tables[level]):
                row = np.full(len(tree.levels[level].blocks), -1)
                row[table.blocks] = np.arange(len(table.blocks))
                some = np.flatnonzero(row[block] >= 0)
                if not len(some):
                    continue
                pairs, pair = np.unique(row[block[some]] * count + place[some], return_inverse=True)
                known = np.full((len(pairs), table.forth.shape[2]), np.inf)
                np.minimum.at(known, (pair, places_of(code[some], table.own, -1)), seconds[some])
                rows = pairs // count
                known = _through(known, table, rows, forth=forth)
                labels[level, number] = _Labels(rows, pairs % count, known[:, : table.own])
                if upper is not None:
                    rim = known[:, table.own : -1]
                    at, column = np.nonzero(np.isfinite(rim) & (table.above[rows] != PADDED))
                    goes = upper[table.blocks[rows[at]]]
                    risen.append((goes, pairs[at] % count, table.above[rows[at], column], rim[at, column]))
            if risen:
                block, place, code, seconds = (np.concatenate(parts) for parts in zip(*risen, strict=True))
            else:
                block, place, code, seconds = block[:0], place[:0], code[:0], seconds[:0]
        return labels


def _through(known: FloatArray, table: Tables, rows: IntArray, *, forth: bool) -> FloatArray:
    """Return seconds to the nodes of the blocks, of which some are known, by way of the own ones in turn."""
    ways = table.forth if forth else table.back
    is_one, best = len(table.blocks) == 1, known.copy()
    for node in range(table.own):
        way = ways[0, node, node + 1 :] if is_one else ways[rows, node, node + 1 :]
        behind = best[:, node + 1 :]
        np.minimum(behind, best[:, node, None] + way, out=behind)
    return best


def _meet(found: FloatArray, begins: _Labels, ends: _Labels) -> None:
    """Lower the seconds found to those of ways whose highest nodes are in the blocks of a table."""
    for row in np.intersect1d(begins.row, ends.row):
        some, others = begins.row == row, ends.row == row
        one, other = begins.seconds[some], ends.seconds[others]
        into = np.ix_(begins.place[some], ends.place[others])
        best = found[into]
        for rows in _slabs(len(one), other.size):
            np.minimum(best[rows], _product(one[rows], other), out=best[rows])
        found[into] = best


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    if one.shape[0] * other.size < 1 << 14:
        return np.asarray((one[:, None, :] + other[None, :, :]).min(axis=2, initial=np.inf))
    best = np.full((len(one), len(other)), np.inf)
    for node in range(one.shape[1]):
        np.minimum(best, one[:, node, None] + other[None, :, node], out=best)
    return best


def _slabs(count: int, size: int) -> Iterator[slice]:
    step = max(1, _AT_ONCE // max(1, size))
    return (slice(first, first + step) for first in range(0, count, step))
