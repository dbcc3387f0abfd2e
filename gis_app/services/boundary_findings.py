"""What new boundaries do: what splits and merges, and where they overlap or leave gaps; with mends to be accepted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from gis_app.analysis.boundary_changes import BoundaryChange, ChangeKind, boundary_changes
from gis_app.analysis.topology import TopologyFault, mended, topology_faults
from gis_app.analysis.transformers import transformer
from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import InvalidInput
from gis_app.importers.frame import CheckedFile
from gis_app.importers.kinds import ImportKind
from gis_app.storage import import_findings

BOUNDARY_LEVELS: Mapping[ImportKind, tuple[AreaLevel, AreaLevel, str]] = MappingProxyType(
    {
        ImportKind.VILLAGES: (AreaLevel.VILLAGE, AreaLevel.TOWNSHIP, "township_code"),
        ImportKind.GRIDS: (AreaLevel.GRID, AreaLevel.VILLAGE, "village_code"),
    }
)
"""Kinds of boundaries: their level, that of their parents, and the column that names them."""
MOST_FAULTS, MOST_CHANGES = 300, 600
_DRAWN_DEGREES = 2e-5
"""About two metres: finer than a screen shows of a village."""


@dataclass(frozen=True)
class Surroundings:
    """The file's areas, and those valid now of the same parents that it does not bring.

    ``rows`` are the numbers in the file, None for areas of the database.
    """

    codes: list[str]
    rows: list[int | None]
    shapes: npt.NDArray[np.object_]
    ground: BaseGeometry | None
    parents: list[str]


def accepted_shapes(
    connection: Connection, read: CheckedFile, options: Mapping[str, Any], *, srid: int
) -> dict[int, BaseGeometry]:
    """Return the new shapes, by row, of the areas that accepted mends change.

    Raises
    ------
    InvalidInput
        If a fault is not there (any more), or nobody said where its ground goes.
    """
    wanted, kind = set(options.get("fixes", ())), read.good.kind
    if not wanted or kind not in BOUNDARY_LEVELS:
        return {}
    around = _surroundings(connection, read, is_whole=bool(options.get("is_whole")))
    chosen = [each for each in _faults(around, srid) if each.id in wanted and each.goes_to is not None]
    if len(chosen) < len(wanted):
        raise InvalidInput("The boundaries changed since they were checked.", remedy="Check the file again.")
    try:
        after = mended(around.shapes, chosen)
    except ValueError:
        raise InvalidInput(
            "The mends together would leave an area without ground.", remedy="Accept fewer of them."
        ) from None
    changed = {
        row: after[at] for at, row in enumerate(around.rows) if row is not None and after[at] is not around.shapes[at]
    }
    if not all(shapely.is_valid(shape) for shape in changed.values()):
        raise InvalidInput("A mended boundary would not be valid.", remedy="Mend the file in a GIS program.")
    return changed


def boundary_report(connection: Connection, import_id: uuid.UUID, read: CheckedFile, *, srid: int) -> dict[str, Any]:
    """Return faults of the file's boundaries, and what becomes of the areas that are there; ``import_id`` is loaded."""
    level, _, column = BOUNDARY_LEVELS[read.good.kind]
    parents = sorted({str(code) for code in read.good.frame[column]})
    before = import_findings.areas_before(connection, import_id, level=level, parents=parents)
    after = import_findings.areas_of(connection, level=level, parents=parents)
    around = _after(connection, read, after)
    changes = boundary_changes(
        _shapes(before),
        _shapes(after),
        codes_before=[row["code"] for row in before],
        codes_after=[row["code"] for row in after],
    )
    told = [each for each in changes if each.kind is not ChangeKind.SAME]
    return {
        "faults": [_fault_json(each, around) for each in _faults(around, srid)[:MOST_FAULTS]],
        "changes": [_change_json(each, before, after) for each in told[:MOST_CHANGES]],
        "same": len(changes) - len(told),
        "orphans": import_findings.orphans(connection, import_id),
    }


def _surroundings(connection: Connection, read: CheckedFile, *, is_whole: bool) -> Surroundings:
    level, _, column = BOUNDARY_LEVELS[read.good.kind]
    frame = read.good.frame
    parents = sorted({str(code) for code in frame[column]})
    codes = [str(code) for code in frame["code"]]
    known = [] if is_whole else import_findings.areas_of(connection, level=level, parents=parents)
    others = [row for row in known if row["code"] not in set(codes)]
    return Surroundings(
        [*codes, *(row["code"] for row in others)],
        [*(int(row) for row in frame["source_row"]), *([None] * len(others))],
        np.concatenate([np.asarray(frame.geometry.array, dtype=object), _shapes(others)]),
        _ground(connection, read, parents),
        parents,
    )


def _after(connection: Connection, read: CheckedFile, after: Sequence[Any]) -> Surroundings:
    """Return the areas as they are once the file is loaded, each with its row in the file where it is of it."""
    frame = read.good.frame
    row_of = dict(zip((str(code) for code in frame["code"]), (int(row) for row in frame["source_row"]), strict=True))
    _, _, column = BOUNDARY_LEVELS[read.good.kind]
    parents = sorted({str(code) for code in frame[column]})
    ordered = sorted(after, key=lambda each: (each["code"] not in row_of, row_of.get(each["code"], 0), each["code"]))
    return Surroundings(
        [each["code"] for each in ordered],
        [row_of.get(each["code"]) for each in ordered],
        _shapes(ordered),
        _ground(connection, read, parents),
        parents,
    )


def _ground(connection: Connection, read: CheckedFile, parents: list[str]) -> BaseGeometry | None:
    """Return what the areas should cover: their parents; None where a parent is not there."""
    _, parent_level, _ = BOUNDARY_LEVELS[read.good.kind]
    rows = import_findings.grounds(connection, level=parent_level, codes=parents)
    return shapely.union_all(_shapes(rows)) if len(rows) == len(parents) else None


def _shapes(rows: Sequence[Any]) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.from_wkb([bytes(row["shape"]) for row in rows]), dtype=object).reshape(-1)


def _faults(around: Surroundings, srid: int) -> list[TopologyFault]:
    convert = transformer(4326, srid).transform

    def to_metres(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))

    ours = [row is not None for row in around.rows]
    return topology_faults(around.shapes, around.ground, to_metres=to_metres, is_ours=ours)


def _fault_json(fault: TopologyFault, around: Surroundings) -> dict[str, Any]:
    goes_to = None if fault.goes_to is None else around.codes[fault.goes_to]
    return {
        "id": fault.id,
        "kind": fault.kind.value,
        "is_gap": fault.is_gap,
        "area_m2": round(fault.area_m2, 1),
        "width_m": round(fault.width_m, 2),
        "between": [around.codes[at] for at in fault.between],
        "goes_to": goes_to,
        "shape": _drawn(fault.shape, 0),
    }


def _change_json(change: BoundaryChange, before: Sequence[Any], after: Sequence[Any]) -> dict[str, Any]:
    old = None if change.before is None else before[change.before]
    return {
        "kind": change.kind.value,
        "code": old and old["code"],
        "name_zh": old and old["name_zh"],
        "name_en": old and old["name_en"],
        "lost": round(change.lost_share, 4),
        "to": [
            {
                **{name: after[piece.after][name] for name in ("code", "name_zh", "name_en")},
                "share": round(piece.share, 4),
                "shape": _drawn(piece.shape, _DRAWN_DEGREES),
            }
            for piece in change.pieces
        ],
    }


def _drawn(shape: BaseGeometry, tolerance: float) -> Any:
    simple = shapely.simplify(shape, tolerance) if tolerance else shape
    return json.loads(shapely.to_geojson(shapely.set_precision(simple, 1e-7, mode="pointwise")))
