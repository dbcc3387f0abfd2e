"""The nearest by travel time, by hand on a square of streets and against travel times of all pairs."""

import numpy as np
import pytest
from scipy.sparse.csgraph import dijkstra

from gis_app.planning.nearest_by_street import nearest_by_street
from gis_app.planning.patrol_area import ACCESS_M_S
from gis_app.planning.street_segments import network_of, split_at
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from tests.planning.streets import frame, raster

PLAIN = TravelMode("plain", {"residential": 10.0}, 0.0)
# A square of 100 m; its right side is one-way upwards.
SQUARE = [
    ([(0, 0), (100, 0)], "residential", False),
    ([(100, 0), (100, 100)], "residential", True),
    ([(100, 100), (0, 100)], "residential", False),
    ([(0, 100), (0, 0)], "residential", False),
]


def test_one_way_streets_decide_which_is_nearest():
    network = network_of(frame(SQUARE))
    corner, goals = np.array([[100.0, 100.0]]), np.array([[100.0, 0.0], [0.0, 0.0]])
    # The corner below is beside it, but the way there leads round three sides: 30 s; the far one is 20 s away.
    assert nearest_by_street(network, PLAIN, corner, goals, k=2) == [(0, 1, 20.0), (0, 0, 30.0)]
    # Upwards the one-way side is 10 s long; many places and one goal are searched against the streets' direction.
    assert nearest_by_street(network, PLAIN, goals, corner, k=1) == [(0, 0, 10.0), (1, 0, 20.0)]


def test_from_a_point_to_its_street_one_walks_and_from_too_far_there_is_no_way():
    network = network_of(frame(SQUARE))
    places, goal = np.array([[50.0, -12.0], [50.0, -1500.0]]), np.array([[0.0, 0.0]])
    [(place, other, seconds)] = nearest_by_street(network, PLAIN, places, goal, k=3)
    assert (place, other) == (0, 0)
    # The walk beside the street is to the node made at its foot, 50 m from the corner.
    assert seconds == pytest.approx(12 / ACCESS_M_S + 5)


@pytest.mark.parametrize("counts", [(12, 40), (40, 12)])
def test_it_equals_the_travel_times_of_all_pairs(counts):
    chance = np.random.default_rng(5)
    network, mode = network_of(raster(12, seed=2)), TRAVEL_MODES["car"]
    places, goals = (chance.uniform(0, 1100, (count, 2)) for count in counts)
    points = np.concatenate([places, goals])
    split = split_at(network, points)
    nodes, away = split.nearest_nodes(points, mode)
    times = dijkstra(split.graph(mode), indices=nodes)[:, nodes] + (away[:, None] + away[None, :]) / ACCESS_M_S
    wanted = np.sort(times[: counts[0], counts[0] :], axis=1)[:, :3]
    found = nearest_by_street(network, mode, places, goals, k=3)
    assert np.allclose(np.array([seconds for _, _, seconds in found]).reshape(-1, 3), wanted)


def test_without_places_or_goals_there_is_nothing():
    network = network_of(frame(SQUARE))
    assert nearest_by_street(network, PLAIN, np.empty((0, 2)), np.array([[0.0, 0.0]]), k=1) == []
    assert nearest_by_street(network, PLAIN, np.array([[0.0, 0.0]]), np.empty((0, 2)), k=1) == []
