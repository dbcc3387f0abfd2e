"""Key figures of the closed loop, each with the hazards it was computed from.

A figure is a numerator over a denominator, both kept as masks over the table, so that any figure can open its list of
cases. A denominator of 0 gives None, "no data", never 0 % or 100 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.analysis.instants import Instants, utc_instant, utc_instants
from gis_app.domain.hazards import Stage
from gis_app.domain.periods import TimeWindow

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HazardTimes:
    """What the key figures need to know of n hazards, all arrays of shape ``(n,)``.

    Parameters
    ----------
    is_void
        Whether the hazard was voided; a void hazard is in no figure.
    discovered_at, due_at, closed_at
        ``datetime64[us]`` in UTC, NaT where missing. ``due_at`` is missing until the hazard is assigned, when its
        clock starts.
    """

    is_void: BoolArray
    discovered_at: Instants
    due_at: Instants
    closed_at: Instants


@dataclass(frozen=True, eq=False)
class KpiFigure:
    """A key figure as masks over the hazards: those counted, and those they are a share of (None for a plain count)."""

    numerator: BoolArray
    denominator: BoolArray | None = None

    @property
    def count(self) -> int:
        """Number of hazards in the numerator."""
        return int(np.count_nonzero(self.numerator))

    @property
    def of(self) -> int | None:
        """Number of hazards in the denominator; None for a plain count."""
        return None if self.denominator is None else int(np.count_nonzero(self.denominator))

    @property
    def value(self) -> float | None:
        """The count, or the share from 0 to 1; None if the denominator is 0."""
        if self.of is None:
            return float(self.count)
        return self.count / self.of if self.of else None


def hazard_times(hazards: pd.DataFrame) -> HazardTimes:
    """Return the columns ``stage``, ``discovered_at``, ``due_at``, ``closed_at`` of a frame; times with a time zone."""
    stages: Any = hazards["stage"]
    return HazardTimes(
        is_void=np.asarray(stages == Stage.VOID.value, dtype=np.bool_),
        discovered_at=utc_instants(hazards["discovered_at"]),
        due_at=utc_instants(hazards["due_at"]),
        closed_at=utc_instants(hazards["closed_at"]),
    )


def open_hazards(hazards: HazardTimes, moment: datetime, *, window: TimeWindow | None = None) -> KpiFigure:
    """Hazards known and not closed at the moment, whenever they were found; the window plays no part."""
    now = utc_instant(moment)
    return KpiFigure(~hazards.is_void & (hazards.discovered_at <= now) & ~(hazards.closed_at <= now))


def overdue_hazards(hazards: HazardTimes, moment: datetime, *, window: TimeWindow | None = None) -> KpiFigure:
    """Open hazards whose deadline lies before the moment; one without a deadline is not overdue."""
    open_now = open_hazards(hazards, moment).numerator
    return KpiFigure(open_now & (hazards.due_at < utc_instant(moment)))


def closing_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """结案率: closed / due to be closed.

    Due to be closed: the deadline lies in the window and not after the moment. Closed: of these, closed by the moment,
    late or not.
    """
    due = _due(hazards, moment, window=window)
    return KpiFigure(due & (hazards.closed_at <= utc_instant(moment)), due)


def on_time_closing_rate_of_due(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """按期结案率: closed on time / due to be closed; the same denominator as ``closing_rate``."""
    due = _due(hazards, moment, window=window)
    return KpiFigure(due & (hazards.closed_at <= hazards.due_at), due)


def on_time_closing_rate_of_closed(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """按时结案率: closed on time / closed, of those closed in the window and by the moment.

    One closed without ever having had a deadline is in neither: there was no time to keep.
    """
    closed = _in_window(hazards.closed_at, moment, window=window) & ~hazards.is_void & ~np.isnat(hazards.due_at)
    return KpiFigure(closed & (hazards.closed_at <= hazards.due_at), closed)


KPIS: dict[str, Callable[..., KpiFigure]] = {
    "open": open_hazards,
    "overdue": overdue_hazards,
    "closing_rate": closing_rate,
    "on_time_closing_rate_of_due": on_time_closing_rate_of_due,
    "on_time_closing_rate_of_closed": on_time_closing_rate_of_closed,
}
"""Every key figure by name: ``figure(hazards, moment, window=window)``."""


def _due(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> BoolArray:
    return _in_window(hazards.due_at, moment, window=window) & ~hazards.is_void


def _in_window(times: Instants, moment: datetime, *, window: TimeWindow) -> BoolArray:
    inside = (times >= utc_instant(window.start)) & (times < utc_instant(window.end))
    return np.asarray(inside & (times <= utc_instant(moment)), dtype=np.bool_)
