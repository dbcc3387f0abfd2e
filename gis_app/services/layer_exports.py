"""A layer, or what a question finds in it, as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError

from gis_app.domain.errors import Forbidden, InvalidInput
from gis_app.domain.rights import Right, Scope
from gis_app.exporters.chunks import Chunk, Field, Target, target
from gis_app.exporters.formats import export_format
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.audit import Ledger
from gis_app.services.feature_collections import Catalogue, Wish, conditions
from gis_app.storage import export_rows
from gis_app.storage.engine import scoped

LONGEST_S = 300
"""Seconds after which an export is stopped."""


@dataclass(frozen=True)
class ExportWish:
    """What is to be written.

    Parameters
    ----------
    format
        A name in ``exporters.formats.EXPORTERS``.
    crs
        wgs84, cgcs2000, gcj02, bd09 or EPSG:n.
    question
        What is asked of the layer; its limit, order and page are not looked at: all rows are written.
    """

    format: str
    crs: str = "wgs84"
    question: Wish | None = None


def export_layer(
    ledger: Ledger, catalogue: Catalogue, scope: Scope, layer: LayerSpec, *, wish: ExportWish, path: Path
) -> int:
    """Write a layer to a file within the caller's area and return how many rows were written.

    Raises
    ------
    Forbidden
        If the caller may not export, or not read the layer.
    InvalidInput
        If format or reference system is not known, the question cannot be computed, or there is nothing to write.
    """
    if not {Right.EXPORT, layer.right} <= scope.rights:
        raise Forbidden("You may not export this.", remedy="Ask an administrator for the right.")
    form, system = export_format(wish.format), target(wish.crs)
    source = catalogue.source(scope, layer)
    narrowed = conditions(layer, source, wish.question) if wish.question is not None else []
    written = _Counted()
    try:
        with scoped(catalogue.engine, scope) as connection:
            connection.execute(text(f"SET LOCAL statement_timeout = {LONGEST_S * 1000}"))
            kinds = export_rows.columns_of(connection, layer.id, source)
            fields = [Field(name, kind) for name, kind in kinds.items()]
            # Closed within the transaction, also where the form refuses a row.
            with closing(
                export_rows.chunks(connection, layer.id, source, names=list(kinds), conditions=narrowed)
            ) as rows:
                form.write(path, fields, written.count(_chunks(rows, fields, system)), target=system)
    except (DataError, InternalError) as error:
        raise InvalidInput(
            "The filter cannot be computed: {reason}",
            remedy="Change its numbers or shapes.",
            reason=str(error.orig).splitlines()[0][:120],
        ) from None
    if not written.rows:
        raise InvalidInput("There is nothing to export.", remedy="Ask for more, or for another layer.")
    with ledger.writing(scope) as work:
        work.note(
            "layer.export",
            f"layer:{layer.id}",
            scope_path=scope.area_path,
            format=wish.format,
            crs=system.name,
            rows=written.rows,
        )
    return written.rows


class _Counted:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            self.rows += len(chunk.geometries)
            yield chunk


def _chunks(rows: Iterator[Sequence[Sequence[Any]]], fields: Sequence[Field], system: Target) -> Iterator[Chunk]:
    for part in rows:
        *columns, shapes = (list(column) for column in zip(*part, strict=True))
        geometries = shapely.from_wkb(np.array([None if s is None else bytes(s) for s in shapes], dtype=object))
        yield Chunk({f.name: values for f, values in zip(fields, columns, strict=True)}, system.converted(geometries))
