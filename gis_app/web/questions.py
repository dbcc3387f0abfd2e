"""Spatial questions over HTTP: answered as JSON, CSV or GeoJSON, kept, shared and asked again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from gis_app.domain.errors import Forbidden, InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.questions import Answer, Repeat
from gis_app.domain.rights import Right
from gis_app.services import kept_questions
from gis_app.services.kept_questions import KeptWish
from gis_app.services.question_form import QuestionForm
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.bodies import Strict, Title, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.question_columns import columns_json

blueprint = Blueprint("questions", __name__, url_prefix="/api/questions")
FORMATS = ("json", "csv", "geojson")
GEOJSON = "application/geo+json"
_FORMAT = Parameter("f", "json, csv or geojson", {"type": "string", "enum": list(FORMATS)})


class KeptBody(Strict):
    """A question to be kept. ``id`` is made by the client; the same one again changes the account's own question."""

    id: uuid.UUID
    title: Title
    question: QuestionForm
    is_shared: bool = False
    repeat: Repeat = Repeat.NEVER


@blueprint.post("/answer")
@requires(Right.ASK_QUESTIONS)
@contract("Answer a spatial question", body=QuestionForm, query=(_FORMAT,))
def answer() -> ResponseReturnValue:
    """Answer a question from what the caller may see; files need the right to export."""
    state, scope, form = current_app.extensions["jingwei"], current_scope(), body_of(QuestionForm)
    wanted = request.args.get("f", FORMATS[0])
    if wanted not in FORMATS:
        raise InvalidInput("{name} is {value!r}.", remedy="Use json, csv or geojson.", name="f", value=wanted[:40])
    if wanted != FORMATS[0] and Right.EXPORT not in scope.rights:
        raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")
    question = form.question()
    layers = state.questions.layers_of(scope, question)
    for layer in layers:
        state.looks.note(scope, layer)
    found = state.questions.answer(scope, question)
    if wanted == "csv":
        heads = [each["title"] for each in columns_json(layers, found, params.locale())]
        return _file(as_csv([heads, *found.rows]), "text/csv", "csv")
    if wanted == "geojson":
        return _file(json.dumps(_collection(found), ensure_ascii=False), GEOJSON, "geojson")
    return jsonify(_answer(found, layers, params.locale()))


@blueprint.get("")
@requires(Right.ASK_QUESTIONS)
@contract("Kept questions: the own ones, and those shared in the area")
def listed() -> ResponseReturnValue:
    """Answer the questions that are kept."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    return jsonify(questions=[_kept(row, scope.account) for row in kept_questions.listed(state.engine, scope)])


@blueprint.get("/<uuid:identity>")
@requires(Right.ASK_QUESTIONS)
@contract("One kept question, with the times it was asked again")
def one(identity: uuid.UUID) -> ResponseReturnValue:
    """Answer one kept question."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    row = kept_questions.one(state.engine, scope, identity)
    told = [
        {"number": each["id"], "asked_at": each["asked_at"].isoformat(), "rows": each["row_count"]}
        | {"problem": each["problem"]}
        for each in kept_questions.answers(state.engine, scope, identity)
    ]
    return jsonify({**_kept(row, scope.account), "answers": told})


@blueprint.post("")
@requires(Right.ASK_QUESTIONS)
@contract("Keep a question, or change the own one of that identifier", body=KeptBody)
def keep() -> ResponseReturnValue:
    """Keep a question."""
    state, scope, body = current_app.extensions["jingwei"], current_scope(), body_of(KeptBody)
    body.question.question()
    wish = KeptWish(body.id, body.title, body.question, body.is_shared, body.repeat)
    kept_questions.keep(state.ledger, scope, wish)
    return jsonify(_kept(kept_questions.one(state.engine, scope, body.id), scope.account))


@blueprint.delete("/<uuid:identity>")
@requires(Right.ASK_QUESTIONS)
@contract("Remove one of the own questions with its answers")
def forget(identity: uuid.UUID) -> ResponseReturnValue:
    """Remove a question."""
    kept_questions.forget(current_app.extensions["jingwei"].ledger, current_scope(), identity)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.get("/<uuid:identity>/answers/<int:number>")
@requires(Right.ASK_QUESTIONS)
@contract("What a kept question answered when it was asked by itself")
def kept_answer(identity: uuid.UUID, number: int) -> ResponseReturnValue:
    """Answer a kept answer."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    row = kept_questions.one(state.engine, scope, identity)
    found = kept_questions.answer(state.engine, scope, identity, min(number, 2**53))
    head = {"asked_at": found["asked_at"].isoformat(), "problem": found["problem"]}
    if found["content"] is None:
        return jsonify(head)
    layers = state.questions.layers_of(scope, QuestionForm.model_validate(row["content"]).question())
    content = Answer(**{**found["content"], "rows": tuple(map(tuple, found["content"]["rows"]))})
    return jsonify({**head, **_answer(content, layers, params.locale())})


def _answer(found: Answer, layers: Sequence[Any], locale: str) -> dict[str, Any]:
    return {
        "columns": columns_json(layers, found, locale),
        "rows": found.rows,
        "shapes": [None if each is None else json.loads(each) for each in found.shapes],
        "is_cut": found.is_cut,
    }


def _collection(found: Answer) -> dict[str, Any]:
    shapes = found.shapes or (None,) * len(found.rows)
    features = [
        {
            "type": "Feature",
            "geometry": None if shape is None else json.loads(shape),
            "properties": dict(zip(found.columns, row, strict=True)),
        }
        for row, shape in zip(found.rows, shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _kept(row: RowMapping | Mapping[str, Any], account: str) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "title": row["title"],
        "question": row["content"],
        "is_own": row["account"] == account,
        "is_shared": row["is_shared"],
        "repeat": row["repeat"],
        "next_at": row["next_at"].astimezone(CITY_TIME).isoformat() if row["next_at"] else None,
        "changed_at": row["changed_at"].isoformat(),
    }


def _file(body: str, kind: str, ending: str) -> Response:
    answer = Response(body, content_type=f"{kind}; charset=utf-8" if kind == "text/csv" else kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="question.{ending}"'
    return answer
