"""Imports as the API answers them, their sentences in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import shapely
from flask_babel import gettext
from sqlalchemy import RowMapping

from gis_app.domain.imports import ImportState, steps_from
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import fields_of
from gis_app.services.import_preview import Look
from gis_app.web.params import locale

_FACTS = (
    *("kind", "state", "file_name", "file_format", "datum", "profile", "size_bytes", "received_bytes", "file_sha256"),
    *("account", "version"),
)
_COUNTS = ("added", "changed", "unchanged", "ended", "refused", "row_count", "was_known", "is_kept", "undone")


def job_json(row: RowMapping, *, is_short: bool = False) -> dict[str, Any]:
    """Return an import; a short one has its counts, but neither findings nor choices."""
    kind = ImportKind(row["kind"])
    report = row["report"] if isinstance(row["report"], dict) else {}
    counts = {name: report[name] for name in _COUNTS if name in report}
    job = {
        "id": str(row["id"]),
        **{name: row[name] for name in _FACTS},
        "created_at": row["created_at"].isoformat(),
        "changed_at": row["changed_at"].isoformat(),
        "counts": counts,
    }
    if is_short:
        return job
    return {
        **job,
        "steps": [step.value for step in steps_from(ImportState(row["state"]))],
        "progress": row["progress"],
        "options": row["options"],
        "problem": _problem(row["problem"]),
        "notes": [said(note["template"], note["params"]) for note in report.get("notes", ())],
        "problems": [_row_problem(each, kind) for each in report.get("problems", ())],
        **{name: report.get(name) for name in ("places", "doubles", "without_grid", "boundaries")},
    }


def profile_json(row: RowMapping) -> dict[str, Any]:
    """Return a profile of a source."""
    return {
        **{name: row[name] for name in ("kind", "name", "settings", "account")},
        "changed_at": row["changed_at"].isoformat(),
    }


def preview_json(seen: Look) -> dict[str, Any]:
    """Return a look at a file; geometries are in WGS-84 once the datum is known, else left out."""
    known = seen.preview
    return {
        **{name: getattr(known, name) for name in ("file_format", "row_count", "declared_datum", "encoding")},
        "has_places": known.has_places,
        "headers": list(known.headers),
        "guesses": {
            header: {"field": guess.field, "confidence": guess.confidence} for header, guess in known.guesses.items()
        },
        "rows": [
            {
                "row": each.row,
                "values": {name: _shown(value) for name, value in each.values.items()},
                "shape": None if each.geometry is None else json.loads(shapely.to_geojson(each.geometry)),
                "problem": None if each.problem is None else said(each.problem.problem_template, each.problem.params),
            }
            for each in known.rows
        ],
        "notes": [said(note.template, note.params) for note in known.notes],
        "fields": [
            {"name": fact.name, "is_required": fact.is_required, "is_place": fact.is_place, "aliases": fact.aliases}
            for fact in seen.fields
        ],
        "profiles": [profile_json(row) for row in seen.profiles],
    }


def said(template: str, params: Mapping[str, Any]) -> str:
    """Return a sentence in the reader's language; what is not a sentence of ours is told as it is."""
    if not template:
        return ""
    try:
        return str(gettext(template).format(**params))
    except (KeyError, IndexError, ValueError):
        return template


def _problem(kept: Any) -> str | None:
    if not isinstance(kept, dict) or "template" not in kept:
        return None
    return f"{said(kept['template'], kept['params'])} {said(kept['remedy'], kept['params'])}".strip()


def field_name(kind: ImportKind, field: str) -> str:
    """Return a field by the name people give it: its first Chinese word, in English its own in plain words."""
    if field == "geometry":
        return str(gettext("Place"))
    words = {fact.name: fact.aliases for fact in fields_of(kind)}.get(field, ())
    chinese = [word for word in words if not word.isascii()] if locale() != "en" else []
    return chinese[0] if chinese else field.replace("_", " ")


def _row_problem(kept: Mapping[str, Any], kind: ImportKind) -> dict[str, Any]:
    return {
        "field_name": field_name(kind, kept["field"]),
        **{name: kept.get(name) for name in ("row", "field", "lon", "lat")},
        "problem": said(kept["template"], kept["params"]),
        "remedy": said(kept["remedy"], kept["params"]),
    }


def _shown(value: object) -> object:
    text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:200] + "…"
