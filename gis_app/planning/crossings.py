"""Taking crossings out of one route: reversing a part of it wherever that makes it shorter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def uncrossed(legs: IntArray, route: IntArray) -> IntArray:
    """Return the route after all reversals that shorten it (2-opt), the best first.

    Parameters
    ----------
    legs
        Shape ``(n, n)``: time from each place to each, symmetric.
    route
        Shape ``(r,)``: places in order; the first and the last stay where they are.
    """
    order = route.copy()
    while len(order) > 3:
        here, there = order[:-1], order[1:]
        steps = legs[here, there]
        change = legs[np.ix_(here, here)] + legs[np.ix_(there, there)] - steps[:, None] - steps[None, :]
        change = np.triu(change, 1)
        first, last = divmod(int(change.argmin()), len(here))
        if change[first, last] >= 0:
            break
        order[first + 1 : last + 1] = order[first + 1 : last + 1][::-1]
    return order
