"""What was swept of each grid, as small cells that can be united over nights, shifts and teams.

A cell is swept when a mark in it lies within the sweep width of a track. The marks do not stand in rows and columns, as
streets do: each is moved by the golden ratio of its row and column, so that errors along a straight street cancel out.
Cells of a grid are kept as bits, so that what several nights or teams swept together is an OR, and counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CELL_M = 8.0
NO_GRID = -1
STEP_M = 8.0
"""A line is taken as points so far apart: the band about them is narrower by a decimetre, in the mean."""
MOST_CELLS = 600_000_000
_GOLDEN = (5**0.5 - 1) / 2
_EDGE = 12
"""Cells about the ground, so that what is swept beyond it needs no test."""
_POINTS_AT_ONCE = 4_000
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class CellWindow:
    """The cells about one grid: rows and columns of the ground, half open."""

    south: int
    north: int
    west: int
    east: int

    @property
    def cells(self) -> tuple[slice, slice]:
        """The part of the ground."""
        return slice(self.south, self.north), slice(self.west, self.east)


class SweepGround:
    """The cells of a city: which grid each lies in, and room to mark what was swept.

    Parameters
    ----------
    grids
        Array, GeoSeries or GeoDataFrame of n polygons that do not overlap. CRS: projected, metres; raises if
        geographic.

    Raises
    ------
    ValueError
        If the grids lie further apart than a city does.
    """

    def __init__(self, grids: Any) -> None:
        self._polygons = metric_geometries(grids)
        bounds = shapely.bounds(self._polygons).reshape(-1, 4)
        low = np.floor(bounds[:, :2] / CELL_M).astype(np.int64)
        high = np.ceil(bounds[:, 2:] / CELL_M).astype(np.int64)
        self._corner = (low.min(axis=0) if len(low) else np.zeros(2, dtype=np.int64)) - _EDGE
        size = (high.max(axis=0) if len(high) else np.zeros(2, dtype=np.int64)) - self._corner + _EDGE
        if int(size.prod()) > MOST_CELLS:
            raise ValueError("The grids lie too far apart for one city.")
        self.windows = [CellWindow(*row) for row in np.column_stack([low, high])[:, [1, 3, 0, 2]].tolist()]
        self._boxes = shapely.STRtree(np.asarray(shapely.box(*bounds.T), dtype=object))
        kind = np.int16 if len(bounds) < np.iinfo(np.int16).max else np.int32
        self._owner = np.full((int(size[1]), int(size[0])), NO_GRID, dtype=kind)
        self._swept = np.zeros(self._owner.shape, dtype=np.bool_)
        # Where in its cell a mark stands: x by the row, y by the column.
        rows, columns = (np.arange(count) + first for count, first in zip(size[::-1], self._corner[::-1], strict=True))
        self._x_in_cell, self._y_in_cell = rows * _GOLDEN % 1.0, columns * _GOLDEN % 1.0
        self._count = np.full(len(bounds), -1, dtype=np.int64)

    def cell_count(self, number: int) -> int:
        """Return how many cells a grid has."""
        if self._count[number] < 0:
            self._own(number)
        return int(self._count[number])

    def _slices(self, number: int) -> tuple[slice, slice]:
        window = self.windows[number]
        west, south = self._corner.tolist()
        return slice(window.south - south, window.north - south), slice(window.west - west, window.east - west)

    def _own(self, number: int) -> None:
        rows, columns = self._slices(number)
        east = np.arange(columns.start, columns.stop)
        shapely.prepare(self._polygons[number])
        most = max(_CELLS_AT_ONCE // max(len(east), 1), 1)
        count = 0
        for south in range(rows.start, rows.stop, most):
            up = np.arange(south, min(south + most, rows.stop))[:, None]
            x = (east[None, :] + self._corner[0] + self._x_in_cell[up]) * CELL_M
            y = (up + self._corner[1] + self._y_in_cell[east][None, :]) * CELL_M
            inside = shapely.contains_xy(self._polygons[number], x, y)
            self._owner[south : south + len(up), columns][inside] = number
            count += int(inside.sum())
        self._count[number] = count

    def touched(self, points: FloatArray, reach_m: float) -> IntArray:
        """Return the positions of the grids that lie about some places, shape ``(t,)``."""
        blocks = np.unique(np.floor(points / (16 * CELL_M)), axis=0) * 16 * CELL_M
        boxes = shapely.box(*(blocks - reach_m).T, *(blocks + 16 * CELL_M + reach_m).T)
        found = np.unique(self._boxes.query(boxes)[1]).astype(np.int64)
        for number in found[self._count[found] < 0].tolist():
            self._own(number)
        return found

    def grid_at(self, points: FloatArray) -> IntArray:
        """Return the position of the grid that each place lies in, ``NO_GRID`` for none; to within a cell."""
        self.touched(points, 0.0)
        column, row = (np.floor(points / CELL_M).astype(np.int64) - self._corner).T
        height, width = self._owner.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        found = np.full(len(points), NO_GRID, dtype=np.int64)
        found[inside] = self._owner[row[inside], column[inside]]
        return found

    def sweep(self, points: FloatArray, reach_m: float) -> dict[int, BoolArray]:
        """Return the swept cells of each grid that was touched, over its window.

        Parameters
        ----------
        points
            Shape ``(m, 2)``: places of tracks, at most ``STEP_M`` apart along them. CRS: that of the grids.
        reach_m
            Metres to every side, at most eleven cells.
        """
        if reach_m > (_EDGE - 1) * CELL_M:
            raise ValueError("The sweep width is wider than the edge about the ground.")
        grids = self.touched(points, reach_m)
        for first in range(0, len(points), _POINTS_AT_ONCE):
            self._mark(points[first : first + _POINTS_AT_ONCE], reach_m)
        found = {}
        for number in grids.tolist():
            cells = self._slices(number)
            own = self._swept[cells] & (self._owner[cells] == number)
            if own.any():
                found[number] = own
        self._swept[:] = False
        return found

    def _mark(self, points: FloatArray, reach_m: float) -> None:
        wide = int(np.ceil(reach_m / CELL_M)) + 1
        column, row = (np.floor(points / CELL_M).astype(np.int64) - self._corner).T
        height, width = self._swept.shape
        is_on = (row >= wide) & (row < height - wide) & (column >= wide) & (column < width - wide)
        around = np.arange(-wide, wide + 1)
        rows, columns = row[is_on, None] + around, column[is_on, None] + around
        # From each place to the marks of the cells about it, in cells.
        place = points[is_on] / CELL_M - self._corner
        right = columns[:, None, :] + self._x_in_cell[rows][:, :, None] - place[:, 0, None, None]
        up = rows[:, :, None] + self._y_in_cell[columns][:, None, :] - place[:, 1, None, None]
        near = right * right + up * up <= (reach_m / CELL_M) ** 2
        self._swept.reshape(-1)[(rows[:, :, None] * width + columns[:, None, :])[near]] = True


def points_along(x: FloatArray, y: FloatArray, piece: IntArray) -> tuple[FloatArray, IntArray]:
    """Return places at most ``STEP_M`` apart along tracks, and the fix that each comes after.

    Parameters
    ----------
    x, y
        Shape ``(n,)``: positions in a projected CRS, metres, in the order they were taken.
    piece
        Shape ``(n,)``: number of the unbroken piece; between two pieces nothing is known.

    Returns
    -------
    Shapes ``(m, 2)`` and ``(m,)``.
    """
    if not len(x):
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    moved_m = np.hypot(np.diff(x, append=x[-1:]), np.diff(y, append=y[-1:]))
    goes_on = np.append(piece[1:] == piece[:-1], False)
    parts = np.where(goes_on, np.maximum(np.ceil(moved_m / STEP_M), 1), 1).astype(np.int64)
    fix = np.repeat(np.arange(len(x)), parts)
    share = (np.arange(len(fix)) - np.repeat(np.cumsum(parts) - parts, parts)) / np.repeat(parts, parts)
    after = np.minimum(fix + 1, len(x) - 1)
    places = np.column_stack([x[fix] + share * (x[after] - x[fix]), y[fix] + share * (y[after] - y[fix])])
    return places, fix
