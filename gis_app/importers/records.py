"""What a reader hands on: records, and the batches of columns they cross the process border in.

The parent trusts none of it. Lines are JSON (never pickle), columns of text bytes and their ends, and every value is
checked again by the column tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

MAX_VERTICES = 20_000
MAX_FIELDS = 200
MAX_FIELD_CHARS = 1_000_000
MAX_NOTES = 20


class Shape(StrEnum):
    """What the rows of an import are on the map."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"
    FIX = "fix"


@dataclass(frozen=True)
class Wanted:
    """What a reader is asked for.

    Parameters
    ----------
    shape
        What the rows are on the map.
    place_headers
        Which header of a table holds ``lon``, ``lat``, ``wkt`` or ``place_name``; empty to go by the known names.
    keeps_place_columns
        Hand on the cells of those columns too, as they are.
    packs
        Whether regular rows of a table may come as ``PackedBatch``.
    """

    shape: Shape
    place_headers: Mapping[str, str] = field(default_factory=dict)
    keeps_place_columns: bool = False
    packs: bool = False


@dataclass(frozen=True)
class GeometryFault:
    """Why a geometry or a value cannot be used, as templates with named fields."""

    problem: str
    remedy: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One row as read: its number, its values by the file's own field names, and where it lies.

    At most one of ``xy`` (a point), ``wkb`` (hexadecimal, a line or polygons) and ``fault`` is set; none in a table
    whose rows lie where a name says. Coordinates are those of the file, x before y.
    """

    row: int
    values: dict[str, object]
    xy: tuple[float, float] | None = None
    wkb: str | None = None
    fault: GeometryFault | None = None


@dataclass(frozen=True)
class CellFault:
    """What is wrong with one cell of a batch; ``header`` is None for the geometry."""

    position: int
    header: str | None
    fault: GeometryFault


@dataclass
class Batch:
    """Rows as columns of one length; ``wkb`` as in ``Record``, ``xy`` all x and all y; None where a row has none."""

    rows: list[int]
    columns: dict[str, list[object]]
    xy: list[list[float | None]] | None = None
    wkb: list[str | None] | None = None
    faults: list[CellFault] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """Yield the rows one by one."""
        faults = {found.position: found.fault for found in self.faults if found.header is None}
        for at, row in enumerate(self.rows):
            values = {name: cells[at] for name, cells in self.columns.items()}
            x, y = (self.xy[0][at], self.xy[1][at]) if self.xy is not None else (None, None)
            yield Record(
                row,
                values,
                xy=None if x is None or y is None else (x, y),
                wkb=self.wkb[at] if self.wkb is not None else None,
                fault=faults.get(at),
            )


TextColumn = Any
"""A ``pyarrow.StringArray`` without gaps."""


@dataclass
class PackedBatch:
    """Consecutive rows of a table, all of whose cells are texts; otherwise as ``Batch``.

    Parameters
    ----------
    first
        Number of the first row.
    columns
        The cells by header, shape ``(n,)`` each.
    xy
        Shape ``(2, n)``: all x and all y, NaN where a row has none.
    """

    first: int
    columns: dict[str, TextColumn]
    xy: npt.NDArray[np.float64]
    faults: list[CellFault] = field(default_factory=list)
    wkb: None = None

    @property
    def rows(self) -> range:
        """The numbers of the rows."""
        return range(self.first, self.first + self.xy.shape[1])

    def records(self) -> Iterator[Record]:
        """Yield the rows one by one."""
        return self.chosen(range(self.xy.shape[1])).records()

    def chosen(self, positions: Sequence[int]) -> Batch:
        """Return some of the rows as a batch of ordinary cells."""
        at = np.asarray(positions, dtype=np.int64)
        place_of = {int(each): place for place, each in enumerate(at)}
        return Batch(
            [self.first + int(each) for each in at],
            {name: cells.take(at).to_pylist() for name, cells in self.columns.items()},
            [[None if np.isnan(value) else float(value) for value in axis] for axis in self.xy[:, at]],
            None,
            [
                CellFault(place_of[found.position], found.header, found.fault)
                for found in self.faults
                if found.position in place_of
            ],
        )


@dataclass
class FileFacts:
    """What a reader learns about the file as a whole; readers fill it in while they read."""

    declared_datum: str | None = None
    encoding: str = "utf-8"
    dropped_heights: int = 0
    has_places: bool = True
    """False if its rows say where they lie by a name only."""
    serial_days: bool = False
    """Numbers in columns of times are days since 30 December 1899, as spreadsheets count."""
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def note(self, template: str, **params: object) -> None:
        """Add something the sender should know, once."""
        if (template, params) not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append((template, params))


Reader = Callable[[BinaryIO, Wanted, FileFacts], Iterator[Record | Batch | PackedBatch]]
"""A reader takes an open file, what is wanted, and the facts to fill in; raises ``Refused`` for the whole file."""
