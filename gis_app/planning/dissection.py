"""Cut a graph that lies in the plane into a tree of blocks, halves apart but for the block between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def dissected(start: IntArray, end: IntArray, xy: FloatArray, *, most: int) -> IntArray:
    """Return the block of each node, numbered like a heap: 1 is the root, ``2 * b`` and ``2 * b + 1`` lie below ``b``.

    A cell is halved at the median of its longer side; the fewest nodes that touch all arcs between the halves are its
    block. So an arc joins nodes of one block, or of a block and one above it.

    Parameters
    ----------
    start, end
        Shape ``(a,)``: nodes of each arc.
    xy
        Shape ``(n, 2)``: where each node lies; it matters for speed only.
    most
        A cell of at most so many nodes is a block as a whole.

    References
    ----------
    George (1973), Nested dissection of a regular finite element mesh, SIAM J. Numerical Analysis 10(2).
    """
    cell, half = np.ones(len(xy), dtype=np.int64), np.zeros(len(xy), dtype=np.int64)
    free = np.arange(len(xy))
    while len(free):
        _, position, count = np.unique(cell[free], return_inverse=True, return_counts=True)
        free = free[count[position] > most]
        if not len(free):
            break
        half[:] = -1
        half[free] = _halves(xy[free], cell[free])
        inside = (half[start] >= 0) & (half[end] >= 0) & (cell[start] == cell[end])
        start, end = start[inside], end[inside]
        cut = half[start] != half[end]
        forth = half[start[cut]] == 0
        low, high = np.where(forth, start[cut], end[cut]), np.where(forth, end[cut], start[cut])
        half[_cover(low, high)] = -1
        free = free[half[free] >= 0]
        cell[free] = 2 * cell[free] + half[free]
    return cell


def _halves(xy: FloatArray, cell: IntArray) -> IntArray:
    """Return 0 or 1 for each node: on which side of the median of its cell it lies."""
    order = np.argsort(cell, kind="stable")
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    count = np.diff(first, append=len(cell))
    low, high = (ends.reduceat(xy[order], first) for ends in (np.minimum, np.maximum))
    axis = np.repeat((high - low).argmax(axis=1), count)
    along = xy[order, axis]
    ranked = np.lexsort((along, cell[order]))
    half = np.empty(len(cell), dtype=np.int64)
    half[order[ranked]] = np.arange(len(cell)) - np.repeat(first, count) >= np.repeat(count // 2, count)
    return half


def _cover(low: IntArray, high: IntArray) -> IntArray:
    """Return the fewest nodes that touch every pair of one node on each side (theorem of Kőnig)."""
    if not len(low):
        return low
    lows, row = np.unique(low, return_inverse=True)
    highs, column = np.unique(high, return_inverse=True)
    shape = (len(lows), len(highs))
    pairs: Any = sparse.csr_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=shape)
    mate = np.asarray(csgraph.maximum_bipartite_matching(pairs, perm_type="column"), dtype=np.int64)
    # From nodes without a mate: to the other side by any pair, back by the mates only.
    source, matched = len(lows) + len(highs), np.flatnonzero(mate >= 0)
    alone = np.flatnonzero(mate < 0)
    begins = np.r_[row, len(lows) + mate[matched], np.full(len(alone), source)]
    ends = np.r_[len(lows) + column, matched, alone]
    graph = sparse.csr_array((np.ones(len(begins), dtype=np.int8), (begins, ends)), shape=(source + 1,) * 2)
    seen = np.zeros(source + 1, dtype=np.bool_)
    seen[csgraph.breadth_first_order(graph, source, return_predecessors=False)] = True
    cover: IntArray = np.r_[lows[~seen[: len(lows)]], highs[seen[len(lows) : source]]]
    return cover
