"""Ways within and through the blocks of a dissected graph: tables of seconds, made from the leaves to the root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis_app.planning.block_tree import BlockTree, FloatArray, IntArray, Level

_IN_GROUP = 1 << 18
"""Entries of tables that are put together at once."""
_IN_CACHE = 1 << 15
"""Entries that are worked on together: with as many sums they stay in the processor's cache."""
_PANEL = 16
"""Nodes of one large block that are eliminated together."""


@dataclass(frozen=True)
class Tables:
    """Ways of some blocks of one level, side by side: ``w`` own nodes, then the rim, then one place for what is padded.

    Parameters
    ----------
    blocks
        Shape ``(b,)``: positions in the level.
    own
        The number ``w`` of places for own nodes, the most of any of the blocks.
    above
        Shape ``(b, m)``: place in the block above of each node on the rim; ``PADDED`` where there is none.
    forth, back
        Shape ``(b, w, w + m + 1)``: seconds from each own node to the nodes behind it, and to it from those; ``inf``
        for no way. The ways lead through own nodes before both, and through those of blocks below.
    """

    blocks: IntArray
    own: int
    above: IntArray
    forth: FloatArray
    back: FloatArray


PADDED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Rims:
    """Seconds between the nodes on the rims of some blocks, shape ``(b, m, m)``, and where they go in those above."""

    upper: IntArray
    is_right: IntArray
    above: IntArray
    seconds: FloatArray


def eliminated(tree: BlockTree) -> tuple[tuple[Tables, ...], ...]:
    """Return the tables of each level, from the root on.

    All nodes are eliminated in turn, blocks below first: ways through the node become arcs between those that remain.

    References
    ----------
    Carré (1971), An algebra for network routing problems, IMA J. Applied Mathematics 7(3).
    Dibbelt, Strasser & Wagner (2016), Customizable contraction hierarchies, ACM J. Experimental Algorithmics 21.
    """
    made: list[tuple[Tables, ...]] = []
    below: list[_Rims] = []
    for depth in range(len(tree.levels) - 1, -1, -1):
        level = tree.levels[depth]
        upper = np.searchsorted(tree.levels[depth - 1].blocks, level.blocks >> 1) if depth else level.blocks
        tables, rims = [], []
        for blocks in _groups(level):
            own, above, seconds = _assembled(level, blocks, below)
            _close(seconds, own)
            forth = seconds[:, :own].copy()
            tables.append(Tables(blocks, own, above, forth, seconds[:, :, :own].transpose(0, 2, 1).copy()))
            if depth:
                between = seconds[:, own:-1, own:-1].copy()
                rims.append(_Rims(upper[blocks], level.blocks[blocks] & 1, above, between))
        made.append(tuple(tables))
        below = rims
    return tuple(reversed(made))


def places_of(code: IntArray, own: int, padded: int) -> IntArray:
    """Return columns of a table for places in a block: own nodes, then the rim, then the column of what is padded."""
    return np.where(code == PADDED, padded, np.where(code < 0, own + ~code, code))


def _groups(level: Level) -> Iterator[IntArray]:
    """Yield positions of blocks of about the same size, as many as are worked on at once."""
    rim = np.diff(level.rim_first)
    order = np.lexsort((level.own_count, rim))
    size = (rim + level.own_count + 1)[order]
    first = 0
    while first < len(order):
        last, most = first, 0
        while last < len(order) and (last - first + 1) * max(most, int(size[last])) ** 2 <= _IN_GROUP:
            most = max(most, int(size[last]))
            last += 1
        last = max(last, first + 1)
        yield order[first:last]
        first = last


def _assembled(level: Level, blocks: IntArray, below: list[_Rims]) -> tuple[int, IntArray, FloatArray]:
    """Return places for own nodes, where the rim goes, and the seconds of arcs and of ways through blocks below."""
    own, rim = int(level.own_count[blocks].max()), np.diff(level.rim_first)[blocks]
    size = own + int(rim.max()) + 1
    row = np.full(len(level.blocks), -1)
    row[blocks] = np.arange(len(blocks))
    above = np.full((len(blocks), size - own - 1), PADDED)
    flat = np.arange(rim.sum()) - np.repeat(np.cumsum(rim) - rim, rim)
    above[np.repeat(np.arange(len(blocks)), rim), flat] = level.rim_above[
        np.repeat(level.rim_first[blocks], rim) + flat
    ]
    seconds = np.full((len(blocks), size, size), np.inf)
    at = row[level.arc_block]
    arcs = np.flatnonzero(at >= 0)
    start, end = (places_of(code[arcs], own, size - 1) for code in (level.arc_start, level.arc_end))
    np.minimum.at(seconds, (at[arcs], start, end), level.arc_seconds[arcs])
    entries = seconds.reshape(-1)
    for rims in below:
        for side in (0, 1):
            some = np.flatnonzero((row[rims.upper] >= 0) & (rims.is_right == side))
            if not len(some):
                continue
            place = places_of(rims.above[some], own, size - 1)
            lines = row[rims.upper[some], None] * size + place
            into = lines[:, :, None] * size + place[:, None, :]
            entries[into] = np.minimum(entries[into], rims.seconds[some])
    seconds[:, -1, :] = seconds[:, :, -1] = np.inf
    seconds[:, np.arange(size - 1), np.arange(size - 1)] = 0.0
    return own, above, seconds


def _close(seconds: FloatArray, own: int) -> None:
    """Lower the seconds of tables, shape ``(b, n, n)``, by eliminating their first nodes in turn; in place."""
    size = seconds.shape[1]
    room = np.empty(max(_IN_CACHE, (_PANEL + 1) * size))
    step = _IN_CACHE // size**2
    if step:
        for first in range(0, len(seconds), step):
            some = seconds[first : first + step]
            _lower(some, some, range(own), room)
        return
    step = max(1, _IN_CACHE // size)
    for table in seconds[:, None]:
        for node in range(0, own, _PANEL):
            panel = range(node, min(node + _PANEL, own))
            _lower(table[:, : panel.stop], table, panel, room)
            for first in range(panel.stop, size, step):
                _lower(table[:, first : first + step], table, panel, room, skipped=False)


def _lower(rows: FloatArray, table: FloatArray, nodes: range, room: FloatArray, *, skipped: bool = True) -> None:
    """Lower rows of tables, shape ``(b, r, n)``, by ways through nodes to those behind them.

    Parameters
    ----------
    table
        Shape ``(b, n, n)``: whose first rows they are, or others.
    room
        Where sums are kept meanwhile.
    skipped
        Whether rows of nodes that were eliminated, the first ones, stay as they are.
    """
    for node in nodes:
        first = node + 1 if skipped else 0
        lowered = rows[:, first:, node + 1 :]
        through = room[: lowered.size].reshape(lowered.shape)
        np.add(rows[:, first:, node, None], table[:, node, None, node + 1 :], out=through)
        np.minimum(lowered, through, out=lowered)
