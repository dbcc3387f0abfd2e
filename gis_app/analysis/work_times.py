"""Deadlines on a working calendar for many moments at once."""

from __future__ import annotations

import numpy as np

from gis_app.analysis.instants import Instants


def due_after_work(starts: Instants, length_us: int, *, session_starts: Instants, session_ends: Instants) -> Instants:
    """Return the earliest moments at which so much working time has passed since each start.

    Parameters
    ----------
    starts
        Shape ``(n,)``, UTC; NaT stays NaT.
    length_us
        Working time in microseconds, above 0.
    session_starts, session_ends
        Shape ``(m,)``, UTC: the times worked, in order and apart, from before the first start on.

    Returns
    -------
    Shape ``(n,)``, UTC; NaT where the sessions given end before.

    Raises
    ------
    ValueError
        If the length is not above 0.
    """
    if length_us <= 0:
        raise ValueError("A working time lies above 0.")
    begins, ends = session_starts.astype(np.int64), session_ends.astype(np.int64)
    worked_at_end = np.cumsum(ends - begins)
    moments, known = starts.astype(np.int64), ~np.isnat(starts)
    session = np.searchsorted(ends, moments, side="right")
    inside = np.minimum(session, len(ends) - 1)
    before = np.where(session > 0, worked_at_end[np.maximum(session - 1, 0)], 0)
    wanted = before + np.maximum(moments - begins[inside], 0) + length_us
    last = np.searchsorted(worked_at_end, wanted, side="left")
    found = known & (session < len(ends)) & (last < len(ends))
    due = np.full(len(starts), np.datetime64("NaT", "us"))
    at = last[found]
    due[found] = (ends[at] - (worked_at_end[at] - wanted[found])).astype("datetime64[us]")
    return due
