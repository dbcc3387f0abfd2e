"""How well a map foretold later events: hit rate, PAI and PEI on the best few per cent of the area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

AREA_SHARES = (0.01, 0.025, 0.05, 0.10)


@dataclass(frozen=True)
class AreaScore:
    """The score of a map on one share of the area.

    Parameters
    ----------
    share
        The share asked for, 0 to 1.
    cell_count
        Cells taken, at least one.
    hit_rate
        Share of all later events that lie in them (n/N).
    pai
        Prediction accuracy index: hit rate over the share of area really taken, (n/N)/(a/A). Chance gives 1.
    pei
        Prediction efficiency index: PAI over the best attainable on as many cells, 0 to 1.
    """

    share: float
    cell_count: int
    hit_rate: float
    pai: float
    pei: float


def score_map(
    scores: npt.ArrayLike,
    later_count: npt.ArrayLike,
    *,
    event_total: float | None = None,
    shares: Sequence[float] = AREA_SHARES,
    size: npt.ArrayLike | None = None,
) -> tuple[AreaScore, ...]:
    """Return the score of a map on each share of the area.

    Cells of equal score at the border of the area taken count with the part of them that fits in: what taking some of
    them by lot gives on average.

    Parameters
    ----------
    scores
        Shape ``(n,)``: higher is hotter; finite.
    later_count
        Shape ``(n,)``: later events per cell.
    event_total
        All later events, also those outside the cells, which nobody could hit; the sum of ``later_count``, if None.
    shares
        Shares of the area, each above 0 and at most 1.
    size
        Shape ``(n,)``: area of each cell, or length of street, above 0; all alike, if None.

    Raises
    ------
    ValueError
        If there are no later events to score on, or the arrays are not as described.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21 (PAI); Hunt (2016), thesis, George Mason University (PEI).
    """
    score, later = _checked(scores, later_count)
    sizes = np.ones(len(score)) if size is None else _checked_sizes(size, len(score))
    total = float(later.sum()) if event_total is None else float(event_total)
    if not total > 0:
        raise ValueError("There are no later events to score on.")
    if total < later.sum() or not all(0 < share <= 1 for share in shares):
        raise ValueError("Shares lie above 0 and at most at 1; all events are at least those in the cells.")
    order = np.argsort(-score, kind="stable")
    foresight = np.argsort(-later / sizes, kind="stable")
    best_area, best_hits = (np.concatenate([[0.0], np.cumsum(values[foresight])]) for values in (sizes, later))
    found = []
    for share in shares:
        taken = count_in_share(share, sizes[order])
        area = float(sizes[order[:taken]].sum())
        hits = _hits(score, later, sizes=sizes, taken=order[:taken])
        # Without an event in any cell there is nothing to attain, and nothing was missed that could be had.
        attainable = float(np.interp(area, best_area, best_hits))
        pei = hits / attainable if attainable else 1.0
        found.append(AreaScore(share, taken, hits / total, hits / total * float(sizes.sum()) / area, pei))
    return tuple(found)


def cells_in_share(share: float, cell_count: int) -> int:
    """Return how many equal cells a share of the area is: the nearest whole number, at least one."""
    return max(int(np.floor(share * cell_count + 0.5)), 1)


def count_in_share(share: float, size: npt.ArrayLike) -> int:
    """Return how many cells, taken in the order given, come nearest to a share of their whole area; at least one.

    A cell belongs to the share if its greater half lies in it.
    """
    sizes = np.asarray(size, dtype=np.float64)
    if len(sizes) and (sizes == sizes[0]).all():
        return cells_in_share(share, len(sizes))
    halves = np.cumsum(sizes) - sizes / 2
    return max(int(np.searchsorted(halves, share * sizes.sum(), side="right")), 1)


def _hits(score: FloatArray, later: FloatArray, *, sizes: FloatArray, taken: npt.NDArray[np.intp]) -> float:
    """Return the later events in the cells taken; those tied with the last one count in part, by their area."""
    border = score[taken[-1]]
    above, tied = score > border, score == border
    part = (sizes[taken].sum() - sizes[above].sum()) / sizes[tied].sum()
    return float(later[above].sum() + later[tied].sum() * part)


@dataclass(frozen=True)
class CalibrationGroup:
    """Cells of like expectation: how many they are, what was expected in them, what came."""

    cell_count: int
    expected: float
    observed: float


def calibration(expected: npt.ArrayLike, later_count: npt.ArrayLike, *, groups: int = 10) -> list[CalibrationGroup]:
    """Return what was expected and what came, in groups of cells from the coldest to the hottest.

    Each group holds about the same expectation, so the hottest one holds the fewest cells.

    Parameters
    ----------
    expected
        Shape ``(n,)``: expected events per cell, >= 0, in any unit; scaled here to the events that came.
    later_count
        Shape ``(n,)``: later events per cell.
    groups
        Number of groups, at most; a cell hotter than a whole group leaves some out.

    Raises
    ------
    ValueError
        If nothing was expected, nothing came, or the arrays are not as described.
    """
    mean, later = _checked(expected, later_count)
    if (mean < 0).any() or not mean.sum() > 0 or not later.sum() > 0:
        raise ValueError("Calibration needs events and expectations that are not negative.")
    mean = mean * (later.sum() / mean.sum())
    order = np.argsort(mean, kind="stable")
    reached = (np.cumsum(mean[order]) - mean[order] / 2) / mean.sum()
    group = np.minimum((reached * groups).astype(np.int64), groups - 1)
    size, sums, came = (np.bincount(group, weights=w) for w in (np.ones(len(mean)), mean[order], later[order]))
    return [CalibrationGroup(int(size[g]), float(sums[g]), float(came[g])) for g in np.nonzero(size)[0]]


def _checked_sizes(size: npt.ArrayLike, n: int) -> FloatArray:
    sizes = np.asarray(size, dtype=np.float64)
    if sizes.shape != (n,) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError("Sizes need shape (n,), finite and above 0.")
    return sizes


def _checked(scores: npt.ArrayLike, later_count: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    score, later = np.asarray(scores, dtype=np.float64), np.asarray(later_count, dtype=np.float64)
    if score.shape != later.shape or score.ndim != 1 or not len(score):
        raise ValueError("Scores and later counts need one shape (n,), n >= 1.")
    if not np.isfinite(score).all() or not np.isfinite(later).all() or (later < 0).any():
        raise ValueError("Scores must be finite, later counts finite and not negative.")
    return score, later
