"""Point events up to a moment, and the lattice of the places they let one speak of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gis_app.analysis.lattice import MAX_CELLS, BoolArray, FloatArray, IntArray, Lattice, cell_positions

MemoKey = tuple[str, float, float, float]

REACH_CELLS = 4
"""Cells this near to an event, in sides of a cell, are known."""
OUTER_SHARE = 0.025
OUTER_SPANS = 5.0
"""Beyond this many times the span of the middle 95 in 100 events, a place is taken for a mistake."""


@dataclass(frozen=True, eq=False)
class EventHistory:
    """Events before a moment, oldest first. What a method is given is all that it may know.

    Parameters
    ----------
    lattice
        The cells that are scored.
    x, y
        Shape ``(m,)``: metres in the CRS of the lattice.
    day
        Shape ``(m,)``: days since 1970-01-01 UTC, ascending, all before ``until``.
    until
        The moment, in the same days.
    memo
        Maps of the events before some moment, by kind, two parameters and moment; shared by all cuts of one history, as
        an earlier moment's maps stay the same whatever comes later.
    """

    lattice: Lattice
    x: FloatArray
    y: FloatArray
    day: FloatArray
    until: float
    memo: dict[MemoKey, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.day)

    @cached_property
    def cells(self) -> IntArray:
        """Shape ``(m,)``: position of each event's cell in ``lattice.cells``, -1 outside the lattice."""
        return cell_positions(self.lattice, self.x, y=self.y)

    @property
    def count(self) -> IntArray:
        """Shape ``(n,)``: events per cell."""
        return np.bincount(self.cells[self.cells >= 0], minlength=self.lattice.cell_count).astype(np.int64)

    @property
    def sizes(self) -> None:
        """Cells are all alike."""
        return None

    def ground_digest(self, digest: hashlib._Hash) -> None:
        """Add to a digest what tells the lattice from others."""
        lattice = self.lattice
        digest.update(repr((lattice.cell_m, lattice.first_i, lattice.first_j, lattice.shape)).encode())
        digest.update(np.packbits(lattice.mask).tobytes())

    @property
    def span_days(self) -> float:
        """Days from the first event to the moment; 0 without events."""
        return float(self.until - self.day[0]) if len(self) else 0.0

    def before(self, day: float) -> EventHistory:
        """Return the events before an earlier moment."""
        end = int(np.searchsorted(self.day, day, side="left"))
        earlier = replace(self, x=self.x[:end], y=self.y[:end], day=self.day[:end], until=min(float(day), self.until))
        if "cells" in self.__dict__:
            earlier.__dict__["cells"] = self.cells[:end]
        return earlier

    def since(self, day: float) -> EventHistory:
        """Return the events from a moment on; it shares no memo, as it lacks what came before."""
        start = int(np.searchsorted(self.day, day, side="left"))
        return replace(self, x=self.x[start:], y=self.y[start:], day=self.day[start:], memo={})


def event_history(
    lattice: Lattice, x: npt.ArrayLike, *, y: npt.ArrayLike, day: npt.ArrayLike, until: float
) -> EventHistory:
    """Return the events before ``until`` as a history.

    Parameters
    ----------
    lattice
        The cells that are scored.
    x, y
        Shape ``(m,)``: metres in the CRS of the lattice, finite.
    day
        Shape ``(m,)``: days since 1970-01-01 UTC, in any order, finite.
    until
        The moment, in the same days; later events are left out.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or hold what is not finite.
    """
    return EventHistory(lattice, *events_before(x, y=y, day=day, until=until), float(until))


def events_before(
    x: npt.ArrayLike, *, y: npt.ArrayLike, day: npt.ArrayLike, until: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x, y and day of the events before a moment, oldest first, by place too within one moment.

    Parameters
    ----------
    x, y, day
        Shape ``(m,)``: places in metres and days, in any order, which changes nothing.
    until
        The moment, in the same days.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or hold what is not finite.
    """
    east, north, when = (np.asarray(values, dtype=np.float64) for values in (x, y, day))
    if not east.shape == north.shape == when.shape or when.ndim != 1:
        raise ValueError("x, y and day need one shape (m,).")
    if not (np.isfinite(east).all() and np.isfinite(north).all() and np.isfinite(when).all()):
        raise ValueError("Places and days of events must be finite.")
    order = np.lexsort((north, east, when))
    order = order[when[order] < until]
    return east[order], north[order], when[order]


def far_from_the_rest(x: npt.ArrayLike, *, y: npt.ArrayLike, cell_m: float) -> BoolArray:
    """Return which events lie so far out that their coordinates must be wrong, such as (0, 0) for an unknown place.

    Those more than five spans beyond the middle 95 in 100 of all, on either axis; a span is that of these 95, and at
    least 20 cells.

    Parameters
    ----------
    x, y
        Shape ``(m,)``: metres; what is not finite is far.
    cell_m
        Side of a cell, metres.
    """
    far = np.zeros(np.shape(x), dtype=np.bool_)
    for axis in (np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)):
        finite = np.isfinite(axis)
        if not finite.any():
            return np.ones(axis.shape, dtype=np.bool_)
        low, high = np.quantile(axis[finite], [OUTER_SHARE, 1 - OUTER_SHARE])
        reach = OUTER_SPANS * max(high - low, 20 * cell_m)
        far |= ~((axis >= low - reach) & (axis <= high + reach))
    return far


def study_lattice(x: npt.ArrayLike, *, y: npt.ArrayLike, cell_m: float, reach_cells: int = REACH_CELLS) -> Lattice:
    """Return the cells near the events, and those they enclose: the area that scores speak of.

    A cell is known if it lies within ``reach_cells`` sides of the cell of an event, or in a hole between such cells.

    Parameters
    ----------
    x, y
        Shape ``(m,)``: places of events, metres, finite.
    cell_m
        Side of a cell, metres.
    reach_cells
        How far, in sides of a cell, between the middles of cells.

    Raises
    ------
    ValueError
        If there are no events, the side is not positive, or the rectangle would exceed 20 million cells.
    """
    if not np.size(x) or not cell_m > 0:
        raise ValueError("Cells around events need an event and a positive side.")
    column, row = (np.floor(np.asarray(axis, dtype=np.float64) / cell_m).astype(np.int64) for axis in (x, y))
    first_i, first_j = int(column.min()) - reach_cells, int(row.min()) - reach_cells
    columns, rows = int(column.max()) - first_i + reach_cells + 1, int(row.max()) - first_j + reach_cells + 1
    if rows * columns > MAX_CELLS:
        raise ValueError(f"Cells of {cell_m:g} m would make {rows * columns:,} of them; use larger cells.")
    empty = np.ones((rows, columns), dtype=np.bool_)
    empty[row - first_j, column - first_i] = False
    near = ndimage.distance_transform_edt(empty) <= reach_cells
    return Lattice(float(cell_m), first_i, first_j, np.asarray(ndimage.binary_fill_holes(near), dtype=np.bool_))
