"""The formats that can be written, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from gis_app.domain.errors import InvalidInput
from gis_app.exporters import binary_files, text_files
from gis_app.exporters.chunks import Chunk, Field, Target


class Writer(Protocol):
    """Writes chunks to a file."""

    def __call__(self, path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
        """Write all chunks."""


@dataclass(frozen=True)
class ExportFormat:
    """How a format is written, what its files end in, and what they are called over HTTP."""

    write: Writer
    suffix: str
    media_type: str


EXPORTERS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        "geojson": ExportFormat(text_files.write_geojson, ".geojson", "application/geo+json"),
        "gpkg": ExportFormat(binary_files.write_geopackage, ".gpkg", "application/geopackage+sqlite3"),
        "shapefile": ExportFormat(binary_files.write_shapefile, ".zip", "application/zip"),
        "csv": ExportFormat(text_files.write_csv, ".csv", "text/csv"),
        "xlsx": ExportFormat(
            binary_files.write_xlsx,
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "geoparquet": ExportFormat(binary_files.write_geoparquet, ".parquet", "application/vnd.apache.parquet"),
        "kml": ExportFormat(text_files.write_kml, ".kml", "application/vnd.google-earth.kml+xml"),
    }
)


def export_format(name: str) -> ExportFormat:
    """Return a format; raises ``InvalidInput`` if there is none of this name."""
    if name not in EXPORTERS:
        raise InvalidInput(
            "There is no export format {name}.",
            remedy="Use one of {formats}.",
            name=name[:40],
            formats=", ".join(EXPORTERS),
        )
    return EXPORTERS[name]
