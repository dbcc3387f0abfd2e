"""What a reader hands on: records, and the lines they cross the process border in.

The parent trusts none of it. Lines are JSON (never pickle), and every value is checked again by the column tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import BinaryIO

from gis_app.domain.errors import JingweiError, Unavailable

MAX_VERTICES = 20_000
MAX_FIELDS = 200
MAX_FIELD_CHARS = 1_000_000


class Shape(StrEnum):
    """What the rows of an import are on the map."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"
    FIX = "fix"


@dataclass(frozen=True)
class GeometryFault:
    """Why a geometry cannot be used, as templates with named fields."""

    problem: str
    remedy: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One row as read: its number, its values by the file's own field names, and where it lies.

    Exactly one of ``xy`` (a point), ``wkb`` (hexadecimal, a line or polygons) and ``fault`` is set. Coordinates are
    those of the file, x before y.
    """

    row: int
    values: dict[str, object]
    xy: tuple[float, float] | None = None
    wkb: str | None = None
    fault: GeometryFault | None = None


@dataclass
class FileFacts:
    """What a reader learns about the file as a whole; readers fill it in while they read."""

    declared_datum: str | None = None
    encoding: str = "utf-8"
    dropped_heights: int = 0


Reader = Callable[[BinaryIO, Shape, FileFacts], Iterator[Record]]
"""A reader takes an open file, the shape wanted, and the facts to fill in; raises ``Refused`` for the whole file."""


def encode_record(record: Record) -> bytes:
    """Return one line for ``record``."""
    fault = record.fault and [record.fault.problem, record.fault.remedy, record.fault.params]
    line = [record.row, record.values, record.xy, record.wkb, fault]
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def decode_record(line: list[object]) -> Record:
    """Return the record of a decoded line; raises ``TypeError`` or ``ValueError`` if it has another form."""
    row, values, xy, wkb, fault = line
    if not isinstance(row, int) or not isinstance(values, dict):
        raise TypeError("not a record")
    match xy, wkb, fault:
        case [float(x), float(y)], None, None:
            return Record(row, values, xy=(x, y))
        case None, str(hexadecimal), None:
            return Record(row, values, wkb=hexadecimal)
        case None, None, [str(problem), str(remedy), dict(params)]:
            require_plain_templates(problem, remedy, params)
            return Record(row, values, fault=GeometryFault(problem, remedy, params))
    raise TypeError("not a record")


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
