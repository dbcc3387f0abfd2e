"""The share of a line within some distance of other lines, exactly and without a buffer.

What of a straight piece lies within ``r`` of another is where it crosses that one's capsule: two discs and the strip
between them. A capsule is convex, so each pair of pieces gives one interval; the union of all is a sort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.line_pieces import straight_pieces
from gis_app.analysis.street_coverage import FloatArray, Stretches, merged

_Interval = tuple[FloatArray, FloatArray]


def share_near(line: Any, others: Any, within_m: float) -> float:
    """Return the share of a line's length that lies within some distance of any of the others.

    Parameters
    ----------
    line
        LineString. CRS: projected, metres.
    others
        (Multi)LineString in the same CRS.
    within_m
        Metres, > 0.

    Returns
    -------
    0 to 1; 1 for a line without length.
    """
    own, near = straight_pieces(line)[0], straight_pieces(others)[0]
    long_m = np.hypot(*(own[:, 1] - own[:, 0]).T)
    if not long_m.sum():
        return 1.0
    if not len(near):
        return 0.0
    at, other = shapely.STRtree(_shapes(near)).query(_shapes(own), predicate="dwithin", distance=within_m)
    low, high = _within_capsule(own[at], near[other], within_m)
    inside = high > low
    found = merged(Stretches(at[inside], low[inside], high[inside]))
    return float(((found.high - found.low) * long_m[found.segment]).sum() / long_m.sum())


def _shapes(pieces: FloatArray) -> npt.NDArray[np.object_]:
    """Return pieces as shapes; one without length is a point, for a line of it is near to nothing."""
    is_point = (pieces[:, 0] == pieces[:, 1]).all(axis=1)
    shapes = np.asarray(shapely.linestrings(pieces), dtype=object)
    shapes[is_point] = shapely.points(pieces[is_point, 0])
    return shapes


def _within_capsule(own: FloatArray, other: FloatArray, radius: float) -> _Interval:
    """Return from which to which share of its length each piece is within the radius of the other; low > high: nowhere.

    Parameters
    ----------
    own, other
        Shape ``(n, 2, 2)``.
    """
    start, way = own[:, 0], own[:, 1] - own[:, 0]
    found = [_within_disc(start, way, other[:, end], radius) for end in (0, 1)]
    found.append(_within_strip(start, way, other, radius))
    low, high = np.minimum.reduce([part[0] for part in found]), np.maximum.reduce([part[1] for part in found])
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def _within_disc(
    start: FloatArray, way: FloatArray, middle: FloatArray, radius: float
) -> tuple[FloatArray, FloatArray]:
    apart = start - middle
    square, half = (way**2).sum(axis=1), (way * apart).sum(axis=1)
    root = half**2 - square * ((apart**2).sum(axis=1) - radius**2)
    meets = (root >= 0) & (square > 0)
    depth, square = np.sqrt(np.where(meets, root, 0.0)), np.where(meets, square, 1.0)
    return np.where(meets, (-half - depth) / square, np.inf), np.where(meets, (-half + depth) / square, -np.inf)


def _within_strip(
    start: FloatArray, way: FloatArray, other: FloatArray, radius: float
) -> tuple[FloatArray, FloatArray]:
    along = other[:, 1] - other[:, 0]
    long = np.hypot(*along.T)
    is_point = long == 0
    along = along / np.where(is_point, 1.0, long)[:, None]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    apart = start - other[:, 0]
    low, high = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    for axis, least, most in ((along, np.zeros_like(long), long), (across, -radius, radius)):
        at, step = (apart * axis).sum(axis=1), (way * axis).sum(axis=1)
        moves = step != 0
        ends = [np.where(moves, (bound - at) / np.where(moves, step, 1.0), 0.0) for bound in (least, most)]
        # A piece that keeps its distance is inside for its whole length, or nowhere.
        stays = np.where((at >= least) & (at <= most), np.inf, -np.inf)
        low = np.maximum(low, np.where(moves, np.minimum(*ends), -stays))
        high = np.minimum(high, np.where(moves, np.maximum(*ends), stays))
    outside = is_point | (low > high)
    return np.where(outside, np.inf, low), np.where(outside, -np.inf, high)
