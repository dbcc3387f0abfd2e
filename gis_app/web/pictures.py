"""Pictures of hazards over HTTP: the picture is the body, its identifier stands in the address."""

from __future__ import annotations

import uuid
from datetime import UTC
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from gis_app.domain.errors import require_one_of
from gis_app.domain.rights import Right
from gis_app.services import pictures
from gis_app.services.pictures import FAR_M, KINDS, MOST_BYTES, Sent
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("pictures", __name__, url_prefix="/api/hazards/<uuid:hazard_id>/pictures")
SIZES = ("full", "thumbnail")


@blueprint.put("/<uuid:picture_id>")
@requires(Right.VIEW_MAP)
@contract(
    "Send a picture, JPEG, PNG or WebP, as the body; the same sent again is stored once",
    query=(Parameter("kind", "before or after the handling", {"type": "string", "enum": list(KINDS)}),),
    created=True,
)
def add(hazard_id: uuid.UUID, picture_id: uuid.UUID) -> ResponseReturnValue:
    """Store a picture: 201, or 200 when it was stored before."""
    state = current_app.extensions["jingwei"]
    sent = Sent(picture_id, request.args.get("kind", ""), _body())
    known, is_new = pictures.add(state.ledger, state.pictures, current_scope(), hazard_id, sent)
    answer = jsonify(picture_json(known))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer


@blueprint.get("/<uuid:picture_id>")
@requires(Right.VIEW_MAP)
@contract(
    "A picture, drawn anew without what cameras write beside it",
    query=(Parameter("size", "full or thumbnail", {"type": "string", "enum": list(SIZES)}),),
    answers="image/jpeg",
)
def content(hazard_id: uuid.UUID, picture_id: uuid.UUID) -> ResponseReturnValue:
    """Answer a picture."""
    state, size = current_app.extensions["jingwei"], request.args.get("size", "full")
    require_one_of("size", size, SIZES)
    found = pictures.content(
        state.engine, state.pictures, current_scope(), hazard_id, picture_id, small=size == "thumbnail"
    )
    return Response(found, mimetype="image/jpeg", headers={"Content-Disposition": "inline"})


@blueprint.delete("/<uuid:picture_id>")
@requires(Right.VIEW_MAP)
@contract("Withdraw a picture: the own one, or as the desk any")
def withdraw(hazard_id: uuid.UUID, picture_id: uuid.UUID) -> ResponseReturnValue:
    """Show a picture no more."""
    pictures.withdraw(current_app.extensions["jingwei"].ledger, current_scope(), hazard_id, picture_id)
    return jsonify(id=str(picture_id))


def picture_json(row: RowMapping) -> dict[str, Any]:
    """Return what is told of a picture."""
    taken_at, far = row["taken_at"], row["distance_m"]
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "width": row["width"],
        "height": row["height"],
        "taken_at": taken_at.astimezone(UTC).isoformat() if taken_at else None,
        "sent_at": row["created_at"].astimezone(UTC).isoformat(),
        "distance_m": None if far is None else round(far),
        "is_far": far is not None and far > FAR_M,
        "url": f"/api/hazards/{row['hazard_id']}/pictures/{row['id']}",
    }


def _body() -> bytes:
    request.max_content_length = MOST_BYTES
    return request.get_data(cache=False)
