"""Requests are counted over the last minute, by themselves, and who is silent is forgotten."""

import pytest

from gis_app.web import request_counts
from gis_app.web.request_counts import RequestCounts


@pytest.fixture
def at(monkeypatch):
    """Set the clock of the counts."""
    now = [1000.0]
    monkeypatch.setattr(request_counts.time, "time", lambda: now[0])
    return lambda seconds: now.__setitem__(0, 1000.0 + seconds)


def taken(counts, key="a"):
    return counts.acquire_entry(key, 3, 60)


def test_as_many_as_allowed_are_taken_in_any_minute_and_each_key_has_its_own(at):
    counts = RequestCounts()
    for second, expected in ((0, True), (20, True), (40, True), (59, False), (61, True), (62, False), (81, True)):
        at(second)
        assert taken(counts) is expected, second
    assert taken(counts, "b")
    assert counts.get_moving_window("a", 3, 60) == (1040.0, 3)


def test_a_refused_request_does_not_lengthen_the_wait(at):
    counts = RequestCounts()
    assert [taken(counts) for _ in range(5)] == [True, True, True, False, False]
    at(61)
    assert taken(counts)


def test_who_asks_no_more_takes_no_memory(at):
    counts = RequestCounts()
    assert taken(counts, "gone")
    at(61)
    assert taken(counts, "here")
    assert counts._moments.keys() == {"here"}
    counts.clear("here")
    assert counts._moments == {}
    assert taken(counts)
    assert counts.reset() == 1
    assert counts._moments == {}
