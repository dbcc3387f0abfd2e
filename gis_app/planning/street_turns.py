"""What turning costs at a junction: on the right side of the road a left turn crosses those who come towards one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis_app.planning.street_arcs import Arcs, FloatArray, IntArray
from gis_app.planning.travel_modes import TravelMode

if TYPE_CHECKING:
    from gis_app.planning.street_network import StreetNetwork

STRAIGHT_DEG = 45.0
"""Up to this angle one goes straight on."""


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
    lines = network.lines[arcs.segment]
    first = [shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, 1)]
    last = [shapely.get_coordinates(shapely.get_point(lines, at)) for at in (-2, -1)]
    forth = arcs.is_forth[:, None]
    sets_out = np.where(forth, first[1] - first[0], last[0] - last[1])
    leads = np.where(forth, last[1] - last[0], first[0] - first[1])
    (a, b), (c, d) = leads[before].T, sets_out[after].T
    return np.asarray(np.degrees(np.arctan2(a * d - b * c, a * c + b * d)))
