"""The page of professionals assigned to villages, and the same as JSON: posts, never persons."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Right
from gis_app.services import professionals
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of
from gis_app.web.screening import require_confirmed

blueprint = Blueprint("professionals", __name__)


@blueprint.get("/professionals")
@requires(Right.VIEW_AGGREGATES)
@contract("Professionals assigned to villages, counted per area", answers="text/html")
def page() -> ResponseReturnValue:
    """Show how many posts of each profession each township and village has."""
    return _page()


@blueprint.post("/professionals")
@requires(Right.MANAGE_RULES)
@contract(
    "Say how many posts of a profession a village has",
    form=("village", "profession", "office", "count", "confirmed"),
    answers="text/html",
)
def assign() -> ResponseReturnValue:
    """Store the posts of a profession in a village."""
    form, count = request.form, request.form.get("count", "")
    values = {name: form.get(name, "").replace("\0", "") for name in ("village", "profession", "office")}
    try:
        require_confirmed({"office": values["office"]})
        usable = count.isascii() and count.isdecimal() and len(count) < 4
        ledger = current_app.extensions["jingwei"].ledger
        professionals.assign(ledger, current_scope(), **values, count=int(count) if usable else -1)
    except InvalidInput as error:
        return _page(error)
    return redirect("/professionals", HTTPStatus.SEE_OTHER)


@blueprint.get("/api/professionals")
@requires(Right.VIEW_AGGREGATES)
@contract("Professionals assigned to villages, counted per area")
def as_json() -> ResponseReturnValue:
    """Answer the posts by township and village."""
    found = professionals.counted(current_app.extensions["jingwei"].engine, current_scope())
    return jsonify(
        townships=[
            {
                "code": each["code"],
                "posts": each["posts"],
                "villages": [{"code": village["code"], "posts": village["posts"]} for village in each["villages"]],
            }
            for each in found
        ]
    )


def _page(error: InvalidInput | None = None) -> Response:
    text = render_template(
        "professionals.html",
        title=gettext("Professionals in villages"),
        townships=professionals.counted(current_app.extensions["jingwei"].engine, current_scope()),
        professions=professionals.professions(),
        error=sentence_of(error) if error else "",
        typed=request.form if error else {},
    )
    return Response(text, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)
