"""Pages of imports: their history with a form to begin one, and the way of one from its file to its undoing."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.areas import AreaLevel
from gis_app.domain.rights import Right
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.kinds import ImportKind
from gis_app.rendering.map_page import safe_json
from gis_app.services import import_jobs
from gis_app.services.import_jobs import CITY_ONLY, PIECE_BYTES
from gis_app.web import params
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract
from gis_app.web.import_answers import job_json
from gis_app.web.import_words import script_words
from gis_app.web.static_files import static_url

blueprint = Blueprint("imports", __name__)
MAP_LAYERS = ("land", "water", "townships", "villages", "place_names")


@blueprint.get("/imports")
@requires(Right.IMPORT_DATA)
@contract("Imports of the caller's area, and a form to begin one", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the history of imports, and where a new one begins."""
    engine, caller = current_app.extensions["jingwei"].engine, current_caller()
    rows, profiles = import_jobs.listed(engine, caller.scope)
    kinds = [kind for kind in ImportKind if kind not in CITY_ONLY or caller.level is AreaLevel.CITY]
    suffixes = [suffix for known in IMPORTERS.values() for suffix in known.suffixes]
    config = {
        "csrf": caller.csrf,
        "staticUrl": static_url(),
        "pieceBytes": PIECE_BYTES,
        "words": script_words(),
        "locale": params.locale(),
        "layers": [],
    }
    return render_template(
        "imports.html",
        title=gettext("Imports"),
        rows=[{**row, **job_json(row, is_short=True), "created_at": row["created_at"]} for row in rows],
        profiles=profiles,
        kinds=kinds,
        suffixes=",".join(suffixes),
        formats=list(IMPORTERS),
        config=safe_json(config),
    )


@blueprint.get("/imports/<uuid:job_id>")
@requires(Right.IMPORT_DATA)
@contract("One import, step by step", answers="text/html")
def one(job_id: uuid.UUID) -> ResponseReturnValue:
    """Show an import: its file, columns, findings on the map, commit and undoing."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    job = import_jobs.one(state.engine, current_scope(), job_id)
    config = {
        **background_map(MAP_LAYERS),
        "csrf": caller.csrf,
        "pieceBytes": PIECE_BYTES,
        "job": job_json(job),
        "formats": list(IMPORTERS),
        "words": script_words(),
    }
    return render_template("import.html", title=gettext("Import"), job=job, config=safe_json(config))
