"""What turning costs: by hand on a cross, and against networkx on a graph of arcs built apart."""

import networkx as nx
import numpy as np
import pytest
import shapely

from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of, split_at
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from tests.planning.streets import frame, node, raster

TURNING = TravelMode("turning", {"residential": 10.0}, 2.0, left_s=9.0, right_s=3.0, back_s=20.0)
CROSS = [([(0, 0), end], "residential", False) for end in ((100, 0), (0, 100), (-100, 0), (0, -100))]


def test_left_right_straight_on_and_back_cost_what_the_mode_says():
    network = network_of(frame(CROSS))
    east, north, west, south = (node(network, *place) for place in ((100, 0), (0, 100), (-100, 0), (0, -100)))
    times = network.travel_times(TURNING, np.array([east, north, west, south]))
    # Two legs of ten seconds and two at the junction; from the south to the west is a left turn.
    assert times[3] == pytest.approx([20 + 2 + 3, 20 + 2, 20 + 2 + 9, 0])
    assert times[0] == pytest.approx([0, 20 + 2 + 3, 20 + 2, 20 + 2 + 9])


def test_where_a_street_only_bends_nothing_is_lost_and_turning_round_costs_anywhere():
    bent = [([(0, 0), (100, 0)], "residential", False), ([(100, 0), (100, 100)], "residential", False)]
    network = network_of(frame([*bent, ([(100, 100), (100, 200)], "residential", True)]))
    start, end = node(network, 0, 0), node(network, 100, 100)
    assert network.travel_times(TURNING, np.array([start, end]))[0, 1] == pytest.approx(20)
    # Nothing leads back from the end of the one-way street.
    assert network.travel_times(TURNING, np.array([node(network, 100, 200), start]))[0, 1] == np.inf


def test_three_rights_are_gone_where_they_take_less_than_a_left():
    block = [([(x, y), (x + 100, y)], "residential", False) for x in (-100, 0, 100) for y in (-100, 0, 100)]
    block += [([(x, y), (x, y + 100)], "residential", False) for x in (-100, 0, 100) for y in (-100, 0, 100)]
    network = network_of(frame(block))
    shy = TravelMode("shy", {"residential": 10.0}, 0.0, left_s=500.0, right_s=1.0, back_s=500.0)
    (way,) = network.ways(shy, [[node(network, 0, -100), node(network, -100, 0)]])
    places = [tuple(map(int, place)) for place in shapely.get_coordinates(way[0])]
    legs = np.diff(np.array(places), axis=0)
    turns = legs[:-1, 0] * legs[1:, 1] - legs[:-1, 1] * legs[1:, 0]
    assert (turns <= 0).all()
    times = network.travel_times(shy, np.array([node(network, 0, -100), node(network, -100, 0)]))
    assert times[0, 1] < 500


def arcs_in_networkx(network: StreetNetwork, mode: TravelMode) -> nx.DiGraph:
    graph, arcs = nx.DiGraph(), {}
    for segment, ((a, b), line) in enumerate(zip(network.ends.tolist(), network.lines, strict=True)):
        if network.kinds[segment] not in mode.speed_m_s:
            continue
        seconds = network.length_m[segment] / mode.speed_m_s[network.kinds[segment]]
        points = [tuple(point) for point in line.coords]
        arcs[segment, True] = (a, b, seconds, points)
        if mode.ignores_one_way or not network.one_way[segment]:
            arcs[segment, False] = (b, a, seconds, points[::-1])
    meeting = np.bincount(network.ends.ravel(), minlength=len(network.nodes))
    for one, (start, end, seconds, points) in arcs.items():
        graph.add_edge(("out", start), one, weight=seconds)
        graph.add_edge(one, ("in", end), weight=0.0)
        for other, (then, _, later, onward) in arcs.items():
            if then != end:
                continue
            if other[0] == one[0]:
                lost = mode.back_s
            elif meeting[end] <= 2:
                lost = 0.0
            else:
                (ax, ay), (bx, by) = points[-2:]
                (cx, cy), (dx, dy) = onward[:2]
                degrees = np.degrees(
                    (np.arctan2(dy - cy, dx - cx) - np.arctan2(by - ay, bx - ax) + np.pi) % (2 * np.pi) - np.pi
                )
                lost = mode.junction_s + (mode.left_s if degrees > 45 else mode.right_s if degrees < -45 else 0.0)
            graph.add_edge(one, other, weight=later + lost)
    return graph


@pytest.mark.parametrize("name", ["ebike", "car"])
def test_times_with_turns_equal_those_of_networkx_on_arcs(name):
    mode = TRAVEL_MODES[name]
    network = split_at(network_of(raster(6, seed=4)), np.random.default_rng(4).uniform(0, 500, (8, 2)))
    graph = arcs_in_networkx(network, mode)
    places = np.arange(0, len(network.nodes), 3)
    times = network.travel_times(mode, places)
    for row, place in zip(times, places, strict=True):
        source = ("out", place)
        known = nx.single_source_dijkstra_path_length(graph, source) if source in graph else {}
        expected = [0.0 if other == place else known.get(("in", other), np.inf) for other in places]
        np.testing.assert_allclose(row, expected, rtol=1e-9, atol=1e-6)
