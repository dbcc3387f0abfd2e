"""Tiles of the operator's basemaps, and their files for programs that read them in parts."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request, send_file
from flask.typing import ResponseReturnValue

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Right
from gis_app.services.basemaps import KINDS, Basemap
from gis_app.web.access import requires
from gis_app.web.contract import contract

blueprint = Blueprint("basemaps", __name__, url_prefix="/basemap")
_VARIES = {"Vary": "Accept-Encoding, Cookie"}
A_DAY = {"Cache-Control": "private, max-age=86400", **_VARIES}
ASKED_AGAIN = {"Cache-Control": "private, max-age=0", **_VARIES}
"""A file is read in ranges: those of two versions must not mix."""


@blueprint.get("/<name>/<int:z>/<int:x>/<int:y>")
@requires(Right.VIEW_MAP)
@contract("One tile of a basemap", answers="image/png")
def tile(name: str, z: int, x: int, y: int) -> ResponseReturnValue:
    """Answer one tile; 204 where the file has none."""
    basemap = _known(name)
    found = basemap.tile(z, x, y)
    if found is None:
        return Response(status=204, headers=A_DAY)
    answer = Response(found, content_type=KINDS[basemap.tile_format][1], headers=A_DAY)
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/<name>.pmtiles")
@requires(Right.VIEW_MAP)
@contract("The file of a basemap, whole or in the ranges asked for", answers="application/vnd.pmtiles")
def file(name: str) -> ResponseReturnValue:
    """Answer a PMTiles file; its readers ask for ranges of it."""
    basemap = _known(name)
    if basemap.file is None or basemap.file.suffix != ".pmtiles":
        raise _missing()
    answer = send_file(basemap.file, mimetype="application/vnd.pmtiles", conditional=True)
    answer.headers.update(ASKED_AGAIN)
    return answer


def _known(name: str) -> Basemap:
    found: Basemap | None = current_app.extensions["jingwei"].basemaps.get(name)
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound("There is no such basemap.", remedy="It may have been taken out of the settings.")
