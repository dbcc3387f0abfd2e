"""How much of each grid lies within the width of some lines, row by row instead of polygon by polygon.

A grid is cut into rows of equal height. What lies within ``r`` of a straight piece is a capsule, and along the middle
of a row an interval; the union of all intervals, and its part inside of the grid, are a sort and sums. An edge along
the rows is off by at most half a row, any other one by about the square of that; so the rows are turned away from the
directions that streets and borders like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.intervals import covered_below, united

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ROWS = 256
_TURN = np.arctan((5**0.5 - 1) / 2)
_TURNED = np.array([[np.cos(_TURN), np.sin(_TURN)], [-np.sin(_TURN), np.cos(_TURN)]])


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of n grids on one axis: row after row, each as long as the widest grid.

    Parameters
    ----------
    west, south, height
        Shape ``(n,)``: corner of each grid, and the height of its rows.
    width
        Shape ``(n,)``; ``room`` is more than any.
    """

    west: FloatArray
    south: FloatArray
    height: FloatArray
    width: FloatArray
    room: float

    def between(self, grid: IntArray, low: FloatArray, high: FloatArray) -> tuple[IntArray, IntArray]:
        """Return, for parts of grids from a height up to below another, which part it is, and each row's number."""
        first, last = (
            np.ceil((bound - self.south[grid]) / self.height[grid] - 0.5).clip(0, ROWS).astype(np.int64)
            for bound in (low, high)
        )
        count = np.maximum(last - first, 0)
        part = np.repeat(np.arange(len(grid)), count)
        return part, np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count) + first[part]

    def middle(self, grid: IntArray, row: IntArray) -> FloatArray:
        """Return the y of the middle of rows."""
        return np.asarray(self.south[grid] + (row + 0.5) * self.height[grid], dtype=np.float64)

    def on_axis(self, grid: IntArray, row: IntArray, x: FloatArray) -> FloatArray:
        """Return places on the axis; what lies beside the grid is moved to its edge."""
        inside = np.clip(x - self.west[grid], 0.0, self.width[grid])
        return np.asarray((grid * ROWS + row) * self.room + inside, dtype=np.float64)


def swept_shares(polygons: Any, pieces: FloatArray, reach_m: FloatArray, grid: IntArray) -> FloatArray:
    """Return the share of each polygon within the width of its pieces.

    Parameters
    ----------
    polygons
        Array of n polygons. CRS: projected, metres.
    pieces
        Shape ``(k, 2, 2)``: piece, end, (x, y).
    reach_m, grid
        Shape ``(k,)``: metres to every side, > 0; position of the polygon the piece is near.

    Returns
    -------
    Shape ``(n,)``, 0 to 1.
    """
    polygons, pieces = shapely.transform(polygons, lambda xy: xy @ _TURNED), pieces @ _TURNED
    west, south, east, north = shapely.bounds(polygons).reshape(-1, 4).T
    width = east - west
    rows = _Rows(west, south, (north - south) / ROWS, width, float(width.max(initial=0.0)) + 1.0)
    begin, end = united(*_intervals(rows, pieces, reach_m, grid))
    owner, low, high = _insides(rows, polygons)
    measured = np.bincount(owner, (high - low) * rows.height[owner], minlength=len(polygons))
    inside = covered_below(begin, end, high) - covered_below(begin, end, low)
    covered = np.bincount(owner, inside * rows.height[owner], minlength=len(polygons))
    return np.clip(covered / np.where(measured > 0, measured, 1.0), 0.0, 1.0)


def _intervals(rows: _Rows, pieces: FloatArray, reach_m: FloatArray, grid: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return where the rows run inside the capsules about the pieces: begin and end on the axis."""
    upward = np.lexsort((pieces[:, :, 0], pieces[:, :, 1]), axis=1)
    ends = np.take_along_axis(pieces, upward[:, :, None], axis=1)
    (ax, ay), (bx, by) = ends[:, 0].T, ends[:, 1].T
    long = np.hypot(bx - ax, by - ay)
    is_point = long == 0
    ux = np.where(is_point, 1.0, (bx - ax) / np.where(is_point, 1.0, long))
    uy = np.where(is_point, 0.0, (by - ay) / np.where(is_point, 1.0, long))
    piece, row = rows.between(grid, ay - reach_m, by + reach_m)
    y = rows.middle(grid[piece], row)
    radius = reach_m[piece]
    # Up from the lower end: first its disc, then the side of the band, then the disc of the upper end.
    discs = [(x[piece], np.sqrt(np.maximum(radius**2 - (y - up[piece]) ** 2, 0.0))) for x, up in ((ax, ay), (bx, by))]
    slope = np.where(uy > 0, ux / np.where(uy > 0, uy, 1.0), 0.0)[piece]
    edges = []
    for side in (-1.0, 1.0):
        shift = side * reach_m * ux
        leaves, meets = (ay - shift)[piece], (by - shift)[piece]
        along = (ax + side * reach_m * uy)[piece] + (y - leaves) * slope
        (x_low, half_low), (x_high, half_high) = discs
        edges.append(
            np.where(y < leaves, x_low + side * half_low, np.where(y > meets, x_high + side * half_high, along))
        )
    low, high = (rows.on_axis(grid[piece], row, edge) for edge in edges)
    some = high > low
    return low[some], high[some]


def _insides(rows: _Rows, polygons: Any) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return where the rows run inside the polygons: position of the polygon, begin and end on the axis."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.nonzero(ring[1:] == ring[:-1])[0]
    grid = owner[part[ring[edge]]].astype(np.int64)
    lower_first = xy[edge, 1] <= xy[edge + 1, 1]
    low, high = np.where(lower_first, edge, edge + 1), np.where(lower_first, edge + 1, edge)
    (ax, ay), (bx, by) = xy[low].T, xy[high].T
    crossed, row = rows.between(grid, ay, by)
    slope = (bx - ax)[crossed] / (by - ay)[crossed]
    x = ax[crossed] + (rows.middle(grid[crossed], row) - ay[crossed]) * slope
    place = rows.on_axis(grid[crossed], row, x)
    # Each row is entered and left again: every second place is a way out.
    order = np.argsort(place, kind="stable")
    return grid[crossed][order][::2], place[order][::2], place[order][1::2]
