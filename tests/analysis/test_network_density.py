"""Density along streets: kernels by hand on a street, a crossing and a dead end; mass kept; close to straight lines."""

import geopandas
import numpy as np
import pytest
from shapely import LineString

from gis_app.analysis.network_density import SPLITS, network_kernel_density, piece_kernel, quartic
from gis_app.analysis.pieces_of_streets import street_pieces

# Streets of 200 m from a crossing at (0, 0): west, east, north, south; pieces of 100 m, the first at the crossing.
ARMS = [LineString([(0, 0), end]) for end in ((-200, 0), (200, 0), (0, 200), (0, -200))]
B = 300.0


def k(way_m):
    """Return the quartic kernel as it stands in the books."""
    return 15 / (16 * B) * (1 - (way_m / B) ** 2) ** 2 if abs(way_m) < B else 0.0


def test_an_event_on_a_long_street_has_the_plain_kernel_both_ways():
    street = street_pieces([LineString([(0, 0), (1000, 0)])])
    density = network_kernel_density(street, [450.0], y=[3.0], bandwidth_m=B)
    assert density == pytest.approx([1000 * k(middle - 450) for middle in range(50, 1000, 100)], rel=1e-12)


def test_at_a_crossing_each_other_street_gets_a_third():
    pieces = street_pieces(ARMS)
    density = network_kernel_density(pieces, [-50.0], y=[0.0], bandwidth_m=B) / 1000
    west = [k(0), k(100)]
    other = [k(100) / 3, k(200) / 3]
    assert density == pytest.approx([*west, *other, *other, *other], rel=1e-12)


def test_split_continuously_half_crosses_over_and_half_is_taken_back():
    pieces = street_pieces(ARMS)
    density = network_kernel_density(pieces, [-50.0], y=[0.0], bandwidth_m=B, split="continuous") / 1000
    # Of n = 4 streets, each other gets 1/2, and -1/2 goes back. The western end sends the whole event back, at 150 m:
    # it is at the outer middle after 200 m and would be at the inner one after 300 m.
    west = [k(0) - k(100) / 2, k(100) + k(200) - k(200) / 2]
    # East, north and south: straight over; what comes back from their own ends has 300 m behind it.
    other = [k(100) / 2, k(200) / 2]
    assert density == pytest.approx([*west, *other, *other, *other], rel=1e-12)


def test_the_continuous_split_loses_nothing_and_the_other_what_goes_over_a_dead_end():
    fine = street_pieces(ARMS, piece_m=2.0)
    mass = {
        split: (network_kernel_density(fine, [-150.0], y=[0.0], bandwidth_m=B, split=split) / 1000) @ fine.length_m
        for split in SPLITS
    }
    assert mass["continuous"] == pytest.approx(1.0, abs=1e-3)
    # The integral of the kernel beyond 50 m, one way: a half less 15/16 (u - 2 u^3 / 3 + u^5 / 5) at u = 1/6.
    assert mass["discontinuous"] == pytest.approx(1 - (0.5 - 15 / 16 * (1 / 6 - 2 / 648 + 1 / 38880)), abs=1e-3)


def test_the_kernel_of_pieces_is_symmetric_and_that_of_events_in_their_middles():
    chance = np.random.default_rng(2)
    nodes = chance.uniform(0, 1500, (14, 2))
    pairs = [(i, j) for i in range(14) for j in range(i) if chance.random() < 0.25]
    lines = [LineString([nodes[i], nodes[j]]) for i, j in pairs]
    pieces = street_pieces(lines, nodes=pairs)
    for split in SPLITS:
        kernel = piece_kernel(pieces, bandwidth_m=400.0, split=split).toarray()
        assert np.abs(kernel - kernel.T).max() < 2e-3 * kernel.max()
    x, y = np.array([[point.x, point.y] for point in pieces.middles()]).T
    dense = network_kernel_density(pieces, x[:5], y=y[:5], bandwidth_m=400.0)
    assert dense == pytest.approx(1000 * piece_kernel(pieces, bandwidth_m=400.0).toarray()[:, :5].sum(axis=1))


def test_without_a_junction_between_them_two_ways_add_up():
    # A ring of four streets: the far side is reached both ways round.
    corners = [(0, 0), (200, 0), (200, 200), (0, 200), (0, 0)]
    ring = [LineString(corners[n : n + 2]) for n in range(4)]
    density = network_kernel_density(ring, [100.0], y=[0.0], bandwidth_m=500.0)
    far = 2 * (quartic(np.array([350.0, 450.0]), 500.0)) * 1000
    assert density[4:6] == pytest.approx([far.sum() / 2] * 2)


def test_what_lies_far_from_every_street_counts_on_none():
    density = network_kernel_density(ARMS, [-50.0, 150.0, np.nan], y=[500.0, 150.0, 0.0], bandwidth_m=B)
    assert not density.any()


def test_what_cannot_be_followed_is_refused():
    with pytest.raises(ValueError, match="positive number"):
        network_kernel_density(ARMS, [0], y=[0], bandwidth_m=0)
    with pytest.raises(ValueError, match="No split 'odd'"):
        network_kernel_density(ARMS, [0], y=[0], bandwidth_m=B, split="odd")
    with pytest.raises(ValueError, match="geographic"):
        network_kernel_density(geopandas.GeoSeries(ARMS, crs=4326), [0], y=[0], bandwidth_m=B)
    with pytest.raises(ValueError, match="need a street"):
        network_kernel_density([], [0], y=[0], bandwidth_m=B)
    with pytest.raises(ValueError, match="LineStrings with a length"):
        network_kernel_density([LineString([(0, 0), (0, 0)])], [0], y=[0], bandwidth_m=B)
