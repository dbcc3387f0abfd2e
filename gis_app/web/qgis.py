"""The project file of QGIS: the layers the caller may read, drawn as on the map."""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.rendering.qgis_project import qgis_project
from gis_app.services import maps
from gis_app.web import ogc_documents as documents
from gis_app.web import ogc_params, params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract

blueprint = Blueprint("qgis", __name__, url_prefix="/ogc")
PROJECT_TYPE = "application/x-qgis-project"


@blueprint.get("/project.qgs")
@requires(Right.VIEW_MAP)
@contract("A project of QGIS with the layers that the caller may read", answers=PROJECT_TYPE)
def project() -> ResponseReturnValue:
    """Answer the project; it holds no secret, the reader's QGIS keeps login and token."""
    ogc_params.require_known(())
    state, locale = current_app.extensions["jingwei"], params.locale()
    city = maps.city_state(state.engine, current_scope(), locale=locale)
    made = qgis_project(
        state.catalogue.listed(current_scope()),
        documents.root(),
        title=f"Jingwei 经纬 · {city.name}",
        bounds=city.bounds,
        locale=locale,
    )
    headers = {"Content-Disposition": 'attachment; filename="jingwei.qgs"'}
    return Response(made, content_type=PROJECT_TYPE, headers=headers)
