"""Grids and pieces of streets as the places of a map: their sizes, their neighbours, how events spread over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse, spatial

from gis_app.analysis.contiguity import polygon_of_points, queen_pairs_of_polygons
from gis_app.analysis.metric_crs import metric_geometries
from gis_app.analysis.network_density import piece_kernel
from gis_app.analysis.pieces_of_streets import FloatArray, IntArray, StreetPieces

M2_PER_KM2 = 1_000_000.0
M_PER_KM = 1000.0
GRID_SPREADS_M = (300.0, 900.0)
"""Standard deviations of the Gaussian between middles of grids."""
STREET_SPREADS_M = (200.0, 500.0)
"""Bandwidths of the kernel along streets."""
_REACH = 3.0


class PlaceKind(StrEnum):
    """What the places of a map are."""

    CELLS = "cells"
    GRIDS = "grids"
    STREETS = "streets"


@dataclass(frozen=True, eq=False)
class Places:
    """The n places that a map scores.

    Parameters
    ----------
    kind
        Grids or streets; the cells of a lattice have a home of their own.
    size
        Shape ``(n,)``: km2 of a grid, km of a piece of street, above 0.
    pairs
        Shape ``(m, 2)``: neighbours, both directions, ``i != j``.
    spreads_m
        Widths of the kernels at hand, metres, without 0.
    kernels
        By width, shape ``(n, n)``: share of an event in place ``j`` that is spread to place ``i``; columns sum to 1.
    middles
        Shape ``(n, 2)``: metres.
    locate
        The place of each point, x and y in metres; -1 for points in none.
    """

    kind: PlaceKind
    size: FloatArray
    pairs: IntArray
    spreads_m: tuple[float, ...]
    kernels: tuple[sparse.csr_array, ...]
    middles: FloatArray
    locate: Callable[[npt.ArrayLike, npt.ArrayLike], IntArray]

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.size)

    def spread(self, mass: FloatArray, spread_m: float) -> FloatArray:
        """Return mass per place, shape ``(n,)``, spread by one of the kernels; as it is for a width of 0."""
        if spread_m == 0:
            return mass
        return np.asarray(self.kernels[self.spreads_m.index(spread_m)] @ mass, dtype=np.float64)

    @cached_property
    def _tree(self) -> spatial.KDTree:
        return spatial.KDTree(self.middles)

    def near(self, x: FloatArray, y: FloatArray, *, within_m: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Return the pairs of a point and a place whose middle lies near it: point, place, metres apart."""
        if not len(x):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        points = spatial.KDTree(np.column_stack([x, y]))
        pairs = points.sparse_distance_matrix(self._tree, within_m, output_type="ndarray")
        return pairs["i"], pairs["j"], pairs["v"]


def grid_places(grids: Any, *, spreads_m: tuple[float, ...] = GRID_SPREADS_M) -> Places:
    """Return grids as places; events spread as a Gaussian of the distance between middles, by area.

    Parameters
    ----------
    grids
        GeoDataFrame, GeoSeries or array of polygons. CRS: projected, metres; raises if geographic.

    Raises
    ------
    ValueError
        If there is no grid, one has no area, or the CRS is not metric.
    """
    shapes = metric_geometries(grids)
    size = np.asarray(shapely.area(shapes), dtype=np.float64) / M2_PER_KM2
    if not len(shapes) or not (size > 0).all():
        raise ValueError("Places need a grid, and each grid an area.")
    middles = shapely.centroid(shapes)
    kernels = tuple(_gaussian(middles, size, spread_m) for spread_m in spreads_m)

    def locate(x: npt.ArrayLike, y: npt.ArrayLike) -> IntArray:
        return polygon_of_points(shapes, x, y=y)

    pairs, spots = queen_pairs_of_polygons(shapes), shapely.get_coordinates(middles)
    return Places(PlaceKind.GRIDS, size, pairs, spreads_m, kernels, spots, locate)


def street_places(pieces: StreetPieces, *, spreads_m: tuple[float, ...] = STREET_SPREADS_M) -> Places:
    """Return pieces of streets as places; events spread along the streets, split equally at junctions."""
    length_m = pieces.length_m
    kernels = tuple(
        _columns_of_one(sparse.diags_array(length_m) @ piece_kernel(pieces, bandwidth_m=spread_m))
        for spread_m in spreads_m
    )

    def locate(x: npt.ArrayLike, y: npt.ArrayLike) -> IntArray:
        return pieces.pieces_at(x, y=y)[0]

    middles = shapely.get_coordinates(pieces.middles())
    return Places(PlaceKind.STREETS, length_m / M_PER_KM, pieces.neighbour_pairs(), spreads_m, kernels, middles, locate)


def _gaussian(middles: npt.NDArray[np.object_], size: FloatArray, spread_m: float) -> sparse.csr_array:
    there, here = shapely.STRtree(middles).query(middles, predicate="dwithin", distance=_REACH * spread_m)
    apart = shapely.distance(middles[here], middles[there])
    weight = np.exp(-0.5 * (apart / spread_m) ** 2) * size[here]
    return _columns_of_one(sparse.csr_array((weight, (here, there)), shape=(len(size), len(size))))


def _columns_of_one(kernel: Any) -> sparse.csr_array:
    return sparse.csr_array(kernel @ sparse.diags_array(1.0 / np.asarray(kernel.sum(axis=0)).ravel()))
