"""Star rating of villages: a page that also shows what other weights and thresholds would change, and JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
from flask import Blueprint, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.services import ratings
from gis_app.services.ratings import RatedVillages
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("ratings", __name__)
_WISHES = tuple(
    Parameter(name, words, {"type": "string"})
    for name, words in (
        ("weight_<indicator>", "another weight; 0 leaves the indicator out"),
        ("worst_<indicator>", "another figure that gives no points"),
        ("veto_<indicator>", "another figure from which the indicator vetoes; empty for none"),
        ("star_<stars>", "another score for so many stars"),
    )
)


@blueprint.get("/ratings")
@requires(Right.VIEW_AGGREGATES)
@contract("Villages with their stars, and with those that other weights would give", query=_WISHES, answers="text/html")
def page() -> ResponseReturnValue:
    """Show the villages by score, and a form to try other weights and thresholds; nothing is stored."""
    known = _rated()
    is_changed = known.changed != known.scheme
    names = {each.key: each.name_en if params.locale() == "en" else each.name_zh for each in known.scheme.indicators}
    return render_template(
        "ratings.html",
        title=gettext("Star rating"),
        known=known,
        names=names,
        sources=ratings.sources().by_indicator,
        rows=_rows(known, by="changed_score" if is_changed else "score"),
        numbers=[*sorted((each.stars for each in known.scheme.stars), reverse=True), 0, None],
        before=_numbers(known, "stars"),
        after=_numbers(known, "changed_stars"),
        is_changed=is_changed,
        wanted=request.args,
    )


@blueprint.get("/api/ratings")
@requires(Right.VIEW_AGGREGATES)
@contract("Villages with their stars, and with those that other weights would give", query=_WISHES)
def as_json() -> ResponseReturnValue:
    """Answer the villages by score; null for what is not known or not rated."""
    known = _rated()
    return jsonify(
        {
            "from": known.window.first_day.isoformat(),
            "to": known.window.last_day.isoformat(),
            "villages": _rows(known, by="score"),
        }
    )


def _rated() -> RatedVillages:
    state = current_app.extensions["jingwei"]
    return ratings.rated(state.engine, current_scope(), wishes=request.args, now=state.now())


def _rows(known: RatedVillages, *, by: str) -> list[dict[str, Any]]:
    """Return the villages, the best first, with None for what is not known."""
    language, keys = params.locale(), [each.key for each in known.scheme.indicators]
    rows = []
    ordered = known.table.sort_values(by, ascending=False, kind="stable", na_position="last")
    for code, values in zip(ordered.index, ordered.to_dict("records"), strict=True):
        plain = {str(name): None if pd.isna(value) else value for name, value in values.items()}
        village = known.villages[code]
        first, second = ("en", "zh") if language == "en" else ("zh", "en")
        rows.append(
            {
                "code": code,
                "name": village[f"name_{first}"] or village[f"name_{second}"],
                "township": village[f"township_{first}"] or village[f"township_{second}"] or "",
                "figures": {key: plain[key] for key in keys},
                "points": {key: plain[f"points_{key}"] for key in keys},
                **{name: plain[name] for name in ("score", "known_share", "changed_score")},
                **{name: _whole(plain[name]) for name in ("stars", "changed_stars", "gain")},
                "vetoed_by": str(plain["vetoed_by"]).split(),
            }
        )
    return rows


def _numbers(known: RatedVillages, column: str) -> Counter[int | None]:
    """Return how many villages have how many stars; None for those not rated."""
    return Counter(None if pd.isna(value) else int(value) for value in known.table[column])


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
