"""Emerging hot spots: the class of each cell from its Gi* z-scores over time, and their Mann-Kendall trend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.gi_star import gi_star_on_lattice, two_sided_p
from gis_app.analysis.mann_kendall import mann_kendall
from gis_app.analysis.significance import benjamini_hochberg

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MOSTLY = 0.9
"""Share of steps from which on a cell was significant nearly always."""
TREND_P = 0.05
NO_PATTERN = "none"


@dataclass(frozen=True, eq=False)
class StepFacts:
    """What the rules ask of n cells, all of shape ``(n,)``; "hot" reads "cold" when cold spots are classed.

    Parameters
    ----------
    is_last_hot
        Whether the last step is significant.
    hot_count, step_count
        Significant steps, and all.
    final_run
        Length of the unbroken run of significant steps that ends with the last one.
    was_opposite
        Whether any step was significant the other way.
    is_rising, is_falling
        Whether z became more, or less, extreme over time: a significant Mann-Kendall trend.
    """

    is_last_hot: BoolArray
    hot_count: npt.NDArray[np.int64]
    step_count: int
    final_run: npt.NDArray[np.int64]
    was_opposite: BoolArray
    is_rising: BoolArray
    is_falling: BoolArray

    @property
    def is_mostly_hot(self) -> BoolArray:
        """Whether at least 90 % of the steps are significant."""
        return np.asarray(self.hot_count >= MOSTLY * self.step_count, dtype=np.bool_)


RULES: tuple[tuple[str, Callable[[StepFacts], BoolArray]], ...] = (
    # Significant only in the last step.
    ("new", lambda f: f.is_last_hot & (f.hot_count == 1)),
    # At least 90 % of the steps including the last, and rising; falling; neither.
    ("intensifying", lambda f: f.is_last_hot & f.is_mostly_hot & f.is_rising),
    ("diminishing", lambda f: f.is_last_hot & f.is_mostly_hot & f.is_falling),
    ("persistent", lambda f: f.is_last_hot & f.is_mostly_hot),
    # At least 90 % of the steps, but not the last.
    ("historical", lambda f: ~f.is_last_hot & f.is_mostly_hot),
    # One final unbroken run of two or more, under 90 % of the steps, never before.
    ("consecutive", lambda f: f.is_last_hot & (f.final_run == f.hot_count)),
    # The last step and some before, on and off, and the other way at some time; or never the other way.
    ("oscillating", lambda f: f.is_last_hot & f.was_opposite),
    ("sporadic", lambda f: f.is_last_hot),
)
"""The classes: the first rule that holds names a cell."""
EMERGING_CLASSES = (*(f"{side}_{name}" for side in ("hot", "cold") for name, _ in RULES), NO_PATTERN)
URGENCY = ("intensifying", "persistent", "consecutive", "new", "diminishing", "oscillating", "sporadic", "historical")
"""Hot classes by what to expect next, most first."""


def emerging_classes(z: npt.ArrayLike, significance: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return the class of every cell, one of ``EMERGING_CLASSES``.

    Parameters
    ----------
    z
        Shape ``(steps, n)``: Gi* z-scores per step, oldest first, at least two steps.
    significance
        Shape ``(steps, n)``: 1 where hot, -1 where cold, 0 where neither, after correction for multiple tests.

    Raises
    ------
    ValueError
        If the shapes differ, or there are fewer than two steps.
    """
    score, sign = np.asarray(z, dtype=np.float64), np.asarray(significance)
    if score.shape != sign.shape or score.ndim != 2 or len(score) < 2:
        raise ValueError("z and significance need one shape (steps, n), two steps or more.")
    classes = np.full(score.shape[1], NO_PATTERN, dtype="<U20")
    for side, way in (("cold", -1), ("hot", 1)):
        facts = _facts(way * score, sign == way, sign == -way)
        held = [rule(facts) for _, rule in RULES]
        named = np.select(held, [f"{side}_{name}" for name, _ in RULES], default="")
        classes = np.where(named != "", named, classes)
    return classes.astype(np.str_)


def by_urgency(classes: npt.NDArray[np.str_], z: FloatArray) -> FloatArray:
    """Return a score per cell: the most urgent class first, by mean z within a class.

    Parameters
    ----------
    classes
        Shape ``(n,)``: of ``emerging_classes``.
    z
        Shape ``(steps, n)``.
    """
    rank = np.zeros(len(classes))
    for place, name in enumerate(URGENCY):
        rank[classes == f"hot_{name}"] = len(URGENCY) - place
    mean_z = z.mean(axis=0)
    return np.asarray(rank + mean_z / (1.0 + 2.0 * np.abs(mean_z).max()), dtype=np.float64)


def gi_star_by_period(past: EventHistory, *, period_days: float, steps: int) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Return Gi* per period up to now, and where it is significant at a false discovery rate of 5 % per period.

    Returns
    -------
    z and significance, both of shape ``(steps, n)``, oldest period first; a period without events, or with as many in
    each cell, has z 0.
    """
    lattice, cells = past.lattice, past.cells
    z = np.zeros((steps, lattice.cell_count))
    sign = np.zeros(z.shape, dtype=np.int8)
    borders = np.searchsorted(past.day, past.until - np.arange(steps, -1, -1) * period_days, side="left")
    for step, (begin, end) in enumerate(pairwise(borders)):
        here = cells[begin:end]
        count = np.bincount(here[here >= 0], minlength=lattice.cell_count)
        if (count == count[0]).all():
            continue
        z[step] = gi_star_on_lattice(lattice.raster(count), lattice.mask)[lattice.mask]
        sign[step] = np.sign(z[step]) * (benjamini_hochberg(two_sided_p(z[step])) <= 0.05)
    return z, sign


def _facts(z: FloatArray, is_hot: BoolArray, is_opposite: BoolArray) -> StepFacts:
    trends = mann_kendall(z.T)
    changes = trends.p < TREND_P
    return StepFacts(
        is_last_hot=is_hot[-1],
        hot_count=is_hot.sum(axis=0).astype(np.int64),
        step_count=len(z),
        final_run=np.cumprod(is_hot[::-1], axis=0).sum(axis=0).astype(np.int64),
        was_opposite=np.asarray(is_opposite.any(axis=0), dtype=np.bool_),
        is_rising=changes & (trends.s > 0),
        is_falling=changes & (trends.s < 0),
    )
