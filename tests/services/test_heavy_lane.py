"""Questions and SQL wait for each other, and nobody waits for ever."""

import threading

import pytest

from gis_app.domain.errors import TooMany
from gis_app.services.heavy_lane import HeavyLane


def test_the_next_one_enters_when_the_one_before_left_by_an_error():
    lane = HeavyLane(longest_wait_s=0)
    with pytest.raises(RuntimeError), lane.entered():
        raise RuntimeError
    with lane.entered():
        pass


def test_who_waits_too_long_is_told_when_to_come_back():
    lane = HeavyLane(longest_wait_s=0)
    with lane.entered(), pytest.raises(TooMany) as refused, lane.entered():
        pass
    assert refused.value.retry_after_s == 5


def test_one_that_waits_enters_as_soon_as_the_place_is_free():
    lane, order = HeavyLane(longest_wait_s=60), []

    def second():
        with lane.entered():
            order.append("second")

    with lane.entered():
        waiting = threading.Thread(target=second)
        waiting.start()
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
