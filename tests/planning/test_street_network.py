"""The street network against hand arithmetic and networkx."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import shapely

from gis_app.domain.errors import InvalidInput
from gis_app.planning.street_segments import network_of, split_at
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from tests.planning.streets import frame, node, raster

PLAIN = TravelMode("plain", {"residential": 10.0, "footpath": 1.0}, 0.0)
# A square of 100 m with a footpath across; the right side is one-way upwards.
SQUARE = [
    ([(0, 0), (100, 0)], "residential", False),
    ([(100, 0), (100, 100)], "residential", True),
    ([(100, 100), (0, 100)], "residential", False),
    ([(0, 100), (0, 0)], "residential", False),
    ([(0, 0), (100, 100)], "footpath", False),
]


def corners(network):
    return np.array([node(network, x, y) for x, y in ((0, 0), (100, 0), (100, 100), (0, 100))])


def as_networkx(segments, mode):
    graph = nx.DiGraph()
    degree = {}
    for row in segments.itertuples():
        for end in (row.from_node, row.to_node):
            degree[end] = degree.get(end, 0) + 1
    for row in segments.itertuples():
        if row.kind not in mode.speed_m_s:
            continue
        seconds = row.geometry.length / mode.speed_m_s[row.kind]
        for a, b in ((row.from_node, row.to_node), (row.to_node, row.from_node)):
            if (a, b) == (row.from_node, row.to_node) or mode.ignores_one_way or not row.one_way:
                graph.add_edge(a, b, seconds=seconds + mode.junction_s * (degree[b] > 2))
    return graph


def test_times_around_a_square_by_hand():
    network = network_of(frame(SQUARE))
    times = network.travel_times(PLAIN, corners(network))
    # Down the one-way side there is only the long way round: three sides.
    assert times.tolist() == [[0, 10, 20, 10], [10, 0, 10, 20], [20, 30, 0, 10], [10, 20, 10, 0]]


def test_a_mode_keeps_off_streets_it_has_no_speed_for_and_may_ignore_one_way():
    network = network_of(frame(SQUARE))
    walker = TravelMode("walker", {"residential": 1.0, "footpath": 2.0}, 0.0, ignores_one_way=True)
    times = network.travel_times(walker, corners(network))
    assert times[0, 2] == pytest.approx(100 * np.sqrt(2) / 2)
    assert times[2, 1] == 100


def test_a_closed_segment_makes_a_detour():
    network = network_of(frame(SQUARE))
    assert network.travel_times(PLAIN, corners(network), closed={3})[0].tolist() == [0, 10, 20, 30]


def test_the_delay_counts_at_junctions_only():
    network = network_of(frame(SQUARE))
    delayed = TravelMode("delayed", PLAIN.speed_m_s, 3.0)
    # Three segments meet at (0, 0) and (100, 100), two at the other corners.
    assert network.travel_times(delayed, corners(network))[0].tolist() == [0, 10, 23, 10]


@pytest.mark.parametrize("known", TRAVEL_MODES.values(), ids=lambda mode: mode.name)
def test_times_equal_those_of_networkx_where_turns_cost_nothing(known):
    mode = replace(known, left_s=0.0, right_s=0.0, back_s=0.0)
    segments = raster(12, seed=3)
    network = network_of(segments)
    graph = as_networkx(segments, mode)
    names = np.unique(segments[["from_node", "to_node"]].to_numpy())
    places = np.arange(0, len(names), 7)
    times = network.travel_times(mode, places)
    for row, place in zip(times, places, strict=True):
        known = (
            nx.single_source_dijkstra_path_length(graph, names[place], weight="seconds")
            if names[place] in graph
            else {}
        )
        expected = [0.0 if other == place else known.get(names[other], np.inf) for other in places]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


@pytest.mark.parametrize("mode", TRAVEL_MODES.values(), ids=lambda mode: mode.name)
def test_unconnected_parts_equal_those_of_networkx(mode):
    segments = raster(12, seed=5, dropped=0.5)
    parts = sorted(map(len, nx.strongly_connected_components(as_networkx(segments, mode))), reverse=True)
    report = network_of(segments).unconnected(mode)
    assert report.part_count == len(parts) - 1
    assert report.node_count == sum(parts[1:])
    assert report.largest == tuple(parts[1:11])


def test_a_part_across_a_gap_is_reported_with_its_length():
    island = ([(500, 0), (540, 0)], "residential", False)
    report = network_of(frame([*SQUARE, island])).unconnected(PLAIN)
    assert (report.part_count, report.node_count, report.segment_count, report.length_m) == (1, 2, 1, 40.0)
    whole = network_of(frame(SQUARE)).unconnected(PLAIN)
    assert (whole.part_count, whole.node_count, whole.segment_count, whole.length_m) == (0, 0, 0, 0.0)


def test_points_are_put_on_the_nearest_node_that_can_be_left_and_reached():
    network = network_of(frame([*SQUARE, ([(500, 0), (540, 0)], "residential", False)]))
    nodes, distance = network.nearest_nodes(np.array([[103.0, 4.0], [500.0, 0.0]]), PLAIN)
    assert nodes.tolist() == [node(network, 100, 0)] * 2
    assert distance.tolist() == [5.0, 400.0]


def test_no_street_for_a_mode_is_said():
    network = network_of(frame(SQUARE))
    with pytest.raises(ValueError, match="sledge"):
        network.nearest_nodes(np.zeros((1, 2)), TravelMode("sledge", {"snow": 3.0}, 0.0))
    assert network.unconnected(TravelMode("sledge", {"snow": 3.0}, 0.0)).part_count == 0


def test_the_way_follows_the_streets_in_the_direction_gone():
    network = network_of(frame(SQUARE))
    a, b, c, d = corners(network).tolist()
    ((there, back),) = network.ways(PLAIN, [[b, d, b]])
    assert shapely.get_coordinates(there).tolist() in ([[100, 0], [0, 0], [0, 100]], [[100, 0], [100, 100], [0, 100]])
    assert shapely.get_coordinates(back).tolist() == [[0, 100], [0, 0], [100, 0]]
    ((stay,),) = network.ways(PLAIN, [[c, c]])
    assert stay.length == 0
    assert a == node(network, 0, 0)


def test_a_way_that_does_not_exist_is_said():
    network = network_of(frame([*SQUARE, ([(500, 0), (540, 0)], "residential", False)]))
    with pytest.raises(ValueError, match="no way"):
        network.ways(PLAIN, [[node(network, 0, 0), node(network, 500, 0)]])
    assert network.travel_times(PLAIN, np.array([node(network, 0, 0), node(network, 500, 0)]))[0, 1] == np.inf


def test_of_two_streets_between_the_same_junctions_the_quicker_counts():
    rows = [
        ([(0, 0), (100, 0)], "residential", False),
        ([(0, 0), (50, 50), (100, 0)], "residential", False),
        ([(100, 0), (100, 0.2)], "residential", False),
    ]
    network = network_of(frame(rows))
    assert network.travel_times(PLAIN, np.array([node(network, 0, 0), node(network, 100, 0)]))[0, 1] == 10
    # The third is shorter than the distance within which ends are joined.
    assert len(network.nodes) == 2


def test_ends_within_half_a_metre_are_one_junction_wherever_they_lie():
    rows = [([(0, 0), (10.24, 0)], "residential", False), ([(10.26, 0), (20, 0)], "residential", False)]
    assert len(network_of(frame(rows)).nodes) == 3


def test_ways_longer_than_the_limit_are_not_looked_for():
    network = network_of(frame(SQUARE))
    assert network.travel_times(PLAIN, corners(network), limit_s=15.0)[0].tolist() == [0, 10, np.inf, 10]


@pytest.mark.parametrize("crs", [4326, None])
def test_degrees_are_refused(crs):
    with pytest.raises(ValueError, match="projected CRS in metres"):
        network_of(frame(SQUARE, crs=crs))


def test_other_geometries_are_refused():
    segments = frame(SQUARE)
    segments.loc[0, "geometry"] = shapely.Point(0, 0)
    with pytest.raises(ValueError, match="LineString"):
        network_of(segments)


@pytest.mark.parametrize(("speeds", "delay"), [({"trunk": 0.0}, 0.0), ({"trunk": 99.0}, 0.0), ({"trunk": 9.0}, -1.0)])
def test_speeds_nobody_travels_at_are_refused(speeds, delay):
    with pytest.raises(InvalidInput):
        TravelMode("odd", speeds, delay)


def test_a_point_beside_a_street_gets_a_node_on_it():
    network = split_at(
        network_of(frame(SQUARE)), np.array([[30.0, 7.0], [30.5, -3.0], [60.0, 0.0], [0.3, -0.5], [104.0, 25.0]])
    )
    # Two of the points are within a metre of one another, and one of a corner.
    a, b, c = (node(network, *place) for place in ((30, 0), (60, 0), (100, 25)))
    assert len(network.nodes) == 7
    times = network.travel_times(PLAIN, np.array([a, b, c]))
    assert times[0, 1] == pytest.approx(3)
    assert times[1, 2] == pytest.approx(4 + 2.5)
    # The right side is one-way upwards: on, left, down and along.
    assert times[2, 0] == pytest.approx(7.5 + 10 + 10 + 3)
    assert network.length_m.sum() == pytest.approx(400 + 100 * np.sqrt(2))


def test_splitting_changes_no_time_between_the_nodes_there_were():
    network = network_of(raster(8, seed=1))
    split = split_at(network, np.random.default_rng(1).uniform(0, 700, (60, 2)))
    places = np.arange(len(network.nodes))
    mode = TRAVEL_MODES["ebike"]
    np.testing.assert_allclose(split.travel_times(mode, places), network.travel_times(mode, places), rtol=1e-9)
    assert len(split.nodes) > len(network.nodes) + 40
    closed = {network.segment_ids[3]}
    np.testing.assert_allclose(
        split.travel_times(mode, places, closed=closed), network.travel_times(mode, places, closed=closed), rtol=1e-9
    )


def test_without_points_nothing_is_split():
    network = network_of(frame(SQUARE))
    assert split_at(network, np.empty((0, 2))) is network
