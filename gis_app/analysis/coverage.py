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

from gis_app.analysis.line_pieces import straight_pieces
from gis_app.analysis.metric_crs import metric_geometries
from gis_app.analysis.swept_rows import swept_shares

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ShapeArray = npt.NDArray[np.object_]

SWEEP_M_BY_MODE = {"foot": 30.0, "ebike": 30.0, "car": 50.0}
"""Distance up to which a patrol sees to either side; an e-bike is not credited with more than one on foot."""
_GRIDS_AT_ONCE, _PIECES_AT_ONCE = 100, 8_000
"""What is measured together; a hundred grids that a whole city's teams crowd in would take gigabytes."""


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
    Shape ``(n,)``, 0 to 1, within 0.002 of the exact share for grids of a hectare or more; 0 for grids no track comes
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
    pieces, line = straight_pieces(lines)
    near, grid = shapely.STRtree(polygons).query(
        shapely.linestrings(pieces), predicate="dwithin", distance=reach_m[line]
    )
    order = np.argsort(grid, kind="stable")
    near, grid = near[order], grid[order].astype(np.int64)
    swept, first = np.unique(grid, return_index=True)
    ends = _ends_of_parts(first)
    bounds = [*first[ends[:-1]].tolist(), len(grid)]

    def of_some(number: int) -> FloatArray:
        some = slice(*bounds[number : number + 2])
        chosen = swept[slice(*ends[number : number + 2])]
        return swept_shares(
            polygons[chosen], pieces[near[some]], reach_m[line[near[some]]], np.searchsorted(chosen, grid[some])
        )

    # NumPy lets go of the interpreter for long arrays, so threads share the cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = list(threads.map(of_some, range(len(bounds) - 1)))
    if found:
        share[swept] = np.concatenate(found)
    return share


def _ends_of_parts(first: IntArray) -> IntArray:
    """Return where parts of the grids begin, and how many grids there are; ``first`` numbers each one's first piece."""
    count = len(first)
    crowded = np.flatnonzero(np.diff(first // _PIECES_AT_ONCE)) + 1
    return np.unique(np.concatenate([np.arange(0, count, _GRIDS_AT_ONCE), crowded, [count]]))


def _refuse_different_crs(grids: Any, tracks: Any) -> None:
    first, second = getattr(grids, "crs", None), getattr(tracks, "crs", None)
    if first is not None and second is not None and first != second:
        raise ValueError(f"Grids are in {first.name}, tracks in {second.name}; bring both into one CRS.")


def _refuse_invalid(polygons: ShapeArray) -> None:
    usable = shapely.is_valid(polygons) & (shapely.get_dimensions(polygons) == 2) & ~shapely.is_empty(polygons)
    if not usable.all():
        raise ValueError(f"Grid at position {int(np.argmin(usable))} is not a valid polygon.")
