"""Plan against actual: how much of a planned route was gone, where the track left it, and in which order stops came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from gis_app.analysis.near_lines import share_near

NEAR_M = 40.0
"""The route counts as gone where a track came so near: streets are wide and positions scatter."""
OFF_ROUTE_M = 100.0
"""Further from the route than a block's width a team is elsewhere."""
SHORTEST_DEVIATION_M = 150.0
"""A deviation is at least so long: a leap of a position is none."""


@dataclass(frozen=True)
class Following:
    """How a route was followed.

    Parameters
    ----------
    walked_m
        Length of the tracks.
    followed_share
        Share of the route's length that was gone, 0 to 1.
    off_route_m, deviation_count
        Length and number of the parts of the tracks off the route.
    farthest_m
        How far from the route somebody was at most; None without a track.
    """

    walked_m: float
    followed_share: float
    off_route_m: float
    deviation_count: int
    farthest_m: float | None


def following(route: Any, tracks: Any) -> Following:
    """Return how a route was followed by the tracks of its team.

    Parameters
    ----------
    route
        LineString. CRS: projected, metres.
    tracks
        (Multi)LineString of all tracks in the same CRS, empty for none; what lies between its parts is not known.
    """
    if shapely.is_empty(tracks):
        return Following(0.0, 0.0, 0.0, 0, None)
    apart = shapely.get_parts(shapely.line_merge(shapely.difference(tracks, shapely.buffer(route, OFF_ROUTE_M))))
    lengths = shapely.length(apart)
    off = lengths[lengths >= SHORTEST_DEVIATION_M]
    corners = shapely.points(shapely.get_coordinates(tracks))
    return Following(
        walked_m=float(shapely.length(tracks)),
        followed_share=share_near(route, tracks, NEAR_M),
        off_route_m=float(off.sum()),
        deviation_count=len(off),
        farthest_m=float(shapely.distance(corners, route).max()),
    )


def in_order_share(ordinals: Sequence[int]) -> float | None:
    """Return the share of stops that were come to in the planned order; None of fewer than two.

    Parameters
    ----------
    ordinals
        Planned numbers of the stops in the order somebody came to them.

    Returns
    -------
    The longest rising run of numbers (others left out) by the number of stops: 1 when none was out of turn.
    """
    if len(ordinals) < 2:
        return None
    tails: list[int] = []
    for number in ordinals:
        at = bisect_left(tails, number)
        tails[at : at + 1] = [number]
    return len(tails) / len(ordinals)
