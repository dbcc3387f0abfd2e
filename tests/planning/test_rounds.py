"""Rounds along Eulerian networks against the known best worst-case idleness."""

import numpy as np
import pytest

from gis_app.planning.rounds import closed_walk, longest_idleness


def torus(side):
    """Return the ends of a raster closed in both directions: four streets at each node."""
    node = np.arange(side * side).reshape(side, side)
    pairs = [np.column_stack([node.ravel(), np.roll(node, -1, axis).ravel()]) for axis in (0, 1)]
    return [tuple(pair) for pair in np.concatenate(pairs).tolist()]


@pytest.mark.parametrize("ends", [torus(4), torus(9), [(0, 1), (1, 2), (2, 0)], [(0, 1), (0, 1)], [(3, 3)]])
def test_a_closed_walk_uses_each_segment_once_and_ends_where_it_began(ends):
    walk = closed_walk(ends)
    assert sorted(walk) == list(range(len(ends)))
    at = starts = None
    for start in ends[walk[0]]:
        at = start
        for segment in walk:
            a, b = ends[segment]
            at = b if at == a else a if at == b else None
        if at == start:
            starts = start
            break
    assert starts is not None


@pytest.mark.parametrize(("patrols", "failing"), [(1, 0), (2, 0), (2, 1), (3, 1), (5, 0), (5, 2), (8, 1), (8, 3)])
def test_idleness_is_the_known_optimum_within_five_per_cent(patrols, failing):
    lengths = np.random.default_rng(patrols).uniform(20, 200, 162)
    walk = closed_walk(torus(9))
    # The worst that can happen is that neighbours on the walk fail.
    found = longest_idleness(lengths[walk], patrols, failed=range(failing))
    assert found == pytest.approx((failing + 1) * lengths.sum() / patrols, rel=0.05)


def test_patrols_that_fail_apart_do_less_harm():
    assert longest_idleness([1.0] * 12, 4, failed=[0, 2]) == 6
    assert longest_idleness([1.0] * 12, 4, failed=[0, 1]) == 9


@pytest.mark.parametrize(
    ("ends", "said"), [([(0, 1)], "even number"), ([(0, 1), (0, 1), (2, 3), (2, 3)], "not connected")]
)
def test_networks_without_a_closed_walk_are_refused(ends, said):
    with pytest.raises(ValueError, match=said):
        closed_walk(ends)


def test_no_patrol_left_is_said():
    with pytest.raises(ValueError, match="No patrol"):
        longest_idleness([1.0], 1, failed=[0])


def test_no_streets_need_no_walk():
    assert closed_walk([]) == []
