"""A guard against learning from one's own patrols: what is found where one looks must not send ever more patrols there.

Reported cases (resident, hotline, sensor) come from where they happen. Discovered ones (patrol, inspection) come from
where somebody was sent; learnt from as they are, they make the next patrols go there too, and the map runs away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

START_CASES = 2.0
"""Cases known of each area before the simulation starts."""
VISIT_FLOOR = 0.05
"""Least visit probability reckoned with: no discovered case stands for more than 20."""


def acceptance_probability(case_count: npt.ArrayLike) -> FloatArray:
    """Return with which probability a further discovered case of each area should be learnt from.

    ``(t - s_i) / t`` with ``s_i`` cases of area i known and t of all. Patrols that go where cases are known visit area
    i with probability ``s_i / t``; with two areas, what is accepted then depends on the true rates alone.

    Parameters
    ----------
    case_count
        Shape ``(..., areas)``: cases known of each area, >= 0, not all 0.

    References
    ----------
    Ensign et al. (2018), Proceedings of Machine Learning Research 81, section 4.
    """
    count = np.asarray(case_count, dtype=np.float64)
    total = count.sum(axis=-1, keepdims=True)
    if (count < 0).any() or not (total > 0).all():
        raise ValueError("Cases are counted from 0 up, and of some area there must be one.")
    return np.asarray((total - count) / total, dtype=np.float64)


def case_weights(
    visit_probability: npt.ArrayLike, is_discovered: npt.ArrayLike, *, floor: float = VISIT_FLOOR
) -> FloatArray:
    """Return how many cases each stands for when learning: 1 if reported, 1 over the visit probability if discovered.

    Parameters
    ----------
    visit_probability
        Shape ``(m,)``: chance that a patrol came to the place in the time, 0 to 1.
    is_discovered
        Shape ``(m,)``: whether a patrol or inspection found the case.
    floor
        Probabilities below it count as this, above 0: else one lucky find in a far corner would outweigh a town.

    Raises
    ------
    ValueError
        If a probability is none, or the floor is not above 0 and at most 1.
    """
    visited, discovered = np.asarray(visit_probability, dtype=np.float64), np.asarray(is_discovered, dtype=np.bool_)
    if not ((visited >= 0) & (visited <= 1)).all() or not 0 < floor <= 1:
        raise ValueError("Visit probabilities lie from 0 to 1, the floor above 0.")
    return np.where(discovered, 1.0 / np.maximum(visited, floor), 1.0)


def accepted_cases(area: npt.ArrayLike, is_discovered: npt.ArrayLike, *, seed: int, start: float = 1.0) -> BoolArray:
    """Return which cases to learn from: all reported ones, and discovered ones with ``acceptance_probability``.

    Parameters
    ----------
    area
        Shape ``(m,)``: area of each case, whole numbers from 0, oldest case first.
    is_discovered
        Shape ``(m,)``: whether a patrol or inspection found the case.
    seed
        Of the lots that are drawn.
    start
        Cases reckoned of each area before the first, above 0.
    """
    areas, discovered = np.asarray(area, dtype=np.int64), np.asarray(is_discovered, dtype=np.bool_)
    lots = np.random.default_rng(seed).random(len(areas))
    known = np.full(int(areas.max(initial=0)) + 1, float(start))
    accepted = np.ones(len(areas), dtype=np.bool_)
    total = known.sum()
    for case, place in enumerate(areas):
        accepted[case] = not discovered[case] or lots[case] < (total - known[place]) / total
        known[place] += accepted[case]
        total += accepted[case]
    return accepted


def simulated_shares(
    true_rate: Sequence[float], steps: int, *, runs: int, seed: int, is_corrected: bool, start: float = START_CASES
) -> FloatArray:
    """Return the share of known cases of each area after patrols went where cases were known.

    At each step one area is visited, with the probability of its share of the known cases; a case is discovered there
    with the area's true rate, and learnt from always, or, corrected, with ``acceptance_probability``.

    Parameters
    ----------
    true_rate
        Chance of a case at a visit, per area.
    steps, runs
        Visits in each run; runs, all independent.
    seed
        Of all chance.
    is_corrected
        Whether discovered cases are learnt from with the acceptance probability only.
    start
        Cases known of each area at first.

    Returns
    -------
    Shape ``(runs, areas)``, each run's sum 1.

    References
    ----------
    Ensign et al. (2018), Proceedings of Machine Learning Research 81: the urn of Polya, and its correction.
    """
    rate, chance = np.asarray(true_rate, dtype=np.float64), np.random.default_rng(seed)
    known = np.full((runs, len(rate)), float(start))
    run = np.arange(runs)
    for _ in range(steps):
        border = np.cumsum(known, axis=1)
        visited = (chance.random((runs, 1)) * border[:, -1:] >= border).sum(axis=1)
        found = chance.random(runs) < rate[visited]
        if is_corrected:
            found &= chance.random(runs) < acceptance_probability(known)[run, visited]
        known[run, visited] += found
    return np.asarray(known / known.sum(axis=1, keepdims=True), dtype=np.float64)
