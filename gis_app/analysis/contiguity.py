"""Polygons such as grids as cells: which one holds a point, and which are neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.metric_crs import metric_geometries

IntArray = npt.NDArray[np.int64]

SNAP_M = 0.5


def polygon_of_points(polygons: Any, x: npt.ArrayLike, *, y: npt.ArrayLike) -> IntArray:
    """Return the position of the polygon that holds each point, -1 for points in none.

    A point on the line between two polygons belongs to the one that comes first, so that it counts once.

    Parameters
    ----------
    polygons
        GeoDataFrame, GeoSeries or array of n polygons. CRS: projected, metres; raises if geographic.
    x, y
        Shape ``(m,)``, in the CRS of the polygons; a non-finite coordinate lies in no polygon.
    """
    shapes = metric_geometries(polygons)
    east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    holder = np.full(east.shape, -1, dtype=np.int64)
    usable = np.nonzero(np.isfinite(east) & np.isfinite(north))[0]
    if not len(usable) or not len(shapes):
        return holder
    points = shapely.points(east[usable], north[usable])
    point, polygon = shapely.STRtree(shapes).query(points, predicate="intersects")
    nearest_first = np.lexsort((polygon, point))
    first_point, first = np.unique(point[nearest_first], return_index=True)
    holder[usable[first_point]] = polygon[nearest_first][first]
    return holder


def count_in_polygons(polygons: Any, x: npt.ArrayLike, *, y: npt.ArrayLike) -> IntArray:
    """Return the number of points per polygon, shape ``(n,)``; arguments as in ``polygon_of_points``."""
    holder = polygon_of_points(polygons, x, y=y)
    return np.bincount(holder[holder >= 0], minlength=len(polygons)).astype(np.int64)


def queen_pairs_of_polygons(polygons: Any, snap_m: float = SNAP_M) -> IntArray:
    """Return which polygons share an edge or a corner, tolerant of vertices that differ a little.

    Queen contiguity here means: the polygons come within ``snap_m`` of each other. Drawn boundaries rarely repeat
    the neighbour's vertices exactly; a rule on equal vertices (libpysal's ``Queen``) would lose such neighbours.
    Polygons that overlap are neighbours too.

    Parameters
    ----------
    polygons
        GeoDataFrame, GeoSeries or array of n polygons. CRS: projected, metres; raises if geographic.
    snap_m
        Gap, metres, up to which two polygons still touch; 0 asks for contact.

    Returns
    -------
    Shape ``(m, 2)``: positions ``(i, j)``, both directions, ``i != j``, sorted. A polygon without neighbours does
    not occur.
    """
    shapes = metric_geometries(polygons)
    if not len(shapes):
        return np.empty((0, 2), dtype=np.int64)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=snap_m)
    once = np.column_stack([left, right])[left < right].astype(np.int64)
    both = np.concatenate([once, once[:, ::-1]])
    return both[np.lexsort((both[:, 1], both[:, 0]))]
