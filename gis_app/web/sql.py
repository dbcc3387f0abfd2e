"""Reading with SQL: a page with the views beside it, and the same over HTTP."""

from __future__ import annotations

import json
from typing import Annotated

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import Field, StringConstraints

from gis_app.domain.questions import MOST_ROWS
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import sql_reading
from gis_app.storage.sql_reading import LONGEST
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.bodies import Strict, body_of
from gis_app.web.contract import contract
from gis_app.web.question_columns import title_of
from gis_app.web.question_words import WORDS

blueprint = Blueprint("sql", __name__)


class StatementBody(Strict):
    """One SELECT over the views of the layers."""

    statement: Annotated[str, StringConstraints(max_length=LONGEST)]
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000
    explain: bool = False


@blueprint.get("/sql")
@requires(Right.RUN_SQL)
@contract("Read with SQL", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the editor, the views with their columns, map and table."""
    state, scope, locale = current_app.extensions["jingwei"], current_scope(), params.locale()
    views = [
        {**each, "columns": [(name, kind, title_of([each["layer"]], name, locale)) for name, kind in each["columns"]]}
        for each in sql_reading.schema_of(state.ledger, state.layers, scope)
    ]
    words = {name: str(value) for name, value in WORDS.items()}
    text = render_template(
        "sql.html",
        title=gettext("SQL"),
        views=views,
        locale_name=locale,
        config=safe_json({**background_map(), "questions": {"words": words}}),
    )
    return Response(text, mimetype="text/html")


@blueprint.post("/api/sql")
@requires(Right.RUN_SQL)
@contract("Answer one SELECT over the views of the layers", body=StatementBody)
def answer() -> ResponseReturnValue:
    """Answer the rows of a statement, or with ``explain`` how the database would run it."""
    state, scope, body = current_app.extensions["jingwei"], current_scope(), body_of(StatementBody)
    if body.explain:
        return jsonify(plan=sql_reading.plan(state.ledger, state.layers, scope, body.statement))
    lane = state.questions.lane
    found = sql_reading.answer(state.ledger, state.layers, scope, body.statement, limit=body.limit, lane=lane)
    return jsonify(
        columns=[{"name": name, "title": name, "kind": found.kinds[name], "values": {}} for name in found.columns],
        rows=found.rows,
        shapes=[None if each is None else json.loads(each) for each in found.shapes],
        is_cut=found.is_cut,
    )
