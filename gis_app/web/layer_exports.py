"""Layers as files to take along."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.exporters.formats import EXPORTERS, export_format
from gis_app.services.layer_exports import ExportWish, export_layer
from gis_app.web import ogc_params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("layer_exports", __name__, url_prefix="/api/layers")
_NOT_HERE = frozenset({"limit", "after", "offset", "sortby", "properties", "skipGeometry", "crs", "f"})
_CHUNK_BYTES = 1 << 16
_FORMAT = Parameter("format", "the format of the file", {"type": "string", "enum": list(EXPORTERS)})
_CRS = Parameter("crs", "wgs84, cgcs2000, gcj02, bd09 or EPSG:n", {"type": "string"})


@blueprint.get("/<layer_id>/export")
@requires(Right.EXPORT)
@contract(
    "A layer as a file, narrowed as its collection is",
    query=(_FORMAT, _CRS, *(each for each in ogc_params.ITEMS if each.name not in _NOT_HERE)),
    answers="application/octet-stream",
)
def export(layer_id: str) -> ResponseReturnValue:
    """Answer a layer, or what is asked of it, as a file."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    layer = state.catalogue.layer(scope, layer_id)
    name = request.args.get("format", "geojson")
    form = export_format(name)
    question = ogc_params.narrowing(state.catalogue.source(scope, layer), also=("format", "crs"))
    wish = ExportWish(name, request.args.get("crs", "wgs84"), question)
    state.looks.note(scope, layer)
    with tempfile.TemporaryDirectory(prefix="jingwei-export-") as folder:
        path = Path(folder) / f"{layer.id}{form.suffix}"
        export_layer(state.ledger, state.catalogue, scope, layer, wish=wish, path=path)
        # Opened before its folder goes: the system keeps the file until it is sent.
        file = path.open("rb")
        size = path.stat().st_size
    answer = Response(_sent(file), content_type=form.media_type, direct_passthrough=True)
    answer.headers["Content-Length"] = str(size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{layer.id}{form.suffix}"'
    answer.call_on_close(file.close)
    return answer


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(_CHUNK_BYTES):
            yield part
