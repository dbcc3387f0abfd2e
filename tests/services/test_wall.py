"""Stocks of past days, reckoned back."""

from gis_app.services.wall import back


def test_a_stock_is_reckoned_back_by_what_came_and_went():
    # Ends of three days: 10 now; on the last day 4 came and 1 went, so 7 before; then 2 came and 5 went, so 10 before.
    assert back(10, [9, 2, 4], [9, 5, 1]) == [10, 7, 10]


def test_a_stock_is_never_below_nothing():
    assert back(1, [0, 5], [0, 0]) == [0, 1]
