"""Coverage: a page with map, slider and table of areas, its data as JSON, CSV and GeoJSON, and a page per village."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import require_one_of
from gis_app.domain.rights import Right
from gis_app.domain.shifts import Shift
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.rendering.map_page import safe_json
from gis_app.services import coverage_reports
from gis_app.services.coverage_grids import WorkFilter
from gis_app.services.coverage_reports import KINDS, LEVELS, CoverageQuestion, CoverageReport
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract
from gis_app.web.coverage_map import map_config
from gis_app.web.pages import named, word

blueprint = Blueprint("coverage", __name__)
ASKED = (
    Parameter("kind", "night, week or month", {"type": "string", "enum": list(KINDS)}),
    Parameter("night", "a night of it, the newest by default", {"type": "string", "format": "date"}),
    Parameter("by", "areas of this level", {"type": "string", "enum": list(LEVELS)}),
    Parameter("shift", "only work of this shift", {"type": "string", "enum": [each.value for each in Shift]}),
    Parameter("mode", "only teams that travel so", {"type": "string", "enum": list(TRAVEL_MODES)}),
    Parameter("team", "only teams of this kind, such as volunteer", {"type": "string"}),
)
FIGURES = (
    *("risk_left", "share", "walked_km", "street_km", "area_share", "found", "checked_clear", "unchecked"),
    *("idle_mean_days", "idle_worst_days", "overdue_share", "visits", "patrol_hours", "patrol_km", "planned_stops"),
    *("visited_stops", "stayed_min", "found_by_patrols", "found_per_hour", "found_per_km", "last_visit_at"),
)
"""What is told of each area, in the order of the table's columns."""
_LONGEST_KIND = 40


@blueprint.get("/coverage")
@requires(Right.VIEW_AGGREGATES)
@contract("Streets walked, ground swept and risk left out by area", query=ASKED, answers="text/html")
def page() -> ResponseReturnValue:
    """Show the areas, those with most risk left out first."""
    known = asked_report()
    return render_template(
        "coverage.html",
        title=gettext("Coverage"),
        known=known,
        level=known.question.level,
        work=known.question.work,
        shifts=[each.value for each in Shift],
        modes=list(TRAVEL_MODES),
        query=urlencode(query_of(known)),
        config=safe_json(map_config(known, urlencode(query_of(known)))) if known.rows else "",
    )


@blueprint.get("/api/coverage")
@requires(Right.VIEW_AGGREGATES)
@contract("Streets walked, ground swept and risk left out by area", query=ASKED)
def as_json() -> ResponseReturnValue:
    """Answer the areas, those with most risk left out first."""
    known = asked_report()
    return jsonify(
        {
            "kind": known.nights.kind,
            "first": known.nights.first.isoformat(),
            "last": known.nights.last.isoformat(),
            "risk_left": known.risk_left,
            "whole": _plain_row(known.whole),
            "areas": [_plain_row(row) for row in known.rows],
        }
    )


@blueprint.get("/api/coverage.csv")
@requires(Right.VIEW_AGGREGATES)
@contract("Coverage by area as a table", query=ASKED, answers="text/csv")
def as_table() -> ResponseReturnValue:
    """Answer a row per area as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    known = asked_report()
    heads = [gettext("Code"), gettext("Area"), gettext("Lies in"), *(word("coverage_figure", name) for name in FIGURES)]
    return _file(as_csv([heads, *_csv_rows(known)]), known, "csv", mimetype="text/csv")


@blueprint.get("/api/coverage.geojson")
@requires(Right.VIEW_AGGREGATES)
@contract("Coverage by area with outlines", query=ASKED, answers="application/geo+json")
def as_geojson() -> ResponseReturnValue:
    """Answer the areas as GeoJSON, WGS-84."""
    known = asked_report()
    state = current_app.extensions["jingwei"]
    shapes = coverage_reports.outlines(state.engine, current_scope(), known.question.level)
    features = [
        {
            "type": "Feature",
            "id": row["code"],
            "geometry": json.loads(shapes[row["code"]]),
            "properties": {**_plain_row(row), "name": named(row, "name"), "parent": named(row, "parent")},
        }
        for row in known.rows
        if row["code"] in shapes
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    return _file(body, known, "geojson", mimetype="application/geo+json")


@blueprint.get("/villages/<code>")
@requires(Right.VIEW_AGGREGATES)
@contract("When somebody was last in a village, and what was found", answers="text/html")
def village(code: str) -> ResponseReturnValue:
    """Show one village of the caller's area."""
    state = current_app.extensions["jingwei"]
    known = coverage_reports.village_report(state.engine, current_scope(), code, now=state.now())
    grids = known.grids.sort_values(["risk_left", "code"], ascending=[False, True]).to_dict("records")
    return render_template(
        "village.html",
        title=known.village["name_en" if params.locale() == "en" else "name_zh"] or known.village["name_zh"],
        known=known,
        grids=[{str(name): _shown(value) for name, value in grid.items()} for grid in grids],
    )


def asked_report() -> CoverageReport:
    """Return the coverage that the query string asks for."""
    state = current_app.extensions["jingwei"]
    asked = request.args
    work = WorkFilter(
        shift=_one_of("shift", tuple(each.value for each in Shift), ""),
        mode=_one_of("mode", tuple(TRAVEL_MODES), ""),
        team_kind=asked.get("team", "")[:_LONGEST_KIND],
    )
    question = CoverageQuestion(
        kind=_one_of("kind", KINDS, "week"),
        night=params.night(),
        level=_one_of("by", LEVELS, "village"),
        work=work,
    )
    return coverage_reports.report(state.engine, current_scope(), question, now=state.now())


def query_of(known: CoverageReport) -> Mapping[str, str]:
    """Return the query string that asks for a report."""
    work = known.question.work
    asked = {"kind": known.nights.kind, "night": known.nights.first.isoformat(), "by": known.question.level}
    more = {"shift": work.shift, "mode": work.mode, "team": work.team_kind}
    return asked | {name: value for name, value in more.items() if value}


def _csv_rows(known: CoverageReport) -> Iterator[tuple[object, ...]]:
    for row in known.rows:
        yield (row["code"], named(row, "name"), named(row, "parent"), *(_cell(row[name]) for name in FIGURES))


def _cell(value: object) -> object:
    return "" if value is None else round(value, 5) if isinstance(value, float) else _plain(value)


def _file(body: str, known: CoverageReport, ending: str, *, mimetype: str) -> Response:
    answer = Response(body, mimetype=mimetype)
    name = f"coverage-{known.question.level}-{known.nights.first}-{known.nights.last}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _one_of(name: str, known: tuple[str, ...], default: str) -> str:
    given = request.args.get(name) or default
    if given:
        require_one_of(name, given, known)
    return given


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _shown(value: Any) -> Any:
    """Return None for what a table cannot show: NaN and NaT differ from themselves."""
    return None if value is None or value != value else value
