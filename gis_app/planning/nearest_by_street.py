"""The nearest places by travel time along the streets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph

from gis_app.planning.patrol_area import ACCESS_M_S, MOST_ACCESS_M
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import split_at
from gis_app.planning.travel_modes import TravelMode

FloatArray = npt.NDArray[np.float64]
_AT_ONCE = 64


def nearest_by_street(
    network: StreetNetwork, mode: TravelMode, places: FloatArray, goals: FloatArray, *, k: int
) -> list[tuple[int, int, float]]:
    """Return the k goals that are reached soonest from each place.

    Parameters
    ----------
    network
        The streets.
    places, goals
        Shape ``(n, 2)`` and ``(m, 2)``: points in the CRS of the network, metres. From a point to its street and back
        one walks; points farther than a kilometre from any street are reached by none.
    k
        At least 1.

    Returns
    -------
    (place, goal, seconds), places in their order, the soonest goal first; goals that no way leads to are left out. What
    turning costs is not counted: it would hardly change which goal is nearest.
    """
    if not len(places) or not len(goals):
        return []
    points = np.concatenate([places, goals])
    network = split_at(network, points)
    nodes, away = network.nearest_nodes(points, mode)
    access = np.where(away <= MOST_ACCESS_M, away / ACCESS_M_S, np.inf)
    starts, ends = nodes[: len(places)], nodes[len(places) :]
    graph = network.graph(mode)
    # The search runs from the fewer ends; against the direction of the streets where these are the goals.
    turned = len(np.unique(ends)) < len(np.unique(starts))
    sources, targets = (ends, starts) if turned else (starts, ends)
    own, position = np.unique(sources, return_inverse=True)
    between = np.empty((len(own), len(targets)))
    searched = graph.T.tocsr() if turned else graph
    for first in range(0, len(own), _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        between[rows] = csgraph.dijkstra(searched, indices=own[rows])[:, targets]
    times = between[position].T if turned else between[position]
    times = times + access[: len(places), None] + access[None, len(places) :]
    return [
        (place, int(goal), float(times[place, goal]))
        for place in range(len(places))
        for goal in np.argsort(times[place], kind="stable")[:k]
        if np.isfinite(times[place, goal])
    ]
