"""What the check of an import tells: counts, problems and findings with their places, doubles, boundaries."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from gis_app.importers.file_notes import Note
from gis_app.importers.frame import CheckedFile
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import RowProblem
from gis_app.services.boundary_findings import BOUNDARY_LEVELS, boundary_report
from gis_app.services.imports import FileToImport, ImportOutcome
from gis_app.storage import import_findings
from gis_app.storage.near_doubles import NearDoubles, near_doubles

MOST_PROBLEMS = 500
MOST_DOUBLES = 500
MOST_PLACES = 2000
NEAR_M = 50.0
"""Two hazards of one category and day within this distance may be one."""


def of_check(
    connection: Connection,
    import_id: uuid.UUID,
    read: CheckedFile,
    wanted: FileToImport,
    outcome: ImportOutcome,
    *,
    refused_at: Mapping[int, tuple[float, float]],
    srid: int,
) -> dict[str, Any]:
    """Return what is found in a file that was loaded into a transaction and is about to be taken back.

    ``refused_at`` are points of refused rows, degrees.
    """
    places = {**_places(read), **refused_at}
    report: dict[str, Any] = {
        **of_commit(outcome),
        "is_kept": False,
        "row_count": len(read.good.frame) + len(read.bad_rows),
        "problems": [problem_json(each, places.get(each.row)) for each in outcome.refused[:MOST_PROBLEMS]],
        "places": [[*places[row], row] for row in sorted(places) if row not in outcome.refused_rows][:MOST_PLACES],
        "doubles": [],
        "without_grid": {"count": 0, "places": []},
        "boundaries": None,
    }
    if wanted.kind is ImportKind.HAZARDS and not outcome.was_known:
        rows = _rows_of_numbers(read, import_id)
        found = near_doubles(connection, import_id, within_m=NEAR_M, most=MOST_DOUBLES)
        report["doubles"] = [_double(each, rows) for each in found.pairs]
        if found.is_cut:
            report["notes"].append(note_json(_pairs_left_out(found)))
        outside = import_findings.without_grid(connection, import_id, most=MOST_PLACES)
        report["without_grid"] = {
            "count": outside[0]["whole"] if outside else 0,
            "places": [[each["lon"], each["lat"], rows.get(each["number"])] for each in outside],
        }
    if wanted.kind in BOUNDARY_LEVELS and not outcome.was_known:
        report["boundaries"] = boundary_report(connection, import_id, read, srid=srid)
    return report


def of_commit(outcome: ImportOutcome) -> dict[str, Any]:
    """Return what an import did."""
    return {
        **vars(outcome.count),
        "was_known": outcome.was_known,
        "is_kept": not outcome.was_known,
        "refused": len(outcome.refused_rows),
        "notes": [note_json(each) for each in outcome.notes],
    }


def problem_json(problem: RowProblem, place: Sequence[float] | None = None) -> dict[str, Any]:
    """Return a problem as it is kept, to be told in the reader's language."""
    return {
        "row": problem.row,
        "field": problem.field,
        "template": problem.problem_template,
        "remedy": problem.remedy_template,
        "params": {name: _plain(value) for name, value in problem.params.items()},
        **({"lon": place[0], "lat": place[1]} if place else {}),
    }


def note_json(note: Note) -> dict[str, Any]:
    """Return a note as it is kept."""
    return {"template": note.template, "params": {name: _plain(value) for name, value in note.params.items()}}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _places(read: CheckedFile) -> dict[int, tuple[float, float]]:
    """Return a point of each good row, degrees."""
    shapes = read.good.frame.geometry
    points = shapes if (shapes.geom_type == "Point").all() else shapes.representative_point()
    rows = zip(read.good.frame["source_row"].tolist(), points.x.tolist(), points.y.tolist(), strict=True)
    return {row: (round(x, 6), round(y, 6)) for row, x, y in rows}


def _rows_of_numbers(read: CheckedFile, import_id: uuid.UUID) -> Mapping[str, int]:
    """Return the row of each hazard's number, as ``import_points`` gives them."""
    rows = read.good.frame["source_row"]
    numbers = read.good.frame["external_id"]
    return {
        str(number) if isinstance(number, str) else f"{import_id.hex[:8]}-{row}": int(row)
        for number, row in zip(numbers, rows, strict=True)
    }


def _double(found: RowMapping, rows: Mapping[str, int]) -> dict[str, Any]:
    own = ("number", "title", "lon", "lat", "distance_m")
    return {
        "row": rows.get(found["number"]),
        **{name: found[name] for name in own},
        "day": found["day"].isoformat(),
        "other": {
            "id": str(found["other_id"]),
            "row": rows.get(found["other_number"]) if found["is_of_file"] else None,
            **{name: found[f"other_{name}"] for name in ("number", "title", "stage", "lon", "lat")},
        },
    }


def _pairs_left_out(found: NearDoubles) -> Note:
    return Note(
        "Only the first {shown} pairs that may be the same hazard twice are listed; "
        "{count} rows of the file are in such a pair.",
        {"shown": len(found.pairs), "count": found.row_count},
    )
