"""Zipped shapefile, GeoPackage and FlatGeobuf through GDAL (pyogrio), one driver at a time, from memory only."""

from __future__ import annotations

import ctypes
import io
import sys
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from importlib.metadata import distribution
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gis_app.domain.errors import Refused
from gis_app.importers import shapes  # noqa: F401 - loads shapely before files are closed
from gis_app.importers.geometry_columns import geometry_batch
from gis_app.importers.records import MAX_FIELDS, Batch, FileFacts, Wanted
from gis_app.importers.shapefile_parts import ShapefileText, unpacked

_DRIVERS = {"read_shapefile": "ESRI Shapefile", "read_geopackage": "GPKG", "read_flatgeobuf": "FlatGeobuf"}
_ROWS_PER_READ = 20_000
_SQLITE_MAGIC, _FLATGEOBUF_MAGIC = b"SQLite format 3\0", b"fgb\x03fgb"
_A_POINT = bytes.fromhex("0101000000000000000000f03f0000000000000040")
_SHOWN_CRS = 80


def prepare(name: str) -> None:
    """Load GDAL, let it open its register of reference systems, and take away all drivers but the one needed."""
    # pyogrio takes these along where it finds them; a reading process has no use for them, and little memory.
    for unused in ("pyarrow", "geopandas", "pandas"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    from pyogrio import raw

    made = io.BytesIO()
    raw.write(
        made,
        np.array([_A_POINT], dtype=object),
        [np.array(["a"], dtype=object)],
        ["n"],
        driver="FlatGeobuf",
        geometry_type="Point",
        crs="EPSG:4549",
        layer="a",
    )
    raw.read(made.getvalue())
    _keep_one_driver(_DRIVERS[name])


def _keep_one_driver(kept: str) -> None:
    files = distribution("pyogrio").files or []
    path = next(file.locate() for file in files if file.name.startswith("libgdal"))
    gdal = ctypes.CDLL(str(path))
    gdal.GDALGetDriver.restype = gdal.GDALGetDriverByName.restype = ctypes.c_void_p
    gdal.GDALGetDriverShortName.restype = ctypes.c_char_p
    gdal.GDALGetDriverShortName.argtypes = gdal.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
    drivers = [gdal.GDALGetDriver(at) for at in range(gdal.GDALGetDriverCount())]
    for driver in drivers:
        if gdal.GDALGetDriverShortName(driver) != kept.encode():
            gdal.GDALDeregisterDriver(driver)
    if gdal.GDALGetDriverCount() != 1:
        raise RuntimeError(f"GDAL does not keep to the driver {kept}.")


def read_shapefile(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the features of a zipped shapefile, numbered from 1; text as its .cpg says or as it reads.

    Raises
    ------
    Refused
        If the archive is hostile, holds no or several shapefiles, lacks a part, or its text cannot be read.
    """
    parts = unpacked(source)
    text = ShapefileText(parts.code_page)
    yield from _features(parts.archive, wanted, facts, text=text)


def read_geopackage(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the features of a GeoPackage's first layer, numbered from 1; raises ``Refused`` if it is none."""
    yield from _features(_starting_with(source, _SQLITE_MAGIC, "GeoPackage"), wanted, facts)


def read_flatgeobuf(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the features of a FlatGeobuf, numbered from 1; raises ``Refused`` if it is none."""
    yield from _features(_starting_with(source, _FLATGEOBUF_MAGIC, "FlatGeobuf"), wanted, facts)


def _starting_with(source: BinaryIO, magic: bytes, name: str) -> bytes:
    content = source.read()
    if not content.startswith(magic):
        raise Refused(
            "The file is not {name}.", remedy="Export the data again, or name the format the file has.", name=name
        )
    return content


def _features(
    content: bytes, wanted: Wanted, facts: FileFacts, *, text: ShapefileText | None = None
) -> Iterator[Batch]:
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what is checked here again
            yield from _read(content, wanted, facts, text=text)
    except (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, IndexError, ValueError) as error:
        if "memory" in str(error).lower():
            raise MemoryError from None
        raise Refused(
            "The file cannot be read: {reason}.",
            remedy="Export the data again; if it happens again, bring it in another format.",
            reason=str(error).splitlines()[0][:160] if str(error) else "it is damaged",
        ) from None


def _read(content: bytes, wanted: Wanted, facts: FileFacts, *, text: ShapefileText | None) -> Iterator[Batch]:
    from pyogrio import list_layers, raw, read_info

    layers = list_layers(content)
    if not len(layers):
        return
    layer = _chosen(layers, facts)
    options = {"encoding": "ISO-8859-1"} if text is not None else {}
    done = 0
    while True:
        meta, _, geometries, fields = raw.read(
            content,
            layer=layer,
            skip_features=done,
            max_features=_ROWS_PER_READ,
            datetime_as_string=True,
            **options,
        )
        if done == 0:
            _declare(meta["crs"], facts)
        count = len(geometries) if geometries is not None else len(fields[0]) if fields else 0
        names = [str(name) for name in meta["fields"]]
        _require_few(names)
        columns = {name: _cells(values) for name, values in zip(names, fields, strict=True)}
        batch = geometry_batch(list(range(done + 1, done + count + 1)), columns, geometries, wanted.shape, facts=facts)
        yield batch if text is None else text.decoded(batch, facts)
        done += count
        if count < _ROWS_PER_READ:
            _require_all(done, int(read_info(content, layer=layer, **options)["features"]))
            return


def _chosen(layers: npt.NDArray[np.object_], facts: FileFacts) -> str:
    """Return the first layer that has shapes, and say so if there are others."""
    shaped = [str(name) for name, kind in layers if kind is not None]
    if not shaped:
        raise Refused("The file has tables but no shapes.", remedy="Export a layer with geometries.")
    if len(shaped) > 1:
        facts.note("The file has {count} layers; {name} was read.", count=str(len(shaped)), name=shaped[0])
    return shaped[0]


def _declare(crs: object, facts: FileFacts) -> None:
    if isinstance(crs, str) and crs.startswith("EPSG:"):
        facts.declared_datum = crs
    elif isinstance(crs, str) and "CRS84" in crs:
        facts.declared_datum = "wgs84"
    elif isinstance(crs, str) and crs:
        facts.note("The file's reference system has no EPSG number: {crs}.", crs=crs[:_SHOWN_CRS])


def _require_all(found: int, told: int) -> None:
    """Refuse a file that ends too early: GDAL passes over what is cut off."""
    if told >= 0 and found != told:
        raise Refused(
            "The file holds {found} rows, but says that there are {told}.",
            remedy="It was cut off: copy or export it again.",
            found=found,
            told=told,
        )


def _require_few(names: list[str]) -> None:
    if len(names) > MAX_FIELDS:
        raise Refused(
            "The file has {count} fields; at most {limit} are read.",
            remedy="Export the needed fields only.",
            count=len(names),
            limit=MAX_FIELDS,
        )


def _cells(values: npt.NDArray[Any]) -> list[object]:
    """Return a field as plain values; what is missing is None."""
    if values.dtype.kind == "f":
        return [None if cell != cell else cell for cell in values.tolist()]
    if values.dtype.kind == "M":
        return [None if np.isnat(cell) else str(cell) for cell in values]
    return [_plain(cell) for cell in values.tolist()]


def _plain(cell: object) -> object:
    if isinstance(cell, str | int | float | bool) or cell is None:
        return cell
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return None if isinstance(cell, bytes) else str(cell)[:1000]
