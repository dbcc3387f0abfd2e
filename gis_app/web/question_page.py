"""The page of spatial questions: asked by form or CQL2, answered as map, table and chart."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.questions import MeasureKind, Period, Rate, Relation, Repeat
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.storage.feature_collections import GEOMETRY
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract
from gis_app.web.question_columns import FIGURES, TITLES, properties_json
from gis_app.web.question_words import EXAMPLES, WORDS

blueprint = Blueprint("question_page", __name__)
AREAS = ("townships", "villages", "grids")
"""Layers whose features can be picked as the area of a question."""


@blueprint.get("/questions")
@requires(Right.ASK_QUESTIONS)
@contract("Spatial questions over the layers", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the form, the map and the kept questions."""
    scope, locale = current_scope(), params.locale()
    text = render_template(
        "questions.html",
        title=gettext("Questions"),
        repeats=tuple(Repeat),
        may_export=Right.EXPORT in scope.rights,
        config=safe_json({**background_map(), "questions": _choices(locale)}),
    )
    return Response(text, mimetype="text/html")


def _choices(locale: str) -> dict[str, Any]:
    state, scope = current_app.extensions["jingwei"], current_scope()
    layers = []
    for layer in state.catalogue.listed(scope):
        source = state.catalogue.source(scope, layer)
        kinds = {name: source.kind(name) for name in source.types if name not in (GEOMETRY, "is_synthetic")}
        layers.append(
            {
                "id": layer.id,
                "title": layer.title.in_locale(locale),
                "geometry": layer.geometry,
                "hasTime": (layer.time_column or layer.night_column) in source.types,
                "properties": properties_json(layer, kinds, locale),
            }
        )
    return {
        "layers": layers,
        "areas": [each for each in AREAS if each in state.layers],
        "relations": {each.value: str(WORDS[each]) for each in Relation},
        "measures": {MeasureKind.COUNT.value: str(TITLES["count"])}
        | {kind: str(words).format(name="…") for kind, words in FIGURES.items()},
        "rates": {each.value: str(TITLES[each.value]) for each in Rate},
        "periods": {f"time/{each}": str(TITLES[f"time/{each}"]) for each in Period},
        "words": {name: str(words) for name, words in WORDS.items()},
        "examples": [{"title": str(title), "question": question} for title, question in EXAMPLES],
    }
