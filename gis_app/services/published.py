"""Monthly figures for everybody: hazards found by township and category, in which no small count can be computed."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.analysis.suppression import LEAST, SuppressedTable, suppress
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.periods import CITY_TIME, TimeWindow
from gis_app.storage import published
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.indicators import data_version

SMALL, HIDDEN = f"<{LEAST}", "–"
"""What stands for a count below the least one told, and for one hidden so that no other can be computed."""
MONTHS_KEPT = 128
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
# A spreadsheet runs a cell that begins so.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Named:
    """A township or category."""

    code: str
    name_zh: str
    name_en: str | None

    def in_language(self, locale: str) -> str:
        """Return the name in a language, in the other one where that is missing."""
        return (self.name_en or self.name_zh) if locale == "en" else (self.name_zh or self.name_en or "")


@dataclass(frozen=True)
class MonthTable:
    """The figures of a month as they may be told.

    Parameters
    ----------
    month
        As ``2026-10``.
    table
        None if nothing was found; then there are no townships.
    is_small
        Shape of its cells: those below the least count told. Totals are not told apart: that was not checked.
    """

    month: str
    townships: Sequence[Named] = ()
    categories: Sequence[Named] = ()
    table: SuppressedTable | None = None
    is_small: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))


@dataclass
class Published:
    """Makes the figures and keeps them; one per server process.

    Parameters
    ----------
    engine
        Of the app's role.
    now
        The clock.
    """

    engine: Engine
    now: Callable[[], datetime]
    _kept: LRUCache[tuple[str, str], MonthTable] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._kept = LRUCache(maxsize=MONTHS_KEPT)

    def months(self) -> list[str]:
        """Return the months that may be published, the newest first: from the first hazard to the newest."""
        with scoped(self.engine, system_scope()) as connection:
            span = published.hazard_span(connection)
        if span is None:
            return []
        first, day = (moment.astimezone(CITY_TIME).date().replace(day=1) for moment in span)
        months = []
        while day >= first:
            if window_of(day).end <= self.now():
                months.append(f"{day:%Y-%m}")
            day = (day - timedelta(days=1)).replace(day=1)
        return months

    def newest_month(self) -> str:
        """Return the newest month with hazards that may be published; without one the month before this one."""
        last = self.now().astimezone(CITY_TIME).date().replace(day=1) - timedelta(days=1)
        return next(iter(self.months()), f"{last:%Y-%m}")

    def month(self, month: str) -> MonthTable:
        """Return the figures of a month such as ``2026-10``, the same for whoever asks.

        Raises
        ------
        InvalidInput
            If it is no month.
        NotFound
            If it has not ended.
        """
        window = window_of(first_day_of(month))
        if window.end > self.now():
            raise NotFound(
                "The figures of {month} are not published before the month has ended.",
                remedy="Choose an earlier month.",
                month=month,
            )
        with scoped(self.engine, system_scope()) as connection:
            key = (month, data_version(connection))
            with self._lock:
                kept = self._kept.get(key)
            made = kept or _made(connection, month, window)
        with self._lock:
            self._kept[key] = made
        return made


def first_day_of(month: str) -> date:
    """Return the first day of a month such as ``2026-10``.

    Raises
    ------
    InvalidInput
        If it is no month.
    """
    found = _MONTH.fullmatch(month)
    if found is None or not 1990 <= int(found[1]) <= 2200:
        raise InvalidInput("{month!r} is no month.", remedy="Write it as 2026-10.", month=month[:40])
    return date(int(found[1]), int(found[2]), 1)


def window_of(first_day: date) -> TimeWindow:
    """Return the days of a month."""
    return TimeWindow(first_day, (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _made(connection: Connection, month: str, window: TimeWindow) -> MonthTable:
    found = published.hazard_counts(connection, start=window.start, end=window.end)
    if not found:
        return MonthTable(month)
    with_hazards = {township for township, _ in found}
    rows = published.townships(connection, first_day=window.first_day, last_day=window.last_day)
    townships = [_named(row) for row in rows if row["is_valid"] or row["code"] in with_hazards]
    categories = [_named(row) for row in published.categories(connection)]
    counts = np.array([[found.get((row.code, column.code), 0) for column in categories] for row in townships])
    return MonthTable(month, townships, categories, suppress(counts), counts < LEAST)


def _named(row: RowMapping) -> Named:
    return Named(row["code"], row["name_zh"], row["name_en"])


def words(figures: MonthTable) -> list[list[str]]:
    """Return the table with its totals as texts, a row per township and one of totals: counts, ``<5``, or a dash."""
    table = figures.table
    if table is None:
        return []
    rows = [
        [SMALL if small and hidden else _word(count, hidden) for count, hidden, small in zip(*parts, strict=True)]
        for parts in zip(table.cells.data, np.ma.getmaskarray(table.cells), figures.is_small, strict=True)
    ]
    totals = _words(table.row_totals)
    last = _words(table.column_totals)
    grand = HIDDEN if table.grand_total is None else str(table.grand_total)
    return [*([*row, total] for row, total in zip(rows, totals, strict=True)), [*last, grand]]


def _words(counts: np.ma.MaskedArray[Any, Any]) -> list[str]:
    return [_word(*each) for each in zip(counts.data, np.ma.getmaskarray(counts), strict=True)]


def _word(count: int, hidden: bool) -> str:
    return HIDDEN if hidden else str(count)


def as_json(figures: MonthTable, *, locale: str) -> dict[str, Any]:
    """Return the figures for programs: null for what is hidden; ``below`` says which cells are below the least."""
    rows = words(figures)
    numbers = [[int(word) if word.isdecimal() else None for word in row] for row in rows]
    return {
        "month": figures.month,
        "least": LEAST,
        "categories": [{"code": each.code, "name": each.in_language(locale)} for each in figures.categories],
        "townships": [
            {
                "code": each.code,
                "name": each.in_language(locale),
                "counts": counts[:-1],
                "below": [word == SMALL for word in texts[:-1]],
                "total": counts[-1],
            }
            for each, counts, texts in zip(figures.townships, numbers, rows, strict=False)
        ],
        "totals": numbers[-1][:-1] if numbers else [],
        "total": numbers[-1][-1] if numbers else None,
    }


def as_csv(figures: MonthTable, *, locale: str, heads: tuple[str, str, str]) -> str:
    """Return the figures as CSV with the mark by which spreadsheets know UTF-8, formulas made harmless.

    Parameters
    ----------
    heads
        The words for code, township and total.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    categories = [each.in_language(locale) for each in figures.categories]
    writer.writerow([_harmless(word) for word in (*heads[:2], *categories, heads[2])])
    named = [(each.code, each.in_language(locale)) for each in figures.townships]
    for place, row in zip([*named, ("", heads[2])], words(figures), strict=False):
        writer.writerow([_harmless(word) for word in (*place, *row)])
    return "\ufeff" + out.getvalue()


def _harmless(word: str) -> str:
    return f"'{word}" if word.startswith(_FORMULA_SIGNS) else word
