"""Data sets of the own workspace over HTTP: the file is the body, its identifier stands in the address."""

from __future__ import annotations

import uuid
from datetime import UTC
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from gis_app.domain.errors import InvalidInput
from gis_app.domain.workspaces import collection_id
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.own_table import SHAPES
from gis_app.services import workspaces
from gis_app.services.workspace_intake import Brought
from gis_app.services.workspace_layers import RIGHT
from gis_app.web.access import current_scope, requires
from gis_app.web.bodies import Strict, Title, body_of
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("workspace_api", __name__, url_prefix="/api/workspace")
_LINE = {"type": "string", "maxLength": 200}
_LONGEST = 200
_TOLD = (
    Parameter("title", "what the data set is called; the file's name by default", {"type": "string", "maxLength": 120}),
    Parameter("file_name", "what the file is called; its ending says the format", _LINE),
    Parameter("datum", "of the coordinates; may be left out if the file says it", {"type": "string", "maxLength": 40}),
    Parameter("format", "of the file, if not by its name", {"type": "string", "enum": list(IMPORTERS)}),
    Parameter(
        "shape", "what its rows are, if not as the first one", {"type": "string", "enum": [s.value for s in SHAPES]}
    ),
)


class DatasetChange(Strict):
    """What is to be changed of an own data set; what is not given stays."""

    title: Title | None = None
    is_shared: bool | None = None


@blueprint.get("")
@requires(RIGHT)
@contract("Data sets: the own ones, and those shared in the area; and how much the account may keep")
def listed() -> ResponseReturnValue:
    """Answer the data sets."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    rows, kept = workspaces.listed(state.engine, scope), workspaces.kept(state.engine, scope)
    return jsonify(datasets=[dataset_json(row, scope.account) for row in rows], kept=dict(kept), quota=quota_json())


@blueprint.put("/<uuid:dataset>")
@requires(RIGHT)
@contract(
    "Send a file of any columns as the body: all of its rows are stored, or none; the same sent again is stored once",
    query=_TOLD,
    created=True,
)
def bring(dataset: uuid.UUID) -> ResponseReturnValue:
    """Store a file as a data set: 201, or 200 when it was stored before."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    told = {each.name: request.args.get(each.name, "") for each in _TOLD}
    for name, value in told.items():
        if len(value) > _LONGEST:
            raise InvalidInput("{name} is {value!r}.", remedy="Shorten it.", name=name, value=value[:40])
    request.max_content_length = state.workspace_intake.quota.file_bytes
    content = request.get_data(cache=False)
    file_format = told.pop("format")
    stored, is_new = state.workspace_intake.bring(
        scope, Brought(dataset, content=content, file_format=file_format, **told)
    )
    answer = jsonify(dataset_json(stored, scope.account))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer


@blueprint.get("/<uuid:dataset>")
@requires(RIGHT)
@contract("One data set: its columns, where it came from, and its collection")
def one(dataset: uuid.UUID) -> ResponseReturnValue:
    """Answer a data set."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    return jsonify(dataset_json(workspaces.one(state.engine, scope, dataset), scope.account))


@blueprint.patch("/<uuid:dataset>")
@requires(RIGHT)
@contract("Give an own data set another title, or share it with the accounts of the own area", body=DatasetChange)
def change(dataset: uuid.UUID) -> ResponseReturnValue:
    """Change a data set."""
    state, scope, body = current_app.extensions["jingwei"], current_scope(), body_of(DatasetChange)
    changed = workspaces.change(state.ledger, scope, dataset, title=body.title, shared=body.is_shared)
    return jsonify(dataset_json(changed, scope.account))


@blueprint.delete("/<uuid:dataset>")
@requires(RIGHT)
@contract("Remove an own data set with its features")
def remove(dataset: uuid.UUID) -> ResponseReturnValue:
    """Remove a data set."""
    workspaces.remove(current_app.extensions["jingwei"].ledger, current_scope(), dataset)
    return Response(status=HTTPStatus.NO_CONTENT)


def quota_json() -> dict[str, int]:
    """Return how much an account may keep."""
    return dict(vars(current_app.extensions["jingwei"].workspace_intake.quota))


def dataset_json(row: RowMapping, account: str) -> dict[str, Any]:
    """Return what is told of a data set."""
    told = ("title", "file_name", "file_sha256", "file_format", "datum", "shape", "columns", "feature_count")
    return {
        "id": str(row["id"]),
        "collection": collection_id(row["id"]),
        **{name: row[name] for name in told},
        "bbox": [row["west"], row["south"], row["east"], row["north"]],
        "is_own": row["account"] == account,
        "is_shared": row["is_shared"],
        "account": row["account"],
        "created_at": row["created_at"].astimezone(UTC).isoformat(),
    }
