"""Travel times between many places at once, against scipy, networkx and what single searches find on the streets."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import csgraph

from gis_app.planning import many_to_many, street_matrix
from gis_app.planning.block_tree import block_tree
from gis_app.planning.dissection import dissected
from gis_app.planning.many_to_many import Entries, ManyToMany
from gis_app.planning.street_segments import network_of, split_at
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from tests.planning.streets import frame, node, raster

CITY = network_of(raster(13, seed=7, dropped=0.35))


def at_nodes(nodes):
    return Entries(np.arange(len(nodes)), np.asarray(nodes), np.zeros(len(nodes)))


def random_graph(seed, nodes, arcs):
    """Return arcs, some of no length, some twice, some from a node to itself, between nodes at random places."""
    chance = np.random.default_rng(seed)
    start, end = chance.integers(0, nodes, (2, arcs))
    seconds = np.where(chance.random(arcs) < 0.1, 0.0, chance.uniform(0, 100, arcs))
    return start, end, seconds, chance.integers(0, 20, (nodes, 2)).astype(float)


@pytest.fixture
def always_ready(monkeypatch):
    monkeypatch.setattr(street_matrix, "SEARCHES", 0)
    monkeypatch.setattr(street_matrix, "LEAST_NODES", 0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), nodes=st.integers(1, 120), density=st.floats(0, 4), leaf=st.integers(1, 12))
@example(seed=0, nodes=1, density=0.0, leaf=1)
def test_seconds_equal_those_of_networkx_on_random_graphs(seed, nodes, density, leaf):
    start, end, seconds, xy = random_graph(seed, nodes, int(nodes * density))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_to_many, "_LEAF_NODES", leaf)
        matrix = ManyToMany(start, end, seconds, xy)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    for a, b, weight in zip(start.tolist(), end.tolist(), seconds.tolist(), strict=True):
        graph.add_edge(a, b, weight=min(weight, graph.get_edge_data(a, b, {"weight": np.inf})["weight"]))
    places = np.random.default_rng(seed).permutation(nodes)[:40]
    found = matrix.times(at_nodes(places), at_nodes(places), count=len(places))
    for row, place in zip(found, places.tolist(), strict=True):
        known = nx.single_source_dijkstra_path_length(graph, place)
        np.testing.assert_allclose(row, [known.get(other, np.inf) for other in places.tolist()], rtol=0, atol=1e-6)


def test_a_place_may_have_several_entries_or_none():
    matrix = ManyToMany(np.array([0, 1]), np.array([1, 2]), np.array([5.0, 7.0]), np.zeros((3, 2)))
    begins = Entries(np.array([0, 0]), np.array([0, 1]), np.array([1.0, 10.0]))
    ends = Entries(np.array([1, 0]), np.array([2, 1]), np.array([0.5, 0.0]))
    # By way of node 0: 1 + 5 + 7 + 0.5; entering at node 1: 10 + 7 + 0.5.
    assert matrix.times(begins, ends, count=2).tolist() == [[6.0, 13.5], [np.inf, np.inf]]


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_arcs_join_nodes_of_one_block_or_of_one_above(most):
    chance = np.random.default_rng(5)
    start, end = chance.integers(0, 300, (2, 500))
    block = dissected(start, end, chance.uniform(0, 1, (300, 2)), most=most)
    below, above = np.maximum(block[start], block[end]), np.minimum(block[start], block[end])
    climbing = [{b >> up for up in range(int(b).bit_length())} for b in below.tolist()]
    assert all(one in those for one, those in zip(above.tolist(), climbing, strict=True))
    tree = block_tree(block, start, end, np.ones(500))
    assert sum(int(level.own_count.sum()) for level in tree.levels) == 300


def test_large_blocks_are_eliminated_in_panels_alike():
    # Joined at random the graph has no small cut: the blocks at the top are larger than what is worked on at once.
    start, end, seconds, xy = random_graph(3, 600, 1800)
    seconds = np.maximum(seconds, 1e-3)
    order = np.lexsort((seconds, end, start))
    first = np.r_[True, (np.diff(start[order]) != 0) | (np.diff(end[order]) != 0)]
    graph = sparse.csr_array((seconds[order][first], (start[order][first], end[order][first])), shape=(600, 600))
    found = ManyToMany(start, end, seconds, xy).times(at_nodes(range(600)), at_nodes(range(600)), count=600)
    np.testing.assert_allclose(found, csgraph.dijkstra(graph), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["foot", "ebike", "car"])
@pytest.mark.parametrize("closed", [(), (3, 17, 40, 41, 90)])
def test_on_streets_it_equals_single_searches(always_ready, monkeypatch, name, closed):
    mode, chance = TRAVEL_MODES[name], np.random.default_rng(11)
    for network in (CITY, split_at(CITY, chance.uniform(0, 1200, (60, 2)))):
        places = chance.integers(0, len(network.nodes), 80)
        places = np.r_[places, np.arange(len(CITY.nodes), len(network.nodes)), places[:5]]
        found = network.travel_times(mode, places, closed=closed)
        with monkeypatch.context() as patch:
            patch.setattr(street_matrix.ReadyStreets, "if_worth_it", lambda *_, **__: None)
            expected = network.travel_times(mode, places, closed=closed)
        assert np.isinf(expected).any() and np.isfinite(expected).any()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def by_hand(network, mode, *, closed=()):
    places = np.array([node(network, x, 0) for x in (25, 50, 75)])
    return network.travel_times(mode, places, closed=closed).tolist()


@pytest.mark.parametrize("turning", [0.0, 9.0])
def test_places_between_two_junctions_are_reached_along_the_street(always_ready, turning):
    mode = TravelMode("plain", {"residential": 10.0}, 0.0, left_s=turning, back_s=turning * 3)
    points = np.array([[25.0, 0.0], [50.0, 0.0], [75.0, 0.0]])
    street = split_at(network_of(frame([([(0, 0), (100, 0)], "residential", False)])), points)
    np.testing.assert_allclose(by_hand(street, mode), [[0, 2.5, 5], [2.5, 0, 2.5], [5, 2.5, 0]])
    assert np.isinf(by_hand(street, mode, closed={0})).sum() == 6
    # One way and a way round of 300 m.
    ring = [([(0, 0), (100, 0)], "residential", True), ([(100, 0), (50, 125), (0, 0)], "residential", True)]
    around = split_at(network_of(frame(ring)), points)
    back = 2 * np.hypot(50, 125) / 10
    expected = [[0, 2.5, 5], [7.5 + back, 0, 2.5], [5 + back, 7.5 + back, 0]]
    np.testing.assert_allclose(by_hand(around, mode), expected)


def test_where_turning_round_is_cheap_cuts_are_searched_as_they_are(always_ready):
    mode = TravelMode("spinning", {"residential": 10.0}, 0.0, left_s=500.0, right_s=2.0, back_s=1.0)
    cross = [([(0, 0), end], "residential", False) for end in ((100, 0), (0, 100), (-100, 0), (0, -100))]
    network = split_at(network_of(frame(cross)), np.array([[10.0, 0.0]]))
    south, west = (node(network, *place) for place in ((0, -100), (-100, 0)))
    # Instead of left: right to the cut in the east, round there, and straight on to the west.
    times = network.travel_times(mode, np.array([south, west]))
    assert times[0, 1] == pytest.approx(10 + 2 + 1 + 1 + 1 + 10)
    assert not network.cuts.whole.kept_ready.has(mode)


def test_closing_streets_never_shortens_and_opening_them_gives_the_same_again(always_ready):
    places = np.arange(0, len(CITY.nodes), 3)
    for mode in TRAVEL_MODES.values():
        free = CITY.travel_times(mode, places)
        for first in range(0, 40, 10):
            shut = CITY.travel_times(mode, places, closed=set(range(first, first + 10)))
            assert (shut >= free - 1e-6).all()
            assert (shut > free + 1e-6).any()
        np.testing.assert_array_equal(CITY.travel_times(mode, places), free)


def test_one_place_the_same_place_twice_and_a_limit(always_ready):
    assert CITY.travel_times(TRAVEL_MODES["car"], np.array([5])).tolist() == [[0.0]]
    for mode in TRAVEL_MODES.values():
        times = CITY.travel_times(mode, np.array([5, 60, 5]))
        np.testing.assert_array_equal(times[0], times[2])
        assert times[0, 2] == 0
        limited = CITY.travel_times(mode, np.array([5, 60, 100]), limit_s=200.0)
        full = CITY.travel_times(mode, np.array([5, 60, 100]))
        np.testing.assert_array_equal(limited, np.where(full <= 200, full, np.inf))


def test_no_street_for_a_mode_is_no_way(always_ready):
    network = network_of(frame([([(0, 0), (100, 0)], "footpath", False)]))
    for mode in (TRAVEL_MODES["car"], TravelMode("plain", {"trunk": 9.0}, 0.0)):
        assert network.travel_times(mode, np.array([0, 1])).tolist() == [[0, np.inf], [np.inf, 0]]


def test_streets_stay_ready_by_what_travel_depends_on_the_last_three(always_ready):
    network, slow = network_of(raster(4)), TravelMode("slow", {"primary": 3.0}, 0.0)
    network.travel_times(slow, np.array([0, 1]))
    assert network.kept_ready.has(TravelMode("named otherwise", {"primary": 3.0}, 0.0))
    assert not network.kept_ready.has(slow, {1})
    assert not network.kept_ready.has(TravelMode("slow", {"primary": 4.0}, 0.0))
    for closed in (1, 2, 3):
        network.travel_times(slow, np.array([0, 1]), closed={closed})
    assert not network.kept_ready.has(slow)
    assert network.kept_ready.has(slow, {3})


def test_streets_are_made_ready_once_they_were_searched_as_often_as_that_takes(monkeypatch):
    network, mode = network_of(raster(4)), TRAVEL_MODES["foot"]
    count = len(network.nodes)
    monkeypatch.setattr(street_matrix, "LEAST_NODES", count)
    for asked in range(1, 12):
        times = network.travel_times(mode, np.arange(count))
        assert network.kept_ready.has(mode) == (asked * count >= street_matrix.SEARCHES)
    split = split_at(network, np.array([[50.0, 0.0], [50.0, 100.0]]))
    np.testing.assert_allclose(split.travel_times(mode, np.arange(count)), times, rtol=0, atol=1e-6)
    assert not split.kept_ready.has(mode)
    monkeypatch.setattr(street_matrix, "LEAST_NODES", count + 1)
    network = network_of(raster(4))
    for _ in range(12):
        network.travel_times(mode, np.arange(count))
    assert not network.kept_ready.has(mode)
