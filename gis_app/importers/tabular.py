"""Tables with a header: which columns say where a row lies, and rows turned into batches (CSV, XLSX)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.domain.errors import Refused
from gis_app.importers import shapes
from gis_app.importers.headers import PLACE_HEADERS, plain
from gis_app.importers.records import MAX_FIELDS, Batch, CellFault, FileFacts, Shape, Wanted
from gis_app.importers.wire import ROWS_PER_BATCH

Cells = Sequence[object]
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class TableHeader:
    """The names of a table's columns as written, and which of them (by position) say where a row lies."""

    names: list[str]
    places: dict[str, int] = field(default_factory=dict)

    @property
    def has_pair(self) -> bool:
        """Whether there are two columns of coordinates."""
        return "lon" in self.places and "lat" in self.places


def header_of(names: Iterable[object], wanted: Wanted, facts: FileFacts) -> TableHeader:
    """Return the header of a table.

    Raises
    ------
    Refused
        If it is empty or too long, names a column twice, or none says where rows lie.
    """
    written = ["" if name is None else str(name).strip() for name in names]
    plain_names = [plain(name) for name in written]
    named = [name for name in plain_names if name]
    twice = sorted({name for name in named if named.count(name) > 1}) if len(named) <= MAX_FIELDS else []
    if not named or len(written) > MAX_FIELDS or twice:
        raise Refused(
            "The header has {count} columns, and these names twice: {twice}.",
            remedy="Give 1 to {limit} columns, each with its own name, in the first line.",
            count=len(named),
            twice=", ".join(twice) or "-",
            limit=MAX_FIELDS,
        )
    header = TableHeader(written, _places(plain_names, wanted))
    _require_place(header, wanted.shape)
    facts.has_places = header.has_pair or "wkt" in header.places
    return header


def _places(plain_names: list[str], wanted: Wanted) -> dict[str, int]:
    """Return the position of each column that says where rows lie: as the sender says, else by known names."""
    told = {role: plain(name) for role, name in wanted.place_headers.items()}
    if told:
        return {role: plain_names.index(name) for role, name in told.items() if name in plain_names}
    found: dict[str, int] = {}
    for role, known in PLACE_HEADERS.items():
        at = next((at for at, name in enumerate(plain_names) if name in known), None)
        if at is not None:
            found[role] = at
    return found


def _require_place(header: TableHeader, shape: Shape) -> None:
    is_point = shape in (Shape.POINT, Shape.FIX)
    if "wkt" in header.places or (header.has_pair and is_point):
        return
    if "place_name" in header.places and shape is Shape.POINT:
        return
    raise Refused(
        "The table has no columns that say where its rows lie.",
        remedy="Name them lon and lat (经度, 纬度) or village (村社) for points, or wkt for lines and polygons.",
    )


def batches(
    rows: Iterable[Cells], header: TableHeader, wanted: Wanted, *, facts: FileFacts, first: int
) -> Iterator[Batch]:
    """Yield rows as batches, numbered from ``first``; empty rows are passed over but counted.

    A row of another length than the header is a fault of that row. The apostrophe that keeps spreadsheets from running
    a text as a formula is taken off again.
    """
    each = iter(rows)
    while chunk := list(islice(each, ROWS_PER_BATCH)):
        numbers = list(range(first, first + len(chunk)))
        first += len(chunk)
        if not all(chunk):
            numbers = [number for number, cells in zip(numbers, chunk, strict=True) if cells]
            chunk = [cells for cells in chunk if cells]
        if chunk:
            yield _batch(numbers, chunk, header, wanted, facts=facts)


def _batch(numbers: list[int], chunk: list[Cells], header: TableHeader, wanted: Wanted, *, facts: FileFacts) -> Batch:
    width, faults = len(header.names), list[CellFault]()
    if set(map(len, chunk)) != {width}:
        faults = [_wrong_width(at, cells, width) for at, cells in enumerate(chunk) if len(cells) != width]
        chunk = [[*cells[:width], *[None] * (width - len(cells))] for cells in chunk]
    cells_of = [list(column) for column in zip(*chunk, strict=True)]
    batch = Batch(numbers, {}, faults=faults)
    if "wkt" in header.places:
        batch.wkb, batch.xy = _from_wkt(cells_of[header.places["wkt"]], wanted, facts, faults=faults)
    elif header.has_pair:
        batch.xy = _positions(cells_of[header.places["lon"]], cells_of[header.places["lat"]], facts, faults=faults)
    consumed = () if wanted.keeps_place_columns or not facts.has_places else tuple(header.places.values())
    for at, name in enumerate(header.names):
        if name and at not in consumed:
            batch.columns[name] = _without_guard(cells_of[at])
    return batch


def _without_guard(cells: list[object]) -> list[object]:
    if not any(isinstance(cell, str) and cell.startswith("'") for cell in cells):
        return cells
    return [cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) else cell for cell in cells]


def _wrong_width(position: int, cells: Cells, expected: int) -> CellFault:
    bad = shapes.BadGeometry(
        "The row has {found} fields, the header {expected}.",
        "Give every row as many fields as the header; put text that holds a comma in quotation marks.",
        found=len(cells),
        expected=expected,
    )
    return CellFault(position, None, bad.fault)


def _positions(
    xs: list[object], ys: list[object], facts: FileFacts, *, faults: list[CellFault]
) -> list[list[float | None]]:
    fast = _plain_numbers(xs, ys) if not faults else None
    if fast is not None:
        return fast
    found: list[list[float | None]] = [[], []]
    known = {fault.position for fault in faults}
    for at, (x, y) in enumerate(zip(xs, ys, strict=True)):
        pair: tuple[float | None, float | None] = (None, None)
        try:
            if at not in known:
                pair = shapes.text_position(_trimmed(x), _trimmed(y), height=False, facts=facts)
        except shapes.BadGeometry as bad:
            faults.append(CellFault(at, None, bad.fault))
        found[0].append(pair[0])
        found[1].append(pair[1])
    return found


def _trimmed(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _plain_numbers(xs: list[object], ys: list[object]) -> list[list[float | None]] | None:
    """Return positions if every cell is an ordinary number, as nearly always; else None."""
    try:
        # Python reads 1_0 as 10.
        if "_" in "".join(xs) or "_" in "".join(ys):  # type: ignore[arg-type]
            return None
        numbers = [list(map(float, xs)), list(map(float, ys))]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return [[*numbers[0]], [*numbers[1]]] if np.isfinite(numbers).all() else None


def _from_wkt(
    cells: list[object], wanted: Wanted, facts: FileFacts, *, faults: list[CellFault]
) -> tuple[list[str | None] | None, list[list[float | None]] | None]:
    known = {fault.position for fault in faults}
    wkb: list[str | None] = []
    xy: list[list[float | None]] = [[], []]
    is_point = wanted.shape in (Shape.POINT, Shape.FIX)
    for at, cell in enumerate(cells):
        record = None
        try:
            if at not in known:
                geometry = shapes.checked(read_wkt(str(_trimmed(cell) or ""), facts), wanted.shape)
                record = shapes.as_record(0, {}, geometry)
        except shapes.BadGeometry as bad:
            faults.append(CellFault(at, None, bad.fault))
        wkb.append(None if record is None else record.wkb)
        for axis in (0, 1):
            xy[axis].append(None if record is None or record.xy is None else record.xy[axis])
    return (None, xy) if is_point else (wkb, None)


def read_wkt(wkt: str, facts: FileFacts) -> BaseGeometry:
    """Return the flat geometry of a WKT text; raises ``BadGeometry`` if it is none or not finite."""
    try:
        with np.errstate(invalid="ignore"):  # a NaN is refused below, with a sentence
            geometry = shapely.from_wkt(wkt)
    except shapely.GEOSException as error:
        raise shapes.BadGeometry(
            "The WKT cannot be read: {reason}.", "Write WKT such as POINT (120.6 27.8).", reason=str(error)[:120]
        ) from None
    if not isinstance(geometry, BaseGeometry):
        raise shapes.BadGeometry("The WKT is empty.", "Write WKT such as POINT (120.6 27.8).")
    return shapes.with_finite_coordinates(shapes.flat(geometry, facts))
