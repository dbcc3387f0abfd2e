"""From position fixes as they arrive to tracks as they were walked.

The result depends on the fixes only, never on the order of their arrival. Nothing is dropped but repeats of a key: a
doubtful fix is flagged and kept. Between two fixes too far apart in time or speed the way is unknown, not walked, and
the track is split there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis_app.analysis.instants import MICROSECONDS_PER_SECOND, Instants, utc_instants

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NO_PIECE = -1
SHORTEST_STEP_S = 1.0
"""Two fixes within a second are judged as a second apart: positions scatter by metres and clocks are coarse."""


class FixFlag(IntFlag):
    """What is doubtful about a fix; several may hold at once."""

    NON_FINITE = 1
    """The position is missing or infinite; the fix is in no track."""
    JUMP = 2
    """The speed from the fix before is impossible; a new piece begins here."""
    GAP = 4
    """Too long since the fix before; a new piece begins here."""
    CLOCK_AHEAD = 8
    """Recorded at a time that had not come yet when the fix was received."""
    CLOCK_BEHIND = 16
    """Sent by a device whose clock was behind."""


@dataclass(frozen=True, eq=False)
class Fixes:
    """Position fixes in any order, all arrays of shape ``(n,)``.

    Parameters
    ----------
    device
        Which device recorded the fix: whole numbers or text.
    recorded_at
        When, with a time zone (numpy ``datetime64`` is taken as UTC); none missing.
    sequence
        Running number of the device, whole. Device, time and number together are the key of a fix.
    x, y
        Position in a projected CRS, metres; may be NaN or infinite.
    patrol
        The patrol the fix belongs to, whole numbers or text; a track never runs from one patrol into another.
        None: one patrol per device.
    """

    device: Any
    recorded_at: Any
    sequence: Any
    x: Any
    y: Any
    patrol: Any = None


@dataclass(frozen=True)
class TrackLimits:
    """What splits a track: more seconds than ``gap_s``, or a faster move than ``speed_mps`` metres per second."""

    gap_s: float = 120.0
    speed_mps: float = 40.0


@dataclass(frozen=True, eq=False)
class CleanedFixes:
    """The fixes kept, by device, time and sequence; all arrays of shape ``(k,)``, k <= n.

    Parameters
    ----------
    order
        Position of each in the input.
    flag
        ``FixFlag`` values, 0 if nothing is doubtful.
    piece
        Number of the unbroken piece the fix belongs to, from 0 in order; ``NO_PIECE`` for non-finite fixes.
    """

    order: IntArray
    flag: npt.NDArray[np.int16]
    piece: IntArray


@dataclass(frozen=True, eq=False)
class _Columns:
    device: IntArray
    microsecond: IntArray
    sequence: IntArray
    patrol: IntArray
    x: FloatArray
    y: FloatArray


def clean_fixes(fixes: Fixes, limits: TrackLimits | None = None) -> CleanedFixes:
    """Sort fixes, drop repeats of a key, flag the doubtful and split tracks where the way is unknown.

    Where two fixes share a key but not the position, the first in order of finiteness, x, y and patrol is kept,
    whichever arrived first.

    Parameters
    ----------
    fixes
        The fixes. CRS: projected, metres.
    limits
        Gap and speed that split; by default 120 s and 40 m/s.

    Returns
    -------
    The fixes kept with flags and pieces; the same for every order of arrival, but for ``order`` itself.

    Raises
    ------
    ValueError
        If the columns differ in length or a time is missing or without a zone.
    """
    columns = _columns_of(fixes)
    order = _canonical_order(columns)
    finite = np.isfinite(columns.x[order]) & np.isfinite(columns.y[order])
    flag = np.where(finite, 0, int(FixFlag.NON_FINITE)).astype(np.int16)
    piece = np.full(len(order), NO_PIECE, dtype=np.int64)
    flag[finite], piece[finite] = _flags_and_pieces(columns, order[finite], limits=limits or TrackLimits())
    return CleanedFixes(order, flag, piece)


def track_lines(
    cleaned: CleanedFixes, x: npt.ArrayLike, *, y: npt.ArrayLike, group: npt.ArrayLike
) -> tuple[npt.NDArray[Any], npt.NDArray[np.object_]]:
    """Return one MultiLineString per group, a line for every piece that leads somewhere.

    A piece of one fix, or of fixes all in one place, is no line and is left out; a group without lines does not occur.

    Parameters
    ----------
    cleaned
        What ``clean_fixes`` returned.
    x, y
        Shape ``(n,)`` in the order of the input of ``clean_fixes``: the coordinates of the lines, in any CRS
        (such as lon, lat for storage).
    group
        Shape ``(n,)`` in the same order: what to gather lines by, such as the patrol; constant in a piece.

    Returns
    -------
    The groups, sorted, shape ``(g,)``, and their lines, shape ``(g,)``.
    """
    in_piece = cleaned.piece != NO_PIECE
    source = cleaned.order[in_piece]
    coordinates = np.column_stack([np.asarray(x, dtype=np.float64)[source], np.asarray(y, dtype=np.float64)[source]])
    piece = cleaned.piece[in_piece]
    moving = _pieces_that_move(coordinates, piece)[piece] if len(piece) else np.zeros(0, dtype=np.bool_)
    coordinates, source, piece = coordinates[moving], source[moving], piece[moving]
    first = np.nonzero(np.diff(piece, prepend=NO_PIECE))[0]
    number = np.cumsum(np.diff(piece, prepend=NO_PIECE) != 0) - 1
    lines = np.asarray(shapely.linestrings(coordinates, indices=number), dtype=object)
    keys, key_of_line = np.unique(np.asarray(group)[source[first]], return_inverse=True)
    by_key = np.argsort(key_of_line, kind="stable")
    return keys, np.asarray(shapely.multilinestrings(lines[by_key], indices=key_of_line[by_key]), dtype=object)


def _pieces_that_move(coordinates: FloatArray, piece: IntArray) -> BoolArray:
    """Return by piece number whether two of its positions differ."""
    moved = (np.diff(coordinates, axis=0) != 0).any(axis=1) & (np.diff(piece) == 0)
    return np.asarray(np.bincount(piece[1:], weights=moved, minlength=int(piece[-1]) + 1) > 0, dtype=np.bool_)


def _columns_of(fixes: Fixes) -> _Columns:
    recorded_at: Instants = utc_instants(fixes.recorded_at)
    if np.isnat(recorded_at).any():
        raise ValueError("Every fix needs the time it was recorded at.")
    n = len(recorded_at)
    columns = _Columns(
        device=_codes(fixes.device),
        microsecond=recorded_at.astype(np.int64),
        sequence=np.asarray(fixes.sequence, dtype=np.int64),
        patrol=np.zeros(n, dtype=np.int64) if fixes.patrol is None else _codes(fixes.patrol),
        x=np.asarray(fixes.x, dtype=np.float64),
        y=np.asarray(fixes.y, dtype=np.float64),
    )
    if any(column.shape != (n,) for column in vars(columns).values()):
        raise ValueError("The columns of fixes need one length.")
    return columns


def _codes(keys: Any) -> IntArray:
    """Return whole numbers in the order of the keys."""
    values = np.asarray(keys)
    if np.issubdtype(values.dtype, np.integer):
        return np.asarray(values, dtype=np.int64)
    return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.int64)


def _canonical_order(columns: _Columns) -> IntArray:
    keys = (columns.sequence, columns.microsecond, columns.device)
    order = np.lexsort(keys).astype(np.int64)
    repeats = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        repeats &= key[order[1:]] == key[order[:-1]]
    if not repeats.any():
        return order
    # Only rows that share a key need the tie-break; they stay in the slots they hold together.
    tied = np.append(repeats, False) | np.append(False, repeats)
    rows = order[tied]
    finite = np.isfinite(columns.x[rows]) & np.isfinite(columns.y[rows])
    tie_break = (columns.patrol[rows], columns.y[rows], columns.x[rows], ~finite, *(key[rows] for key in keys))
    order[tied] = rows[np.lexsort(tie_break)]
    return np.asarray(order[np.append(True, ~repeats)], dtype=np.int64)


def _flags_and_pieces(
    columns: _Columns, order: IntArray, *, limits: TrackLimits
) -> tuple[npt.NDArray[np.int16], IntArray]:
    same_track = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in (columns.device, columns.patrol):
        same_track &= key[order[1:]] == key[order[:-1]]
    seconds = np.diff(columns.microsecond[order]) / MICROSECONDS_PER_SECOND
    moved_m = np.hypot(np.diff(columns.x[order]), np.diff(columns.y[order]))
    jump = same_track & (moved_m > limits.speed_mps * np.maximum(seconds, SHORTEST_STEP_S))
    gap = same_track & (seconds > limits.gap_s)
    flag = np.zeros(len(order), dtype=np.int16)
    flag[1:] = jump * int(FixFlag.JUMP) + gap * int(FixFlag.GAP)
    begins = np.append(np.zeros(min(len(order), 1), dtype=np.bool_), ~same_track | jump | gap)
    return flag, np.cumsum(begins, dtype=np.int64)
