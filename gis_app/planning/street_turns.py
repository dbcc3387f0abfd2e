"""What turning costs at a junction: on the right side of the road a left turn crosses those who come towards one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis_app.planning.street_arcs import Arcs, FloatArray, IntArray
from gis_app.planning.travel_modes import TravelMode

if TYPE_CHECKING:
    from gis_app.planning.street_network import StreetNetwork

STRAIGHT_DEG = 45.0
"""Up to this angle one goes straight on."""


@dataclass(frozen=True)
class Turns:
    """Pairs of arcs one of which ends where the other begins.

    Parameters
    ----------
    before, after
        Shape ``(t,)``: positions of the arcs.
    seconds
        Shape ``(t,)``: what is lost between them and the time along the second one.
    """

    before: IntArray
    after: IntArray
    seconds: FloatArray


def turns_of(network: StreetNetwork, mode: TravelMode, arcs: Arcs) -> Turns:
    """Return all turns between arcs, which are in the order of their starts."""
    first = np.searchsorted(arcs.start, arcs.end, side="left")
    count = np.searchsorted(arcs.start, arcs.end, side="right") - first
    before = np.repeat(np.arange(len(arcs.start)), count)
    after = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return Turns(before, after, arcs.seconds[after] + turn_seconds(network, mode, arcs, before, after))


def turn_seconds(network: StreetNetwork, mode: TravelMode, arcs: Arcs, before: IntArray, after: IntArray) -> FloatArray:
    """Return the seconds lost between arcs.

    At a junction of three or more streets that is the mode's loss there, and more for a turn to the left or right;
    where a street only bends nothing is lost. Going back along the same street costs the same anywhere.

    Parameters
    ----------
    before, after
        Shape ``(t,)``: positions of arcs, one that ends where the other begins.
    """
    angle = _turned_deg(network, arcs, before, after)
    is_back = (arcs.segment[before] == arcs.segment[after]) & (arcs.is_forth[before] != arcs.is_forth[after])
    turn = np.where(angle > STRAIGHT_DEG, mode.left_s, np.where(angle < -STRAIGHT_DEG, mode.right_s, 0.0))
    at_junction = np.where(network.is_junction[arcs.start[after]], mode.junction_s + turn, 0.0)
    return np.asarray(np.where(is_back, mode.back_s, at_junction))


def _turned_deg(network: StreetNetwork, arcs: Arcs, before: IntArray, after: IntArray) -> FloatArray:
    """Return the angle between where one arc leads and the next sets out, above 0 to the left."""
    used, at = np.unique(arcs.segment, return_inverse=True)
    places = [shapely.get_coordinates(shapely.get_point(network.lines[used], point)) for point in (0, 1, -2, -1)]
    begins, comes = (places[1] - places[0])[at], (places[3] - places[2])[at]
    forth = arcs.is_forth[:, None]
    sets_out, leads = np.where(forth, begins, -comes), np.where(forth, comes, -begins)
    (a, b), (c, d) = leads[before].T, sets_out[after].T
    return np.asarray(np.degrees(np.arctan2(a * d - b * c, a * c + b * d)))
