"""The lines between the reading process and its parent: a batch of rows each, the facts of the file last.

The parent believes none of them: whatever has another form than is written here raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from string import Formatter
from types import NoneType
from typing import Any

import orjson

from gis_app.domain.errors import JingweiError, Unavailable
from gis_app.importers.records import MAX_NOTES, Batch, CellFault, FileFacts, GeometryFault, PackedBatch, Record
from gis_app.importers.text_columns import parts_of, unpacked

ROWS_PER_BATCH = 5_000


def batches_of(read: Iterable[Record | Batch | PackedBatch]) -> Iterator[Batch | PackedBatch]:
    """Yield what a reader yields as batches only; single rows are gathered."""
    pending: list[Record] = []
    for each in read:
        if isinstance(each, Record):
            pending.append(each)
            if len(pending) < ROWS_PER_BATCH:
                continue
        if pending:
            yield _gathered(pending)
            pending = []
        if not isinstance(each, Record):
            yield each
    if pending:
        yield _gathered(pending)


def _gathered(records: list[Record]) -> Batch:
    headers = dict.fromkeys(name for record in records for name in record.values)
    return Batch(
        [record.row for record in records],
        {name: [record.values.get(name) for record in records] for name in headers},
        [[None if record.xy is None else record.xy[axis] for record in records] for axis in (0, 1)]
        if any(record.xy is not None for record in records)
        else None,
        [record.wkb for record in records] if any(record.wkb is not None for record in records) else None,
        [CellFault(at, None, record.fault) for at, record in enumerate(records) if record.fault is not None],
    )


def encode_batch(batch: Batch) -> bytes:
    """Return one line for a batch."""
    line = [batch.rows, batch.columns, batch.xy, batch.wkb, _told_faults(batch.faults)]
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half characters and numbers of more than 64 bits, which the checks of values refuse
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def encode_packed(batch: PackedBatch) -> list[Any]:
    """Return one line that tells the sizes of a batch's buffers, and the buffers with a line end after them."""
    sizes, buffers = parts_of(batch)
    line = {"packed": {**sizes, "faults": _told_faults(batch.faults)}}
    return [orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE), *buffers, b"\n"]


def _told_faults(faults: Iterable[CellFault]) -> list[list[object]]:
    return [
        [found.position, found.header, found.fault.problem, found.fault.remedy, found.fault.params] for found in faults
    ]


def decode_packed(told: dict[str, Any], take: Callable[[int], bytes]) -> PackedBatch:
    """Return the batch whose sizes a line told, taking its bytes; raises as ``decode_batch``."""
    faults = [_fault(each, int(told["count"])) for each in told["faults"]]
    batch = unpacked(told, faults, take)
    if take(1) != b"\n":
        raise ValueError("not a batch")
    return batch


def decode_batch(line: list[object]) -> Batch:
    """Return the batch of a decoded line; raises ``TypeError`` or ``ValueError`` if it has another form."""
    rows, columns, xy, wkb, faults = line
    if not isinstance(rows, list) or not set(map(type, rows)) <= {int} or not isinstance(columns, dict):
        raise TypeError("not a batch")
    if not isinstance(faults, list) or (xy is not None and wkb is not None):
        raise TypeError("not a batch")
    numbers = _numbers(xy)
    for cells in (*columns.values(), *(numbers or ()), *([wkb] if wkb is not None else ())):
        if not isinstance(cells, list) or len(cells) != len(rows):
            raise TypeError("not a batch")
    return Batch(rows, columns, numbers, _texts(wkb), [_fault(each, len(rows)) for each in faults])


def _numbers(xy: object) -> list[list[float | None]] | None:
    if xy is None:
        return None
    match xy:
        case [list(xs), list(ys)] if set(map(type, xs)) | set(map(type, ys)) <= {float, NoneType}:
            return [xs, ys]
    raise TypeError("not positions")


def _texts(wkb: object) -> list[str | None] | None:
    if not isinstance(wkb, list):
        return None
    if not set(map(type, wkb)) <= {str, NoneType}:
        raise TypeError("not geometries")
    return wkb


def _fault(told: object, length: int) -> CellFault:
    match told:
        case [int(position), str() | None as header, str(problem), str(remedy), dict(params)] if 0 <= position < length:
            require_plain_templates(problem, remedy, params)
            return CellFault(position, header, GeometryFault(problem, remedy, params))
    raise TypeError("not a fault")


def require_plain_templates(problem: str, remedy: str, params: dict[str, object]) -> None:
    """Raise ``ValueError`` unless the templates name given fields only: no attributes, items or formats."""
    for _, name, form, conversion in (*Formatter().parse(problem), *Formatter().parse(remedy)):
        if (name is not None and name not in params) or form or conversion:
            raise ValueError("not a plain template")


def encode_refusal(refusal: JingweiError) -> bytes:
    """Return the last line of a file that was refused as a whole."""
    told = {
        "is_unavailable": isinstance(refusal, Unavailable),
        "template": refusal.template,
        "remedy": refusal.remedy_template,
        "params": {name: str(value)[:200] for name, value in refusal.params.items()},
    }
    return json.dumps({"refused": told}).encode() + b"\n"


def encode_facts(facts: FileFacts) -> bytes:
    """Return the last line of a file that was read to its end."""
    return json.dumps({"facts": vars(facts)}).encode() + b"\n"


def believe_facts(told: dict[str, object], facts: FileFacts) -> None:
    """Fill in ``facts`` from a last line; raises if it has another form."""
    datum, notes = told["declared_datum"], told["notes"]
    facts.declared_datum = None if datum is None else str(datum)
    facts.encoding = str(told["encoding"])
    facts.dropped_heights = int(str(told["dropped_heights"]))
    facts.has_places, facts.serial_days = told["has_places"] is True, told["serial_days"] is True
    if not isinstance(notes, list):
        raise TypeError("not notes")
    for template, params in islice(notes, MAX_NOTES):
        require_plain_templates(str(template), "", dict(params))
        facts.note(str(template), **{str(name): str(value)[:200] for name, value in params.items()})
