"""Rounds along every street of a network in which each junction has an even number of streets.

Such a network can be gone along in one closed walk that uses each street once. Patrols that keep evenly apart on it
leave no street unvisited for longer than the walk's length over their number; if some fail, for as many gaps more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import numpy as np


def closed_walk(ends: Sequence[tuple[int, int]]) -> list[int]:
    """Return the segments in the order of a closed walk that uses each once.

    Parameters
    ----------
    ends
        Both nodes of each segment; segments are gone in either direction.

    Raises
    ------
    ValueError
        If a node has an odd number of segments, or not all are connected.

    References
    ----------
    Hierholzer (1873), Mathematische Annalen 6.
    """
    if not ends:
        return []
    degree = Counter(node for pair in ends for node in pair)
    if any(count % 2 for count in degree.values()):
        raise ValueError("A closed walk needs an even number of segments at each node.")
    beside: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for segment, (a, b) in enumerate(ends):
        beside[a].append((segment, b))
        beside[b].append((segment, a))
    used = np.zeros(len(ends), dtype=np.bool_)
    walk: list[int] = []
    trail = [(-1, ends[0][0])]
    while trail:
        free = beside[trail[-1][1]]
        while free and used[free[-1][0]]:
            free.pop()
        if free:
            used[free[-1][0]] = True
            trail.append(free[-1])
        else:
            walk.append(trail.pop()[0])
    if len(walk) - 1 < len(ends):
        raise ValueError("The segments are not connected.")
    return walk[-2::-1]


def longest_idleness(lengths: Sequence[float], patrols: int, *, failed: Collection[int] = (), rounds: int = 3) -> float:
    """Return the longest time the middle of any segment goes without a visit once patrols go round, at speed 1.

    Parameters
    ----------
    lengths
        Length of each segment, in the order of the walk.
    patrols
        How many start, evenly apart.
    failed
        Which of them do not go, counted from 0 along the walk.
    rounds
        How often each goes round.

    Raises
    ------
    ValueError
        If none is left.
    """
    going = [patrol for patrol in range(patrols) if patrol not in failed]
    if not going:
        raise ValueError("No patrol is left.")
    whole = float(np.sum(lengths))
    middle = np.cumsum(lengths) - np.asarray(lengths) / 2
    starts = np.array(going) * whole / patrols
    first = (middle[:, None] - starts[None, :]) % whole
    visits = np.sort((first[:, :, None] + whole * np.arange(rounds + 1)).reshape(len(middle), -1), axis=1)
    return float(np.diff(visits, axis=1).max())
