"""Key figures of the closed loop, each with the hazards it was computed from.

A figure is a numerator over a denominator, both kept as masks over the table, so that any figure can open its list of
cases. A denominator of 0 gives None, "no data", never 0 % or 100 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.analysis.instants import Instants, utc_instant, utc_instants
from gis_app.domain.hazards import DiscoveryWay, Stage
from gis_app.domain.periods import TimeWindow

BoolArray = npt.NDArray[np.bool_]

_CORE_COLUMNS = ("stage", "discovered_at", "due_at", "closed_at")
DESK_COLUMNS = (
    "discovered_by",
    "filed_at",
    "filing_due_at",
    "dispatched_at",
    "dispatch_due_at",
    "handled_at",
    "reworked_at",
    "returned_at",
)
"""What the figures of desk and dispatch need beyond what every hazard has."""


@dataclass(frozen=True, eq=False)
class HazardTimes:
    """What the key figures need to know of n hazards, all arrays of shape ``(n,)``.

    Parameters
    ----------
    is_void
        Whether the hazard was voided. A void hazard is in no figure, but for what is counted among the filed: filed
        it was, and the accuracy of filing is about just that.
    is_found_by_inspection
        Whether an inspection found it, not those whose daily work it is to report.
    discovered_at, due_at, closed_at
        ``datetime64[us]`` in UTC, NaT where missing. ``due_at`` is missing until the hazard is assigned, when its
        clock starts.
    filed_at, filing_due_at, dispatched_at, dispatch_due_at
        When it was first filed and first dispatched, and until when it had to be.
    handled_at, reworked_at, returned_at
        When the first feedback came, when it was first sent back for rework, and when the unit it was dispatched to
        first handed it back to the desk.
    """

    is_void: BoolArray
    is_found_by_inspection: BoolArray
    discovered_at: Instants
    due_at: Instants
    closed_at: Instants
    filed_at: Instants
    filing_due_at: Instants
    dispatched_at: Instants
    dispatch_due_at: Instants
    handled_at: Instants
    reworked_at: Instants
    returned_at: Instants


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

    def within(self, mask: BoolArray) -> KpiFigure:
        """Return the figure of some of the hazards, such as those of one area; ``mask`` of shape ``(n,)``."""
        return KpiFigure(self.numerator & mask, None if self.denominator is None else self.denominator & mask)


def hazard_times(hazards: pd.DataFrame) -> HazardTimes:
    """Return what the key figures need from a frame; times with a time zone.

    Parameters
    ----------
    hazards
        Columns stage, discovered_at, due_at, closed_at; for the figures of desk and dispatch also those of
        ``DESK_COLUMNS``, all of them or none. Without them these figures have no data.

    Raises
    ------
    ValueError
        If a column is missing, or times have no time zone.
    """
    present = [name for name in DESK_COLUMNS if name in hazards.columns]
    missing = sorted({*_CORE_COLUMNS, *(DESK_COLUMNS if present else ())} - set(hazards.columns))
    if missing:
        raise ValueError(f"The hazards have no column {', '.join(missing)}.")
    never = np.full(len(hazards), np.datetime64("NaT", "us"))
    names = [name for name in (*_CORE_COLUMNS, *DESK_COLUMNS) if name.endswith("_at")]
    return HazardTimes(
        is_void=_equals(hazards, "stage", Stage.VOID),
        is_found_by_inspection=_equals(hazards, "discovered_by", DiscoveryWay.INSPECTION),
        **{name: utc_instants(hazards[name]) if name in hazards.columns else never for name in names},
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


def rework_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """返工率: reworked / handled, of those whose first feedback came in the window."""
    handled = _in_window(hazards.handled_at, moment, window=window) & ~hazards.is_void
    return KpiFigure(handled & (hazards.reworked_at <= utc_instant(moment)), handled)


def missed_report_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """漏报率: found by inspection but not reported / filed.

    What an inspection finds and somebody had reported before is that report's case, not one of its own; so a case
    that an inspection found is one that nobody reported.
    """
    filed = _filed(hazards, moment, window=window)
    return KpiFigure(filed & hazards.is_found_by_inspection & ~hazards.is_void, filed)


def on_time_filing_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """按时立案率: filed on time / filed; one that had no time to keep is in neither."""
    filed = _filed(hazards, moment, window=window) & ~np.isnat(hazards.filing_due_at)
    return KpiFigure(filed & (hazards.filed_at <= hazards.filing_due_at), filed)


def accurate_filing_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """准确立案率: (filed - void) / filed."""
    filed = _filed(hazards, moment, window=window)
    return KpiFigure(filed & ~hazards.is_void, filed)


def on_time_dispatch_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """按时派遣率: dispatched on time / due to be dispatched: by a time in the window and not after the moment."""
    due = _due_for_dispatch(hazards, moment, window=window)
    return KpiFigure(due & (hazards.dispatched_at <= hazards.dispatch_due_at), due)


def accurate_dispatch_rate(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> KpiFigure:
    """准确派遣率: (due to be dispatched - reworked dispatch) / due to be dispatched.

    A dispatch is reworked when the unit hands the hazard back and the level above agrees that it is not its to handle.
    """
    due = _due_for_dispatch(hazards, moment, window=window)
    return KpiFigure(due & ~(hazards.returned_at <= utc_instant(moment)), due)


KPIS: dict[str, Callable[..., KpiFigure]] = {
    "open": open_hazards,
    "overdue": overdue_hazards,
    "closing_rate": closing_rate,
    "on_time_closing_rate_of_due": on_time_closing_rate_of_due,
    "on_time_closing_rate_of_closed": on_time_closing_rate_of_closed,
    "rework_rate": rework_rate,
    "missed_report_rate": missed_report_rate,
    "on_time_filing_rate": on_time_filing_rate,
    "accurate_filing_rate": accurate_filing_rate,
    "on_time_dispatch_rate": on_time_dispatch_rate,
    "accurate_dispatch_rate": accurate_dispatch_rate,
}
"""Every key figure by name: ``figure(hazards, moment, window=window)``."""


def _due(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> BoolArray:
    return _in_window(hazards.due_at, moment, window=window) & ~hazards.is_void


def _filed(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> BoolArray:
    return _in_window(hazards.filed_at, moment, window=window)


def _due_for_dispatch(hazards: HazardTimes, moment: datetime, *, window: TimeWindow) -> BoolArray:
    return _in_window(hazards.dispatch_due_at, moment, window=window) & ~hazards.is_void


def _equals(hazards: pd.DataFrame, column: str, value: str) -> BoolArray:
    if column not in hazards.columns:
        return np.zeros(len(hazards), dtype=np.bool_)
    return np.asarray(hazards[column].to_numpy() == str(value), dtype=np.bool_)


def _in_window(times: Instants, moment: datetime, *, window: TimeWindow) -> BoolArray:
    inside = (times >= utc_instant(window.start)) & (times < utc_instant(window.end))
    return np.asarray(inside & (times <= utc_instant(moment)), dtype=np.bool_)
