"""How far one comes on the streets in a time, and how long it takes to one place from all others."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import shapely
from scipy.sparse import csgraph
from shapely.ops import substring

from gis_app.planning.street_network import FloatArray, StreetNetwork
from gis_app.planning.travel_modes import TravelMode

BESIDE_M = 60.0
"""What lies so far beside a street that was reached counts as reached too."""
_LEAST_PIECE_M = 0.01
_SIMPLIFIED_M = 5.0


def seconds_from(
    network: StreetNetwork,
    mode: TravelMode,
    node: int,
    *,
    towards: bool = False,
    limit_s: float = np.inf,
    closed: Collection[object] = (),
) -> FloatArray:
    """Return the seconds from a node to every node, or from every node to it; shape ``(v,)``, ``inf`` for no way.

    Parameters
    ----------
    node
        Position among the nodes of the network.
    towards
        Whether the travel leads to the node: one-way streets make the two differ.
    limit_s
        Ways that take longer are not looked for.
    closed
        Ids of segments that are not to be used.
    """
    graph = network.graph(mode, closed=closed)
    found = csgraph.dijkstra(graph.T if towards else graph, indices=np.array([node]), limit=limit_s)
    return np.asarray(found, dtype=np.float64).reshape(-1)


def reached_streets(
    network: StreetNetwork, mode: TravelMode, seconds: FloatArray, limit_s: float, *, closed: Collection[object] = ()
) -> list[Any]:
    """Return the lines of the streets, and the parts of streets, that are reached within a time.

    A street is entered from each of its ends, as far as its direction allows; the delay of a junction falls at the end
    of a street, so it does not shorten how far one comes along it.

    Parameters
    ----------
    seconds
        Shape ``(v,)``: when each node is reached, see ``seconds_from``.
    limit_s
        The time, seconds.

    Returns
    -------
    LineStrings in the CRS of the network, metres.
    """
    used = np.nonzero(network.usable(mode, closed))[0]
    if not len(used):
        return []
    speed = np.array([mode.speed_m_s[kind] for kind in network.kinds[used]], dtype=np.float64)
    full_s = np.maximum(network.length_m[used] / speed, 1e-9)
    start, end = network.ends[used].T
    both_ways = ~network.one_way[used] | mode.ignores_one_way
    forth = np.clip((limit_s - seconds[start]) / full_s, 0.0, 1.0)
    back = np.where(both_ways, np.clip((limit_s - seconds[end]) / full_s, 0.0, 1.0), 0.0)
    whole = forth + back >= 1.0
    pieces = list(network.lines[used[whole]])
    for at in np.nonzero(~whole & ((forth > 0) | (back > 0)))[0]:
        line = network.lines[used[at]]
        for low, high in ((0.0, forth[at]), (1.0 - back[at], 1.0)):
            if (high - low) * line.length > _LEAST_PIECE_M:
                pieces.append(substring(line, low, high, normalized=True))
    return pieces


def reached_area(lines: list[Any], *, beside_m: float = BESIDE_M) -> Any:
    """Return the area within a distance of some lines as one MultiPolygon, empty for no lines; metres.

    Islands of the area smaller than a block that is walked across anyway (holes under twice the distance squared,
    times four) are filled.
    """
    if not lines:
        return shapely.MultiPolygon()
    # Street by street: the buffer of all lines at once takes twelve times as long.
    simple = shapely.simplify(np.array(lines, dtype=object), _SIMPLIFIED_M)
    grown = shapely.simplify(shapely.union_all(shapely.buffer(simple, beside_m, quad_segs=2)), _SIMPLIFIED_M)
    least_hole_m2 = 4 * (2 * beside_m) ** 2
    parts = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if shapely.Polygon(ring).area >= least_hole_m2])
        for part in shapely.get_parts(grown)
    ]
    return shapely.MultiPolygon(parts)
