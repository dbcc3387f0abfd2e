"""Share of the street length that was walked, by area: overlaps, several nights and several teams count once.

A stretch is a part of one street segment, from one share of its length to another. Stretches of all segments lie on one
axis, segment after segment with room between, so that uniting and measuring them are sorts and sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.intervals import united
from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SHORTEST_SHARE = 1e-9


@dataclass(frozen=True, eq=False)
class Stretches:
    """Parts of street segments, all of shape ``(n,)``.

    Parameters
    ----------
    segment
        Position or number of the segment, >= 0.
    low, high
        Shares of its length, 0 to 1, ``low <= high``.
    """

    segment: IntArray
    low: FloatArray
    high: FloatArray

    def chosen(self, rows: Any) -> Stretches:
        """Return some of them."""
        return Stretches(self.segment[rows], self.low[rows], self.high[rows])


def stretches_of(segment: npt.ArrayLike, from_share: npt.ArrayLike, *, to_share: npt.ArrayLike) -> Stretches:
    """Return stretches walked in either direction.

    Raises
    ------
    ValueError
        If a share is not within 0 and 1.
    """
    begin, end = np.asarray(from_share, dtype=np.float64), np.asarray(to_share, dtype=np.float64)
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    if not ((low >= 0) & (high <= 1)).all():
        raise ValueError("Stretches lie between 0 and 1.")
    return Stretches(np.asarray(segment, dtype=np.int64), low, high)


def merged(walked: Stretches) -> Stretches:
    """Return the union: stretches in order, none touching another."""
    begin, end = united(2.0 * walked.segment + walked.low, 2.0 * walked.segment + walked.high)
    # Segments lie two apart and stretches within one: the whole part tells the segment.
    segment = np.floor(begin / 2.0).astype(np.int64)
    return Stretches(segment, begin - 2.0 * segment, end - 2.0 * segment)


def stretches_in(areas: Any, streets: Any) -> tuple[IntArray, Stretches]:
    """Return which part of which street lies in which area; a street along a border belongs to both sides.

    Parameters
    ----------
    areas
        Array, GeoSeries or GeoDataFrame of polygons. CRS: projected, metres; raises if geographic.
    streets
        LineStrings in the same CRS.

    Returns
    -------
    Shape ``(n,)``: position of the area; and the stretches, merged within each area.
    """
    polygons, lines = metric_geometries(areas), metric_geometries(streets)
    line, area = shapely.STRtree(polygons).query(lines, predicate="intersects")
    parts, owner = shapely.get_parts(shapely.intersection(lines[line], polygons[area]), return_index=True)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts, owner = parts[is_line], owner[is_line]
    whole_m = np.maximum(shapely.length(lines[line[owner]]), _SHORTEST_SHARE)
    ends = [shapely.line_locate_point(lines[line[owner]], shapely.get_point(parts, at)) / whole_m for at in (0, -1)]
    # Where a street ends where it begins, its end is found at its start; the length tells how far it truly goes.
    low = np.minimum(*ends)
    high = np.clip(np.maximum(np.maximum(*ends), low + shapely.length(parts) / whole_m), 0.0, 1.0)
    # An area's parts of a segment that the intersection cut at a bend are one again.
    key = area[owner].astype(np.int64) * len(lines) + line[owner]
    united = merged(Stretches(key, low, high))
    return united.segment // len(lines), Stretches(united.segment % len(lines), united.low, united.high)


def overlaps(parts: Stretches, walked: Stretches) -> tuple[IntArray, Stretches]:
    """Return what of each part was walked: the position of the part, and the stretch.

    Parameters
    ----------
    parts
        Any stretches, such as an area's.
    walked
        As ``merged`` returns them.
    """
    begin, end = 2.0 * parts.segment + parts.low, 2.0 * parts.segment + parts.high
    first = np.searchsorted(2.0 * walked.segment + walked.high, begin, side="right")
    behind = np.searchsorted(2.0 * walked.segment + walked.low, end, side="left")
    count = np.maximum(behind - first, 0)
    part = np.repeat(np.arange(len(begin)), count)
    row = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    low = np.maximum(parts.low[part], walked.low[row])
    high = np.minimum(parts.high[part], walked.high[row])
    return part, Stretches(parts.segment[part], low, high)


def length_by(group: npt.ArrayLike, of: Stretches, *, length_m: FloatArray, count: int) -> FloatArray:
    """Return the metres of the stretches of each group, shape ``(count,)``.

    Parameters
    ----------
    group
        Shape ``(n,)``: 0 to ``count - 1``.
    length_m
        Length of each segment by its number.
    """
    metres = (of.high - of.low) * length_m[of.segment]
    return np.bincount(np.asarray(group, dtype=np.int64), weights=metres, minlength=count).astype(np.float64)


def walked_share(walked_m: FloatArray, street_m: FloatArray) -> FloatArray:
    """Return the share walked, NaN where there is no street."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(street_m > 0, np.minimum(walked_m / street_m, 1.0), np.nan)


def uncovered_risk(risk: npt.ArrayLike, share: npt.ArrayLike) -> tuple[FloatArray, float | None]:
    """Return each area's part of the risk that was not covered, and the whole uncovered share of the risk.

    Parameters
    ----------
    risk
        Shape ``(n,)``: such as hazards expected; >= 0.
    share
        Shape ``(n,)``: share covered, 0 to 1; NaN (nothing known) is uncovered.

    Returns
    -------
    Shape ``(n,)``: adds up to the second, which is None where there is no risk.

    Raises
    ------
    ValueError
        If a risk is negative or not finite.
    """
    weight = np.asarray(risk, dtype=np.float64)
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("Risks must be finite and at least 0.")
    open_risk = weight * (1.0 - np.clip(np.nan_to_num(np.asarray(share, dtype=np.float64)), 0.0, 1.0))
    whole = float(weight.sum())
    return (open_risk / whole, float(open_risk.sum() / whole)) if whole > 0 else (np.zeros(len(weight)), None)
