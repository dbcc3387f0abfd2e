"""Warnings about numbers of persons in free text: told with an answer, asked about before a form is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import Field

from gis_app.domain.errors import InvalidInput
from gis_app.domain.personal_data import SENTENCES, find_personal_data
from gis_app.domain.rights import Right
from gis_app.web.access import requires
from gis_app.web.bodies import Code, Strict, Words, body_of
from gis_app.web.contract import contract

blueprint = Blueprint("screening", __name__, url_prefix="/api")


class PersonalDataFound(InvalidInput):
    """A text holds what looks like the number of a person, and nobody said that it has to."""


class Texts(Strict):
    """Free texts by the name of their field."""

    texts: Annotated[dict[Code, Words], Field(max_length=20)]


@blueprint.post("/screenings")
@requires(Right.VIEW_MAP)
@contract("Look for numbers of persons in texts, which are not stored", body=Texts)
def screen() -> ResponseReturnValue:
    """Answer where texts hold numbers of persons."""
    return jsonify(warnings=warnings_of(body_of(Texts).texts))


def warnings_of(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a warning for each number found: its field, place, kind and a sentence; never the number itself."""
    return [
        {
            "field": name,
            "start": found.start,
            "end": found.end,
            "kind": found.kind.value,
            "sentence": gettext(SENTENCES[found.kind]),
        }
        for name, words in texts.items()
        for found in find_personal_data(words)
    ]


def require_confirmed(texts: Mapping[str, str]) -> None:
    """Refuse a form whose texts hold numbers of persons, unless its ``confirmed`` says that they are needed.

    Raises
    ------
    PersonalDataFound
        Names the first number's kind.
    """
    found = [] if request.form.get("confirmed") == "1" else warnings_of(texts)
    if found:
        raise PersonalDataFound(
            "{sentence} The map is of places and work, not of persons.",
            remedy="Leave it out; if the case needs it, tick the box below and send again.",
            sentence=found[0]["sentence"],
        )
