import pytest
import shapely

from gis_app.analysis.route_following import following, in_order_share

ROUTE = shapely.LineString([(0, 0), (1000, 0)])


def lines(*parts):
    return shapely.MultiLineString(list(parts))


def test_half_a_route_gone_beside_the_street_is_half_of_it():
    found = following(ROUTE, lines([(0, 20), (500, 20)]))
    # The band of 40 m about the end reaches on: sqrt(40^2 - 20^2) = 34.64 m.
    assert found.followed_share == pytest.approx((500 + 34.64) / 1000, abs=0.001)
    assert (found.walked_m, found.deviation_count, found.off_route_m) == (500, 0, 0)
    assert found.farthest_m == pytest.approx(20)


def test_a_side_trip_is_a_deviation_and_a_leap_is_none():
    detour = [(0, 0), (300, 0), (300, 600), (300, 0), (1000, 0)]
    found = following(ROUTE, lines(detour))
    # Out and back beyond 100 m, one part of a line gone twice.
    assert found.deviation_count == 1
    assert found.off_route_m == pytest.approx(500, abs=1)
    assert found.farthest_m == 600
    assert following(ROUTE, lines([(0, 0), (300, 0), (300, 180), (300, 0), (1000, 0)])).deviation_count == 0


def test_what_lies_between_two_pieces_is_not_gone():
    found = following(ROUTE, lines([(0, 0), (200, 0)], [(800, 0), (1000, 0)]))
    assert found.followed_share == pytest.approx((200 + 40 + 40 + 200) / 1000, abs=0.001)


def test_without_a_track_nothing_was_followed():
    found = following(ROUTE, shapely.MultiLineString())
    assert (found.followed_share, found.walked_m, found.farthest_m) == (0, 0, None)


@pytest.mark.parametrize(
    ("came", "share"), [([1, 2, 3, 4], 1.0), ([2, 1, 3, 4], 0.75), ([4, 3, 2, 1], 0.25), ([1], None), ([], None)]
)
def test_order_is_the_longest_rising_run(came, share):
    assert in_order_share(came) == share
