"""Compliance with duties: a page of townships, villages and periods, the list behind each figure, JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.analysis.duty_compliance import AreaPeriod, DutyTally, tally
from gis_app.domain.duties import DutyState, period_name
from gis_app.domain.errors import require_one_of
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import duties
from gis_app.services.duties import DutyTable
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import requires
from gis_app.web.contract import Parameter, contract
from gis_app.web.duty_map import map_config
from gis_app.web.duty_query import FILTER, asked_table, query_of
from gis_app.web.kpis import percent
from gis_app.web.pages import word

blueprint = Blueprint("duties", __name__)
_LIST = (
    Parameter("area", "code of an area", {"type": "string"}),
    Parameter("period", "first day of a period", {"type": "string", "format": "date"}),
    Parameter("state", "how it stands", {"enum": [each.value for each in DutyState]}),
)
MOST_LISTED = 1000
_STATES_OF = {
    "owed": (DutyState.DONE, DutyState.LATE, DutyState.MISSED),
    **{each.value: (each,) for each in DutyState},
}
"""States that a link names: of periods that have ended for those a rate counts, whatever the period for the others."""


@blueprint.get("/duties")
@requires(Right.VIEW_AGGREGATES)
@contract("How townships and villages stand with their duties", query=FILTER, answers="text/html")
def page() -> ResponseReturnValue:
    """Show counts and rates by township, and each area's state in each period."""
    known, language = asked_table(), params.locale()
    townships = known.townships()
    by_township = len(townships) > 1
    groups = _by(known, lambda row: known.areas[row.area].township.code if by_township else row.area)
    names = {each.code: each for each in townships} if by_township else {c: a.area for c, a in known.areas.items()}
    return render_template(
        "duties.html",
        title=gettext("Duties"),
        known=known,
        duty=known.question.duty,
        duties=duties.known_duties(current_app.extensions["jingwei"].now()),
        total=tally(known.rows),
        rows=[(code, area.in_language(language), tally(groups.get(code, []))) for code, area in names.items()],
        cells={
            code: {first: tally(each) for first, each in _split(rows, lambda row: row.period.first_day).items()}
            for code, rows in groups.items()
        },
        marks={(row.area, row.period.first_day): row for row in known.rows},
        by_township=by_township,
        place=townships[0].in_language(language) if known.question.township and len(townships) == 1 else "",
        period_words=lambda period: period_name(known.question.duty.interval, period),
        link=_links(known),
        query=urlencode(query_of(known)),
        percent=percent,
        config=safe_json(map_config(known)) if known.rows else "",
    )


@blueprint.get("/duties/list")
@requires(Right.VIEW_AGGREGATES)
@contract("The areas and periods behind a figure", query=(*FILTER, *_LIST), answers="text/html")
def listed() -> ResponseReturnValue:
    """Show areas and periods in a state, each with the inspection that counts."""
    known, asked = asked_table(), request.args
    found = _listed(known)
    return render_template(
        "duty_list.html",
        title=known.question.duty.in_language(params.locale()),
        known=known,
        rows=found[:MOST_LISTED],
        count=len(found),
        state=asked.get("state", ""),
        states=list(_STATES_OF),
        period_words=lambda period: period_name(known.question.duty.interval, period),
        query=urlencode(query_of(known)),
    )


@blueprint.get("/api/duties")
@requires(Right.VIEW_AGGREGATES)
@contract("How townships and villages stand with their duties", query=(*FILTER, *_LIST))
def as_json() -> ResponseReturnValue:
    """Answer areas and periods with their states, and the counts; null for no data."""
    known, language = asked_table(), params.locale()
    duty, rows = known.question.duty, _listed(known)
    return jsonify(
        {
            "duty": duty.key,
            "name": duty.in_language(language),
            "today": known.today.isoformat(),
            "total": _tally_json(tally(known.rows)),
            "rows": [
                {
                    "area": row.area,
                    "name": known.areas[row.area].area.in_language(language),
                    "township": known.areas[row.area].township.code,
                    "period": period_name(duty.interval, row.period),
                    "from": row.period.first_day.isoformat(),
                    "to": row.period.last_day.isoformat(),
                    "state": row.state.value,
                    "day": row.made.day.isoformat() if row.made else None,
                    "inspection": row.made.id if row.made else None,
                }
                for row in rows
            ],
        }
    )


@blueprint.get("/api/duties.csv")
@requires(Right.VIEW_AGGREGATES)
@contract("How townships and villages stand with their duties, as a table", query=(*FILTER, *_LIST), answers="text/csv")
def as_table() -> ResponseReturnValue:
    """Answer a row per area and period as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    known = asked_table()
    heads = [gettext("Code"), gettext("Area"), gettext("Township"), gettext("Period"), gettext("From")]
    heads += [gettext("To"), gettext("State"), gettext("Done on")]
    answer = Response(as_csv([heads, *_csv_rows(known, _listed(known))]), mimetype="text/csv")
    window = known.question.window
    name = f"{known.question.duty.key}-{window.first_day}-{window.last_day}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _csv_rows(known: DutyTable, rows: list[AreaPeriod]) -> Iterator[tuple[object, ...]]:
    language, duty = params.locale(), known.question.duty
    for row in rows:
        area = known.areas[row.area]
        yield (
            row.area,
            area.area.in_language(language),
            area.township.in_language(language),
            period_name(duty.interval, row.period),
            row.period.first_day,
            row.period.last_day,
            word("duty_state", row.state.value),
            row.made.day if row.made else "",
        )


def _listed(known: DutyTable) -> list[AreaPeriod]:
    asked = request.args
    name = asked.get("state", "")
    if name:
        require_one_of("state", name, _STATES_OF)
    rows = known.within(area=asked.get("area", ""), period=params.day("period"))
    if not name:
        return rows
    chosen = [row for row in rows if row.state in _STATES_OF[name]]
    return [row for row in chosen if row.is_over] if name == "owed" else chosen


def _by(known: DutyTable, key: Callable[[AreaPeriod], str]) -> dict[str, list[AreaPeriod]]:
    found: dict[str, list[AreaPeriod]] = {}
    for row in known.rows:
        found.setdefault(key(row), []).append(row)
    return found


def _split(rows: list[AreaPeriod], key: Callable[[AreaPeriod], date]) -> dict[date, list[AreaPeriod]]:
    found: dict[date, list[AreaPeriod]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _links(known: DutyTable) -> Callable[..., str]:
    """Return what makes the address of the list behind a figure: of a state, a township or area, and a period."""
    base = query_of(known)

    def link(state: str, *, township: str = "", area: str = "", period: TimeWindow | None = None) -> str:
        more = {"state": state, "township": township, "area": area}
        more["period"] = period.first_day.isoformat() if period else ""
        return "/duties/list?" + urlencode(base | {name: value for name, value in more.items() if value})

    return link


def _tally_json(counts: DutyTally) -> Mapping[str, Any]:
    return {**vars(counts), "on_time_rate": counts.on_time_rate, "done_rate": counts.done_rate}
