"""How far one comes on the streets, against hand arithmetic and against networkx."""

import networkx as nx
import numpy as np
import pytest
import shapely

from gis_app.planning.isochrones import BESIDE_M, reached_area, reached_streets, seconds_from
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from tests.planning.streets import frame, raster

WALK = TravelMode("walk", {"residential": 1.0}, junction_s=0.0)
"""One metre a second, nothing lost at junctions."""
CROSS = [
    ([(0, 0), (100, 0)], "residential", False),
    ([(100, 0), (200, 0)], "residential", False),
    ([(100, 0), (100, 100)], "residential", True),
    ([(0, 0), (0, -100)], "residential", True),
]
"""From the west end: 100 m east to the crossing; there on east, or north one-way; south one-way from the start."""


def _node(network, place):
    return int(np.argmin(np.hypot(*(network.nodes - place).T)))


def test_a_street_is_reached_as_far_as_the_time_allows():
    network = network_of(frame(CROSS))
    seconds = seconds_from(network, WALK, _node(network, (0, 0)))
    lines = reached_streets(network, WALK, seconds, 150.0)
    # 100 m to the crossing, 50 m on to the east and to the north, 100 m to the south.
    assert sum(line.length for line in lines) == pytest.approx(300.0)
    assert max(shapely.get_coordinates(lines)[:, 0]) == pytest.approx(150.0)
    assert max(shapely.get_coordinates(lines)[:, 1]) == pytest.approx(50.0)


def test_a_one_way_street_is_not_entered_at_its_end():
    network = network_of(frame(CROSS))
    seconds = seconds_from(network, WALK, _node(network, (0, -100)))
    assert np.isinf(seconds[_node(network, (0, 0))])
    assert reached_streets(network, WALK, seconds, 1000.0) == []
    towards = seconds_from(network, WALK, _node(network, (0, -100)), towards=True)
    assert towards[_node(network, (200, 0))] == pytest.approx(300.0)


def test_a_street_entered_from_both_ends_is_whole_once_they_meet():
    ring = [
        ([(0, 0), (100, 0)], "residential", False),
        ([(0, 0), (0, 100)], "residential", False),
        ([(100, 0), (100, 100), (0, 100)], "residential", False),
    ]
    network = network_of(frame(ring))
    seconds = seconds_from(network, WALK, _node(network, (0, 0)))
    before, met = (
        sum(line.length for line in reached_streets(network, WALK, seconds, limit)) for limit in (190.0, 200.0)
    )
    assert before == pytest.approx(380.0)
    assert met == pytest.approx(400.0)


@pytest.mark.parametrize("mode", TRAVEL_MODES)
@pytest.mark.parametrize("towards", [False, True])
def test_times_are_those_of_networkx(mode, towards):
    network = network_of(raster(14, seed=3))
    travel = TRAVEL_MODES[mode]
    graph = nx.DiGraph()
    for (start, end), kind, length, one_way in zip(
        network.ends, network.kinds, network.length_m, network.one_way, strict=True
    ):
        if kind not in travel.speed_m_s:
            continue
        ways = [(start, end)] if one_way and not travel.ignores_one_way else [(start, end), (end, start)]
        for a, b in ways:
            cost = length / travel.speed_m_s[kind] + travel.junction_s * network.is_junction[b]
            if not graph.has_edge(a, b) or graph[a][b]["weight"] > cost:
                graph.add_edge(a, b, weight=cost)
    node = next(iter(graph))
    expected = nx.single_source_dijkstra_path_length(graph.reverse() if towards else graph, node)
    seconds = seconds_from(network, travel, int(node), towards=towards)
    assert {int(at) for at in np.nonzero(np.isfinite(seconds))[0]} == {int(at) for at in expected}
    for at, cost in expected.items():
        assert seconds[at] == pytest.approx(cost)


def test_the_area_holds_what_was_reached_and_nothing_farther_beside_it():
    network = network_of(raster(16, seed=5))
    travel = TRAVEL_MODES["ebike"]
    node = _node(network, network.nodes.mean(axis=0))
    seconds = seconds_from(network, travel, node)
    areas = []
    for limit in (60.0, 120.0, 180.0):
        lines = reached_streets(network, travel, seconds, limit)
        area = reached_area(lines)
        assert area.is_valid
        assert shapely.covers(area, network_points(network, seconds <= limit)).all()
        # Holes of a block are filled: what lies outside the outer edge is farther than the distance allows.
        far = shapely.distance(shapely.MultiLineString(lines), shapely.points(shapely.get_coordinates(area)))
        assert far.max() <= BESIDE_M + 12
        areas.append(area.area)
    assert areas == sorted(areas)


def network_points(network, chosen):
    return shapely.points(network.nodes[chosen])


def test_a_straight_street_gives_the_area_of_a_rounded_bar():
    area = reached_area([shapely.LineString([(0, 0), (1000, 0)])], beside_m=60.0)
    assert area.area == pytest.approx(2 * 60 * 1000 + np.pi * 60**2, rel=0.02)


def test_no_street_gives_an_empty_area():
    assert reached_area([]).is_empty
