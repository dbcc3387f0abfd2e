"""Key figures by area: a page with its ranking, the cases behind each figure, JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from gis_app.analysis.kpis import KPIS
from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import Forbidden, require_one_of
from gis_app.domain.periods import CITY_TIME, TimeWindow
from gis_app.domain.rights import Right
from gis_app.services import kpis
from gis_app.services.kpis import PARTS, RATES, Figure, KpiTable, Question, Ranked
from gis_app.services.published import first_day_of, window_of
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.contract import Parameter, contract
from gis_app.web.published import month_name

blueprint = Blueprint("kpis", __name__)
NAMES: Mapping[str, Any] = {
    "open": lazy_gettext("Open"),
    "overdue": lazy_gettext("Overdue"),
    "closing_rate": lazy_gettext("Closing rate"),
    "on_time_closing_rate_of_due": lazy_gettext("Closed on time, of due"),
    "on_time_closing_rate_of_closed": lazy_gettext("Closed on time, of closed"),
    "rework_rate": lazy_gettext("Rework rate"),
    "missed_report_rate": lazy_gettext("Missed reports"),
    "on_time_filing_rate": lazy_gettext("Filed on time"),
    "accurate_filing_rate": lazy_gettext("Filed rightly"),
    "on_time_dispatch_rate": lazy_gettext("Dispatched on time"),
    "accurate_dispatch_rate": lazy_gettext("Dispatched rightly"),
}
DEFAULT_RANK = "on_time_closing_rate_of_due"
_LEVELS = (AreaLevel.TOWNSHIP, AreaLevel.VILLAGE)
_MONTH = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
_FILTER = (
    Parameter("period", "month as 2026-10, the last one that ended by default; from and to go before", _MONTH),
    *params.WINDOW_PARAMETERS,
    Parameter("by", "level of the areas", {"type": "string", "enum": [level.value for level in _LEVELS]}),
    Parameter("category", "code of a category; all by default", {"type": "string"}),
)
_RANK = Parameter("rank", "the figure that areas are ranked by", {"type": "string", "enum": list(RATES)})
_CASES = (
    Parameter("kpi", "the figure", {"type": "string", "enum": list(KPIS)}),
    Parameter("area", "code of the area; all by default", {"type": "string"}),
    Parameter("part", "which cases", {"type": "string", "enum": list(PARTS)}),
)


@blueprint.get("/kpis")
@requires(Right.VIEW_AGGREGATES)
@contract("Key figures by area, with a ranking", query=(*_FILTER, _RANK), answers="text/html")
def page() -> ResponseReturnValue:
    """Show every key figure of every area, and the areas ranked by one of them."""
    known, rank = _table(), request.args.get("rank") or DEFAULT_RANK
    ranked = kpis.ranking(known, rank)
    link = _links(known.question)
    return render_template(
        "kpis.html",
        title=gettext("Key figures"),
        known=known,
        rows=[("", gettext("Total"), known.total), *_named_rows(known)],
        period=_period(known.question),
        ranked=ranked,
        scale=_scale(ranked),
        rank=rank,
        rates=RATES,
        names=NAMES,
        levels=_levels(),
        categories=kpis.categories(current_app.extensions["jingwei"].engine, current_scope()),
        query=urlencode(_query(known.question)),
        link=link,
        percent=percent,
    )


@blueprint.get("/kpis/cases")
@requires(Right.VIEW_AGGREGATES)
@contract("The cases that a figure was computed from", query=(*_FILTER, *_CASES), answers="text/html")
def cases() -> ResponseReturnValue:
    """Show the cases that a figure counts, or those it is a share of."""
    if Right.VIEW_MAP not in current_scope().rights:
        raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")
    state, question, given = current_app.extensions["jingwei"], _question(), request.args
    name, area, part = given.get("kpi", "")[:40], given.get("area", ""), given.get("part", PARTS[0])
    found = kpis.cases(state.engine, current_scope(), question, name=name, area=area, part=part, now=state.now())
    return render_template(
        "kpi_cases.html",
        title=NAMES[name],
        found=found,
        period=_period(question),
        place=found.area.in_language(params.locale()) if found.area else "",
        part=part,
        is_rate=name in RATES,
        query=urlencode(_query(question)),
        other=_links(question)(name, area, PARTS[1 - PARTS.index(part)]),
    )


@blueprint.get("/api/kpis")
@requires(Right.VIEW_AGGREGATES)
@contract("Key figures by area, with a ranking", query=(*_FILTER, _RANK))
def as_json() -> ResponseReturnValue:
    """Answer figures and ranking; null for no data."""
    known, rank, language = _table(), request.args.get("rank") or DEFAULT_RANK, params.locale()
    window = known.question.window
    return jsonify(
        {
            "from": window.first_day.isoformat(),
            "to": window.last_day.isoformat(),
            "moment": known.moment.isoformat(),
            "by": known.question.by.value,
            "category": known.question.category,
            "total": _plain(known.total),
            "areas": [
                {"code": area.code, "name": area.in_language(language), "figures": _plain(known.figures[area.code])}
                for area in known.areas
            ],
            "ranking": {"kpi": rank, "areas": [_ranked_json(each) for each in kpis.ranking(known, rank)]},
        }
    )


@blueprint.get("/api/kpis.csv")
@requires(Right.VIEW_AGGREGATES)
@contract("Key figures by area as a table", query=_FILTER, answers="text/csv")
def as_table() -> ResponseReturnValue:
    """Answer the figures as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    known = _table()
    heads = [gettext("Code"), gettext("Area")]
    for name, words in NAMES.items():
        heads += [str(words), *([f"{words}: {gettext('cases')}", f"{words}: {gettext('of')}"] if name in RATES else [])]
    rows = [(code, words, *_cells(figures)) for code, words, figures in _named_rows(known)]
    rows.append(("", gettext("Total"), *_cells(known.total)))
    window = known.question.window
    answer = Response(as_csv([heads, *rows]), mimetype="text/csv")
    name = f"kpis-{window.first_day}-{window.last_day}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def percent(share: float | None) -> str:
    """Return a share as per cent with one decimal, which only shares of 0 and 1 round to 0 and 100."""
    if share is None:
        return str(gettext("no data"))
    shown = round(share * 100, 1)
    within = min(max(shown, 0.1), 99.9) if 0 < share < 1 else shown
    return f"{within:.1f} %"


def _table() -> KpiTable:
    state = current_app.extensions["jingwei"]
    return kpis.table(state.engine, current_scope(), _question(), now=state.now())


def _question() -> Question:
    levels, given = _levels(), request.args
    by = given.get("by") or levels[0].value
    require_one_of("by", by, ("township", "village"))
    # A village does not know the township it lies in.
    level = AreaLevel(by) if AreaLevel(by) in levels else levels[0]
    return Question(_window(), level, given.get("category", "").replace("\0", "")[:40])


def _levels() -> tuple[AreaLevel, ...]:
    return _LEVELS[1:] if current_caller().level is AreaLevel.VILLAGE else _LEVELS


def _window() -> TimeWindow:
    given = request.args
    if given.get("from") or given.get("to"):
        return params.window()
    if given.get("period"):
        return window_of(first_day_of(given["period"]))
    today = current_app.extensions["jingwei"].now().astimezone(CITY_TIME).date()
    return window_of((today.replace(day=1) - timedelta(days=1)).replace(day=1))


def _period(question: Question) -> str:
    window, asked = question.window, _query(question)
    return month_name(asked["period"]) if "period" in asked else f"{window.first_day} – {window.last_day}"


def _scale(ranked: list[Ranked]) -> tuple[float, float]:
    """Return the shares that the bars of a ranking run between: from the lowest to the highest that may be."""
    known = [(row.low, row.high) for row in ranked if row.low is not None and row.high is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else (0.0, 1.0)


def _query(question: Question) -> dict[str, str]:
    window = question.window
    month = window_of(window.first_day.replace(day=1))
    days = {"from": window.first_day.isoformat(), "to": window.last_day.isoformat()}
    return {
        **({"period": f"{window.first_day:%Y-%m}"} if month == window else days),
        "by": question.by.value,
        **({"category": question.category} if question.category else {}),
    }


def _links(question: Question) -> Callable[[str, str, str], str]:
    """Return what makes the address of the cases of a figure, of an area (empty: of all) and of a part of it."""
    base = "/kpis/cases?" + urlencode(_query(question))

    def link(name: str, area: str, part: str) -> str:
        return f"{base}&" + urlencode({"kpi": name, **({"area": area} if area else {}), "part": part})

    return link


def _named_rows(known: KpiTable) -> Iterator[tuple[str, str, Mapping[str, Figure]]]:
    language = params.locale()
    return ((area.code, area.in_language(language), known.figures[area.code]) for area in known.areas)


def _cells(figures: Mapping[str, Figure]) -> Iterator[object]:
    for name, figure in figures.items():
        if name in RATES:
            yield gettext("no data") if figure.value is None else figure.value
            yield figure.count
            yield figure.of
        else:
            yield figure.count


def _plain(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: vars(figure) for name, figure in figures.items()}


def _ranked_json(row: Ranked) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in ("rank", "rate", "low", "high", "differs")}
    return {"code": row.area.code, "name": row.area.in_language(params.locale()), **known, **vars(row.figure)}
