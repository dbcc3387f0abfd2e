"""The page of the own workspace: bring a file, see what there is, rename, share and delete it."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.importers.formats import IMPORTERS
from gis_app.importers.own_table import SHAPES
from gis_app.rendering.map_page import safe_json
from gis_app.services import workspaces
from gis_app.services.workspace_layers import RIGHT
from gis_app.web.access import current_caller, requires
from gis_app.web.contract import contract
from gis_app.web.workspace_api import dataset_json

blueprint = Blueprint("workspace_page", __name__)


@blueprint.get("/workspace")
@requires(RIGHT)
@contract("Own data sets and those shared in the area, and a form to bring one", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the workspace."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    rows = workspaces.listed(state.engine, caller.scope)
    config = {
        "csrf": caller.csrf,
        "words": {
            "sending": gettext("Came in: {percent} %"),
            "reading": gettext("Reading the file"),
            "lost": gettext("No connection. Try again."),
            "too_large": gettext("The file is larger than {limit} MiB. Split it into smaller files."),
            "row": gettext("Row {row}"),
            "sure": gettext("Delete “{title}” with all its features? This cannot be undone."),
        },
        "fileBytes": state.workspace_intake.quota.file_bytes,
    }
    return render_template(
        "workspace.html",
        title=gettext("My data"),
        rows=[{**dataset_json(row, caller.scope.account), "created_at": row["created_at"]} for row in rows],
        kept=workspaces.kept(state.engine, caller.scope),
        quota=state.workspace_intake.quota,
        shapes=[each.value for each in SHAPES],
        suffixes=",".join(suffix for known in IMPORTERS.values() for suffix in known.suffixes),
        formats=list(IMPORTERS),
        config=safe_json(config),
    )
