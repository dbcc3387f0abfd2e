"""What key figures and ratings are computed from: when each hazard first got where, as its log tells, and the areas."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, RowMapping, text

FIRST_MOMENTS = ("reported_at", "filed_at", "dispatched_at", "handled_at", "reworked_at", "returned_at")
_MOMENTS = ("discovered_at", "due_at", *FIRST_MOMENTS, "closed_at")
# Seconds as floating point tell microseconds apart until 2255, and come over the wire faster than moments.
_SECONDS = ", ".join(f"date_part('epoch', {name}) AS {name}" for name in _MOMENTS)
# A case that ended before the window plays a part in it only by a deadline that lay in it.
# One look at the index a case: grouping all steps would sort them on disk.
_TIMES = text(f"""
WITH chosen AS (
    SELECT id, village_id, discovered_by, discovered_at, due_at FROM hazard
    WHERE discovered_at <= :moment AND (:category = '' OR category_code IN (
          SELECT code FROM hazard_category WHERE code = :category OR 'type:' || case_type = :category))
      AND (stage NOT IN ('closed', 'void') OR due_at >= :start
           OR id IN (SELECT hazard_id FROM hazard_event WHERE at >= :since))),
known AS (
    SELECT chosen.*, {", ".join(FIRST_MOMENTS)},
           CASE WHEN is_void THEN 'void' WHEN last_close > coalesce(last_reopening, 0) THEN 'closed' ELSE 'open' END
               AS state,
           CASE WHEN last_close > coalesce(last_reopening, 0) THEN last_closed_at END AS closed_at
    FROM chosen CROSS JOIN LATERAL (
        SELECT min(at) FILTER (WHERE action = 'report') AS reported_at,
               min(at) FILTER (WHERE action = 'file') AS filed_at,
               min(at) FILTER (WHERE action = 'assign') AS dispatched_at,
               min(at) FILTER (WHERE action = 'feedback') AS handled_at,
               min(at) FILTER (WHERE action = 'rework') AS reworked_at,
               min(at) FILTER (WHERE action = 'approve_return') AS returned_at,
               max(at) FILTER (WHERE action = 'close') AS last_closed_at,
               max(version) FILTER (WHERE action = 'close') AS last_close,
               max(version) FILTER (WHERE action = 'reopen') AS last_reopening,
               bool_or(action = 'void') AS is_void
        FROM hazard_event WHERE hazard_id = chosen.id AND at <= :moment) log)
SELECT id, village_id, discovered_by, state, {_SECONDS} FROM known""")  # noqa: S608
_AREAS = text("""
SELECT id, code, level, name_zh, name_en, scope_path,
       valid_from <= :last_day AND (valid_to IS NULL OR valid_to > :first_day) AS is_valid
FROM area WHERE level IN ('township', 'village') ORDER BY code, valid_from""")
_CASES = text("""
SELECT h.id, h.number, h.title, h.stage, h.discovered_at, h.due_at, h.closed_at, c.name_zh AS category_zh,
       c.name_en AS category_en, v.name_zh AS village_zh, v.name_en AS village_en
FROM hazard h
JOIN hazard_category c ON c.code = h.category_code
JOIN area v ON v.id = h.village_id
WHERE h.id = ANY(:ids) ORDER BY h.due_at NULLS LAST, h.discovered_at, h.id LIMIT :most""")


def hazard_moments(
    connection: Connection, *, start: datetime, moment: datetime, category: str = "", lead: timedelta = timedelta()
) -> pd.DataFrame:
    """Return what the log tells until a moment of each hazard that plays a part between ``start`` and it.

    Parameters
    ----------
    category
        Code of a category, or ``type:dispute`` for all of a case type; empty for all.
    lead
        How long before ``start`` something may have happened whose deadline lies after it.

    Returns
    -------
    Columns id, village_id, discovered_by, stage (``void``, ``closed`` or ``open``), and times in UTC, NaT where it
    had not come to that: discovered_at, due_at, those of ``FIRST_MOMENTS``, closed_at.
    """
    values = {"start": start, "since": start - lead, "moment": moment, "category": category}
    rows = connection.execute(_TIMES, values).all()
    names = ("id", "village_id", "discovered_by", "stage", *_MOMENTS)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    texts = {name: list(column) for name, column in zip(names[:4], columns[:4], strict=True)}
    return pd.DataFrame(
        texts | {name: _moments(column) for name, column in zip(_MOMENTS, columns[4:], strict=True)}, columns=names
    )


def areas(connection: Connection, *, first_day: date, last_day: date) -> Sequence[RowMapping]:
    """Return the townships and villages in the caller's scope that ever were, by code, the newest of a code last.

    ``is_valid`` tells whether it was there on any of the days.
    """
    return connection.execute(_AREAS, {"first_day": first_day, "last_day": last_day}).mappings().all()


def cases(connection: Connection, ids: Sequence[uuid.UUID], *, most: int) -> Sequence[RowMapping]:
    """Return hazards with the names of their category and village, by deadline."""
    return connection.execute(_CASES, {"ids": list(ids), "most": most}).mappings().all()


def _moments(seconds: Sequence[float | None]) -> pd.DatetimeIndex:
    known = np.array(seconds, dtype=np.float64)
    instants = np.full(len(known), np.datetime64("NaT", "us"))
    present = ~np.isnan(known)
    instants[present] = np.rint(known[present] * 1e6).astype(np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(instants).tz_localize("UTC")
