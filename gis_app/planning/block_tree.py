"""The blocks of a dissected graph level by level: what each holds, what it touches above it, and where its arcs go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """Blocks at one depth. A place in a block is the rank of an own node, or ``~rank`` (below 0) of a node on its rim.

    The rim of a block are the nodes of blocks above it that arcs join to it or to a block below it.

    Parameters
    ----------
    blocks
        Shape ``(b,)``: numbers like those of a heap, ascending.
    own_count
        Shape ``(b,)``: nodes of each.
    rim_first
        Shape ``(b + 1,)``: where the rim of each begins among the rims.
    rim_block, rim_above
        Shape ``(r,)``: position of the block, and the node's place in the block above; rims one after another.
    arc_block, arc_start, arc_end
        Shape ``(a,)``: position of the block, and the places of the ends, of each arc with an end in it and none below.
    arc_seconds
        Shape ``(a,)``.
    """

    blocks: IntArray
    own_count: IntArray
    rim_first: IntArray
    rim_block: IntArray
    rim_above: IntArray
    arc_block: IntArray
    arc_start: IntArray
    arc_end: IntArray
    arc_seconds: FloatArray


@dataclass(frozen=True)
class BlockTree:
    """Levels from the root down, and where each node is.

    Parameters
    ----------
    levels
        From the root on.
    depth, position, rank
        Shape ``(n,)``: level of each node, position of its block there, and its rank among the block's own nodes.
    """

    levels: tuple[Level, ...]
    depth: IntArray
    position: IntArray
    rank: IntArray


def block_tree(block: IntArray, start: IntArray, end: IntArray, seconds: FloatArray) -> BlockTree:
    """Return the tree of a dissected graph.

    Parameters
    ----------
    block
        Shape ``(n,)``: see ``dissected``.
    start, end, seconds
        Shape ``(a,)``: the arcs.
    """
    count = len(block)
    order = np.argsort(block, kind="stable")
    first = np.flatnonzero(np.diff(block[order], prepend=-1))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count) - np.repeat(first, np.diff(first, append=count))
    depth = np.frexp(block.astype(np.float64))[1].astype(np.int64) - 1
    starts_below = depth[start] >= depth[end]
    below, above = np.where(starts_below, start, end), np.where(starts_below, end, start)
    by_depth = np.argsort(depth[below], kind="stable")
    bounds = np.searchsorted(depth[below][by_depth], np.arange(int(depth.max(initial=0)) + 2))
    position = np.zeros(count, dtype=np.int64)
    kept: list[tuple[IntArray, IntArray]] = []
    keys = np.zeros(0, dtype=np.int64)
    deepest = int(depth.max(initial=0))
    for level in range(deepest, -1, -1):
        arcs = by_depth[bounds[level] : bounds[level + 1]]
        leaving = arcs[block[below[arcs]] != block[above[arcs]]]
        upper, node = keys // count >> 1, keys % count
        passed = block[node] != upper
        keys = np.unique(np.r_[block[below[leaving]] * count + above[leaving], (upper * count + node)[passed]])
        here = np.flatnonzero(depth == level)
        lower = kept[-1][0] >> 1 if kept else keys[:0]
        blocks = np.unique(np.r_[block[here], lower])
        position[here] = np.searchsorted(blocks, block[here])
        kept.append((blocks, keys))
    kept.reverse()
    levels = []
    for level, (blocks, keys) in enumerate(kept):
        arcs = by_depth[bounds[level] : bounds[level + 1]]
        at = position[below[arcs]]
        places = [_places(block, rank, blocks, keys, at, ends[arcs]) for ends in (start, end)]
        rim_block = np.searchsorted(blocks, keys // count)
        upper_at = np.searchsorted(kept[level - 1][0], blocks[rim_block] >> 1) if level else rim_block
        levels.append(
            Level(
                blocks=blocks,
                own_count=np.bincount(position[depth == level], minlength=len(blocks)),
                rim_first=np.searchsorted(rim_block, np.arange(len(blocks) + 1)),
                rim_block=rim_block,
                rim_above=_places(block, rank, *kept[level - 1], upper_at, keys % count) if level else rim_block,
                arc_block=at,
                arc_start=places[0],
                arc_end=places[1],
                arc_seconds=seconds[arcs],
            )
        )
    return BlockTree(tuple(levels), depth, position, rank)


def _places(
    block: IntArray, rank: IntArray, blocks: IntArray, rims: IntArray, at: IntArray, node: IntArray
) -> IntArray:
    """Return the place of each node in the block at a position of a level with these blocks and rims."""
    count = len(block)
    first = np.searchsorted(rims, blocks * count)
    on_rim = np.searchsorted(rims, blocks[at] * count + node) - first[at]
    return np.where(block[node] == blocks[at], rank[node], ~on_rim)
