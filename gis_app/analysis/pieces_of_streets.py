"""Streets cut into pieces of like length: the places of which maps along streets speak.

A street runs from junction to junction; its pieces are its equal parts. Pieces that follow one another, or meet at a
junction, are neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.ops import substring

from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PIECE_M = 100.0
"""Pieces are no longer than this, metres."""
SNAP_M = 100.0
"""An event farther than this from every street, metres, lies on none."""
_MEET_M = 0.05
"""Ends of streets this near to each other meet, where the streets name no junctions."""


@dataclass(frozen=True, eq=False)
class StreetPieces:
    """Streets and their pieces, in a projected CRS, metres.

    Parameters
    ----------
    lines
        Shape ``(s,)``: the streets, LineStrings.
    nodes
        Shape ``(s, 2)``: junction at the start and at the end of each street, whole numbers from 0.
    street
        Shape ``(n,)``: position of each piece's street, ascending.
    number
        Shape ``(n,)``: of the piece along its street, from 0.
    """

    lines: npt.NDArray[np.object_]
    nodes: IntArray
    street: IntArray
    number: IntArray

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.street)

    @cached_property
    def street_m(self) -> FloatArray:
        """Shape ``(s,)``: length of each street."""
        return np.asarray(shapely.length(self.lines), dtype=np.float64)

    @cached_property
    def first(self) -> IntArray:
        """Shape ``(s + 1,)``: position of the first piece of each street; the last entry is their number."""
        return np.searchsorted(self.street, np.arange(len(self.lines) + 1)).astype(np.int64)

    @property
    def piece_count(self) -> IntArray:
        """Shape ``(s,)``: pieces of each street."""
        return np.diff(self.first)

    @property
    def length_m(self) -> FloatArray:
        """Shape ``(n,)``: length of each piece."""
        return np.asarray((self.street_m / self.piece_count)[self.street], dtype=np.float64)

    @property
    def middle_m(self) -> FloatArray:
        """Shape ``(n,)``: way from the start of the street to the middle of each piece."""
        return np.asarray((self.number + 0.5) * self.length_m, dtype=np.float64)

    def geometries(self, pieces: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """Return the lines of some pieces, of all if None."""
        chosen = np.arange(len(self)) if pieces is None else np.asarray(pieces, dtype=np.int64)
        length_m, cut = self.length_m, np.empty(len(chosen), dtype=object)
        for place, piece in enumerate(chosen):
            start_m = self.number[piece] * length_m[piece]
            line = self.lines[self.street[piece]]
            cut[place] = substring(line, start_m, start_m + length_m[piece])
        return cut

    def middles(self) -> npt.NDArray[np.object_]:
        """Return the points in the middle of all pieces."""
        return np.asarray(shapely.line_interpolate_point(self.lines[self.street], self.middle_m), dtype=object)

    def neighbour_pairs(self) -> IntArray:
        """Return which pieces follow one another or meet: positions ``(i, j)``, both directions, ``i != j``, sorted."""
        inner = np.nonzero(self.street[1:] == self.street[:-1])[0]
        ends = np.concatenate([self.first[:-1], self.first[1:] - 1])
        at = np.concatenate([self.nodes[:, 0], self.nodes[:, 1]])
        order = np.argsort(at, kind="stable")
        left, right = pairs_within(at[order])
        meeting = np.column_stack([ends[order][left], ends[order][right]])
        once = np.concatenate([np.column_stack([inner, inner + 1]), meeting])
        both = np.concatenate([once, once[:, ::-1]])
        return np.unique(both[both[:, 0] != both[:, 1]], axis=0).astype(np.int64)

    def pieces_at(self, x: npt.ArrayLike, *, y: npt.ArrayLike, snap_m: float = SNAP_M) -> tuple[IntArray, FloatArray]:
        """Return the piece nearest to each point, and the way along its street; -1 and NaN beyond ``snap_m``.

        Parameters
        ----------
        x, y
            Shape ``(m,)``, in the CRS of the streets; a non-finite coordinate lies on no street.
        snap_m
            Farthest distance to a street, metres.
        """
        east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        piece, along = np.full(east.shape, -1, dtype=np.int64), np.full(east.shape, np.nan)
        usable = np.nonzero(np.isfinite(east) & np.isfinite(north))[0]
        if not len(usable) or not len(self.lines):
            return piece, along
        points = np.asarray(shapely.points(east[usable], north[usable]), dtype=object)
        # One street of several that are as near: the first, so that a run can be repeated.
        found = shapely.STRtree(self.lines).query_nearest(points, max_distance=snap_m)
        which, first = np.unique(found[0], return_index=True)
        street = found[1][first]
        way_m = shapely.line_locate_point(self.lines[street], points[which])
        part = np.floor(way_m / self.street_m[street] * self.piece_count[street]).astype(np.int64)
        piece[usable[which]] = self.first[street] + np.minimum(part, self.piece_count[street] - 1)
        along[usable[which]] = way_m
        return piece, along


def street_pieces(streets: Any, *, nodes: npt.ArrayLike | None = None, piece_m: float = PIECE_M) -> StreetPieces:
    """Return streets cut into equal parts of at most ``piece_m``.

    Parameters
    ----------
    streets
        GeoDataFrame, GeoSeries or array of LineStrings that run from junction to junction. CRS: projected, metres;
        raises if geographic.
    nodes
        Shape ``(s, 2)``: any whole number for the junction at each end; ends at the same place meet, if None.
    piece_m
        Longest piece, metres.

    Raises
    ------
    ValueError
        If there is no street, one has no length or is no LineString, or the CRS is not metric.
    """
    lines = metric_geometries(streets)
    if not len(lines) or not piece_m > 0:
        raise ValueError("Pieces of streets need a street and a positive length.")
    length_m = shapely.length(lines)
    if not ((shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING) & (length_m > 0)).all():
        raise ValueError("Streets are LineStrings with a length.")
    count = np.maximum(np.ceil(length_m / piece_m - 1e-9), 1).astype(np.int64)
    street = np.repeat(np.arange(len(lines)), count)
    number = np.arange(len(street)) - np.repeat(np.cumsum(count) - count, count)
    ends = _ends(lines) if nodes is None else np.asarray(nodes, dtype=np.int64)
    _, place = np.unique(ends, return_inverse=True)
    return StreetPieces(lines, place.reshape(-1, 2).astype(np.int64), street, number)


def pairs_within(group: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Return the positions of all pairs ``i < j`` of equal values in a sorted array."""
    values = np.asarray(group)
    first = np.searchsorted(values, values, side="left")
    earlier = np.arange(len(values)) - first
    right = np.repeat(np.arange(len(values)), earlier)
    left = np.arange(len(right)) - np.repeat(np.cumsum(earlier) - earlier, earlier) + np.repeat(first, earlier)
    return left.astype(np.int64), right.astype(np.int64)


def _ends(lines: npt.NDArray[np.object_]) -> IntArray:
    both = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, end)) for end in (0, -1)])
    _, node = np.unique(np.round(both / _MEET_M).astype(np.int64), axis=0, return_inverse=True)
    return np.column_stack(np.split(node.ravel(), 2)).astype(np.int64)
