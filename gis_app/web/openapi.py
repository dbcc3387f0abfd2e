"""The OpenAPI document, made of what the routes themselves declare."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from gis_app import __version__
from gis_app.domain.rights import Right
from gis_app.web.access import CSRF_HEADER, MEMBER, OPEN, declared_right, requires
from gis_app.web.contract import Contract, contract
from gis_app.web.offered_tokens import takes_basic

blueprint = Blueprint("openapi", __name__)
_ARGUMENT = re.compile(r"<(?:(?P<kind>[^:<>]+):)?(?P<name>[^<>]+)>")
_SCHEMA_OF_CONVERTER = {
    "int": {"type": "integer", "minimum": 0},
    "uuid": {"type": "string", "format": "uuid"},
    "default": {"type": "string", "minLength": 1},
    "path": {"type": "string", "minLength": 1},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}


@blueprint.get("/api/openapi.json")
@requires(Right.VIEW_MAP)
@contract("This document")
def document() -> ResponseReturnValue:
    """Answer the OpenAPI document."""
    return jsonify(openapi(current_app))


def openapi(app: Flask) -> dict[str, Any]:
    """Return the document of all routes that have a contract."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        stated: Contract | None = getattr(view, "contract", None)
        if stated is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            place = _ARGUMENT.sub(lambda match: f"{{{match['name']}}}", rule.rule)
            operation = _operation(rule, stated, declared_right(view), schemas)
            if "security" in operation and takes_basic(rule.endpoint.partition(".")[0], method):
                operation["security"].append({"basic": []})
            paths.setdefault(place, {})[method.lower()] = {
                **operation,
                "operationId": f"{method.lower()}.{rule.endpoint}",
            }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Jingwei 经纬", "version": __version__},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "session": {"type": "apiKey", "in": "cookie", "name": "jingwei_session"},
            },
        },
    }


def _operation(rule: Rule, stated: Contract, right: str, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": stated.summary,
        "parameters": [*_path_parameters(rule), *_query_parameters(stated)],
        "responses": _responses(stated),
        "x-right": right,
    }
    if right not in (OPEN, MEMBER):
        operation["security"] = [{"token": []}, {"session": []}]
        operation["description"] = f"Needs the right `{right}`. A change made with the cookie also needs {CSRF_HEADER}."
    if stated.body is not None:
        schema = stated.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[stated.body.__name__] = schema
        reference = {"$ref": f"#/components/schemas/{stated.body.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    elif stated.form:
        fields = {"type": "object", "properties": {name: {"type": "string"} for name in stated.form}}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": fields}}}
    return operation


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": match["name"],
            "in": "path",
            "required": True,
            "schema": _SCHEMA_OF_CONVERTER[match["kind"] or "default"],
        }
        for match in _ARGUMENT.finditer(rule.rule)
    ]


def _query_parameters(stated: Contract) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "in": "query", "description": each.description, "schema": dict(each.schema)}
        for each in stated.query
    ]


def _responses(stated: Contract) -> dict[str, Any]:
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    answer = {"description": "As asked", "content": {stated.answers: {}}}
    answers: dict[str, Any] = {"200": answer}
    if stated.created:
        answers["201"] = {**answer, "description": "Stored"}
    refusals = {
        "400": "Not usable as it is",
        "401": "Nobody is logged in",
        "403": "The account may not do this",
        "404": "Not there, or not in the caller's area",
        "409": "Changed meanwhile",
        "429": "Asked too often",
        "503": "The database does not answer now",
    }
    return answers | {status: {"description": words, **problem} for status, words in refusals.items()}
