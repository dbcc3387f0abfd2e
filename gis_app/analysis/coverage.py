"""Share of each grid's area that patrols have swept.

A place is swept when it lies within the sweep width of a track: at most ``sweep_m`` to either side, so that the band
has twice that width. Bands of several tracks or teams are merged: what is swept twice counts once.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ShapeArray = npt.NDArray[np.object_]

SWEEP_M_BY_MODE = {"foot": 30.0, "ebike": 30.0, "car": 50.0}
"""Distance up to which a patrol sees to either side; an e-bike is not credited with more than one on foot."""
SIMPLIFY_M = 2.0
"""Lines are thinned by this much first: far less than the error of a position."""
ARC_STEPS = 8
"""Segments per quarter circle at bends and ends."""
_GRIDS_AT_ONCE = 100


def swept_share(grids: Any, tracks: Any, *, sweep_m: npt.ArrayLike) -> FloatArray:
    """Return the share of each grid's area within ``sweep_m`` of any track.

    Parameters
    ----------
    grids
        GeoDataFrame, GeoSeries or array of n valid polygons. CRS: projected, metres; raises if geographic.
    tracks
        GeoDataFrame, GeoSeries or array of m LineStrings or MultiLineStrings in the same CRS; empty and missing ones
        sweep nothing.
    sweep_m
        Metres to either side, > 0: one for all, or shape ``(m,)``, one per track.

    Returns
    -------
    Shape ``(n,)``, 0 to 1, within 0.005 of the exact share for grids of a hectare or more; 0 for grids no track comes
    near.

    Raises
    ------
    ValueError
        If a CRS is missing, geographic or different from the other, a grid is not a valid polygon, a sweep width is
        not positive.
    """
    _refuse_different_crs(grids, tracks)
    polygons, lines = metric_geometries(grids), metric_geometries(tracks)
    _refuse_invalid(polygons)
    reach_m = np.broadcast_to(np.asarray(sweep_m, dtype=np.float64), lines.shape)
    if not (np.isfinite(reach_m) & (reach_m > 0)).all():
        raise ValueError("Sweep widths must be positive numbers of metres.")
    share = np.zeros(len(polygons))
    if not len(polygons) or not len(lines):
        return share
    thinned = shapely.simplify(lines, SIMPLIFY_M, preserve_topology=False)
    widths, near = _lines_near_grids(polygons, thinned, reach_m)
    swept = np.nonzero(near.astype(bool).any(axis=1))[0]
    parts = np.array_split(swept, -(-len(swept) // _GRIDS_AT_ONCE)) if len(swept) else []
    # GEOS lets go of the interpreter while it buffers, so threads share the cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        covered_m2 = list(threads.map(lambda part: _covered_m2(polygons[part], near[part], widths), parts))
    if covered_m2:
        share[swept] = np.minimum(np.concatenate(covered_m2) / shapely.area(polygons[swept]), 1.0)
    return share


def _lines_near_grids(polygons: ShapeArray, lines: ShapeArray, reach_m: FloatArray) -> tuple[FloatArray, ShapeArray]:
    """Return the sweep widths, ascending, and for each grid the lines near it by width: ``(n, widths)``, or None."""
    widths, width_of_line = np.unique(reach_m, return_inverse=True)
    found = np.full((len(polygons), len(widths)), None, dtype=object)
    for position, width_m in enumerate(widths):
        swept, near = _lines_by_grid(polygons, lines[width_of_line == position], float(width_m))
        found[swept, position] = near
    return widths, found


def _covered_m2(polygons: ShapeArray, near: ShapeArray, widths: FloatArray) -> FloatArray:
    """Return the area of each grid within the width of its lines, all bands merged."""
    bands = shapely.buffer(near, widths, quad_segs=ARC_STEPS)
    merged = bands[:, 0] if len(widths) == 1 else shapely.union_all(bands, axis=1)
    return np.asarray(shapely.area(shapely.intersection(merged, polygons)), dtype=np.float64)


def _lines_by_grid(polygons: ShapeArray, lines: ShapeArray, width_m: float) -> tuple[IntArray, ShapeArray]:
    """Return the positions of the grids near a line, and for each the parts of all lines that matter to it."""
    grid, line = shapely.STRtree(lines).query(polygons, predicate="dwithin", distance=width_m)
    boxes = shapely.bounds(polygons) + np.array([-width_m, -width_m, width_m, width_m])
    pieces = [shapely.clip_by_rect(lines[j], *boxes[i]) for i, j in zip(grid, line, strict=True)]
    parts, piece = shapely.get_parts(np.asarray(pieces, dtype=object), return_index=True)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts, owner = parts[is_line], grid[piece[is_line]]
    in_order = np.argsort(owner, kind="stable")
    swept, group = np.unique(owner[in_order], return_inverse=True)
    return swept, np.asarray(shapely.multilinestrings(parts[in_order], indices=group), dtype=object)


def _refuse_different_crs(grids: Any, tracks: Any) -> None:
    first, second = getattr(grids, "crs", None), getattr(tracks, "crs", None)
    if first is not None and second is not None and first != second:
        raise ValueError(f"Grids are in {first.name}, tracks in {second.name}; bring both into one CRS.")


def _refuse_invalid(polygons: ShapeArray) -> None:
    usable = shapely.is_valid(polygons) & (shapely.get_dimensions(polygons) == 2) & ~shapely.is_empty(polygons)
    if not usable.all():
        raise ValueError(f"Grid at position {int(np.argmin(usable))} is not a valid polygon.")
