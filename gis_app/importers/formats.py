"""The formats that can be imported, by name: adding one is a reader, a line here and a sample file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gis_app.domain.errors import InvalidInput
from gis_app.importers.delimited import read_csv
from gis_app.importers.geojson import read_geojson
from gis_app.importers.gpx import read_gpx
from gis_app.importers.records import Reader

_MIB = 1024 * 1024


@dataclass(frozen=True)
class ImportFormat:
    """How files of one format are read: by which reader, known by which suffixes, up to which size."""

    read: Reader
    suffixes: tuple[str, ...]
    max_bytes: int


IMPORTERS: dict[str, ImportFormat] = {
    # GeoJSON is held as text, hence the smaller limit; the others are read as a stream.
    "geojson": ImportFormat(read_geojson, (".geojson", ".json"), 64 * _MIB),
    "csv": ImportFormat(read_csv, (".csv", ".tsv"), 256 * _MIB),
    "gpx": ImportFormat(read_gpx, (".gpx",), 128 * _MIB),
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
