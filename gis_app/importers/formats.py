"""The formats that can be imported, by name: adding one is a reader, a line here and a sample file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gis_app.domain.errors import InvalidInput
from gis_app.importers.records import Reader

_MIB = 1024 * 1024


@dataclass(frozen=True)
class ImportFormat:
    """How files of one format are read: by which reader, known by which suffixes, up to which size.

    ``reader`` is a reader or where it is found, as ``module:function``; a child process loads that one alone.
    """

    reader: Reader | str
    suffixes: tuple[str, ...]
    max_bytes: int

    def load(self) -> Reader:
        """Return the reader, its module loaded and, where it asks for that, prepared for a life without files."""
        if not isinstance(self.reader, str):
            return self.reader
        module_name, _, name = self.reader.partition(":")
        module = import_module(module_name)
        prepare = getattr(module, "prepare", None)
        if prepare is not None:
            prepare(name)
        reader: Reader = getattr(module, name)
        return reader


_HERE = "gis_app.importers"
IMPORTERS: dict[str, ImportFormat] = {
    # What is held in memory as a whole has the smaller limits; the others are read as a stream.
    "geojson": ImportFormat(f"{_HERE}.geojson:read_geojson", (".geojson", ".json"), 64 * _MIB),
    "geojsonseq": ImportFormat(f"{_HERE}.geojson:read_geojsonseq", (".geojsonl", ".geojsons", ".ndjson"), 256 * _MIB),
    "csv": ImportFormat(f"{_HERE}.delimited:read_csv", (".csv", ".tsv"), 256 * _MIB),
    "xlsx": ImportFormat(f"{_HERE}.workbook:read_xlsx", (".xlsx",), 64 * _MIB),
    "shapefile": ImportFormat(f"{_HERE}.gdal_reading:read_shapefile", (".zip",), 64 * _MIB),
    "gpkg": ImportFormat(f"{_HERE}.gdal_reading:read_geopackage", (".gpkg",), 64 * _MIB),
    "flatgeobuf": ImportFormat(f"{_HERE}.gdal_reading:read_flatgeobuf", (".fgb",), 64 * _MIB),
    "geoparquet": ImportFormat(f"{_HERE}.parquet:read_geoparquet", (".parquet", ".geoparquet"), 64 * _MIB),
    "kml": ImportFormat(f"{_HERE}.kml:read_kml", (".kml", ".kmz"), 64 * _MIB),
    "gpx": ImportFormat(f"{_HERE}.gpx:read_gpx", (".gpx",), 128 * _MIB),
    "osm": ImportFormat(f"{_HERE}.osm:read_osm", (".osm", ".pbf"), 64 * _MIB),
    "photo": ImportFormat(f"{_HERE}.photo:read_photo", (".jpg", ".jpeg", ".png", ".webp"), 32 * _MIB),
}


def format_name(path: Path, file_format: str | None) -> str:
    """Return the name of the format declared, or else known by the suffix of ``path``.

    Raises
    ------
    InvalidInput
        If there is no such format.
    """
    by_suffix = {suffix: name for name, known in IMPORTERS.items() for suffix in known.suffixes}
    name = file_format.lower() if file_format else by_suffix.get(path.suffix.lower())
    if name not in IMPORTERS:
        raise InvalidInput(
            "The format of {file_name} is not one that can be imported.",
            remedy="Bring the data as one of: {formats}.",
            file_name=path.name,
            formats=", ".join(IMPORTERS),
        )
    return name
