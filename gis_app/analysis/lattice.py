"""A fixed metric lattice clipped to an area, and events counted on it.

The lattice hangs on the origin of the CRS, not on the data: cell ``(i, j)`` covers ``[i * cell_m, (i + 1) * cell_m)``
eastward and ``[j * cell_m, (j + 1) * cell_m)`` northward, so that the same place is the same cell in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DEFAULT_CELL_M = 250.0
MAX_CELLS = 20_000_000
QUEEN_STEPS = tuple((up, right) for up in (-1, 0, 1) for right in (-1, 0, 1) if (up, right) != (0, 0))


@dataclass(frozen=True, eq=False)
class Lattice:
    """A rectangle of cells, of which ``mask`` are inside the area.

    Parameters
    ----------
    cell_m
        Side of a cell, metres.
    first_i, first_j
        Index of the south-western cell of the rectangle.
    mask
        Shape ``(rows, columns)``, row 0 in the south: whether the cell belongs to the lattice.
    """

    cell_m: float
    first_i: int
    first_j: int
    mask: BoolArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (northward) and columns (eastward) of the rectangle."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def cell_count(self) -> int:
        """Number of cells inside the area."""
        return len(self.cells)

    @cached_property
    def cells(self) -> IntArray:
        """Shape ``(n, 2)``: index ``(i, j)`` of every cell inside, from the south, west to east."""
        rows, columns = np.nonzero(self.mask)
        return np.column_stack([columns + self.first_i, rows + self.first_j]).astype(np.int64)

    @cached_property
    def positions(self) -> IntArray:
        """Shape ``(rows, columns)``: position of the cell in ``cells``, -1 outside the area."""
        positions = np.full(self.mask.shape, -1, dtype=np.int64)
        positions[self.mask] = np.arange(np.count_nonzero(self.mask))
        return positions

    @property
    def centres(self) -> FloatArray:
        """Shape ``(n, 2)``: x and y of the middle of every cell, metres."""
        return np.asarray((self.cells + 0.5) * self.cell_m, dtype=np.float64)

    def polygons(self) -> npt.NDArray[np.object_]:
        """Return the squares of ``cells``, shape ``(n,)``, in the CRS of the lattice."""
        west_south = self.cells * self.cell_m
        east_north = (self.cells + 1) * self.cell_m
        return np.asarray(shapely.box(*west_south.T, *east_north.T), dtype=object)

    def raster(self, values: npt.ArrayLike, *, outside: float = 0.0) -> FloatArray:
        """Return per-cell values, shape ``(n,)``, as a rectangle with ``outside`` where no cell is."""
        rectangle = np.full(self.mask.shape, outside, dtype=np.float64)
        rectangle[self.mask] = values
        return rectangle


def lattice_over(area: Any, cell_m: float = DEFAULT_CELL_M) -> Lattice:
    """Return the lattice of the cells that share some ground with ``area``.

    Parameters
    ----------
    area
        A shapely geometry, or a GeoDataFrame, GeoSeries or array of them (taken together).
        CRS: projected, metres; raises if geographic.
    cell_m
        Side of a cell, metres.

    Raises
    ------
    ValueError
        If the area is empty, the side is not positive, the lattice would exceed 20 million cells, or the CRS is not
        metric.
    """
    shapes = [area] if isinstance(area, shapely.Geometry) else metric_geometries(area)
    whole = shapely.union_all(shapes)
    if whole.is_empty or not cell_m > 0:
        raise ValueError("A lattice needs an area that is not empty and cells with a positive side.")
    west, south, east, north = np.asarray(shapely.bounds(whole)) / cell_m
    first_i, first_j = int(np.floor(west)), int(np.floor(south))
    columns, rows = max(int(np.ceil(east)) - first_i, 1), max(int(np.ceil(north)) - first_j, 1)
    if rows * columns > MAX_CELLS:
        raise ValueError(f"Cells of {cell_m} m would make {rows * columns:,} of them; use larger cells.")
    everything = Lattice(cell_m, first_i, first_j, np.ones((rows, columns), dtype=np.bool_))
    inside = _overlaps(whole, everything.polygons())
    return Lattice(cell_m, first_i, first_j, inside.reshape(rows, columns))


def lattice_of_cells(cells: npt.ArrayLike, cell_m: float = DEFAULT_CELL_M) -> Lattice:
    """Return the lattice of given cells, shape ``(n, 2)``, in any order.

    Raises
    ------
    ValueError
        If there are no cells.
    """
    index = np.asarray(cells, dtype=np.int64)
    if not len(index):
        raise ValueError("A lattice needs a cell.")
    first_i, first_j = (int(axis.min()) for axis in index.T)
    columns, rows = (int(axis.max()) + 1 for axis in (index - [first_i, first_j]).T)
    mask = np.zeros((rows, columns), dtype=np.bool_)
    mask[index[:, 1] - first_j, index[:, 0] - first_i] = True
    return Lattice(float(cell_m), first_i, first_j, mask)


def _overlaps(area: Any, squares: npt.NDArray[np.object_]) -> BoolArray:
    shapely.prepare(area)
    overlap: BoolArray = shapely.intersects(area, squares)
    # A square that only touches the border would be a cell in which nothing can ever happen.
    at_border = np.nonzero(overlap & ~shapely.contains_properly(area, squares))[0]
    overlap[at_border] = ~shapely.touches(area, squares[at_border])
    return overlap


def cell_positions(lattice: Lattice, x: npt.ArrayLike, *, y: npt.ArrayLike) -> IntArray:
    """Return the position in ``lattice.cells`` of the cell that holds each point, -1 for points in none.

    Parameters
    ----------
    lattice
        The lattice.
    x, y
        Shape ``(m,)``, metres in the CRS of the lattice; a non-finite coordinate lies in no cell.
    """
    column = np.floor(np.asarray(x, dtype=np.float64) / lattice.cell_m) - lattice.first_i
    row = np.floor(np.asarray(y, dtype=np.float64) / lattice.cell_m) - lattice.first_j
    rows, columns = lattice.shape
    within = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    found = np.full(column.shape, -1, dtype=np.int64)
    found[within] = lattice.positions[row[within].astype(np.int64), column[within].astype(np.int64)]
    return found


def count_in_cells(lattice: Lattice, x: npt.ArrayLike, *, y: npt.ArrayLike) -> IntArray:
    """Return the number of points per cell, shape ``(n,)``; points outside the lattice are not counted.

    Parameters
    ----------
    lattice
        The lattice.
    x, y
        Shape ``(m,)``, metres in the CRS of the lattice.
    """
    positions = cell_positions(lattice, x, y=y)
    return np.bincount(positions[positions >= 0], minlength=lattice.cell_count).astype(np.int64)


def queen_pairs_of_cells(lattice: Lattice) -> IntArray:
    """Return which cells share an edge or a corner.

    Returns
    -------
    Shape ``(m, 2)``: positions ``(i, j)`` in ``lattice.cells``, both directions, sorted.
    """
    padded = np.pad(lattice.positions, 1, constant_values=-1)
    rows, columns = lattice.shape
    # The steps go from the south-west to the north-east, so the pairs come out in order.
    there = np.stack([padded[1 + up : 1 + up + rows, 1 + right : 1 + right + columns] for up, right in QUEEN_STEPS], -1)
    neighbours = there[lattice.mask]
    exists = neighbours >= 0
    cells = np.repeat(np.arange(len(neighbours)), np.count_nonzero(exists, axis=1))
    return np.column_stack([cells, neighbours[exists]])
