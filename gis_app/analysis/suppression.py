"""Disclosure control: which counts of a table stay unpublished so that no small one can be computed from the others.

Small is below ``least``; zero is small too, for a published zero says of a whole area what it has not. Small counts are
hidden (primary suppression), then the cheapest others (complementary), until nothing hidden is determined by what is
published, by the reader's knowledge which hidden counts are small, and that every other hidden cell is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_app.analysis.circulation import BoolArray, Circulation, IntArray, protected

Counts = np.ma.MaskedArray[Any, np.dtype[np.int64]]

LEAST = 5


@dataclass(frozen=True)
class SuppressedTable:
    """A table as it may be published; hidden counts are masked and 0 below the mask, their values are gone.

    A mark may tell small hidden cells from the others, for the reader is taken to know them. Hidden totals need one
    mark for both: that a total is not small is more than the reader was taken to know.

    Parameters
    ----------
    cells
        Shape ``(areas, categories)``.
    row_totals, column_totals
        Shapes ``(areas,)`` and ``(categories,)``.
    grand_total
        None if hidden.
    """

    cells: Counts
    row_totals: Counts
    column_totals: Counts
    grand_total: int | None


@dataclass(frozen=True)
class SuppressedColumn:
    """Counts per area, shape ``(areas,)``, and their total, as they may be published; hidden as in a table."""

    cells: Counts
    total: int | None


def suppress(counts: npt.ArrayLike, *, least: int = LEAST) -> SuppressedTable:
    """Return a table of counts with its totals as it may be published.

    Cells are hidden before totals, few events before many; equal input gives equal output. What remains possible to
    compute: sums of several hidden counts, and intervals of more than one value. Two tables that overlap, such as a
    year and its months, are each safe alone, not together.

    Parameters
    ----------
    counts
        Shape ``(areas, categories)``, integers >= 0, at least one of each.
    least
        The smallest count that may be told, >= 2: of counts below 1 the hiding would tell the value.

    Raises
    ------
    ValueError
        If the counts are no such table, or ``least`` is below 2.
    """
    table = _checked(counts, dimensions=2, least=least)
    areas, categories = table.shape
    source, sink = areas + categories, areas + categories + 1
    row, column = np.arange(areas), np.arange(areas, source)
    flows = _flows(
        np.concatenate([np.repeat(row, categories), np.full(areas, source), column, [sink]]),
        np.concatenate([np.tile(column, areas), row, np.full(categories, sink), [source]]),
        count=np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0), [table.sum()]]),
        cell_count=table.size,
        least=least,
    )
    hidden = protected(flows, flows.count < least)
    cells, rows, columns, grand = np.split(np.arange(len(hidden)), np.cumsum([table.size, areas, categories]))
    return SuppressedTable(
        cells=_masked(flows.count, hidden, places=cells).reshape(table.shape),
        row_totals=_masked(flows.count, hidden, places=rows),
        column_totals=_masked(flows.count, hidden, places=columns),
        grand_total=None if hidden[grand[0]] else int(table.sum()),
    )


def suppress_column(counts: npt.ArrayLike, *, least: int = LEAST) -> SuppressedColumn:
    """Return counts per area with one total as they may be published.

    Parameters
    ----------
    counts
        Shape ``(areas,)``, integers >= 0, at least one.
    least
        As in ``suppress``.

    Raises
    ------
    ValueError
        As in ``suppress``.
    """
    column = _checked(counts, dimensions=1, least=least)
    areas = len(column)
    area, source, sink = np.arange(areas), areas, areas + 1
    # Each count is followed by an arc that carries it on and is known to nobody: no two arcs join the same nodes.
    flows = _flows(
        np.concatenate([np.full(areas, source), [sink], area]),
        np.concatenate([area, [source], np.full(areas, sink)]),
        count=np.concatenate([column, [column.sum()], column]),
        cell_count=areas,
        least=least,
        unknown_from=areas + 1,
    )
    hidden = protected(flows, (flows.count < least) | flows.unknown)
    return SuppressedColumn(
        cells=_masked(column, hidden, places=area), total=None if hidden[areas] else int(column.sum())
    )


def _flows(
    tail: IntArray, head: IntArray, *, count: IntArray, cell_count: int, least: int, unknown_from: int | None = None
) -> Circulation:
    place = np.arange(len(count))
    is_total, is_small = place >= cell_count, count < least
    unknown = place >= (len(count) if unknown_from is None else unknown_from)
    # Of a hidden total that is not small the reader is taken to know nothing: in four rows of five ones, rows that are
    # known to reach 5 and columns known not to would determine each other, whatever is hidden.
    low = np.where(unknown, -np.inf, np.where(is_small | is_total, 0, least))
    high = np.where(is_small & ~unknown, least - 1, np.inf)
    # One total costs more than all cells together.
    price = np.where(is_total, count + count[:cell_count].sum() + 1.0, count)
    return Circulation(tail, head, count, low, high, price, unknown)


def _masked(count: IntArray, hidden: BoolArray, *, places: IntArray) -> Counts:
    mask = hidden[places]
    return np.ma.MaskedArray(np.where(mask, 0, count[places]), mask=mask)


def _checked(counts: npt.ArrayLike, *, dimensions: int, least: int) -> IntArray:
    table = np.asarray(counts)
    if table.ndim != dimensions or not table.size:
        raise ValueError(f"Counts have {dimensions} dimension(s) and one entry at least, not shape {table.shape}.")
    if not np.issubdtype(table.dtype, np.integer) or (table < 0).any():
        raise ValueError("Counts are whole numbers of 0 and more.")
    if least < 2:
        raise ValueError(f"least is 2 or more, not {least}: of counts below 1 the hiding would tell the value.")
    return table.astype(np.int64)
