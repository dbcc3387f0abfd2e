"""Monthly figures: a page, JSON and CSV, the same for everybody who may see the map."""

from __future__ import annotations

from babel.dates import format_skeleton
from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.analysis.suppression import LEAST
from gis_app.domain.rights import Right
from gis_app.services import published
from gis_app.services.published import HIDDEN, SMALL, MonthTable
from gis_app.web import params
from gis_app.web.access import requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("published", __name__)
_MONTH = Parameter(
    "month", "as 2026-10; the newest by default", {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
)


@blueprint.get("/published")
@requires(Right.VIEW_MAP)
@contract("The figures of a month", query=(_MONTH,), answers="text/html")
def page() -> ResponseReturnValue:
    """Show the figures of a month, and the months to choose from."""
    store = current_app.extensions["jingwei"].published
    month = request.args.get("month") or store.newest_month()
    figures, months = store.month(month), store.months()
    return render_template(
        "published.html",
        title=gettext("Monthly figures"),
        figures=figures,
        rows=published.words(figures),
        months=sorted({*months, month}, reverse=True),
        month_name=month_name,
        small=SMALL,
        hidden=HIDDEN,
        least=LEAST,
    )


@blueprint.get("/api/published/<month>.json")
@requires(Right.VIEW_MAP)
@contract("The figures of a month; null stands for what is hidden")
def as_json(month: str) -> ResponseReturnValue:
    """Answer the figures as JSON."""
    return jsonify(published.as_json(_figures(month), locale=params.locale()))


@blueprint.get("/api/published/<month>.csv")
@requires(Right.VIEW_MAP)
@contract("The figures of a month as a table", answers="text/csv")
def as_csv(month: str) -> ResponseReturnValue:
    """Answer the figures as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    figures = _figures(month)
    heads = (gettext("Code"), gettext("Township"), gettext("Total"))
    answer = Response(published.as_csv(figures, locale=params.locale(), heads=heads), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="hazards-{figures.month}.csv"'
    return answer


def _figures(month: str) -> MonthTable:
    figures: MonthTable = current_app.extensions["jingwei"].published.month(month)
    return figures


def month_name(month: str) -> str:
    """Return a month such as ``2026-10`` in the reader's words."""
    return str(format_skeleton("yMMMM", published.first_day_of(month), locale=params.locale()))
